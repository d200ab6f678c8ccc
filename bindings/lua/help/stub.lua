-- The LuaCATS stub for lua-language-server, bindings/moth.lua, out of the same entries as help: stub() → its text. It is read by editors,
-- never run.
local _, _, internal = ...

local entries = internal.need "help/entries"
local words = internal.need "help/words"

-- ---- Types ----

local handle_class = { tensor = "moth.Tensor", net = "moth.Net", ["data set"] = "moth.Data", data = "moth.Data", run = "moth.Run",
                       trainer = "moth.Trainer", generator = "moth.Generator", layer = "moth.Layer", component = "moth.Component" }

local part_alias = { layer = "moth.LayerPart", activation = "moth.ActivationName", loss = "moth.LossName", metric = "moth.MetricName",
                     optimizer = "moth.OptimizerName", schedule = "moth.ScheduleName", initializer = "moth.InitializerName",
                     reader = "moth.ReaderName" }
local part_class = { layer = "moth.LayerPart", activation = "moth.LayerPart", loss = "moth.Loss", metric = "moth.Metric",
                     optimizer = "moth.Optimizer", schedule = "moth.Schedule", initializer = "moth.Initializer" }

-- What words tell of a value: "tensor, or nil" → "moth.Tensor|nil".
local plain = { number = "number", integer = "integer", string = "string", boolean = "boolean", table = "table", ["nil"] = "nil",
                ["function"] = "function", any = "any" }

local function one_type(text)
  text = text:gsub("^%s+", ""):gsub("^an? ", ""):gsub("%s+$", "")
  if text:find "^list of tensors" then return "moth.Tensor[]" end
  if text:find "iterator" then return "function" end
  local word = text:match "^[%a_]+"
  local found = plain[text] or handle_class[text] or part_class[text] or plain[word] or handle_class[word]
  if word == "tensor" and text:find "number" then return "moth.Tensor" end
  return found
end

