-- Help at the prompt: about(expression, env) is what `?x` shows, source(expression, env) what `??x` does, overview() what `?` alone does.
-- env holds the session's names; nothing of the user's is called but __index tables.
local moth, helpers, internal = ...

local entries = internal.need "help/entries"
local words = internal.need "help/words"
local topics = internal.need "help/topics"
local functions = internal.need "help/functions"
local find = internal.need "help/find"

local help = {}

local LABEL, TYPE, KIND = 10, 24, 70 -- columns where a row's second and third parts and a title's right end begin
local MOST_WIDTH = 80

local function new_page()
  local look = helpers.look()
  local width = math.max(30, math.min(look.width, MOST_WIDTH))
  return { width = width, text = width - 4, unicode = look.unicode }
end

-- A text as the terminal can show it; before it is wrapped, as it may become longer.
local function said(page, text) return page.unicode and text or words.ascii(text) end

local function finish(page) return said(page, table.concat(page, "\n")) end

local function put(page, line) page[#page + 1] = line end

local function title(page, left, kind)
  left = said(page, left)
  local at = math.min(KIND, page.width - words.length(kind))
  if words.length(left) + 2 > at then
    local lines = words.wrap(left, at - 2, 4)
    for i = 1, #lines - 1 do put(page, lines[i]) end
    left = lines[#lines]
    if words.length(left) + 2 > at then return put(page, left .. "  " .. kind) end
  end
  put(page, words.pad(left, at) .. kind)
end

local function paragraph(page, text)
  for line in words.paragraphs(said(page, text)) do
    for _, piece in ipairs(words.wrap(line, page.text)) do put(page, "  " .. piece) end
  end
end

-- "  Label     text …", the text wrapped beside its label
local function labelled(page, label, text, whole)
  text = said(page, text)
  local indent = math.max(LABEL, words.length(label) + 2)
  if whole then return put(page, "  " .. words.pad(label, indent) .. text) end
  for i, piece in ipairs(words.wrap(text, page.text - indent)) do
    put(page, "  " .. words.pad(i == 1 and label or "", indent) .. piece)
  end
end

local function names_where(test)
  local names, seen = {}, {}
  for _, entry in ipairs(entries.list) do
    local name = test(entry)
    if name and not seen[name] then
      seen[name] = true
      names[#names + 1] = name
    end
  end
  return names
end

-- ---- Entries ----

local function is_layer(entry) return entry.kind == "layer" or entry.kind == "activation" end

-- The options that `?` shows: those that every layer has are left to `??`.
local function shown_options(entry, full)
  local shown = {}
  for _, option in ipairs(entry.options) do
    local common = is_layer(entry) and (option.key == "name" or option.key == "input")
    if full or not common then shown[#shown + 1] = option end
  end
  return shown
end

local LONGEST_TYPE = 24

local function option_table(page, options)
  local keys, kinds = LABEL, TYPE
  for _, option in ipairs(options) do
    local length = words.length(words.option(option))
    keys = math.max(keys, #option.key + 2)
    if length <= LONGEST_TYPE then kinds = math.max(kinds, length + 2) end
  end
  local narrow = page.text - keys - kinds < 20
  if narrow then kinds = 2 end
  for _, option in ipairs(options) do
    local kind = words.option(option)
    local key = "  " .. words.pad(option.key, keys)
    local blank = (" "):rep(2 + keys + kinds)
    local pieces = words.wrap(said(page, option.doc), math.max(20, page.text - keys - kinds))
    if words.length(kind) + 2 > kinds then -- the doc stands beneath
      for i, piece in ipairs(words.wrap(kind, math.max(20, page.text - keys))) do
        put(page, (i == 1 and key or (" "):rep(2 + keys)) .. piece)
      end
    else
      put(page, key .. words.pad(kind, kinds) .. table.remove(pieces, 1))
    end
    for _, piece in ipairs(pieces) do put(page, blank .. piece) end
  end
end

-- "[inputs] -> [units]; weight [units, inputs], bias [units]" in a layer's words
local function shape_of(entry)
  local before, after = (entry.more or ""):match "(%[[^%]]*%]) %-> (%[[^%]]*%])"
  if not before then return nil end
  local parameters = {}
  for name, shape in (entry.more:match "%-> %[[^%]]*%];(.*)$" or ""):gmatch "([%a_]+) (%[[^%]]*%])" do
    parameters[#parameters + 1] = name .. " " .. shape
  end
  return before .. " -> " .. after, #parameters > 0 and table.concat(parameters, "  ") or "none"
end

local function use_of(entry)
  if entry.kind == "loss" then
    return ("loss = %q in moth.train; %s(p, t) gives the value and dE/dp"):format(entry.word, entry.name)
  elseif entry.kind == "metric" then
    return ("metrics = { %q } in moth.train; %s(p, t) gives the value"):format(entry.word, entry.name)
  elseif entry.kind == "initializer" then
    return ("init = %q in a layer"):format(entry.word)
  end
end

local function add_facts(page, entry)
  if is_layer(entry) then
    local shape, parameters = shape_of(entry)
    local gap = shape and #shape >= TYPE and "  " or ""
    if shape then labelled(page, "Shape", words.pad(shape, TYPE) .. gap .. "Parameters  " .. parameters, true) end
  elseif entry.kind == "operation" then
    labelled(page, "Gives", entry.gives)
    if entry.row.inputs > 0 and #entry.row.dtypes < 5 then labelled(page, "Takes", table.concat(entry.row.dtypes, " ")) end
    if entry.twin then labelled(page, "In place", entry.twin .. entry.signature:match "%(.*$") end
  elseif entry.gives and entry.named then
    labelled(page, "Gives", entry.gives)
  end
  local layer, method = find.layer_of(entry), find.method_of(entry)
  if layer then labelled(page, "Layer", layer.signature) end
  if method then labelled(page, "Method", method.signature) end
  local use = use_of(entry)
  if use then labelled(page, "Use", use) end
end

local function existing(names)
  local found = {}
  for _, name in ipairs(names) do
    if entries.by_name[name] then found[#found + 1] = name end
  end
  return found
end

-- Other things of the same name: t:relu beside moth.relu.
local function namesakes(entry)
  local others = {}
  for _, other in ipairs(entries.by_word[entry.word] or {}) do
    local told = other == find.layer_of(entry) or other == find.method_of(entry)
    if other ~= entry and other.name ~= entry.name and not told then others[#others + 1] = other.name end
  end
  return others
end

local function add_see(page, entry)
  local line, seen = nil, { [entry.name] = true }
  for _, list in ipairs { namesakes(entry), existing(entry.see) } do
    for _, name in ipairs(list) do
      local longer = line and line .. "   " .. name or name
      if not seen[name] and words.length(longer) <= page.text - LABEL then line = longer end
      seen[name] = true
    end
  end
  if line then labelled(page, "See also", line, true) end
end

local function add_entry(page, entry, full)
  title(page, entry.signature, entry.kind)
  if entry.doc then paragraph(page, entry.doc) end
  if entry.more and (full or not is_layer(entry)) then paragraph(page, entry.more) end
  option_table(page, shown_options(entry, full))
  add_facts(page, entry)
  if entry.name == "moth.schedule" then
    labelled(page, "Names", table.concat(names_where(function(other) return other.kind == "schedule" and other.word or nil end), " "))
  end
  if entry.example then labelled(page, "Example", entry.example, true) end
  add_see(page, entry)
end

local function add_option(page, entry, option)
  title(page, entry.name .. "." .. option.key, "option of " .. entry.word)
  paragraph(page, option.doc:sub(1, 1):upper() .. option.doc:sub(2) .. (option.doc:match "[%.?!]$" and "" or "."))
  labelled(page, "Takes", words.kinds(option))
  local default = words.default(option)
  labelled(page, "Default", option.required and "none: it must be given" or default or "unset")
  if option.live then labelled(page, "Later", "may be set at any time") end
  if entry.example then labelled(page, "Example", entry.example, true) end
  put(page, "  " .. words.pad("See also", LABEL) .. entry.name)
end

-- ---- Lists of names ----

local function put_names(page, heading, names)
  if #names == 0 then return end
  local indent = 14
  local lines = words.wrap(table.concat(names, " "), page.text - indent)
  for i, line in ipairs(lines) do put(page, "  " .. words.pad(i == 1 and heading or "", indent) .. line) end
end

local function plural(kind) return kind:sub(-1) == "s" and kind .. "es" or kind .. "s" end

-- The operations of each family in its order: as methods alone, or as methods and functions.
local function operation_families(page, only, methods)
  for _, family in ipairs(entries.families.list) do
    if not only or only[family[1]] then
      local names = {}
      for _, entry in ipairs(entries.of_family[family[1]] or {}) do
        if entry.owner == "t" then names[#names + 1] = entry.word
        elseif not methods then names[#names + 1] = entry.name end
      end
      put_names(page, family[1], names)
    end
  end
end

local function add_topic(page, name)
  local topic = topics[name]
  title(page, name, "topic")
  paragraph(page, topic[1])
  if topic.families or topic.only then operation_families(page, topic.only) end
  for _, kind in ipairs(topic.kinds or {}) do
    put_names(page, plural(kind), names_where(function(entry) return entry.kind == kind and entry.word or nil end))
  end
  for _, owner in ipairs(topic.owners or {}) do
    put_names(page, owner, names_where(function(entry) return entry.owner == owner and entry.named and entry.word or nil end))
  end
  put_names(page, "functions", existing(topic.names or {}))
  if name == "tensors" then
    put_names(page, "ask", names_where(function(entry) return entry.owner == "t" and entry.named and entry.word or nil end))
  end
  labelled(page, "Example", topic[2], true)
end

function help.overview()
  local page = new_page()
  labelled(page, "?name", "what it is: ?moth.dense, ?sum, ?net:predict, ?adam.lr, ?x")
  labelled(page, "??name", "its source, or all that the engine knows of it")
  labelled(page, "?topic", table.concat(topics.order, ", "))
  put(page, "")
  put_names(page, "moth", names_where(function(entry)
    return entry.owner == "moth" and (entry.named or entry.kind == "operation") and entry.word or nil
  end))
  for _, kind in ipairs(entries.kinds) do
    if kind ~= "function" then
      put_names(page, plural(kind), names_where(function(entry) return entry.kind == kind and entry.word or nil end))
    end
  end
  put(page, "")
  put_names(page, "t", names_where(function(entry) return entry.owner == "t" and entry.named and entry.word or nil end))
  operation_families(page, nil, true)
  put(page, "")
  for _, owner in ipairs { "net", "layer", "data", "optimizer", "trainer", "run", "e", "b" } do
    put_names(page, owner, names_where(function(entry) return entry.owner == owner and entry.word or nil end))
  end
  return finish(page)
end

-- ---- Values of the session ----

local function first_lines(text, most)
  local lines = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    if #lines == most then
      lines[most + 1] = "..."
      break
    end
    lines[#lines + 1] = line
  end
  return lines
end

local function add_component(page, name, value)
  local text = tostring(value)
  local word = text:match "^[%w_]+"
  title(page, name, internal.describe(value):match "^%a+")
  put(page, "  " .. text)
  for _, entry in ipairs(entries.by_word[word] or {}) do
    if entry.row and entry.kind ~= "operation" then
      put(page, "")
      return add_entry(page, entry)
    end
  end
end

-- What objects of a kind answer to.
local function add_members(page, owner)
  if owner == "t" then
    put_names(page, "ask", names_where(function(entry) return entry.owner == "t" and entry.named and entry.word or nil end))
    return operation_families(page, nil, true)
  end
  local function of(is_field)
    return names_where(function(entry) return entry.owner == owner and (entry.kind == "field") == is_field and entry.word or nil end)
  end
  put_names(page, "fields", of(true))
  put_names(page, "methods", of(false))
end

local described = {
  t = "Any tensor.", net = "What moth.net gives.", layer = "A layer of a net: net[i].", data = "A data set.",
  optimizer = "What moth.adam and the others give.", trainer = "What moth.trainer gives.", run = "What moth.train gives.",
  e = "What on_epoch gets, and trainer:epochs() iterates over.", b = "What on_batch gets.",
}

local function add_owner(page, owner)
  title(page, owner, "object")
  paragraph(page, described[owner])
  add_members(page, owner)
end

local function add_handle(page, name, value, kind)
  if kind == "component" then return add_component(page, name, value) end
  title(page, name, kind)
  for _, line in ipairs(first_lines(kind == "tensor" and internal.describe(value) or tostring(value), 12)) do put(page, "  " .. line) end
  if find.owner_of[kind] then add_members(page, find.owner_of[kind]) end
end

-- The entry of a function of the module's.
local function entry_of(value)
  for _, entry in ipairs(entries.list) do
    if entry.owner == "moth" and rawget(moth, entry.word) == value then return entry end
  end
end

local function add_function(page, name, value)
  local entry = entry_of(value)
  if entry then return add_entry(page, entry) end
  local about = functions.about(value)
  title(page, name .. about.arguments, "function")
  if about.comment then paragraph(page, about.comment) end
  labelled(page, "Defined", about.where)
end

local function add_value(page, name, value)
  local kind = internal.kind(value)
  if kind then return add_handle(page, name, value, kind) end
  if type(value) == "function" then return add_function(page, name, value) end
  title(page, name, math.type(value) or type(value))
  local text = helpers.show_text(value)
  for _, line in ipairs(first_lines(text, 30)) do put(page, "  " .. line) end
end

-- ---- ?name ----

function help.about(expression, env)
  local wanted = find.cleaned(expression or "")
  if wanted == "" or wanted == "moth" or wanted == "help" and find.field(env or _G, "help") == nil then return help.overview() end
  local page = new_page()
  local what, found, option, foreign = find.meaning(wanted, env or _G)
  if what == "entry" then
    add_entry(page, found)
  elseif what == "option" then
    if foreign then put(page, ("%s: no option '%s'; here it is '%s'"):format(found.word, foreign, option.key)) end
    add_option(page, found, option)
  elseif what == "value" then
    add_value(page, wanted, found)
    local also = find.worded(wanted)
    if also and also.kind ~= "field" then labelled(page, "See also", also.name) end
  elseif what == "topic" then
    add_topic(page, found)
  elseif what == "owner" then
    add_owner(page, found)
  elseif what == "standard" then
    title(page, wanted .. found[1], "Lua")
    local begins_with_code = found[1] == "" and not wanted:find(".", 1, true) -- a keyword
    paragraph(page, (begins_with_code and found[2] or found[2]:sub(1, 1):upper() .. found[2]:sub(2)) .. ".")
  else
    local whose = find.owners_of_option(wanted, find.option_named)
    local line, entry = find.guess(wanted)
    if #whose == 0 and not entry then whose = find.owners_of_option(wanted, find.foreign_option) end
    if #whose > 0 then
      title(page, wanted, "option")
      put_names(page, "here", whose)
    else
      put(page, line)
      if entry then add_entry(page, entry) end
    end
  end
  return finish(page)
end

-- ---- ??name ----

local function add_row(page, entry)
  add_entry(page, entry, true)
  local names = table.concat(entry.foreign or {}, " ")
  local rows = { names ~= "" and { "Elsewhere", names } or nil }
  for _, option in ipairs(entry.options) do
    if option.foreign then rows[#rows + 1] = { option.key, "elsewhere " .. table.concat(option.foreign, " ") } end
  end
  local widest = 0
  for _, row in ipairs(rows) do widest = math.max(widest, #row[1]) end
  for _, row in ipairs(rows) do labelled(page, words.pad(row[1], widest), row[2]) end
  local where = functions.home(entry)
  if where then labelled(page, "Source", where) end
end

local function add_source(page, name, value)
  local entry = entry_of(value)
  if entry then return add_row(page, entry) end
  local about = functions.about(value)
  if not about.lines then
    add_function(page, name, value)
    return put(page, "  its source is not at hand")
  end
  put(page, about.where)
  for _, line in ipairs(about.lines) do put(page, line) end
end

function help.source(expression, env)
  local wanted = find.cleaned(expression or "")
  if wanted == "" then return help.overview() end
  local what, found = find.meaning(wanted, env or _G)
  local page = new_page()
  if what == "entry" then
    add_row(page, found)
  elseif what == "value" and type(found) == "function" then
    add_source(page, wanted, found)
  else
    return help.about(expression, env)
  end
  return finish(page)
end

return help
