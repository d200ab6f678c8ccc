-- The reference in Markdown, bindings/REFERENCE.md, out of the same entries as help: reference() → its text.
local entries, examples, internal
do
  local _, _, given = ...
  internal = given
  entries, examples = internal.need "help/entries", internal.need "help/examples"
end
local words = internal.need "help/words"

local function named(owner, ...)
  local kinds = { ... }
  return function(entry)
    if not entry.named or entry.owner ~= owner then return false end
    if #kinds == 0 then return true end
    for _, kind in ipairs(kinds) do
      if entry.kind == kind then return true end
    end
    return false
  end
end

local function kind(wanted) return function(entry) return entry.kind == wanted end end

-- Sections: { title, a line or two, what belongs to it }, in the order of the reference.
local sections = {
  { "The module", "`local moth = require \"moth\"`; at the prompt `moth` is there. The table is strict: a name " ..
    "that it does not have is an error.",
    named("moth", "function", "field") },
  { "Tensors", "`t` is any tensor. Axes, rows and indices count from 1, negative ones from the end; shapes are written f32[64,10].",
    named "t" },
}
for _, family in ipairs(entries.families.list) do
  sections[#sections + 1] = { "Operations: " .. family[2]:sub(1, 1):lower() .. family[2]:sub(2), nil,
                              function(entry) return entry.family == family[1] end, family = family[1] }
