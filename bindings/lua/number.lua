-- How the helpers that draw write numbers.
local _, helpers = ...

local format, gsub, huge = string.format, string.gsub, math.huge

-- A number in C's words whatever the locale: helpers.number("%.3g", value).
function helpers.number(pattern, value)
  if value ~= value then return "nan" end
  if value == huge or value == -huge then return value > 0 and "inf" or "-inf" end
  return (gsub(format(pattern, value), "[^0-9a-z+%-]+", "."))
end
