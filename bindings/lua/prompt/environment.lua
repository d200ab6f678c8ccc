-- What the names of a session mean: its own variables (top-level locals), then the globals. new(globals) → an environment: `env` is the
-- table that chunks run in, the other functions keep it.
local _, _, internal = ...

local getmetatable = debug and debug.getmetatable or getmetatable
local setmetatable, next, pairs, rawget, rawset, rawequal = setmetatable, next, pairs, rawget, rawset, rawequal
local type, error, pcall, format, sort, remove = type, error, pcall, string.format, table.sort, table.remove

-- Variables stand in `env` itself, where Lua reads and writes them without asking; <const> and <close> ones in `fixed`, so that writing
-- them asks. `declared` tells the kind of each. Names that hide a global are looked up by a function, which knows them even when they are
-- nil.
local function new(globals)
  local self, declared, closing = {}, {}, {}
  local fixed = setmetatable({}, { __index = globals })
  local meta = { __index = globals, __newindex = globals, __name = "session" }
  local env = setmetatable({}, meta)
  local keys = {} -- "const x" → { "const", "x" }: what rewritten declarations assign
  self.env, self.globals = env, globals

  local function look(_, name)
    if declared[name] then return rawget(fixed, name) end
    return globals[name]
  end

  local function arrange(all)
    local hides = false
    for name in next, declared do hides = hides or rawget(globals, name) ~= nil end
    meta.__index = hides and look or next(fixed) ~= nil and fixed or globals
    meta.__newindex = (all or next(declared) ~= nil) and self.assign or globals
  end

  local function close(name, failed)
    for i = #closing, 1, -1 do
      if closing[i] == name then remove(closing, i) end
    end
    local value = rawget(fixed, name)
    fixed[name], declared[name] = nil, nil
    local closer = value and getmetatable(value)
    closer = type(closer) == "table" and rawget(closer, "__close")
    if closer then closer(value, failed) end
  end

  local function is_closable(value)
    local meta_of_value = getmetatable(value)
    return not value or type(meta_of_value) == "table" and rawget(meta_of_value, "__close") ~= nil
  end

  local function declare(kind, name, value)
    if kind == "close" and not is_closable(value) then
      error(format("variable '%s' got a non-closable value", name), 3)
    end
    if declared[name] == "close" and not rawequal(rawget(fixed, name), value) then close(name) end
    rawset(env, name, nil)
    fixed[name] = nil
    for i = #closing, 1, -1 do
      if closing[i] == name then remove(closing, i) end
    end
    declared[name] = kind
    if kind == "local" then
      rawset(env, name, value)
    else
      rawset(fixed, name, value)
      if kind == "close" then closing[#closing + 1] = name end
    end
    arrange(true)
  end

  function self.assign(_, name, value)
    local key, kind = keys[name], declared[name]
    if key then return declare(key[1], key[2], value) end
    if kind == nil then
      globals[name] = value
    elseif kind == "local" then
      rawset(env, name, value)
    elseif kind == "const" then
      error(format("attempt to assign to const variable '%s'", name), 2)
    else
      declare(is_closable(value) and value and "close" or "local", name, value)
    end
  end

  -- Before a chunk runs that declares these.
  function self.expect(declarations)
    for i = 1, declarations and #declarations or 0 do
      local names = declarations[i].names
      for j = 1, #names do keys[names[j].kind .. " " .. names[j].name] = { names[j].kind, names[j].name } end
    end
    arrange(declarations ~= nil)
  end

  function self.kind(name) return declared[name] end

  function self.names()
    local names = {}
    for name in next, declared do names[#names + 1] = name end
    sort(names)
    return names
  end

  function self.value(name)
    if declared[name] == nil then return rawget(globals, name) end
    local value = rawget(env, name)
    if value == nil then value = rawget(fixed, name) end
    return value
  end

  -- name → value
  function self.variables()
    local values = {}
    for name in next, declared do values[name] = self.value(name) end
    return values
  end

  -- Closes what is to be closed, the newest first, and forgets all variables; the errors met.
  function self.forget()
    local errors = {}
    while #closing > 0 do
      local ok, message = pcall(close, closing[#closing])
      if not ok then errors[#errors + 1] = message end
    end
    for name in pairs(declared) do
      rawset(env, name, nil)
      fixed[name], declared[name] = nil, nil
    end
    arrange(false)
    return errors
  end

  return self
end

return new
