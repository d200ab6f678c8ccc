-- What the names of a session mean: its own variables (top-level locals), then the globals. new(globals) → an environment; its `env` is the
-- table that chunks run in.
local getmetatable = debug and debug.getmetatable or getmetatable
local setmetatable, next, pairs, rawget, rawset, rawequal = setmetatable, next, pairs, rawget, rawset, rawequal
local type, error, pcall, format, sort, remove = type, error, pcall, string.format, table.sort, table.remove

-- Fields of an environment: variables stand in `env` itself, where Lua reads and writes them without asking; <const> and <close> ones in
-- `fixed`, so that writing them asks. `declared` tells the kind of each, `closing` the names to close, oldest first. `keys` has what
-- rewritten declarations assign: "const x" → { "const", "x" }.
local environment = {}
environment.__index = environment

-- Names that hide a global are looked up by a function, which knows them even when they are nil. all: assignments are looked at, as those of
-- declarations must be.
local function arrange(self, all)
  local hides = false
  for name in next, self.declared do hides = hides or rawget(self.globals, name) ~= nil end
  self.meta.__index = hides and self.look or next(self.fixed) ~= nil and self.fixed or self.globals
  self.meta.__newindex = (all or next(self.declared) ~= nil) and self.assign or self.globals
end

-- ---- What is to be closed ----

local function is_closable(value)
  local meta = getmetatable(value)
  return not value or type(meta) == "table" and rawget(meta, "__close") ~= nil
end

local function leave_open(self, name)
  for i = #self.closing, 1, -1 do
    if self.closing[i] == name then remove(self.closing, i) end
  end
end

local function close(self, name)
  leave_open(self, name)
  local value = rawget(self.fixed, name)
  self.fixed[name], self.declared[name] = nil, nil
  local meta = value and getmetatable(value)
  local closer = type(meta) == "table" and rawget(meta, "__close")
  if closer then closer(value, nil) end
end

-- ---- Assignments of a chunk's, which `env` hands on by tail calls ----

local function declare(self, kind, name, value)
  if kind == "close" and not is_closable(value) then error(format("variable '%s' got a non-closable value", name), 3) end
  if self.declared[name] == "close" and not rawequal(rawget(self.fixed, name), value) then close(self, name) end
  rawset(self.env, name, nil)
  self.fixed[name] = nil
  leave_open(self, name)
  self.declared[name] = kind
  rawset(kind == "local" and self.env or self.fixed, name, value)
  if kind == "close" then self.closing[#self.closing + 1] = name end
  arrange(self, true)
end

local function assign(self, name, value)
  local key, kind = self.keys[name], self.declared[name]
  if key then return declare(self, key[1], key[2], value) end
  if kind == nil then
    self.globals[name] = value
  elseif kind == "local" then
    rawset(self.env, name, value)
  elseif kind == "const" then
    error(format("attempt to assign to const variable '%s'", name), 2)
  else
    declare(self, is_closable(value) and value and "close" or "local", name, value)
  end
end

-- ---- For the session ----

-- Before a chunk runs that declares these.
function environment:expect(declarations)
  for i = 1, declarations and #declarations or 0 do
    local names = declarations[i].names
    for j = 1, #names do self.keys[names[j].kind .. " " .. names[j].name] = { names[j].kind, names[j].name } end
  end
  arrange(self, declarations ~= nil)
end

function environment:kind(name) return self.declared[name] end

function environment:names()
  local names = {}
  for name in next, self.declared do names[#names + 1] = name end
  sort(names)
  return names
end

function environment:value(name)
  if self.declared[name] == nil then return rawget(self.globals, name) end
  local value = rawget(self.env, name)
  if value == nil then value = rawget(self.fixed, name) end
  return value
end

-- name → value
function environment:variables()
  local values = {}
  for name in next, self.declared do values[name] = self:value(name) end
  return values
end

-- Closes what is to be closed, the newest first, and forgets all variables; the errors met.
function environment:forget()
  local errors = {}
  while #self.closing > 0 do
    local ok, message = pcall(close, self, self.closing[#self.closing])
    if not ok then errors[#errors + 1] = message end
  end
  for name in pairs(self.declared) do
    rawset(self.env, name, nil)
    self.fixed[name], self.declared[name] = nil, nil
  end
  arrange(self, false)
  return errors
end

local function new(globals)
  local self = setmetatable({ globals = globals, declared = {}, closing = {}, keys = {} }, environment)
  self.fixed = setmetatable({}, { __index = globals })
  self.meta = { __index = globals, __newindex = globals, __name = "session" }
  self.env = setmetatable({}, self.meta)
  function self.look(_, name)
    if self.declared[name] then return rawget(self.fixed, name) end
    return globals[name]
  end
  function self.assign(_, name, value) return assign(self, name, value) end
  return self
end

return new
