-- hint(text, message) → how Lua writes what other languages write so, "" where nothing is known. For texts that do not compile.
local find, match = string.find, string.match

-- { the token that the message complains about, "" for any; what the text has; Lua's way }
local known = {
  { "!", "!=", "~= is not equal" },
  { "=", "[-+*/%%]=", "x = x + 1: an assignment names its variable again" },
  { "+", "%+%+", "x = x + 1 adds one" },
  { "[", "[=(,%[]%s*%[", "{ 1, 2, 3 } is a list" },
  { "&", "&&", "`and` is both" },
  { "|", "||", "`or` is either" },
  { "//", "^%s*//", "-- begins a comment" },
  { "", "^%s*import%s", "require \"name\" loads a module; moth is there already" },
  { "", "^%s*from%s+[%w_.]+%s+import%s", "require \"name\" loads a module; moth is there already" },
  { "", "^%s*def%s", "function name(a, b) return a + b end" },
  { "", "^%s*[vl][ae][rt]%s", "local x = 3, or x = 3" },
  { "", "^%s*const%s", "local x <const> = 3" },
  { "", "%f[%w_]elif%f[^%w_]", "elseif condition then" },
}

return function(text, message)
  local token = match(message, " near '(.*)'$") or ""
  if find(token, "^<\\%d+>$") then return "\n  names are of ASCII letters, digits and _; strings hold any text" end
  for i = 1, #known do
    local row = known[i]
    if (row[1] == "" or row[1] == token) and find(text, row[2]) then return "\n  in Lua  " .. row[3] end
  end
  return ""
end
