-- Curves of numbers over 1, 2, 3 …: where they lie and what is written beside them, for the terminal and for files alike.
-- curves.prepare(sources, { log =, parts =, where = }) → { list =, count =, low =, high =, log = }: each source is { name =, from = a
-- vector, a list or a run, column =, best = the best epoch }, thinned to what `parts` places can show; what is not finite (or not
-- positive, where log) leaves a gap. curves.level(plot, share) → the value at a share of the height, from the bottom; curves.share(plot,
-- value) → the share.
local _, helpers, internal = ...
local curves = {}

curves.most = 36 -- as many colours and dashes go together

-- As a caption tells it.
function curves.number(value)
  local size = math.abs(value)
  if size == 0 or size >= 1e-2 and size < 10 then return helpers.number("%.4f", value) end
  return helpers.number(size >= 10 and size < 1e5 and "%.5g" or size >= 1e-3 and size < 1e-2 and "%.3g" or "%.2e", value)
end

-- Names as they can be shown anywhere: UTF-8 without control characters.
function curves.clean(text)
  text = text:gsub("[\0-\31\127]", "?")
  return utf8.len(text) and text or (text:gsub("[\128-\255]", "?"))
end

local function best_of(run, column, epoch) return epoch and epoch > 0 and run[column][epoch] or nil end

local function read(source, options)
  local curve = internal.curve(source.from, options.parts, options.log or false, options.where, source.column)
  curve.name = source.name and curves.clean(source.name)
  curve.best = source.best
  curve.best_value = source.best and best_of(source.from, source.column, source.best)
  return curve
end

local function spread(plot)
  for _, curve in ipairs(plot.list) do
    plot.count = math.max(plot.count, curve.count)
    for _, value in ipairs(curve.values) do
      if value == value then plot.low, plot.high = math.min(plot.low, value), math.max(plot.high, value) end
    end
  end
end

function curves.prepare(sources, options)
  if #sources > curves.most then
    internal.fail(("%s: %d curves; at most %d are drawn at once"):format(options.where, #sources, curves.most))
  end
  local plot = { list = {}, log = options.log, count = 0, low = math.huge, high = -math.huge }
  for i, source in ipairs(sources) do plot.list[i] = read(source, options) end
  spread(plot)
  if plot.count == 0 then internal.fail(options.where .. ": " .. (options.empty or "there is nothing to draw")) end
  if plot.low > plot.high then
    internal.fail(("%s: there is no %s number to draw"):format(options.where, options.log and "positive" or "finite"))
  end
  if plot.low == plot.high then
    plot.flat = plot.low
    local room = plot.low == 0 and 1 or math.abs(plot.low) / 2
    plot.low, plot.high = plot.flat - room, plot.flat + room
  end
  return plot
end

local function scaled(plot, value) return plot.log and math.log(value) or value end

function curves.level(plot, share)
  local low, high = scaled(plot, plot.low), scaled(plot, plot.high)
  local value = low * (1 - share) + high * share
  return plot.log and math.exp(value) or value
end

function curves.share(plot, value)
  local low, high = scaled(plot, plot.low), scaled(plot, plot.high)
  return (scaled(plot, value) / 2 - low / 2) / (high / 2 - low / 2) -- halves: the span of huge values is not infinite
end

-- "loss 0.0408", with the best where the curve was monitored.
function curves.caption(curve)
  local text = (curve.name and curve.name .. " " or "") .. curves.number(curve.last)
  if curve.best_value then text = ("%s, best %s at %d"):format(text, curves.number(curve.best_value), curve.best) end
  return text
end

-- Calls visit(i1, share1, i2, share2) for each piece of a curve, a lone point as a piece of no length.
function curves.pieces(plot, curve, visit)
  local from, share
  for n, value in ipairs(curve.values) do
    local at, here = curve.at[n], value == value and curves.share(plot, value) or nil
    if here and share then visit(from, share, at, here)
    elseif here then visit(at, here, at, here) end
    from, share = at, here
  end
end

-- A value with so many digits, whole numbers below a million with all of theirs.
local function rounded(value, digits)
  local size = math.abs(value)
  local whole = size >= 1 and size < 1e6 and math.floor(math.log(size, 10) + 1e-9) + 1 or 1
  return helpers.number(("%%.%dg"):format(math.max(digits, whole)), value)
end

-- Levels as texts: three digits, or as many more as tell them apart, within `most` letters.
function curves.levels(values, most)
  local largest, texts = 0, nil
  for _, value in ipairs(values) do largest = math.max(largest, math.abs(value)) end
  for digits = 3, 17 do
    local known, count, longest, shown = {}, 0, 0, {}
    for i, value in ipairs(values) do
      local text = rounded(math.abs(value) < 1e-12 * largest and 0 or value, digits)
      if not known[text] then known[text], count = true, count + 1 end
      shown[i], longest = text, math.max(longest, #text)
    end
    if texts and longest > most then return texts end
    texts = shown
    if count == #values then return texts end
  end
  return texts
end

return curves
