-- Help at the prompt: about(expression, env) is what `?x` shows, source(expression, env) what `??x` does, overview() what `?` alone does.
-- env holds the session's names; nothing of the user's is called but __index tables.
local moth, helpers, internal = ...

local entries = internal.need "help/entries"
local words = internal.need "help/words"
local standard = internal.need "help/standard"
local topics = internal.need "help/topics"
local functions = internal.need "help/functions"

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
    if shape then labelled(page, "Shape", words.pad(shape, TYPE) .. (#shape >= TYPE and "  " or "") .. "Parameters  " .. parameters, true) end
  elseif entry.kind == "operation" then
    labelled(page, "Gives", entry.gives)
    if entry.row.inputs > 0 and #entry.row.dtypes < 5 then labelled(page, "Takes", table.concat(entry.row.dtypes, " ")) end
    if entry.twin then labelled(page, "In place", entry.twin .. entry.signature:match "%(.*$") end
  elseif entry.gives and entry.named then
    labelled(page, "Gives", entry.gives)
  end
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
    if other ~= entry and other.name ~= entry.name then others[#others + 1] = other.name end
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
  put_names(page, "t", names_where(function(entry) return entry.owner == "t" and entry.word or nil end))
  for _, owner in ipairs { "net", "layer", "data", "optimizer", "trainer", "run", "e", "b" } do
    put_names(page, owner, names_where(function(entry) return entry.owner == owner and entry.word or nil end))
  end
  return finish(page)
end

-- ---- Values of the session ----

local owner_of = { tensor = "t", net = "net", layer = "layer", ["data set"] = "data", trainer = "trainer", run = "run",
                   generator = "generator" }

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

local function add_handle(page, name, value, kind)
  if kind == "component" then return add_component(page, name, value) end
  title(page, name, kind)
  for _, line in ipairs(first_lines(kind == "tensor" and internal.describe(value) or tostring(value), 12)) do put(page, "  " .. line) end
  local owner = owner_of[kind]
  if not owner then return end
  if kind == "tensor" then
    put_names(page, "ask", names_where(function(entry) return entry.owner == "t" and entry.named and entry.word or nil end))
    operation_families(page, nil, true)
  else
    local function of(is_field)
      return names_where(function(entry) return entry.owner == owner and (entry.kind == "field") == is_field and entry.word or nil end)
    end
    put_names(page, "fields", of(true))
    put_names(page, "methods", of(false))
  end
end

local function add_function(page, name, value)
  for _, entry in ipairs(entries.list) do
    if entry.owner == "moth" and rawget(moth, entry.word) == value then return add_entry(page, entry) end
  end
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

-- ---- Finding what was meant ----

local function field(value, key)
  local ok, found = pcall(function() return value[key] end)
  if ok then return found end
end

-- "net[1].weight" → { "net", 1, "weight" }, and whether a colon stood before the last; nil for anything but a path.
local function path_of(expression)
  local path, at = {}, expression:match "^[%a_][%w_]*()"
  if not at then return nil end
  path[1] = expression:sub(1, at - 1)
  while at <= #expression do
    local word, after = expression:match("^%s*[.:]%s*([%a_][%w_]*)()", at)
    if not word then
      word, after = expression:match("^%[%s*(%-?%d+)%s*%]()", at)
      word = math.tointeger(tonumber(word))
    end
    if not word then
      word, after = expression:match("^%[%s*[\"']([^\"']*)[\"']%s*%]()", at)
    end
    if not word then return nil end
    path[#path + 1], at = word, after
  end
  return path
end

local function is_standard(name, value)
  local library, word = name:match "^([%w_]+)%.(.+)$"
  local home = _G
  if library then home = rawget(_G, library) else word = name end
  return standard[name] ~= nil and type(home) == "table" and rawequal(rawget(home, word), value)
end

-- The member of a handle that the last step of a path names.
local function member(env, path)
  local value = field(env, path[1])
  for i = 2, #path - 1 do
    if value == nil then return nil end
    value = field(value, path[i])
  end
  local owner = owner_of[internal.kind(value) or ""]
  local last = path[#path]
  if not owner and internal.kind(value) == "component" then owner = "optimizer" end
  return owner and (entries.by_name[owner .. ":" .. last] or entries.by_name[owner .. "." .. last])
end

local function value_at(env, path)
  local value = field(env, path[1])
  for i = 2, #path do
    if value == nil then return nil end
    value = field(value, path[i])
  end
  return value
end

-- What a variable of each kind is often called, and what hosts of other libraries call it.
local owners = { t = "t", tensor = "t", net = "net", model = "net", layer = "layer", data = "data", dataset = "data", trainer = "trainer",
                 run = "run", optimizer = "optimizer", opt = "optimizer", e = "e", event = "e", b = "b", d = "data" }

local function named(name)
  if entries.by_name[name] then return entries.by_name[name] end
  local owner, last = name:match "^([%w_]+)[.:]([%w_]+)$"
  if owners[owner] then return entries.by_name[owners[owner] .. ":" .. last] or entries.by_name[owners[owner] .. "." .. last] end
end

-- The best entry of a plain word: the module's and its components', then methods and fields.
local function worded(word)
  local list = entries.by_word[word]
  if not list then return nil end
  for _, entry in ipairs(list) do
    if entry.owner == "moth" then return entry end
  end
  return list[1]
end

local function option_named(entry, key)
  for _, option in ipairs(entry.options) do
    if option.key == key then return option end
    for _, inner in ipairs(option.schema or {}) do
      if inner.key == key then return inner end
    end
  end
end

local function foreign_option(entry, key)
  for _, option in ipairs(entry.options) do
    for _, word in ipairs(option.foreign or {}) do
      if word == key then return option end
    end
  end
end

-- The option that "moth.train.patience" or "adam.lr" names, and whose.
local function option_at(expression)
  local whose, key = expression:match "^(.-)[.:]([%a_][%w_]*)$"
  if not whose then return nil end
  local entry = named(whose) or worded(whose)
  if not entry then return nil end
  local option = option_named(entry, key)
  if option then return entry, option end
  option = foreign_option(entry, key)
  if option then return entry, option, key end
end

local elsewhere -- other libraries' names → entries

local function foreign_names()
  if elsewhere then return elsewhere end
  elsewhere = {}
  for _, entry in ipairs(entries.list) do
    for _, word in ipairs(entry.foreign or {}) do elsewhere[word] = elsewhere[word] or entry end
  end
  for word, name in next, internal.need "help/elsewhere" do elsewhere[word] = elsewhere[word] or entries.by_name[name] end
  return elsewhere
end

local function spoken(entry) return entry.owner == "moth" and entry.word or entry.name end

-- For names that are not here: other libraries', then the nearest. Gives the line that says so, and the entry that was meant.
local function guess(expression)
  local last = expression:match "([%w_]+)%s*$" or expression
  local foreign = foreign_names()
  local entry = foreign[expression] or foreign[last] or expression ~= last and worded(last)
  if entry then return ("Moth has no '%s'; here it is '%s'"):format(expression, spoken(entry)), entry end
  local known = {}
  for word in next, entries.by_word do known[word] = true end
  for _, name in ipairs(topics.order) do known[name] = true end
  local nearest = internal.nearest(last, known)
  if nearest then return ("Moth has no '%s'; did you mean '%s'?"):format(expression, nearest) end
  return ("Moth has no '%s'; ? lists what there is"):format(expression)
end

-- "moth.dropout(0.2)" → "moth.dropout"
local function cleaned(expression)
  local text = expression:gsub("^[%s?]+", ""):gsub("[%s;]+$", ""):gsub("^return%s+", "")
  return (text:gsub("%s*%b()$", ""):gsub("%s*%b{}$", ""))
end

-- What an expression means: "entry", "option", "value", "topic", "standard" or "none", with what belongs to it.
local function find(expression, env)
  local quoted = expression:match "^[\"'](.*)[\"']$"
  if quoted then
    local entry = entries.by_name[("%q"):format(quoted)]
    if entry then return "entry", entry end
    expression = quoted
  end
  local path = path_of(expression)
  if path and path[1] ~= "moth" then
    local entry = #path > 1 and member(env, path)
    if entry then return "entry", entry end
    local value = value_at(env, path)
    if value ~= nil and not (value == moth) and not is_standard(expression, value) then return "value", value end
  end
  local entry = named(expression)
  if entry then return "entry", entry end
  local whose, option, foreign = option_at(expression)
  if option then return "option", whose, option, foreign end
  local topic = topics[expression] and type(topics[expression][1]) == "string" and expression
  if not topic and not entries.by_word[expression] then topic = topics.foreign[expression] end
  if topic then return "topic", topic end
  entry = worded(expression)
  if entry then return "entry", entry end
  if standard[expression] then return "standard", standard[expression] end
  return "none"
end

function help.about(expression, env)
  local wanted = cleaned(expression or "")
  if wanted == "" or wanted == "moth" or wanted == "help" and field(env or _G, "help") == nil then return help.overview() end
  local page = new_page()
  local what, found, option, foreign = find(wanted, env or _G)
  if what == "entry" then
    add_entry(page, found)
  elseif what == "option" then
    if foreign then put(page, ("%s: no option '%s'; here it is '%s'"):format(found.word, foreign, option.key)) end
    add_option(page, found, option)
  elseif what == "value" then
    add_value(page, wanted, found)
    local also = worded(wanted)
    if also and also.kind ~= "field" then labelled(page, "See also", also.name) end
  elseif what == "topic" then
    add_topic(page, found)
  elseif what == "standard" then
    title(page, wanted .. found[1], "Lua")
    paragraph(page, found[2]:sub(1, 1):upper() .. found[2]:sub(2) .. ".")
  else
    local line, entry = guess(wanted)
    put(page, line)
    if entry then add_entry(page, entry) end
  end
  return finish(page)
end

-- ---- ??name ----

local function add_row(page, entry)
  add_entry(page, entry, true)
  local names = {}
  for _, word in ipairs(entry.foreign or {}) do names[#names + 1] = word end
  if #names > 0 then labelled(page, "Elsewhere", table.concat(names, " ")) end
  for _, option in ipairs(entry.options) do
    if option.foreign then labelled(page, option.key, "elsewhere " .. table.concat(option.foreign, " ")) end
  end
  local where = functions.home(entry)
  if where then labelled(page, "Source", where) end
end

local function add_source(page, name, value)
  for _, entry in ipairs(entries.list) do
    if entry.owner == "moth" and rawget(moth, entry.word) == value then return add_row(page, entry) end
  end
  local about = functions.about(value)
  if not about.lines then
    add_function(page, name, value)
    return put(page, "  its source is not at hand")
  end
  put(page, about.where)
  for _, line in ipairs(about.lines) do put(page, line) end
end

function help.source(expression, env)
  local wanted = cleaned(expression or "")
  if wanted == "" then return help.overview() end
  local what, found = find(wanted, env or _G)
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
