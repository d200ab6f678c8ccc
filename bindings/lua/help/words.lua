-- How rows are told in words, for help and the reference alike: what an option takes, what it is by default, lines of a given width.
local _, helpers, internal = ...

local width = internal.need "width"
local words = {}

local kind_words = {
  int = "whole number", real = "number", text = "string", flag = "true or false", ints = "list of whole numbers", reals = "list of numbers",
  texts = "list of strings", tensor = "tensor", call = "function", options = "table",
}

function words.number(value)
  if value == math.huge then return "math.huge" end
  if math.type(value) == "integer" then return ("%d"):format(value) end
  if value == math.floor(value) and math.abs(value) < 1e15 then return ("%d"):format(value) end
  local text = helpers.number("%.14g", value)
  return text:gsub("e([+-])0+(%d)", "e%1%2"):gsub("e%+", "e")
end

-- An option's value as a script writes it.
function words.value(value)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) == "number" then return words.number(value) end
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  for i, entry in ipairs(value) do parts[i] = words.value(entry) end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

local FAR = 2^52 -- a bound that only keeps numbers exact

local function range(option, key)
  if not option.low then return "" end
  local low = option.low > -FAR and option.low or nil
  local high = option.high < FAR and option.high or nil
  local over, under = option.low_open and "<" or "<=", option.high_open and "<" or "<="
  if low and high then return (", %s %s %s %s %s"):format(words.number(low), over, key, under, words.number(high)) end
  if low then return (" %s %s"):format(option.low_open and ">" or ">=", words.number(low)) end
  if high then return (" %s %s"):format(option.high_open and "<" or "<=", words.number(high)) end
  return ""
end

local function has(option, kind)
  for _, known in ipairs(option.kinds) do
    if known == kind then return true end
  end
  return false
end
words.has = has

local function quoted(choices)
  local list = {}
  for i, word in ipairs(choices) do list[i] = ("%q"):format(word) end
  return table.concat(list, " or ")
end

local function parts(option, several)
  local names = table.concat(option.parts or { "component" }, " or ")
  if not several then return names end
  return "list of " .. names:gsub("%a+", function(word) return word ~= "or" and word .. (word:find "s$" and "es" or "s") or nil end)
end

-- "number, 0 <= p < 1", "whole number >= 1 or \"full\""
function words.kinds(option)
  if option.type then return option.type end
  local found = {}
  local function add(text) found[#found + 1] = text end
  local bounds = range(option, option.key)
  if has(option, "real") then add(kind_words.real .. bounds)
  elseif has(option, "int") and not (option.rest and has(option, "ints")) then add((option.axis and "axis" or kind_words.int) .. bounds) end
  if has(option, "text") then add(option.choices and quoted(option.choices) or kind_words.text) end
  if has(option, "flag") then add(kind_words.flag) end
  if has(option, "reals") then add(kind_words.reals .. (has(option, "real") and "" or bounds))
  elseif has(option, "ints") then
    add(option.axis and "list of axes" or option.rest and "whole numbers" .. bounds or
      kind_words.ints .. (has(option, "int") and "" or bounds))
  end
  if has(option, "texts") then add(kind_words.texts) end
  if has(option, "tensor") then add(kind_words.tensor) end
  if has(option, "part") then add(parts(option)) end
  if has(option, "parts") then add(parts(option, true)) end
  if has(option, "call") then add(kind_words.call) end
  if has(option, "object") then add(option.object) end
  if has(option, "options") then add(kind_words.options) end
  return table.concat(found, " or ")
end

-- Options by their positions.
function words.positionals(options)
  local found = {}
  for _, option in ipairs(options) do
    if option.position then found[option.position] = option end
  end
  return found
end

function words.default(option)
  local value = option.default
  if value == nil or option.required then return nil end
  if type(value) == "table" and #value == 0 then return nil end
  if option.axis and type(value) == "number" and value >= 0 then value = value + 1 end -- scripts count from 1
  return words.value(value)
end

function words.option(option)
  local default = words.default(option)
  return words.kinds(option) .. (default and ", default " .. default or "")
end

-- Whether a text begins with a variable or a formula, which keep their case: "x limited to …", "a + b", "exp(x) - 1"; not with
-- "a view of".
local function begins_with_formula(text)
  if text:find "^%a[%w_]*%(" then return true end
  local letter = text:match "^(%l)%f[^%w_]"
  return letter ~= nil and (letter ~= "a" or text:find "%f[%w_]b%f[^%w_]" ~= nil)
end

-- A row's text as a sentence begins.
function words.capital(text) return begins_with_formula(text) and text or text:sub(1, 1):upper() .. text:sub(2) end

-- ---- Lines ----

words.length, words.pad = width.of, width.pad

-- Iterates over a text's paragraphs: a line that ends in no stop goes on in the next.
function words.paragraphs(text)
  local joined = text:gsub("([^\n])\n", function(c) return c .. ((c == "." or c == ":") and "\n" or " ") end)
  return (joined .. "\n"):gmatch "(.-)\n"
end

-- The words of a text in lines of at most so many columns; those after the first begin with `indent` blanks.
function words.wrap(text, columns, indent)
  local lines, line = {}, ""
  for word in text:gmatch "%S+" do
    local limit = #lines == 0 and columns or columns - (indent or 0)
    if line == "" then line = word
    elseif words.length(line) + 1 + words.length(word) <= limit then line = line .. " " .. word
    else
      lines[#lines + 1] = line
      line = word
    end
  end
  lines[#lines + 1] = line
  for i = 2, #lines do lines[i] = (" "):rep(indent or 0) .. lines[i] end
  return lines
end

local plain = {
  ["…"] = "...", ["·"] = "*", ["±"] = "+-", ["²"] = "^2", ["³"] = "^3", ["→"] = "->", ["≤"] = "<=", ["≥"] = ">=", ["½"] = "1/2",
  ["ᵀ"] = "^T", ["−"] = "-", ["×"] = "x", ["—"] = "--", ["–"] = "-", ["Σ"] = "sum", ["√"] = "sqrt", ["π"] = "pi", ["∞"] = "inf",
  ["∂"] = "d", ["‖"] = "||", ["φ"] = "phi", ["Φ"] = "Phi",
}

-- For terminals that do not speak UTF-8.
function words.ascii(text) return (text:gsub(utf8.charpattern, function(c) return #c > 1 and (plain[c] or "?") or nil end)) end

return words
