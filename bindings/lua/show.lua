-- moth.show(...): prints values as the prompt does: tables one level deep, thirty entries, keys in order.
local moth, helpers, internal = ...

local ENTRIES = 30
local order = { number = 1, string = 2, boolean = 3 }

local function before(a, b)
  local ka, kb = order[type(a)] or 4, order[type(b)] or 4
  if ka ~= kb then return ka < kb end
  if ka <= 2 then return a < b end
  return tostring(a) < tostring(b)
end

local function value_text(value)
  if type(value) == "string" then return ("%q"):format(value):gsub("\\\n", "\\n") end
  if type(value) == "table" then return next(value) == nil and "{}" or "{ … }" end
  if internal.kind(value) == "tensor" then return internal.describe(value) end
  return tostring(value)
end

local function key_text(key)
  if type(key) == "string" and key:match "^[%a_][%w_]*$" then return key end
  return "[" .. value_text(key) .. "]"
end

local function table_text(t)
  local keys, parts, long = {}, {}, false
  for key in next, t do keys[#keys + 1] = key end
  table.sort(keys, before)
  local list = 0
  for i = 1, math.min(#keys, ENTRIES) do
    local key = keys[i]
    local value = value_text(t[key])
    if key == list + 1 then
      list = key
      parts[i] = value
    else
      parts[i] = key_text(key) .. " = " .. value
    end
    long = long or value:find "\n" ~= nil
  end
  if #keys > ENTRIES then parts[#parts + 1] = ("… %d more"):format(#keys - ENTRIES) end
  local line = "{ " .. table.concat(parts, ", ") .. " }"
  if #keys == 0 then return "{}" end
  if #line <= moth.printing().width and not long then return line end
  return "{\n  " .. table.concat(parts, ",\n  ") .. "\n}"
end

function helpers.show_text(value)
  local meta = debug and debug.getmetatable(value) or getmetatable(value)
  if type(value) ~= "table" or type(meta) == "table" and rawget(meta, "__tostring") then return tostring(value) end
  return table_text(value)
end

function moth.show(...)
  local texts = table.pack(...)
  for i = 1, texts.n do texts[i] = helpers.show_text(texts[i]) end
  helpers.put(table.concat(texts, "\t", 1, texts.n))
end