-- The types of all results.
local function result_types(text)
  if not text then return {} end
  text = text:gsub("%b()", ""):gsub(", or ", "|"):gsub(" or ", "|")
  local types = {}
  for piece in text:gmatch "[^,]+" do
    local union = {}
    for alternative in piece:gmatch "[^|]+" do union[#union + 1] = one_type(alternative) or "any" end
    if not piece:find "^%s*…" then types[#types + 1] = table.concat(union, "|") end
  end
  return types
end

local function operation_results(entry)
  local row = entry.row
  if row.many then return { "moth.Tensor[]" } end
  if entry.gives == "number" or entry.gives == "boolean" then return { entry.gives } end
  local reduces = false
  for _, option in ipairs(row.options) do reduces = reduces or option.key == "keep" end
  local single = (reduces or entry.gives:find "number" or entry.gives:find "boolean") and "moth.Tensor|number" or "moth.Tensor"
  if row.name == "any" or row.name == "all" then single = "moth.Tensor|boolean" end
  local types = { single }
  for i = 2, math.min(row.results, 4) do types[i] = reduces and "moth.Tensor?" or "moth.Tensor" end
  if entry.gives == "a tensor for each" then types = { "moth.Tensor ..." } end
  return types
end

local function quoted(choices)
  local list = {}
  for i, word in ipairs(choices) do list[i] = ("%q"):format(word) end
  return table.concat(list, "|")
end

local simple = { int = "integer", real = "number", flag = "boolean", ints = "integer[]", reals = "number[]", texts = "string[]",
                 tensor = "moth.Tensor", call = "function" }

local function option_type(option, owner)
  if option.type then return option.type end
  local union = {}
  local function add(text) union[#union + 1] = text end
  for _, kind in ipairs(option.kinds) do
    if kind == "text" then add(option.choices and quoted(option.choices) or "string")
    elseif kind == "part" then
      for _, part in ipairs(option.parts) do add(part_alias[part]) add(part_class[part]) end
    elseif kind == "parts" then
      local inner = {}
      for _, part in ipairs(option.parts) do
        inner[#inner + 1] = part_alias[part]
        if part_class[part] ~= part_alias[part] then inner[#inner + 1] = part_class[part] end
      end
      add("(" .. table.concat(inner, "|") .. ")[]")
    elseif kind == "object" then add(handle_class[option.object] or "userdata")
    elseif kind == "options" then add "table"
    elseif not (kind == "int" and words.has(option, "real")) then add(simple[kind]) end
  end
  if option.key == "data" or option.key == "validation" then add "moth.Tensor[]" end
  if owner == "train" and option.key == "metrics" then add "table<string, function>" end
  return table.concat(union, "|")
end

-- ---- Writing ----

local lines

local function put(text, ...) lines[#lines + 1] = select("#", ...) > 0 and text:format(...) or text end

local function comment(text)
  for _, line in ipairs(words.wrap(text, 134)) do put("---" .. line) end
end

-- "t:sum" → "TSum"
local function camel(name)
  local plain_name = name:gsub("^moth%.schedule%.", "schedule_"):gsub("^moth%.", "")
  return (plain_name:gsub("^%l", string.upper):gsub("[_:.](%a)", string.upper):gsub("[_:.]", ""))
end

-- A class of an option table; positionals are its list part too.
local function options_class(entry, name)
  put("---@class %s", name)
  for _, option in ipairs(entry.options) do
    local doc = option.doc:gsub("%s+", " ")
    local default = words.default(option)
    put("---@field %s? %s %s%s", option.key, option_type(option, entry.word), doc, default and " (" .. default .. ")" or "")
    if option.position and not option.rest then put("---@field [%d]? %s", option.position, option_type(option, entry.word)) end
    if option.rest then put("---@field [integer] any") end
  end
  put ""
end

local function document(entry)
  comment(entry.doc or "")
  if entry.more then
    put "---"
    for paragraph in words.paragraphs(entry.more) do comment(paragraph) end
  end
  if entry.example then put("---\n---```lua\n---%s\n---```", entry.example) end
end

local function returns(types)
  for _, kind in ipairs(types) do put("---@return %s", kind) end
end

local function put_function(target, separator, word, names)
  put("function %s%s%s(%s) end\n", target, separator, word, table.concat(names, ", "))
end

local function has_named(entry)
  for _, option in ipairs(entry.options) do
    if not option.position then return true end
  end
  return false
end

local input_names = { where = { "a", "b" }, masked_fill = { "mask", "value" }, masked_put_ = { "mask", "values" }, mask_select = { "mask" },
                      index = { "ids" }, gather = { "ids" }, scatter_ = { "ids", "values" }, index_add_ = { "ids", "values" },
                      index_put_ = { "ids", "values" }, addmm_ = { "a", "b" } }
local after_options = { index = true, gather = true, scatter_ = true, index_add_ = true, index_put_ = true } -- the axis comes first

local function operation_parameters(entry)
  local row, parameters = entry.row, {}
  local function add(name, kind, doc) parameters[#parameters + 1] = { name, kind, doc } end
  local function add_inputs()
    for i = entry.owner == "t" and 2 or 1, row.inputs do
      local optional = i > row.inputs - row.optional and "?" or ""
      local name = (input_names[row.name] or {})[i - 1] or (i == 1 and "t" or row.inputs > 2 and "other" .. i - 1 or "other")
      add(name .. optional, row.numbers and "moth.Tensor|number" or "moth.Tensor")
    end
  end
  if row.list then add("tensors", "moth.Tensor[]") end
  if not row.list and not after_options[row.name] then add_inputs() end
  for _, option in ipairs(words.positionals(row.options)) do
    if option.rest then add("...", "integer", option.doc)
    else add(option.key .. (option.required and "" or "?"), option_type(option), option.doc) end
  end
  if after_options[row.name] then add_inputs() end
  return parameters
end

local function add_operation(target, separator, entry, word, results)
  local parameters = operation_parameters(entry)
  local names, rest = {}, false
  document(entry)
  for _, parameter in ipairs(parameters) do
    put("---@param %s %s %s", parameter[1], parameter[2], parameter[3] or "")
    names[#names + 1] = parameter[1]:gsub("%?$", "")
    rest = rest or parameter[1] == "..."
  end
  if has_named(entry) and not rest then
    put("---@param options? moth.%sOptions", camel(entry.owner == "t" and "t:" .. entry.word or entry.word))
    names[#names + 1] = "options"
  elseif rest then
    put("---@overload fun(%soptions: table): %s", separator == ":" and "self: moth.Tensor, " or "", results[1])
  end
  returns(results)
  put_function(target, separator, word, names)
end

local function add_component(entry, target)
  local class = "moth." .. camel(entry.name) .. "Options"
  local result = part_class[entry.kind]
  options_class(entry, class)
  document(entry)
  local names = {}
  for _, option in ipairs(words.positionals(entry.options)) do
    if option.rest then names[#names + 1] = "..." put("---@param ... any %s", option.doc)
    else
      names[#names + 1] = option.key
      put("---@param %s? %s %s", option.key, option_type(option), option.doc)
    end
  end
  put("---@overload fun(options: %s): %s", class, result)
  if entry.kind == "loss" then put "---@overload fun(p: moth.Tensor, t: moth.Tensor): number, moth.Tensor" end
  if entry.kind == "metric" then put "---@overload fun(p: moth.Tensor, t: moth.Tensor): number" end
  put("---@return %s", result)
  put_function(target, ".", entry.word, names)
end

local argument_types = {
  x = "moth.Tensor|table", dy = "moth.Tensor|table", target = "moth.Tensor|table|integer", loss = "moth.LossName|moth.Loss",
  path = "string",
  n = "integer", i = "integer", axis = "integer", seed = "integer", bytes = "integer", net = "moth.Net", layer = "moth.Layer",
  data = "moth.Data|moth.Tensor[]", names = "table", ids = "moth.Tensor|integer[]", matrix = "moth.Tensor|table", milliseconds = "number",
  nested = "table|number|boolean", defaults = "table", labels = "moth.Tensor|table", dtype = "moth.Dtype", f = "function", share = "number",
  value = "number",
}

-- "(x, [, { accumulate = }])" → { { "x" }, { "options", optional } }
local function written_parameters(entry)
  local text = (entry.arguments or ""):match "^[({]%s*(.-)%s*[)}]$" or ""
  local parameters, taken = {}, {}
  if entry.arguments:sub(1, 1) == "{" then return { { "options", "table" } } end
  local optional_from = text:find("[", 1, true) or math.huge
  text = text:gsub("%b{}", function(inner) return (" "):rep(#inner - 7) .. "options" end)
  for at, word in text:gmatch "()([^,%[%]]+)" do
    local name = word:match "[%a_][%w_]*"
    if word:find("…", 1, true) or word:find("...", 1, true) then name = "..." end
    if word:find("|", 1, true) then name = "value" end
    if name and not taken[name] then
      taken[name] = true
      local kind = name == "options" and (entry.row and "moth." .. camel(entry.row.name) .. "Options" or "table") or
        name == "value" and word:find("|", 1, true) and "any" or argument_types[name] or "any"
      parameters[#parameters + 1] = { name, kind, at > optional_from and name ~= "..." }
    end
    if name == "..." then break end
  end
  return parameters
end

local function add_named(target, separator, entry)
  document(entry)
  local names = {}
  for _, parameter in ipairs(written_parameters(entry)) do
    local kind = parameter[2]
    if entry.row and parameter[1] == "options" then kind = "moth." .. camel(entry.row.name) .. "Options" end
    put("---@param %s%s %s", parameter[1], parameter[3] and "?" or "", kind)
    names[#names + 1] = parameter[1]
  end
  returns(result_types(entry.gives))
  put_function(target, separator, entry.word, names)
end

-- ---- Classes ----

local function field_type(entry)
  local types = result_types(entry.gives)
  return types[1] or "any"
end

local function each(test, action)
  for _, entry in ipairs(entries.list) do
    if test(entry) then action(entry) end
  end
end

local function class(name, owner, extra)
  put("---@class %s", name)
  for _, line in ipairs(extra or {}) do put(line) end
  each(function(entry) return entry.owner == owner and entry.kind == "field" end, function(entry)
    put("---@field %s %s %s", entry.word, field_type(entry), (entry.doc:gsub("\n", " ")))
  end)
end

local function methods(target, owner)
  put("local %s = {}\n", target)
  each(function(entry) return entry.owner == owner and entry.named and entry.kind ~= "field" end, function(entry)
    add_named(target, ":", entry)
  end)
end

local operators = {
  "---@operator add(moth.Tensor|number): moth.Tensor", "---@operator sub(moth.Tensor|number): moth.Tensor",
  "---@operator mul(moth.Tensor|number): moth.Tensor", "---@operator div(moth.Tensor|number): moth.Tensor",
  "---@operator idiv(moth.Tensor|number): moth.Tensor", "---@operator mod(moth.Tensor|number): moth.Tensor",
  "---@operator pow(moth.Tensor|number): moth.Tensor", "---@operator unm: moth.Tensor", "---@operator len: integer",
  "---@operator call(...): moth.Tensor|number", "---@field [integer] moth.Tensor|number|boolean",
  "---@field [moth.Tensor] moth.Tensor",
}

local function aliases()
  put "---@alias moth.Dtype \"f32\"|\"f64\"|\"i64\"|\"u8\"|\"bool\""
  for _, kind in ipairs(entries.kinds) do
    if kind ~= "layer" and kind ~= "function" then
      local names = {}
      each(function(entry) return entry.kind == kind end, function(entry) names[#names + 1] = ("%q"):format(entry.word) end)
      put("---@alias %s %s", part_alias[kind], table.concat(names, "|"))
    end
  end
  put ""
end

local function component_classes()
  put "---@class moth.Component\n---@operator len: integer\n"
  put "---@class moth.LayerPart: moth.Component\n"
  put "---@class moth.Loss: moth.Component\n---@overload fun(p: moth.Tensor, t: moth.Tensor): number, moth.Tensor\n"
  put "---@class moth.Metric: moth.Component\n---@overload fun(p: moth.Tensor, t: moth.Tensor): number\n"
  put "---@class moth.Schedule: moth.Component\n\n---@class moth.Initializer: moth.Component\n\n---@class moth.Generator\n"
  class("moth.Optimizer: moth.Component", "optimizer")
  methods("Optimizer", "optimizer")
end

local function tensor_class()
  each(function(entry) return entry.kind == "operation" and has_named(entry) end, function(entry)
    options_class(entry, "moth." .. camel(entry.owner == "t" and "t:" .. entry.word or entry.word) .. "Options")
  end)
  class("moth.Tensor", "t", operators)
  methods("Tensor", "t")
  each(function(entry) return entry.kind == "operation" and entry.owner == "t" end, function(entry)
    local in_place = entry.row.only_twin
    add_operation("Tensor", ":", entry, entry.word, in_place and { "moth.Tensor" } or operation_results(entry))
    if entry.twin then add_operation("Tensor", ":", entry, entry.word .. "_", { "moth.Tensor" }) end
  end)
end

local function module_class()
  put "---@class moth\nlocal moth = {}\n"
  put "moth.schedule = {}\n"
  each(function(entry) return entry.owner == "moth" and entry.kind == "field" and entry.word ~= "schedule" end, function(entry)
    comment(entry.doc)
    put("---@type %s\nmoth.%s = nil\n", field_type(entry), entry.word)
  end)
  each(function(entry) return entry.owner == "moth" and entry.kind == "operation" end, function(entry)
    add_operation("moth", ".", entry, entry.word, operation_results(entry))
  end)
  each(function(entry) return entry.owner == "moth" and part_class[entry.kind] ~= nil end, function(entry) add_component(entry, "moth") end)
  each(function(entry) return entry.owner == "moth.schedule" end, function(entry) add_component(entry, "moth.schedule") end)
  each(function(entry) return entry.kind == "reader" end, function(entry)
    options_class(entry, "moth." .. camel(entry.word) .. "Options")
    document(entry)
    local names = { "path" }
    put "---@param path string"
    for _, option in ipairs(words.positionals(entry.options)) do
      names[#names + 1] = option.key
      put("---@param %s? %s %s", option.key, option_type(option), option.doc)
    end
    names[#names + 1] = "options"
    put("---@param options? moth.%sOptions", camel(entry.word))
    put("---@return moth.Data%s", entry.word == "idx" and "|moth.Tensor" or "")
    put_function("moth", ".", entry.word, names)
  end)
  each(function(entry) return entry.owner == "moth" and entry.named and entry.kind == "function" end, function(entry)
    add_named("moth", ".", entry)
  end)
end

local function function_options()
  local names = {}
  for name in next, entries.functions do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local shown = {}
    for _, option in ipairs(entries.functions[name].options) do
      if option.key ~= "origin" then shown[#shown + 1] = option end
    end
    options_class({ options = shown, word = name }, "moth." .. camel(name) .. "Options")
  end
end

local function stub()
  lines = {}
  put "---@meta moth\n-- For lua-language-server: made by scripts/reference out of the engine's catalogs; never run.\n"
  aliases()
  component_classes()
  function_options()
  tensor_class()
  for _, each_class in ipairs {
    { "Net", "net",
      { "---@operator len: integer", "---@operator call(moth.Tensor|table): moth.Tensor", "---@field [integer] moth.Layer" } },
    { "Layer", "layer", { "---@field [string] moth.Tensor" } }, { "Data", "data", { "---@operator len: integer" } },
    { "Trainer", "trainer" }, { "Run", "run", { "---@field [string] number[]" } },
  } do
    class("moth." .. each_class[1], each_class[2], each_class[3])
    methods(each_class[1], each_class[2])
  end
  class("moth.EpochEvent", "e", { "---@field [string] number" })
  put ""
  class("moth.BatchEvent", "b")
  put ""
  module_class()
  put "return moth"
  return (table.concat(lines, "\n"):gsub("[ \t]+\n", "\n"):gsub("\n\n\n+", "\n\n")) .. "\n"
end

return stub
