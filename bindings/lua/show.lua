-- moth.show(...): prints values as the prompt does: tables one level deep, thirty entries, keys in order.
local _, helpers, internal = ...

local find, sub, match, gsub, format = string.find, string.sub, string.match, string.gsub, string.format
local concat, sort, min, math_type = table.concat, table.sort, math.min, math.type
local type, tostring, pcall, next, rawget = type, tostring, pcall, next, rawget
local getmetatable = debug and debug.getmetatable or getmetatable

local ENTRIES = 30
local LONGEST = 60  -- columns of a string in a table
local order = { number = 1, string = 2, boolean = 3 }

local function before(a, b)
  local ka, kb = order[type(a)] or 4, order[type(b)] or 4
  if ka ~= kb then return ka < kb end
  if ka <= 2 then return a < b end
  return tostring(a) < tostring(b)
end

local function dots(look) return look.unicode and "…" or "..." end

-- Types are in colour where colours are: "f32[2,3]", at the beginning of a text.
local function paint(text, look)
  if not look.colour then return text end
  return (gsub(text, "^%a%w*%[[%d,]*%]", "\27[36m%0\27[0m"))
end

local function quoted(text, look)
  local head = #text > LONGEST and internal.need "width".fit(text, LONGEST) or text
  return (gsub(format("%q", head), "\\\n", "\\n")) .. (#head < #text and dots(look) or "")
end

local function meta_of(value, event)
  local meta = getmetatable(value)
  return type(meta) == "table" and rawget(meta, event) or nil
end

-- Numbers have a point whatever the locale.
local function plain(value)
  local text = tostring(value)
  return math_type(value) == "float" and (gsub(text, "[^0-9a-z+%-]+", ".")) or text
end

-- A value within a table: one line.
local function value_text(value, look)
  local kind = type(value)
  if kind == "string" then return quoted(value, look) end
  if kind == "function" or kind == "thread" then return kind end
  if kind == "table" and not meta_of(value, "__tostring") then return next(value) == nil and "{}" or "{ " .. dots(look) .. " }" end
  if internal.kind(value) == "tensor" then return paint(internal.describe(value), look) end
  if kind ~= "table" and kind ~= "userdata" then return plain(value) end
  local ok, text = pcall(tostring, value)
  if not ok then return format("(%s whose __tostring fails)", kind) end
  local line = match(text, "^[^\n]*")
  return #line < #text and line .. " " .. dots(look) or line
end

local function key_text(key, look)
  if type(key) == "string" and find(key, "^[%a_][%w_]*$") then return key end
  return "[" .. value_text(key, look) .. "]"
end

-- Whether a painted text takes so many columns at most.
local function fits(text, columns)
  text = gsub(text, "\27%[%d*m", "")
  return #text <= columns or internal.need "width".of(text) <= columns
end

local function table_text(t, look)
  local keys, parts = {}, {}
  for key in next, t do keys[#keys + 1] = key end
  if #keys == 0 then return "{}" end
  sort(keys, before)
  local list = 0
  for i = 1, min(#keys, ENTRIES) do
    local key = keys[i]
    local value = value_text(rawget(t, key), look)
    if key == list + 1 then
      list = key
      parts[i] = value
    else
      parts[i] = key_text(key, look) .. " = " .. value
    end
  end
  if #keys > ENTRIES then parts[#parts + 1] = format("%s %d more", dots(look), #keys - ENTRIES) end
  local line = "{ " .. concat(parts, ", ") .. " }"
  if fits(line, look.width) then return line end
  return "{\n  " .. concat(parts, ",\n  ") .. "\n}"
end

function helpers.show_text(value)
  local look = helpers.look()
  if type(value) == "table" and not meta_of(value, "__tostring") then return table_text(value, look) end
  return paint(plain(value), look)
end

-- Values from..to of a list: on one line, or below each other where one takes several.
function helpers.show_values(values, from, to)
  local texts, is_long = {}, false
  for i = from, to do
    local text = helpers.show_text(values[i])
    texts[#texts + 1] = text
    is_long = is_long or find(text, "\n", 1, true) ~= nil or internal.kind(values[i]) ~= nil
  end
  helpers.put(concat(texts, is_long and "\n" or "\t"))
end

local pack, show_values = table.pack, helpers.show_values

return function(...)
  local values = pack(...)
  show_values(values, 1, values.n)
end
