-- complete(line, cursor, functions) → a list of { text, what it is } in name order, and the byte where the word begins, from 0. It looks at
-- tables and at Moth's catalogs and runs no code of the user's. `functions` are those of complete.c.
local moth, helpers, internal = ...

local words, things = internal.need "prompt/words", internal.need "prompt/things"
local DTYPES = { "bool", "f32", "f64", "i64", "u8" }
local reads_files = { dofile = true, loadfile = true, ["io.open"] = true, ["io.lines"] = true, ["io.input"] = true, ["io.output"] = true }
local file_options = { checkpoint = true, resume = true, log = true, file = true, path = true }

-- ---- What a value is, in a word or a line ----

local function what(value, name)
  local row = name and things.row(name)
  if row and row.doc ~= "" then return row.doc end
  if internal.kind(value) then return (internal.describe(value)) end
  local kind = type(value)
  if kind == "number" or kind == "boolean" then return tostring(value) end
  if kind == "string" then return #value <= 40 and ("%q"):format(value):gsub("\\\n", "\\n") or "string" end
  return kind
end

local function plain_default(value)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  for i, v in ipairs(value) do parts[i] = plain_default(v) end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function what_option(option)
  if option.required then return (option.doc or "") .. "; required" end
  if option.default ~= nil then return ("%s; %s by default"):format(option.doc or "", plain_default(option.default)) end
  return option.doc or ""
end

-- ---- Collecting ----

