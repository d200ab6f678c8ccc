-- One list of all public names, out of the engine's rows and names.lua: what help, the reference, the editor's stub and the specs walk.
-- An entry is { name = "moth.dropout" | "t:sum" | "run.loss" | '"linear"' (a component that is only a name), word = its last part,
-- owner = "moth" "moth.schedule" "t" "net" …, kind = "layer" "operation" "function" "method" "field" …, signature, doc (what it does),
-- more (formulas, shapes, sources), options (rows as rows.c gives them, without what scripts do not write), example, see (a list), gives,
-- row, twin = "t:add_", family }.
local moth, _, internal = ...

local families = internal.need "help/families"
local words = internal.need "help/words"
local positionals = words.positionals

local kinds = { "layer", "activation", "loss", "metric", "optimizer", "schedule", "initializer", "reader", "function" }
local list, by_name, by_word = {}, {}, {}

-- ---- Signatures ----

local function visible(options)
  local shown = {}
  for _, option in ipairs(options) do
    if option.key ~= "real" and option.key ~= "origin" then shown[#shown + 1] = option end
  end
  return shown
end

-- "a, b [, c]" of required names, then optional ones.
local function argument_list(required, optional)
  local text = table.concat(required, ", ")
  if #optional == 0 then return text end
  local inner = ""
  for i = #optional, 1, -1 do
    local comma = (i > 1 or text ~= "") and ", " or ""
    local blank = (i > 1 or text ~= "") and " " or ""
    inner = blank .. "[" .. comma .. optional[i] .. inner .. "]"
  end
  return text .. inner
end

local LONGEST = 66 -- of a title

-- The names of options that have no position: "{ keep =, ddof = }"; common ones of layers are left out.
local function named_list(row, options, before)
  local names = {}
  for _, option in ipairs(options) do
    local common = (row.kind == "layer" or row.kind == "activation") and (option.key == "name" or option.key == "input")
    if not option.position and not common then names[#names + 1] = option.key .. " =" end
  end
  if #names == 0 then return nil end
  local text, shown = names[1], 1
  while shown < #names and before + #text + #names[shown + 1] <= LONGEST - 6 do
    shown = shown + 1
    text = text .. ", " .. names[shown]
  end
  return shown < #names and text .. ", …" or text
end

local function rest_name(option) return option.key:gsub("s$", "") .. ", …" end

-- As a function of the module it takes first what is the object of the method.
local function operation_arguments(row, owner)
  local object = owner == "moth" and row.inputs > 0 and not row.list and (families.objects[row.name] or "t")
  local own = families.arguments[row.name]
  if own then return object and "(" .. object .. ", " .. own:sub(2) or own end
  local required, optional = { object or nil }, {}
  for i = 2, row.inputs do
    local into = i > row.inputs - row.optional and optional or required
    into[#into + 1] = row.inputs > 2 and ("other%d"):format(i - 1) or "other"
  end
  for _, option in ipairs(positionals(row.options)) do
    local name = option.rest and option.key .. "…" or option.key
    if option.required or option.rest then required[#required + 1] = name else optional[#optional + 1] = name end
  end
  local text = argument_list(required, optional)
  local named = named_list(row, visible(row.options), #row.name + #text + 8)
  if named then text = text .. (text == "" and "" or " ") .. "[" .. (text == "" and "" or ", ") .. "{ " .. named .. " }]" end
  return "(" .. text .. ")"
end

local function component_arguments(row)
  local options = visible(row.options)
  local required, optional = {}, {}
  for _, option in ipairs(positionals(options)) do
    local name = option.rest and rest_name(option) or option.key
    if option.required then required[#required + 1] = name else optional[#optional + 1] = name end
  end
  local before = #row.name + #argument_list(required, optional) + (row.kind == "schedule" and 14 or 5)
  local named = named_list(row, options, before)
  if not named then return "(" .. argument_list(required, optional) .. ")" end
  table.move(optional, 1, #optional, #required + 1, required)
  required[#required + 1] = named
  return "{ " .. table.concat(required, ", ") .. " }"
end

local function reader_arguments(row)
  local options = visible(row.options)
  local required, optional = { "path" }, {}
  for _, option in ipairs(positionals(options)) do optional[#optional + 1] = option.key end
  local text = argument_list(required, optional)
  local named = named_list(row, options, #row.name + #text + 9)
  return "(" .. text .. (named and " [, { " .. named .. " }]" or "") .. ")"
end

-- ---- The list ----

-- "What it does. Why.\nFormula." → what it does, the rest
local function halves(doc)
  local first, rest = (doc or ""):match "^([^\n]*)\n?(.*)$"
  return first, rest ~= "" and rest or nil
end

local function ended(text)
  if not text or text == "" then return text end
  return text:match "[%.%?!:]$" and text or text .. "."
end

local function sentence(text) return text and ended(words.capital(text)) end

local function add(entry)
  list[#list + 1] = entry
  by_name[entry.name] = by_name[entry.name] or entry
  by_word[entry.word] = by_word[entry.word] or {}
  table.insert(by_word[entry.word], entry)
  return entry
end

local function words_of(text)
  local words = {}
  for word in (text or ""):gmatch "%S+" do words[#words + 1] = word end
  return words
end

-- What an operation gives where its row does not say: with `keep` it reduces, all to a number.
local function given(row)
  if row.gives then return row.gives end
  for _, option in ipairs(row.options) do
    if option.key == "keep" then
      if row.results > 1 then return "number; with an axis values, indices" end
      return (row.name == "any" or row.name == "all") and "boolean, or tensor with an axis" or "number, or tensor with an axis"
    end
  end
  return row.only_twin and "the tensor" or "tensor"
end

local function add_operation(row)
  local first, more = halves(row.doc)
  local function entry_of(owner, separator)
    local name, object = owner .. separator .. row.name, owner == "t" and families.objects[row.name] or owner
    return add { name = name, word = row.name, owner = owner, kind = "operation", row = row, options = visible(row.options),
                 signature = object .. separator .. row.name .. operation_arguments(row, owner),
                 doc = sentence(first), more = ended(more), example = row.example, gives = given(row), foreign = row.foreign,
                 see = {}, twin = row.twin and owner == "t" and name .. "_" or nil, family = families.family_of[row.name] or "other" }
  end
  if row.creates then entry_of("moth", ".") end
  if row.method then
    local entry = entry_of("t", ":")
    if row.twin then by_name[entry.twin], by_word[row.name .. "_"] = entry, { entry } end
  end
end

local gives = { layer = "layer", activation = "layer", loss = "loss", metric = "metric", optimizer = "optimizer", schedule = "schedule",
                initializer = "initializer", reader = "data" }

-- Whether moth.<name> makes this component: an operation or another component may have taken the name.
local function is_constructor(row, owner)
  local home = owner == "moth" and moth or moth.schedule
  return rawget(home, row.name) ~= nil and not by_name[owner .. "." .. row.name] and row.name ~= "linear"
end

local function add_component(row)
  local owner = row.kind == "schedule" and "moth.schedule" or "moth"
  local made = is_constructor(row, owner)
  local name = made and owner .. "." .. row.name or ("%q"):format(row.name)
  local first, more = halves(row.doc)
  local arguments = row.kind == "reader" and reader_arguments(row) or component_arguments(row)
  if not made and by_name[name] then name = row.kind .. " " .. name end
  add { name = name, word = row.name, owner = made and owner or "", kind = row.kind, row = row, options = visible(row.options),
        signature = made and name .. arguments or name, doc = sentence(first), more = ended(more), example = row.example,
        gives = gives[row.kind], foreign = row.foreign, see = {} }
end

-- { "accumulate", "boolean", "doc" } of names.lua as a row
local function simple_option(given)
  return { key = given[1], kinds = {}, type = given[2], doc = given[3] or "" }
end

local function add_name(given, functions)
  local row = functions[given.row]
  local owner, separator, word = given[1]:match "^(.-)([.:])([%w_]+)$"
  local first, more = halves(given[3] or row and row.doc)
  local options = {}
  for i, option in ipairs(given.options or {}) do options[i] = simple_option(option) end
  add { name = given[1], word = word, owner = owner, row = row, arguments = given[2],
        kind = given[2] == "" and "field" or separator == ":" and "method" or "function",
        signature = given[1] .. given[2], doc = sentence(first), more = ended(more),
        options = row and visible(row.options) or options, example = given.example or not given[3] and row and row.example or nil,
        gives = given.gives, foreign = not given[3] and row and row.foreign or nil, see = words_of(given.see), named = true }
end

for _, row in ipairs(internal.rows "operation") do add_operation(row) end
local functions = {}
for _, kind in ipairs(kinds) do
  for _, row in ipairs(internal.rows(kind)) do
    if kind == "function" then functions[row.name] = row else add_component(row) end
  end
end
for _, given in ipairs(internal.need "help/names") do add_name(given, functions) end

-- ---- What is related ----

local MOST_SEEN = 4

-- Those that stand next in the same family, or among components of the same kind.
local function add_neighbours()
  local groups = {}
  for _, entry in ipairs(list) do
    local key = entry.family or not entry.named and entry.kind
    if key then
      groups[key] = groups[key] or {}
      table.insert(groups[key], entry)
    end
  end
  for _, group in next, groups do
    if group[1].family then
      table.sort(group, function(a, b)
        local x, y = families.order[a.word] or math.huge, families.order[b.word] or math.huge
        if x ~= y then return x < y end
        return a.name < b.name
      end)
    end
    for i, entry in ipairs(group) do
      local seen = { [entry.word] = true } -- one of moth.zeros_like and t:zeros_like is enough
      for step = 1, #group - 1 do -- the next, the one before, the second next …
        local distance = (step + 1) // 2
        local other = group[i + (step % 2 == 1 and distance or -distance)]
        if other and #entry.see < MOST_SEEN and not seen[other.word] then
          table.insert(entry.see, other.name)
          seen[other.word] = true
        end
      end
    end
  end
  return groups
end

-- Names to read on that are no neighbours; those that do not exist are passed over.
local related = {
  ["moth.dropout"] = "moth.batch_norm moth.layer", ["moth.dense"] = "moth.net moth.relu layer.weight layer:augmented",
  ["moth.range"] = "moth.linspace moth.zeros moth.meshgrid", ["moth.linspace"] = "moth.range moth.zeros moth.meshgrid",
  ["moth.meshgrid"] = "moth.range moth.linspace moth.cat moth.stack",
  ["moth.flatten"] = "moth.reshape moth.dense", ["moth.reshape"] = "moth.flatten t:reshape", ["moth.identity"] = "moth.activation moth.net",
  ["moth.activation"] = "moth.relu moth.dense", ["moth.csv"] = "moth.idx moth.dataset data:split moth.load",
  ["moth.idx"] = "moth.csv moth.dataset moth.load", ["moth.adam"] = "moth.sgd moth.schedule optimizer:step",
  ["moth.sgd"] = "moth.adam moth.schedule optimizer:step", ["moth.accuracy"] = "net:evaluate moth.cross_entropy",
}

local of_family = add_neighbours()
for name, list_of_words in next, related do
  local entry = by_name[name]
  if entry then
    local see = {}
    for _, word in ipairs(words_of(list_of_words)) do
      if by_name[word] then see[#see + 1] = word end
    end
    if #see > 0 then entry.see = see end
  end
end

return { list = list, by_name = by_name, by_word = by_word, of_family = of_family, functions = functions, families = families,
         kinds = kinds }
