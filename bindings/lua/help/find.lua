-- What an expression at the prompt means, `?expression`: an entry, an option, a value of the session, a topic … and, where it means
-- nothing, what may have been meant. Runs nothing of the user's but __index tables.
local moth, _, internal = ...

local entries = internal.need "help/entries"
local standard = internal.need "help/standard"
local topics = internal.need "help/topics"

local find = {}

-- The usual variable of each kind of object, as entries name their members.
local owner_of = { tensor = "t", net = "net", layer = "layer", ["data set"] = "data", trainer = "trainer", run = "run",
                   generator = "generator" }

find.owner_of = owner_of

function find.field(value, key)
  local ok, found = pcall(function() return value[key] end)
  if ok then return found end
end

-- "net[1].weight" → { "net", 1, "weight" }; nil for anything but a path.
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
  local value = find.field(env, path[1])
  for i = 2, #path - 1 do
    if value == nil then return nil end
    value = find.field(value, path[i])
  end
  local owner = owner_of[internal.kind(value) or ""]
  local last = path[#path]
  if not owner and internal.kind(value) == "component" then owner = "optimizer" end
  return owner and (entries.by_name[owner .. ":" .. last] or entries.by_name[owner .. "." .. last])
end

local function value_at(env, path)
  local value = find.field(env, path[1])
  for i = 2, #path do
    if value == nil then return nil end
    value = find.field(value, path[i])
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

-- What tensors and nets both know: the tensor's method of a layer's name, the layer of a method's; or nil.
function find.method_of(entry)
  local is_layer = entry.kind == "layer" or entry.kind == "activation"
  return is_layer and entries.by_name["t:" .. entry.word] or nil
end

function find.layer_of(entry)
  local other = entry.kind == "operation" and entry.owner == "t" and entries.by_name["moth." .. entry.word]
  return other and (other.kind == "layer" or other.kind == "activation") and other or nil
end

-- The best entry of a plain word: a tensor's method before a layer, the module's and its components', then methods and fields.
function find.worded(word)
  local list = entries.by_word[word]
  if not list then return nil end
  for _, entry in ipairs(list) do
    if entry.owner == "moth" then return find.method_of(entry) or entry end
  end
  return list[1]
end

function find.option_named(entry, key)
  for _, option in ipairs(entry.options) do
    if option.key == key then return option end
    for _, inner in ipairs(option.schema or {}) do
      if inner.key == key then return inner end
    end
  end
end

function find.foreign_option(entry, key)
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
  local entry = named(whose) or find.worded(whose)
  if not entry then return nil end
  local layer = find.layer_of(entry)
  for _, lookup in ipairs{ find.option_named, find.foreign_option } do
    for _, holder in ipairs{ entry, layer } do
      local option = lookup(holder, key)
      if option then return holder, option, lookup == find.foreign_option and key or nil end
    end
  end
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

-- "moth.train.patience" of every entry that has an option of this name, here or elsewhere.
function find.owners_of_option(key, lookup)
  local names = {}
  for _, entry in ipairs(entries.list) do
    local option = lookup(entry, key)
    if option then names[#names + 1] = entry.name .. "." .. option.key end
  end
  return names
end

-- For names that are not here: other libraries', then the nearest. Gives the line that says so, and the entry that was meant.
function find.guess(expression)
  local last = expression:match "([%w_]+)%s*$" or expression
  local foreign = foreign_names()
  local entry = foreign[expression] or foreign[last] or expression ~= last and find.worded(last)
  if entry then return ("Moth has no '%s'; here it is '%s'"):format(expression, spoken(entry)), entry end
  local words = internal.need "help/elsewhere"
  local answer = words[expression] or words[last]
  if answer and answer:sub(1, 1) == "=" then return ("Moth has no '%s'; %s"):format(expression, answer:sub(2)) end
  local known = {}
  for word in next, entries.by_word do known[word] = true end
  for _, name in ipairs(topics.order) do known[name] = true end
  local nearest = internal.nearest(last, known)
  if nearest then return ("Moth has no '%s'; did you mean '%s'?"):format(expression, nearest) end
  return ("Moth has no '%s'; ? lists what there is"):format(expression)
end

-- "moth.dropout(0.2)" → "moth.dropout"
function find.cleaned(expression)
  local text = expression:gsub("^[%s?]+", ""):gsub("[%s;]+$", ""):gsub("^return%s+", "")
  return (text:gsub("%s*%b()$", ""):gsub("%s*%b{}$", ""))
end

-- What an expression means: "entry", "option", "value", "topic", "owner", "standard" or "none", with what belongs to it.
function find.meaning(expression, env)
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
  if owners[expression] and not entries.by_name["moth." .. expression] then return "owner", owners[expression] end
  entry = find.worded(expression)
  if entry then return "entry", entry end
  if standard[expression] then return "standard", standard[expression] end
  if expression:find "%b[]$" then
    local whose = owners[expression:match "^[%a_][%w_]*"]
    if whose == "net" then return "owner", "layer" end
    return "topic", "indexing"
  end
  return "none"
end

return find
