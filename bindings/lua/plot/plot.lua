-- Plots: plot.of(value) → the text of a tensor's, a list's or a run's curves; plot.run(run, options) draws run:plot{…}; plot.text(list, options)
-- lays curves out in the terminal: levels at the left, what the curves are at the right of the first line, and the first and last place below.
local _, helpers, internal = ...
local canvas, curves = internal.need "plot/canvas", internal.need "plot/curves"
local plot = {}

local ROWS, LEAST = 6, 10
local colour_codes = { 36, 33, 35, 32, 34, 31 }
local samples = { "──", "┄┄", "··", "╌╌", "─ ", "· " }

local function colouring(look)
  if not look.colour then return function(text) return text end end
  return function(text, curve) return ("\27[%dm%s\27[0m"):format(colour_codes[(curve - 1) % #colour_codes + 1], text) end
end

-- What each curve is: plain for its width, and coloured.
local function legend(list, look, colour)
  local plain, shown = {}, {}
  if #list == 1 and not list[1].name then return plain, shown end
  for i, curve in ipairs(list) do
    local sample = look.unicode and samples[(i - 1) % #samples + 1] or canvas.letters[(i - 1) % #canvas.letters + 1]
    local caption = curves.caption(curve)
    plain[i] = sample .. " " .. caption
    shown[i] = colour(sample, i) .. " " .. caption
  end
  return plain, shown
end

local function draw(figure, columns, rows, unicode)
  local sheet = canvas.new(columns, rows, unicode)
  local across = math.max(figure.count - 1, 1)
  local function x(i) return math.floor((i - 1) / across * (sheet.width - 1) + 0.5) end
  local function y(share) return math.floor((1 - share) * (sheet.height - 1) + 0.5) end
  for i = #figure.list, 1, -1 do -- the first curve last: on top
    curves.pieces(figure, figure.list[i], function(from, low, to, high) sheet:line(x(from), y(low), x(to), y(high), i) end)
  end
  return sheet
end

-- Whether the legend fits behind the first line's drawing, and where; else it takes lines of its own.
local function place_legend(plain, used, columns)
  local length = utf8.len(table.concat(plain, "   "))
  if length == 0 then return used end
  local at = math.max(used + 2, 26)
  if at + length <= columns then return at end
  at = columns - length
  return at >= used + 2 and at or nil
end

function plot.text(list, options)
  options = options or {}
  local look, colour = helpers.look()
  colour = colouring(look)
  local figure = curves.prepare(list, options.log, options.where or "plot")
  local rows = options.height or ROWS
  local shares, levels, margin = { [1] = 1, [rows // 2 + 1] = 1 - (rows // 2) / math.max(rows - 1, 1), [rows] = 0 }, {}, 0
  for row, share in pairs(shares) do
    levels[row] = ("%.3g"):format(curves.level(figure, rows == 1 and 0.5 or share))
    margin = math.max(margin, #levels[row])
  end
  margin = math.max(margin + 1, 7)
  local columns = math.max(LEAST, (options.width or math.min(look.width, 79)) - margin - 2)
  local sheet = draw(figure, columns, rows, look.unicode)
  local lines, out = sheet:text(colour), {}
  local plain, shown = legend(list, look, colour)
  local at = place_legend(plain, sheet:used(0), columns)
  if not at then
    if utf8.len(table.concat(plain, "   ")) <= columns then shown = { table.concat(shown, "   ") } end
    for i, text in ipairs(shown) do out[i] = (" "):rep(margin + 2) .. text end
  end
  local bar, corner, dash = "│", "└", "─"
  if not look.unicode then bar, corner, dash = "|", "+", "-" end
  for row = 1, rows do
    local line = (" "):rep(margin - #(levels[row] or "")) .. (levels[row] or "") .. " " .. bar .. lines[row]
    if row == 1 and at then line = line .. (" "):rep(at - sheet:used(0)) .. table.concat(shown, "   ") end
    out[#out + 1] = line
  end
  local last = tostring(figure.count)
  out[#out + 1] = (" "):rep(margin + 1) .. corner .. "1" .. dash:rep(math.max(columns - 2 - #last, 1)) .. " " .. last
  return table.concat(out, "\n")
end

-- ---- What can be drawn ----------------------------------------------------------------------------------------------------------------

local function of_list(list, name, where)
  local values = {}
  for i = 1, #list do
    local value = list[i]
    if type(value) ~= "number" then
      internal.fail(("%s: entry %d must be a number, got %s"):format(where, i, internal.describe(value)))
    end
    values[i] = value + 0.0
  end
  return { name = name, values = values }
end

local function of_tensor(t, where)
  if t.rank == 1 then return { of_list(t:to "f64":totable(), nil, where) } end
  if t.rank ~= 2 then internal.fail(("%s: takes a vector or a matrix whose columns are curves, got %s"):format(where, internal.describe(t))) end
  local list = {}
  if t.shape[2] > #canvas.letters then
    internal.fail(("%s: %s has %d columns; at most %d curves are drawn at once"):format(where, internal.describe(t), t.shape[2], #canvas.letters))
  end
  for column = 1, t.shape[2] do list[column] = of_list(t:select(2, column):to "f64":totable(), tostring(column), where) end
  return list
end

local function has_column(run, wanted)
  for _, name in ipairs(internal.run_columns(run)) do
    if name == wanted then return true end
  end
  return false
end

local function of_run(run, names, where)
  if #names == 0 then names = has_column(run, "val_loss") and { "loss", "val_loss" } or { "loss" } end
  local list = {}
  for i, name in ipairs(names) do
    if type(name) ~= "string" then internal.fail(("%s: a name must be a text, got %s"):format(where, internal.describe(name))) end
    local column = run[name]
    if type(column) ~= "table" then internal.fail(("%s: run.%s is no list of the epochs"):format(where, name)) end
    list[i] = of_list(column, name, where)
  end
  local best = list[#list]
  if run.best_epoch > 0 and best.values[run.best_epoch] and best.name:sub(1, 4) == "val_" then best.best = run.best_epoch end
  return list
end

function plot.of(value, where)
  where = where or "plot"
  local kind = internal.kind(value)
  if kind == "tensor" then return plot.text(of_tensor(value, where), { where = where }) end
  if kind == "run" then return plot.text(of_run(value, {}, where), { where = where }) end
  if type(value) == "table" and #value > 0 then return plot.text({ of_list(value, nil, where) }, { where = where }) end
  internal.fail(("%s: takes a tensor, a list of numbers or a run, got %s"):format(where, internal.describe(value)))
end

-- ---- run:plot{ names, file =, log =, width =, height = } --------------------------------------------------------------------------------

local known = { file = "string", log = "boolean", width = "number", height = "number" }

local function read_options(given)
  if given == nil then return {}, {} end
  if type(given) == "string" then return { given }, {} end
  if type(given) ~= "table" then internal.fail(("plot: takes names, or a table of names and options, got %s"):format(internal.describe(given))) end
  local names, options = {}, {}
  for i = 1, #given do names[i] = given[i] end
  for key, value in next, given do
    if math.type(key) ~= "integer" or key < 1 or key > #given then
      local kind = known[key]
      if not kind then
        local near = type(key) == "string" and internal.nearest(key, known)
        internal.fail(("plot: no option '%s'%s (options: file height log width)"):format(tostring(key), near and ("; did you mean '%s'?"):format(near) or ""))
      end
      if type(value) ~= kind then internal.fail(("plot: %s must be a %s, got %s"):format(key, kind, internal.describe(value))) end
      options[key] = value
    end
  end
  for _, key in ipairs{ "width", "height" } do
    local size = options[key]
    if size and not (math.tointeger(size) and size >= 2 and size <= 10000) then
      internal.fail(("plot: %s must be a whole number in [2, 10000], got %s"):format(key, internal.describe(size)))
    end
    options[key] = size and math.tointeger(size)
  end
  return names, options
end

function plot.run(run, given)
  local names, options = read_options(given)
  options.where = "plot"
  local list = of_run(run, names, "plot")
  if options.file then return internal.need "plot/figure".write(list, options) end
  helpers.put(plot.text(list, options))
end

return plot
