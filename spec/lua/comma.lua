-- busted --helper=spec/lua/comma.lua: the specs under a locale whose decimal point is a comma, as a host may set it.
assert(os.setlocale("de_DE.UTF-8", "numeric"), "no locale de_DE.UTF-8: scripts/test makes one, in build/locale (LOCPATH)")
assert(string.format("%.1f", 0.5) == "0,5", "the locale has no decimal comma")
