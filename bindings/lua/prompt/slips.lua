-- slip(message, variables) → the message of a global that is nil with what its name can have meant, or nil where nothing is near.
local moth, helpers, internal = ...

local match, format, find, sub = string.match, string.format, string.find, string.sub
local ipairs, next, type, rawget = ipairs, next, type, rawget
local _G = _G

local libraries = { "math", "string", "table", "io", "os", "coroutine", "utf8" }
local modules = { np = true, numpy = true, torch = true, tf = true, tensorflow = true, keras = true, jnp = true, jax = true }

local function method(name)
  return internal.need "help/entries".by_name["t:" .. name] and format("t:%s(...)", name)
end

-- Where a function of this very name is.
local function home_of(name)
  if name == "len" then return "; in Lua it is #a" end
  if rawget(moth, name) ~= nil then return format("; did you mean 'moth.%s'?", name) end
  local of_tensor = method(name)
  for _, library in ipairs(libraries) do
    local functions = rawget(_G, library)
    if type(functions) == "table" and rawget(functions, name) ~= nil then
      if library ~= "math" or not of_tensor then return format("; did you mean '%s.%s'?", library, name) end
      return format("; of a number write math.%s(...), of a tensor %s", name, of_tensor)
    end
  end
  if of_tensor then return format("; it is a method, %s", of_tensor) end
end

local function known_names(variables)
  local known = {}
  for name in next, variables do known[name] = true end
  for name in next, helpers.session_variables and helpers.session_variables() or {} do known[name] = true end
  for name in next, _G do known[name] = true end
  return known
end

local function near(name, variables)
  local known = internal.nearest(name, known_names(variables))
  if known then return format("; did you mean '%s'?", known) end
  local here = modules[name] and "moth" or internal.need "help/elsewhere"[name]
  if here and sub(here, 1, 1) == "=" then return "; " .. sub(here, 2) end
  if here and (here == "moth" or find(here, "^moth%.")) then return format("; here it is '%s'", here) end
  local of_moth = internal.nearest(name, moth)
  return of_moth and format("; did you mean 'moth.%s'?", of_moth)
end

return function(message, variables)
  local name = match(message, " a nil value %(global '([^']*)'%)$")
  if not name then return nil end
  if name == "moth" then
    return find(message, "attempt to index", 1, true) and message .. "\n  a script begins with  local moth = require \"moth\"" or nil
  end
  local hint = home_of(name) or near(name, variables)
  return hint and message .. hint
end
