-- moth.args{ lr = 0.001, seed = 1 }: options of the command line, `--lr 0.01`, with the types of their defaults. What is no option stands
-- in the list part.
local _, _, internal = ...

local function names_of(defaults)
  local names = {}
  for name in next, defaults do
    if type(name) ~= "string" then internal.fail(("args: a default needs a name, got %s"):format(internal.describe(name))) end
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function refuse(name, defaults, names)
  local near = internal.nearest(name, defaults)
  if near then internal.fail(("args: no option '--%s'; did you mean '--%s'?"):format(name, near)) end
  local list = #names > 0 and " (options: --" .. table.concat(names, " --") .. ")" or "; the script takes none"
  internal.fail(("args: no option '--%s'%s"):format(name, list))
end

local function convert(name, default, text)
  if type(default) == "string" then return text end
  local value = tonumber(text)
  if not value then internal.fail(("args: --%s must be a number, got '%s'"):format(name, text)) end
  if math.type(default) == "float" then return value + 0.0 end
  return math.tointeger(value) or internal.fail(("args: --%s must be a whole number, got %s"):format(name, text))
end

local function read_flag(name, text)
  if text == nil or text == "true" then return true end
  if text == "false" then return false end
  internal.fail(("args: --%s must be true or false, got '%s'"):format(name, text))
end

return function(defaults)
  if type(defaults) ~= "table" then internal.fail(("args: takes a table of defaults, got %s"):format(internal.describe(defaults))) end
  local names, result = names_of(defaults), {}
  for _, name in ipairs(names) do
    local kind = type(defaults[name])
    if kind ~= "number" and kind ~= "string" and kind ~= "boolean" then
      internal.fail(("args: the default of %s must be a number, a string or a boolean, got a %s"):format(name, kind))
    end
    result[name] = defaults[name]
  end
  local given, i = rawget(_G, "arg") or {}, 1
  while given[i] do
    local word = tostring(given[i])
    local has_value = word:find("=", 1, true)
    local name, text = word:match "^%-%-([^=]+)=?(.*)$"
    if not name then
      result[#result + 1] = given[i]
    elseif defaults[name] == nil then
      refuse(name, defaults, names)
    elseif type(defaults[name]) == "boolean" then
      result[name] = read_flag(name, has_value and text or nil)
    else
      if not has_value then
        i = i + 1
        text = given[i] ~= nil and tostring(given[i]) or internal.fail(("args: --%s needs a value"):format(name))
      end
      result[name] = convert(name, defaults[name], text)
    end
    i = i + 1
  end
  return result
end
