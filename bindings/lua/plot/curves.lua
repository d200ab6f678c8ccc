-- Curves of numbers over 1, 2, 3 …: where they lie and what is written beside them, for the terminal and for files alike.
-- curves.prepare(list, log, where) → { list =, count =, low =, high =, log = }: each of the list is { name =, values = }, made of numbers;
-- what is not finite (or not positive, where log) leaves a gap. curves.level(plot, share) → the value at a share of the height, from the
-- bottom; curves.share(plot, value) → the share, or nil for a gap.
local _, _, internal = ...
local curves = {}

local function is_drawn(value, log) return value == value and value ~= math.huge and value ~= -math.huge and (not log or value > 0) end

function curves.number(value)
  local size = math.abs(value)
  if size == 0 or size >= 1e-3 and size < 1e5 then
    local text = ("%.4f"):format(value)
    return size >= 10 and ("%.5g"):format(value) or text
  end
  return ("%.2e"):format(value)
end

function curves.prepare(list, log, where)
  local plot = { list = list, log = log, count = 0, low = math.huge, high = -math.huge }
  for _, curve in ipairs(list) do
    plot.count = math.max(plot.count, #curve.values)
    for _, value in ipairs(curve.values) do
      if is_drawn(value, log) then plot.low, plot.high = math.min(plot.low, value), math.max(plot.high, value) end
    end
  end
  if plot.low > plot.high then
    internal.fail(("%s: there is no %snumber to draw"):format(where, log and "positive " or "finite "))
  end
  if plot.low == plot.high then
    local room = plot.low == 0 and 1 or math.abs(plot.low) / 2
    plot.flat = plot.low
    plot.low, plot.high = plot.low - (log and plot.low / 2 or room), plot.high + room
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
  if not is_drawn(value, plot.log) then return nil end
  local low, high = scaled(plot, plot.low), scaled(plot, plot.high)
  return (scaled(plot, value) / 2 - low / 2) / (high / 2 - low / 2) -- halves: the span of huge values is not infinite
end

-- "loss 0.0408", with the best where the curve was monitored.
function curves.caption(curve)
  local last
  for i = #curve.values, 1, -1 do
    last = last or curve.values[i]
  end
  local text = curve.name
  if last then text = (text and text .. " " or "") .. curves.number(last) end
  if curve.best then text = ("%s, best %s at %d"):format(text, curves.number(curve.values[curve.best]), curve.best) end
  return text or ""
end

-- Calls visit(i1, share1, i2, share2) for each piece of a curve, a lone point as a piece of no length.
function curves.pieces(plot, curve, visit)
  local from, share
  for i, value in ipairs(curve.values) do
    local here = curves.share(plot, value)
    if here and share then visit(from, share, i, here)
    elseif here then visit(i, here, i, here) end
    from, share = i, here
  end
end

return curves