end
for _, section in ipairs {
  { "Networks", "`net` is what `moth.net` gives. `#net` is the number of its layers, `net[i]` one of them, `net(x)` is `net:predict(x)`.",
    named "net" },
  { "Layers of a net", "`layer` is `net[i]`, or a layer made alone with `input =`, which has a net's methods too.", named "layer" },
  { "Layers", "In `moth.net{ … }`; shapes are those of one sample. Every layer takes `name`, a name for messages and files, and " ..
    "`input`, the shape of one sample, which makes it a net of one.", kind "layer" },
  { "Activations", "By name in `moth.dense(128, \"relu\")`, or as layers: `moth.relu()`.", kind "activation" },
  { "Initializers", "First weights: `init = \"he_normal\"` in a layer, with options `init = moth.normal(0, 0.02)`.", kind "initializer" },
  { "Losses", "By name in `moth.train`, or called: `moth.mse(p, t)` gives the value and dE/dp.", kind "loss" },
  { "Metrics", "By name in `metrics = { … }` of `moth.train` and in `net:evaluate`, or called: `moth.accuracy(p, t)` gives the value. " ..
    "Every loss is a metric too.", kind "metric" },
  { "Optimizers", "`optimizer = moth.adam{ lr = 1e-3 }` in `moth.train`, or by hand: `opt:step(net)`.",
    function(entry) return entry.kind == "optimizer" or entry.owner == "optimizer" end },
  { "Schedules", "`schedule = moth.schedule.cosine()` in `moth.train`; a function of epoch and base serves as well.", kind "schedule" },
  { "Readers", "Files as data sets.", kind "reader" },
  { "Data sets", "`data` is a data set; `#data` is the number of its rows.", named "data" },
  { "Trainers", "`trainer` is what `moth.trainer` gives.", named "trainer" },
  { "Runs", "`run` is what `moth.train` gives: a list for every column, a value an epoch.", named "run" },
  { "Events", "`on_epoch` gets `e`, `on_batch` gets `b`; a true return stops the training.",
    function(entry) return entry.named and (entry.owner == "e" or entry.owner == "b") end },
} do
  sections[#sections + 1] = section
end

-- Headings' anchors as GitHub makes them: letters, digits, _ and - of the heading in lower case, numbered where they repeat.
local function new_anchors()
  local seen = {}
  return function(heading)
    local slug = heading:lower():gsub("[^%w%s_-]", ""):gsub("%s", "-")
    local count = seen[slug] or 0
    seen[slug] = count + 1
    return count == 0 and slug or slug .. "-" .. count
  end
end

-- Text whose stars and tags are not Markdown's.
local function prose(text) return (text:gsub("[*\\]", "\\%0"):gsub("<(%a)", "\\<%1")) end

local function cell(text) return (prose(text):gsub("|", "\\|"):gsub("\n", " ")) end

local function add_options(out, entry)
  local options = {}
  for _, option in ipairs(entry.options) do
    local common = (entry.kind == "layer" or entry.kind == "activation") and (option.key == "name" or option.key == "input")
    if not common then options[#options + 1] = option end
  end
  if #options == 0 then return end
  out[#out + 1] = "| option | takes | default | |\n|-|-|-|-|"
  for _, option in ipairs(options) do
    local default = words.default(option)
    out[#out + 1] = ("| `%s` | %s | %s | %s |"):format(option.key, cell(words.kinds(option)), option.required and "required" or
      default and "`" .. default .. "`" or "", cell(option.doc))
  end
  out[#out + 1] = ""
end

local function add_facts(out, entry)
  local facts = {}
  if entry.kind == "operation" then
    facts[1] = "Gives " .. entry.gives .. "."
    if entry.row.inputs > 0 and #entry.row.dtypes < 5 then facts[2] = "Takes " .. table.concat(entry.row.dtypes, ", ") .. "." end
    if entry.twin then facts[#facts + 1] = "In place: `" .. entry.twin .. entry.signature:match "%(.*$" .. "`." end
  elseif entry.named and entry.gives then
    facts[1] = "Gives " .. entry.gives .. "."
  end
  if #facts > 0 then out[#out + 1] = table.concat(facts, " ") .. "\n" end
end

local function add_example(out, entry)
  if not entry.example then return end
  local output = examples.output(entry.example)
  out[#out + 1] = "```lua\n" .. entry.example
  if output then out[#out + 1] = "--> " .. output:gsub("%s+\n", "\n"):gsub("\n", "\n--  ") end
  out[#out + 1] = "```\n"
end

local function add_entry(out, entry, twin)
  out[#out + 1] = "### " .. entry.name .. (twin and ", " .. twin.name or "") .. "\n"
  if entry.signature ~= entry.name then
    out[#out + 1] = "`" .. entry.signature .. "`" .. (twin and " or `" .. twin.signature .. "`" or "") .. "\n"
  end
  if entry.doc then out[#out + 1] = prose(entry.doc) .. "\n" end
  if entry.more then
    for paragraph in words.paragraphs(entry.more) do out[#out + 1] = prose(paragraph) .. "\n" end
  end
  add_options(out, entry)
  add_facts(out, entry)
  add_example(out, entry)
end

-- A section's entries in order; those of one row, moth.diag and t:diag, together.
local function members(section)
  local list, of_row = {}, {}
  for _, entry in ipairs(section.family and entries.of_family[section.family] or entries.list) do
    if section[3](entry) then
      local first = not entry.named and entry.row and of_row[entry.row]
      if first then first[2] = entry else list[#list + 1] = { entry } end
      if not entry.named and entry.row then of_row[entry.row] = of_row[entry.row] or list[#list] end
    end
  end
  return list
end

local function reference()
  local anchor = new_anchors()
  local index, body = {}, {}
  anchor "Moth: the reference"
  anchor "Index"
  for _, section in ipairs(sections) do
    local list = members(section)
    if #list > 0 then
      local links = {}
      body[#body + 1] = "## " .. section[1] .. "\n"
      local home = anchor(section[1])
      if section[2] then body[#body + 1] = section[2] .. "\n" end
      for i, pair in ipairs(list) do
        local heading = pair[1].name .. (pair[2] and ", " .. pair[2].name or "")
        links[i] = ("[%s](#%s)"):format(pair[1].word:gsub("_", "\\_"), anchor(heading))
        add_entry(body, pair[1], pair[2])
      end
      index[#index + 1] = ("- [%s](#%s): %s"):format(section[1], home, table.concat(links, " "))
    end
  end
  return table.concat {
    "# Moth: the reference\n\n",
    "Every public name, made by `scripts/reference` out of what the engine tells of itself; `?name` at the prompt ",
    "shows the same. Optional arguments stand in [brackets]; `{ keep = }` is a table of options by name, and components take all of ",
    "theirs in one table or the first ones in order. `-->` shows what a line prints.\n\n## Index\n\n", table.concat(index, "\n"), "\n\n",
    (table.concat(body, "\n"):gsub("\n\n\n+", "\n\n"):gsub("\n*$", "\n")),
  }
end

return reference
