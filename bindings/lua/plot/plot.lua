-- Plots: plot.of(value) → the text of a tensor's, a list's or a run's curves; plot.run(run, options) draws run:plot{…}. In the terminal
-- levels stand at the left, what the curves are at the right of the first line, or above, and the first and last place below.
local _, helpers, internal = ...
local canvas, curves, width = internal.need "plot/canvas", internal.need "plot/curves", internal.need "width"
local plot = {}

local ROWS, WIDTH, LEAST = 6, 79, 20 -- lines, columns, and fewer columns than these are not drawn
local MARGIN, LEGEND = 7, 26         -- room for levels; where a legend begins, or further right
local colour_codes = { 36, 33, 35, 32, 34, 31 }
local samples = { "──", "┄┄", "··", "╌╌", "─ ", "· " }

local function colouring(look)
  if not look.colour then return function(text) return text end end
  return function(text, curve) return ("\27[%dm%s\27[0m"):format(colour_codes[(curve - 1) % #colour_codes + 1], text) end
end

local function cut(text, columns, look)
  if width.of(text) <= columns then return text end
  local dots = look.unicode and "…" or "..."
  return width.fit(text, columns - width.of(dots)) .. dots
end

-- What each curve is: { sample, text } each.
local function legend(list, look, columns)
  local entries = {}
  if #list == 1 and not list[1].name then return entries end
  for i, curve in ipairs(list) do
    local sample = look.unicode and samples[canvas.dash(i)] or canvas.letter(i)
    entries[i] = { sample, " " .. cut(curves.caption(curve), columns - width.of(sample) - 1, look) }
  end
  return entries
end

-- The legend's lines: { text =, length = } each, as many entries in a line as fit.
local function legend_lines(entries, columns, colour)
  local lines = {}
  for i, entry in ipairs(entries) do
    local line, length = lines[#lines], width.of(entry[1]) + width.of(entry[2])
    local text = colour(entry[1], i) .. entry[2]
    if line and line.length + 3 + length <= columns then
      line.text, line.length = line.text .. "   " .. text, line.length + 3 + length
    else
      lines[#lines + 1] = { text = text, length = length }
    end
  end
  return lines
end

-- Where a legend of one line fits behind the first line's drawing; nil where it does not.
local function place_legend(lines, used, columns)
  if #lines ~= 1 then return nil end
  local at = math.max(used + 2, LEGEND)
  if at + lines[1].length > columns then at = columns - lines[1].length end
  return at >= used + 2 and at or nil
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

-- The levels' texts by row, and the room they take: at the top, below the middle, at the bottom; of a flat curve where it lies.
local function margin_of(figure, rows, unicode, most)
  local at, values, by_row, margin = { 1, rows // 2 + 1, rows }, {}, {}, MARGIN
  if rows == 2 then at = { 1, 2 } end
  if figure.flat then
    local height = unicode and 4 * rows or rows
    at = { math.floor((1 - curves.share(figure, figure.flat)) * (height - 1) + 0.5) * rows // height + 1 }
    values[1] = figure.flat
  else
    for i, row in ipairs(at) do values[i] = curves.level(figure, 1 - (row - 1) / (rows - 1)) end
  end
  for i, text in ipairs(curves.levels(values, most)) do by_row[at[i]], margin = text, math.max(margin, #text) end
  return by_row, margin
end

local function bottom(count, columns, dash)
  if count == 1 then return "1" .. dash:rep(columns - 1) end
  local last = tostring(count)
  if #last + 3 > columns then return dash:rep(columns - #last) .. last end
  return "1" .. dash:rep(columns - 2 - #last) .. " " .. last
end

function plot.text(sources, options)
  local look = helpers.look()
  local colour, rows = colouring(look), options.height or ROWS
  local across = options.width or math.min(look.width, WIDTH)
  if look.terminal then across = math.min(across, look.width) end
  across = math.max(across, LEAST)
  local figure = curves.prepare(sources, { log = options.log, parts = 2 * across, where = options.where, empty = options.empty })
  local levels, margin = margin_of(figure, rows, look.unicode, across // 2)
  local columns = across - margin - 2
  local sheet = draw(figure, columns, rows, look.unicode)
  local lines, out = sheet:text(colour), {}
  local texts = legend_lines(legend(figure.list, look, columns), columns, colour)
  local at = place_legend(texts, sheet:used(0), columns)
  if not at then
    for i, line in ipairs(texts) do out[i] = (" "):rep(margin + 2) .. line.text end
  end
  local bar, corner, dash = "│", "└", "─"
  if not look.unicode then bar, corner, dash = "|", "+", "-" end
  for row = 1, rows do
    local level = levels[row] or ""
    local line = (" "):rep(margin - #level) .. level .. " " .. bar .. lines[row]
    if row == 1 and at then line = line .. (" "):rep(at - sheet:used(0)) .. texts[1].text end
    out[#out + 1] = line
  end
  out[#out + 1] = (" "):rep(margin + 1) .. corner .. bottom(figure.count, columns, dash)
  return table.concat(out, "\n")
end

-- ---- What can be drawn ----------------------------------------------------------------------------------------------------------------

local function of_tensor(t, where)
  if t.rank == 1 then return { { from = t } } end
  local what = internal.describe(t)
  if t.rank ~= 2 then internal.fail(("%s: takes a vector or a matrix whose columns are curves, got %s"):format(where, what)) end
  local list = {}
  if t.shape[2] > curves.most then
    internal.fail(("%s: %s has %d columns; at most %d curves are drawn at once"):format(where, what, t.shape[2], curves.most))
  end
  for column = 1, t.shape[2] do list[column] = { from = t:select(2, column), name = tostring(column) } end
  return list
end

local function column_of(run, name, where)
  if type(name) ~= "string" then internal.fail(("%s: a name must be a text, got %s"):format(where, internal.describe(name))) end
  local columns, known = internal.run_columns(run), {}
  for _, column in ipairs(columns) do known[column] = true end
  if known[name] then return name end
  local near = internal.nearest(name, known)
  internal.fail(("%s: the run has no column '%s'%s (columns: %s)"):format(where, name, near and ("; did you mean '%s'?"):format(near) or "",
    table.concat(columns, " ")))
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
  for i, name in ipairs(names) do list[i] = { from = run, column = column_of(run, name, where), name = name } end
  local last = list[#list]
  if run.best_epoch > 0 and last.name:sub(1, 4) == "val_" then last.best = run.best_epoch end
  return list
end

function plot.of(value, where)
  where = where or "plot"
  local kind = internal.kind(value)
  if kind == "tensor" then return plot.text(of_tensor(value, where), { where = where, empty = internal.describe(value) .. " is empty" }) end
  if kind == "run" then return plot.text(of_run(value, {}, where), { where = where, empty = "the run has no epoch yet" }) end
  if type(value) == "table" and #value > 0 then return plot.text({ { from = value } }, { where = where }) end
  internal.fail(("%s: takes a tensor, a list of numbers or a run, got %s"):format(where, internal.describe(value)))
end

-- ---- run:plot{ names, file =, log =, width =, height = } --------------------------------------------------------------------------------

local known = { file = "string", log = "boolean", width = "number", height = "number" }
local words = { file = "a text", log = "true or false", width = "a number", height = "a number" }

-- The smallest and the largest of a plot's sides: columns and lines, or dots in a file.
local function read_sizes(options)
  for _, key in ipairs{ "width", "height" } do
    local size, least = options[key], options.file and 100 or key == "width" and LEAST or 2
    if size and not (math.tointeger(size) and size >= least and size <= 10000) then
      internal.fail(("plot: %s must be a whole number in [%d, 10000], got %s"):format(key, least, internal.describe(size)))
    end
    options[key] = size and math.tointeger(size)
  end
end

local function unknown(key)
  local near = type(key) == "string" and internal.nearest(key, known)
  local name = type(key) == "string" and key or internal.describe(key)
  local hint = near and ("; did you mean '%s'?"):format(near) or ""
  internal.fail(("plot: no option '%s'%s (options: file height log width)"):format(name, hint))
end

local function read_options(given)
  if given == nil then return {}, {} end
  if type(given) == "string" then return { given }, {} end
  if type(given) ~= "table" then
    internal.fail(("plot: takes names, or a table of names and options, got %s"):format(internal.describe(given)))
  end
  local names, options, count = {}, {}, 0
  for key, value in next, given do
    if math.type(key) == "integer" and key >= 1 then
      names[key], count = value, math.max(count, key)
    elseif not known[key] then
      unknown(key)
    elseif type(value) ~= known[key] then
      internal.fail(("plot: %s must be %s, got %s"):format(key, words[key], internal.describe(value)))
    else
      options[key] = value
    end
  end
  for i = 1, math.min(count, curves.most + 1) do
    if names[i] == nil then internal.fail(("plot: name %d is nil"):format(i)) end
  end
  read_sizes(options)
  return names, options
end

function plot.run(run, given)
  local names, options = read_options(given)
  options.where, options.empty = "plot", "the run has no epoch yet"
  local list = of_run(run, names, "plot")
  if options.file then return internal.need "plot/figure".write(list, options) end
  helpers.put(plot.text(list, options))
end

return plot