local function collector(word)
  local list, seen = {}, {}
  return list, function(text, is)
    if seen[text] or text:sub(1, #word) ~= word then return end
    seen[text] = true
    list[#list + 1] = { text, is or "" }
  end
end

local function finish(list, from)
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list, from - 1
end

local function is_name(key) return key:find "^[%a_][%w_]*$" ~= nil and not words.keywords[key] end

-- ---- Variables: the session's own, and globals ----

local function session() return helpers.session_variables and helpers.session_variables() or {} end

-- The value of a variable as a thing; parameters of on_epoch and on_batch are events.
local function finder(r, asks_help)
  return function(name)
    local value = session()[name]
    if value == nil then value = things.fields(_G)[name] end
    if value ~= nil then return { value = value } end
    for i, token in ipairs(r.tokens) do
      local event = token.kind == "name" and token.text:match "^on_(%a+)$"
      local parameter = event and r.tokens[i + 4]
      if parameter and r.tokens[i + 2].text == "function" and parameter.text == name then return { kind = event:sub(1, 1) } end
    end
    if asks_help and things.object_kind(name) then return { kind = name } end
  end
end

local function add_variables(r, add)
  for name in next, r.declared do add(name, "local") end
  for name, value in next, session() do
    if is_name(name) then add(name, what(value)) end
  end
  for name, value in next, things.fields(_G) do
    if is_name(name) then add(name, value == moth and "module" or what(value)) end
  end
  if r.word ~= "" then
    for name in next, words.keywords do add(name, "keyword") end
  end
end

-- ---- Fields and methods ----

local function add_methods(thing, kind, add)
  local object = things.object_kind(kind)
  if kind == "string" then
    for name in next, string do add(name, "function") end
  elseif type(thing.value) == "table" then
    for name, value in next, things.fields(thing.value) do
      if type(value) == "function" and is_name(name) then add(name, "function") end
    end
  elseif kind then
    for name, row in next, things.rows_of(kind .. ":") do add(name, row.doc) end
    for _, name in ipairs(object and internal.methods(object) or {}) do add(name) end
  end
end

local function add_fields(thing, kind, add, functions)
  if type(thing.value) == "table" then
    local path = thing.value == moth and "moth." or thing.value == moth.schedule and "moth.schedule."
    for name, value in next, things.fields(thing.value) do
      if is_name(name) then add(name, what(value, path and path .. name)) end
    end
    return
  end
  if not kind then return end
  local live = functions.live(thing.value)
  local known = {}
  for _, name in ipairs(live) do known[name] = true end
  for name, row in next, things.rows_of(kind .. ".") do
    local absent = thing.value and (kind == "layer" or kind == "run") and (row.gives == "tensor" or row.gives == "table")
      and not known[name] and not known[name:gsub("_gradient$", "")] and name ~= "output"
    if not absent then add(name, row.doc) end
  end
  for name in next, known do
    add(name)
    if kind == "layer" then add(name .. "_gradient") end
  end
end

local function complete_link(r, find, functions)
  local list, add = collector(r.word)
  local thing = things.resolve(r.chain, find, functions)
  if not thing then return list, r.from - 1 end
  local kind = things.kind(thing, functions)
  if r.link == "." then add_fields(thing, kind, add, functions) end
  if #list == 0 then add_methods(thing, kind, add) end
  return finish(list, r.from)
end

-- ---- Options ----

local function option_of(options, key, position)
  local rest
  for _, option in ipairs(options) do
    if key and option.key == key or not key and option.position and option.position == position then return option end
    if option.rest and not key then rest = option end
  end
  return rest
end

-- The row of what a bracket calls.
local function called(bracket, find, functions)
  if not bracket or not bracket.chain then return nil end
  local _, row, self = things.resolve(bracket.chain, find, functions)
  return row, self
end

-- The options that a table may hold whose brace is brackets[1]: of the constructor it calls, of a last table of arguments, or of an option
-- that is a table itself. Also the option that the whole table is the value of.
local function options_of_table(r, find, functions)
  local inner, outer = r.brackets[1], r.brackets[2]
  local row = called(inner, find, functions)
  if row then return row.options, nil, row end
  if inner.chain or not outer then return nil end
  local outer_row = called(outer, find, functions)
  if outer_row and outer.open == "(" then return outer_row.options, nil, outer_row end
  if outer_row and outer.key then
    local option = option_of(outer_row.options, outer.key)
    return option and option.schema, option, outer_row
  end
end

-- `is_set`: an = follows already
local function complete_keys(r, is_set, find, functions)
  local inner = r.brackets[1]
  local list, add = collector(r.word)
  if not inner or inner.open ~= "{" or not inner.fresh then return list end
  for _, option in ipairs(options_of_table(r, find, functions) or {}) do
    if not inner.keys[option.key] and option.key ~= "origin" then add(option.key .. (is_set and "" or " = "), what_option(option)) end
  end
  return list
end

-- ---- Strings ----

local function add_parts(parts, add)
  for _, kind in ipairs(parts) do
    for _, row in ipairs(internal.rows(kind)) do add(row.name, (row.doc or ""):match "^[^\n]*") end
  end
end

local function add_option_names(option, add)
  if not option then return end
  for _, choice in ipairs(option.choices or {}) do add(choice) end
  if option.parts then add_parts(option.parts, add) end
  if option.key == "dtype" and not option.choices then
    for _, name in ipairs(DTYPES) do add(name) end
  end
end

-- Arguments of Lua's own functions that name things and stand in no catalog.
local arguments = {
  ["moth.dtype"] = { { key = "dtype", choices = { "f32", "f64" } } },
  ["t:to"] = { { key = "dtype" } },
  ["net:evaluate"] = { [2] = { parts = { "metric", "loss" } } },
  ["net:backprop"] = { [3] = { parts = { "loss" } } },
}

local function argument(row, position)
  local known = arguments[row.name]
  if known and known[position] then return known[position] end
  local option = option_of(row.options, nil, position)
  if option or not row.inputs then return option end
  return option_of(row.options, nil, position - row.inputs + 1) -- options come after the tensors, of which `self` is one
end

-- The option that an open string is the value of; `true` for a file's name; a run whose columns it may name.
local function option_of_string(r, find, functions)
  if r.direct then
    local _, row = things.resolve(r.direct, find, functions)
    return row and (row.path or argument(row, 1))
  end
  local inner, outer = r.brackets[1], r.brackets[2]
  if not inner then return nil end
  local row, self = called(inner, find, functions)
  if inner.open == "(" then
    if row and row.path and inner.position == 1 then return true end
    return row and argument(row, inner.position), self
  end
  if inner.open ~= "{" then return nil end
  local options, whole, of = options_of_table(r, find, functions)
  if inner.key and file_options[inner.key] then return true end
  if inner.key then return options and option_of(options, inner.key), self end
  if row then return row.path and inner.position == 1 or option_of(options, nil, inner.position), self end
  if outer and outer.open == "(" and of then return argument(of, outer.position), self end
  return whole, self
end

local function add_files(word, quote, add, functions)
  local folder, name = word:match "^(.*/)([^/]*)$"
  folder, name = folder or "", name or word
  for _, file in ipairs(functions.files(folder == "" and "." or folder, name)) do
    if not (quote and file:find(quote, 1, true)) and not file:find "\\" then add(folder .. file, file:find "/$" and "folder" or "") end
  end
end

local function named_function(chain)
  local names = {}
  for i, step in ipairs(chain or {}) do
    names[i] = step.global or step.field
    if not names[i] then return nil end
  end
  return table.concat(names, ".")
end

local function complete_string(r, find, functions)
  local list, add = collector(r.word)
  local inner = r.brackets[1]
  local option, self = option_of_string(r, find, functions)
  local lua = named_function(r.direct or inner and inner.chain)
  local first = r.direct or inner and inner.position == 1
  if option == true or lua and reads_files[lua] and first then
    add_files(r.word, r.quoted, add, functions)
  elseif inner and inner.open == "[" then
    -- x["na: a key
    local tokens = r.tokens
    local thing = things.resolve(words.chain(tokens, inner.at - 1) or {}, find, functions)
    for key, value in next, thing and things.fields(thing.value) or {} do add(key, what(value)) end
  elseif option then
    add_option_names(option, add)
  elseif self and things.kind(self, functions) == "run" then
    for _, name in ipairs(functions.live(self.value)) do add(name) end
  end
  return finish(list, r.from)
end

-- ---- Commands of the prompt ----

local COMMANDS = {
  edit = "edits the last statement, or a file", help = "help for a name", hist = "what was entered", load = "runs a file",
  plot = "draws a curve", quit = "leaves", reset = "forgets all variables", save = "writes what was entered to a file",
  set = "settings", time = "how long a statement takes", who = "the session's variables",
}
local FILE_COMMANDS = { load = true, save = true, edit = true }

local function complete_command(text)
  local list, add = collector(text:sub(2))
  for name, is in next, helpers.session_commands and helpers.session_commands() or COMMANDS do add(name, is) end
  return finish(list, 2)
end

-- `:set na`, `:set name va`
local function complete_setting(text)
  local settings = internal.need "prompt/commands".settings()
  local list, add
  local name, word = text:match "^:set%s+(%a+)%s+(%a*)$"
  if name then
    list, add = collector(word)
    for _, value in ipairs(settings[name] and settings[name].words or {}) do add(value) end
  else
    word = text:match "^:set%s+(%a*)$" or " "
    list, add = collector(word)
    for other, setting in next, settings do add(other, setting.values) end
  end
  return finish(list, #text - #word + 1)
end

return function(line, cursor, functions)
  local text = line:sub(1, cursor)
  local command, space, rest = text:match "^:(%a+)(%s+)(.*)$"
  if command == "set" then return complete_setting(text) end
  if text:find "^:%a*$" then return complete_command(text) end
  if command and FILE_COMMANDS[command] then
    local list, add = collector(rest)
    add_files(rest, nil, add, functions)
    return finish(list, #command + #space + 2)
  end
  local asks_help = text:find "^%?" ~= nil or command == "help"
  local skip = command and #command + #space + 1 or #(text:match "^%?*")
  local r = words.read(text:sub(skip + 1))
  if not r then return {}, cursor end
  local find = finder(r, asks_help)
  local list, begin
  if r.quoted then
    list, begin = complete_string(r, find, functions)
  elseif r.link then
    list, begin = complete_link(r, find, functions)
  else
    list, begin = complete_keys(r, line:find("^%s*=", cursor + 1) ~= nil, find, functions), r.from - 1
    if #list == 0 then
      local add
      list, add = collector(r.word)
      add_variables(r, add)
    end
    list, begin = finish(list, r.from)
  end
  return list, begin + skip
end
