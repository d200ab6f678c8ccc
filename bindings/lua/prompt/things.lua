-- What an expression that is being typed stands for, without running it: a value where tables lead to it, else the kind of object that the
-- catalogs say it gives. A thing is { value = v } or { kind = "t" }; kinds are named as help/names.lua names them: t net layer data …
local moth, _, internal = ...

local getmetatable = debug and debug.getmetatable or getmetatable
local words = internal.need "help/words"
local things = {}

local variables = {
  tensor = "t", net = "net", layer = "layer", ["data set"] = "data", trainer = "trainer", run = "run", generator = "generator",
  ["batch iterator"] = "batches",
}
local kinds = {} -- and back
for kind, variable in next, variables do kinds[variable] = kind end
local catalogs = { "function", "reader", "initializer", "metric", "loss", "activation", "layer", "optimizer" }

-- ---- What the catalogs say: rows { name, doc, options, gives, path } by "moth.dense", "moth.schedule.cosine", "t:sum", "t.shape" ----

local rows

local function first_sentence(doc)
  local line = (doc or ""):match "^[^\n]*"
  local sentence = line:match "^(.-[^.])[.:;] " or line:gsub("%.$", "")
  return (sentence:gsub(" %([^)]*$", ""))
end

local function gives_of_operation(row)
  local gives = row.gives
  if gives == nil or gives:find "tensor" and not gives:find "^list" or gives:find "^values" then return "tensor" end
  return gives
end

local function add(name, row, gives)
  rows[name] = { name = name, doc = words.capital(first_sentence(row.doc)), options = row.options or {}, gives = gives,
                 inputs = row.inputs }
end

local function options_of(list)
  local options = {}
  for i, option in ipairs(list or {}) do options[i] = { key = option[1], doc = option[2], kinds = {} } end
  return options
end

local function add_written(functions)
  for _, row in ipairs(internal.need "help/names") do
    local name, arguments, doc = row[1], row[2], row[3]
    local described = row.row and functions[row.row] or rows[name]
    rows[name] = {
      name = name, doc = first_sentence(doc or described and described.doc), gives = row.gives,
      options = row.options and options_of(row.options) or described and described.options or {},
      path = type(arguments) == "string" and arguments:find "^%(path" ~= nil,
    }
  end
end

local function build()
  rows = {}
  local functions = {}
  for _, operation in ipairs(internal.rows "operation") do
    local gives = gives_of_operation(operation)
    if operation.creates then add("moth." .. operation.name, operation, gives) end
    if operation.method or not operation.creates then
      add("t:" .. operation.name, operation, gives)
      if operation.twin then add("t:" .. operation.name .. "_", operation, "tensor") end
    end
  end
  for _, kind in ipairs(catalogs) do
    for _, row in ipairs(internal.rows(kind)) do
      if kind == "function" then functions[row.name] = row end
      local name = "moth." .. row.name
      local is_there = rawget(moth, row.name) ~= nil and not rows[name] -- moth.zeros makes tensors, the initializer is known by its name
      if is_there then add(name, row, kind == "reader" and "data" or kind) end
      if kind == "reader" and rows[name] then rows[name].path = true end
    end
  end
  for _, row in ipairs(internal.rows "schedule") do add("moth.schedule." .. row.name, row, "schedule") end
  add_written(functions)
end

function things.row(name)
  if not rows then build() end
  return rows[name]
end

-- Rows whose names begin so: "run.", "t:".
function things.rows_of(beginning)
  if not rows then build() end
  local found = {}
  for name, row in next, rows do
    if name:sub(1, #beginning) == beginning then found[name:sub(#beginning + 1)] = row end
  end
  return found
end

-- ---- Values ----

-- The field of a table, through __index tables; nil where a function would have to run.
local function field_of(value, name)
  for _ = 1, 20 do
    if type(value) ~= "table" then return nil end
    local found = rawget(value, name)
    if found ~= nil then return found end
    local meta = getmetatable(value)
    value = type(meta) == "table" and rawget(meta, "__index") or nil
  end
end

-- All string keys of a table and its __index tables, with their values.
function things.fields(value)
  local found = {}
  for _ = 1, 20 do
    if type(value) ~= "table" then break end
    for key, v in next, value do
      if type(key) == "string" and found[key] == nil then found[key] = v end
    end
    local meta = getmetatable(value)
    value = type(meta) == "table" and rawget(meta, "__index") or nil
  end
  return found
end

-- "t", "net" …; "string", "table"; nil for others
function things.kind(thing, functions)
  if thing == nil then return nil end
  if thing.kind then return thing.kind end
  local value = thing.value
  if type(value) == "string" or type(value) == "table" then return type(value) end
  local kind = internal.kind(value)
  return kind == "component" and functions.kind_of_part(value) or variables[kind]
end

function things.object_kind(kind) return kinds[kind] end

local function given(gives)
  local word = gives and gives:match "^%a+"
  return word and { kind = variables[word] or word } or nil
end

-- ---- Chains (words.chain) ----

local function step_field(thing, name, state, functions)
  if type(thing.value) == "table" then
    local path = thing.value == moth and "moth." .. name or moth.schedule == thing.value and "moth.schedule." .. name
    state.row = path and things.row(path)
    local value = field_of(thing.value, name)
    return value ~= nil and { value = value } or nil
  end
  local kind = things.kind(thing, functions)
  local row = kind and things.row(kind .. "." .. name)
  if row then return given(row.gives) end
  return kind == "layer" and { kind = "t" } or nil
end

local function step_index(thing, index, functions)
  local value = thing.value
  if type(value) == "table" and index then
    local found = rawget(value, index)
    return found ~= nil and { value = found } or nil
  end
  local kind = things.kind(thing, functions)
  if kind == "t" then return thing end
  if kind ~= "net" then return nil end
  if value == nil or math.type(index) ~= "integer" then return { kind = "layer" } end
  local ok, layer = pcall(function() return value[index] end) -- Moth's own function
  return ok and layer ~= nil and { value = layer } or { kind = "layer" }
end

local function step_call(thing, state, functions)
  local row = state.row
  if row then return given(row.gives) end
  return thing and things.kind(thing, functions) == "net" and { kind = "t" } or nil
end

-- What the chain stands for, and the row of what it ends in where that is a function of Moth's. `find` tells the value of a variable.
function things.resolve(chain, find, functions)
  if chain[1] == nil then return nil end
  local state = {}
  local thing = chain[1].value and { value = chain[1].value } or find(chain[1].global)
  if chain[1].global and not chain[2] then state.row = things.row(chain[1].global) end
  for i = 2, #chain do
    local step = chain[i]
    if not thing and not (step.call and state.row) then return nil end
    if step.field then
      state.row = nil
      thing = step_field(thing, step.field, state, functions)
    elseif step.method then
      local kind = things.kind(thing, functions)
      state.row = kind and things.row(kind .. ":" .. step.method)
      state.self = thing
    elseif step.call then
      thing = step_call(thing, state, functions)
      state.row = nil
    else
      state.row = nil
      thing = step_index(thing, step.index, functions)
    end
  end
  return thing, state.row, state.self
end

return things
