-- Plots in files: figure.write(sources, options) draws curves as .svg (Scalable Vector Graphics 1.1) or .png (through cairo), by the path's
-- ending.
local _, helpers, internal = ...
local curves, ticks, columns = internal.need "plot/curves", internal.need "plot/ticks", internal.need "width"
local figure = {}

local WIDTH, HEIGHT = 640, 400
local LEFT, RIGHT, TOP, BOTTOM = 64, 20, 16, 46
local LINE, LETTER, SAMPLE = 20, 6.6, 24 -- of the legend: a line's height, a letter's width, a sample's
local TICKS = 6 -- about as many, fewer where they would stand too close
-- Of equal weight to eyes that tell few colours apart (Okabe & Ito 2008).
local palette = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9" }
local dashes = { {}, { 6, 3 }, { 2, 3 }, { 9, 3, 2, 3 }, { 12, 5 }, { 1, 4 } }

-- A drawing is a list of { "line", colour, width, dash, x1, y1, x2, y2, … } and { "text", colour, size, anchor, x, y, text }.
local function style_of(number)
  return palette[(number - 1) % #palette + 1], dashes[(number - 1 + (number - 1) // #dashes) % #dashes + 1]
end

local function shorten(text, width)
  local most = math.max(1, math.floor(width / LETTER))
  return columns.of(text) <= most and text or columns.fit(text, most - 1) .. "…"
end

-- Draws what each curve is, line after line; the height taken.
local function add_legend(shapes, plot, width)
  local at, line = LEFT, 0
  for number, curve in ipairs(plot.list) do
    local colour, dash = style_of(number)
    local text = shorten(curves.caption(curve), width - LEFT - RIGHT - SAMPLE - 6)
    local room = SAMPLE + 6 + LETTER * columns.of(text)
    if at > LEFT and at + room > width - RIGHT then at, line = LEFT, line + 1 end
    local y = TOP + LINE * line + 4
    shapes[#shapes + 1] = { "line", colour, 2, dash, at, y, at + SAMPLE, y }
    shapes[#shapes + 1] = { "text", "#222222", 12, "start", at + SAMPLE + 6, y + 4, text }
    at = at + room + 18
  end
  return LINE * (line + 1)
end

local function ticks_within(room, each) return math.max(1, math.min(TICKS, room // each)) end

local function add_levels(shapes, plot, width, y)
  local count = ticks_within(y(0) - y(1), 20)
  local levels = plot.log and ticks.powers(plot.low, plot.high, count) or ticks.linear(plot.low, plot.high, count)
  local texts = curves.levels(levels, 9)
  for i, level in ipairs(levels) do
    local at = y(curves.share(plot, level))
    shapes[#shapes + 1] = { "line", "#dddddd", 1, {}, LEFT, at, width - RIGHT, at }
    shapes[#shapes + 1] = { "text", "#444444", 11, "end", LEFT - 6, at + 4, texts[i] }
  end
end

local function add_places(shapes, plot, height, x)
  local places = { 1 }
  for _, place in ipairs(ticks.linear(1, plot.count, ticks_within(x(plot.count) - x(1), 50))) do
    if place > 1 and place == math.floor(place) then places[#places + 1] = math.tointeger(place) end
  end
  for _, place in ipairs(places) do
    shapes[#shapes + 1] = { "line", "#888888", 1, {}, x(place), height - BOTTOM, x(place), height - BOTTOM + 4 }
    shapes[#shapes + 1] = { "text", "#444444", 11, "middle", x(place), height - BOTTOM + 17, tostring(place) }
  end
end

local function add_curve(shapes, plot, number, x, y)
  local colour, dash = style_of(number)
  local line
  curves.pieces(plot, plot.list[number], function(from, low, to, high)
    if not line or from == to then
      line = { "line", colour, 1.5, dash, x(from), y(low) }
      shapes[#shapes + 1] = line
    end
    line[#line + 1], line[#line + 2] = x(to), y(high)
  end)
end

local function shapes_of(plot, width, height)
  local shapes, across = {}, math.max(plot.count - 1, 1)
  local top = TOP + add_legend(shapes, plot, width)
  local w, h = width - LEFT - RIGHT, math.max(height - top - BOTTOM, 20)
  local function x(i) return LEFT + (plot.count == 1 and 0.5 or (i - 1) / across) * w end
  local function y(share) return top + (1 - share) * h end
  add_levels(shapes, plot, width, y)
  add_places(shapes, plot, top + h + BOTTOM, x)
  shapes[#shapes + 1] = { "line", "#888888", 1, {}, LEFT, top + h, width - RIGHT, top + h }
  shapes[#shapes + 1] = { "text", "#444444", 11, "middle", LEFT + w / 2, top + h + 36, "epoch" }
  for number = #plot.list, 1, -1 do add_curve(shapes, plot, number, x, y) end -- the first on top
  return shapes
end

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }
local function escape(text) return (text:gsub('[&<>"]', entities)) end

-- Two decimals at most.
local function fixed(value) return (helpers.number("%.2f", value):gsub("%.?0+$", "")) end

local function svg(shapes, width, height)
  local out = {
    ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif">'):format(
      width, height, width, height),
    '<rect width="100%" height="100%" fill="#ffffff"/>',
  }
  for _, shape in ipairs(shapes) do
    if shape[1] == "text" then
      out[#out + 1] = ('<text x="%s" y="%s" fill="%s" font-size="%d" text-anchor="%s">%s</text>'):format(
        fixed(shape[5]), fixed(shape[6]), shape[2], shape[3], shape[4], escape(shape[7]))
    else
      local points = {}
      for i = 5, #shape, 2 do points[#points + 1] = fixed(shape[i]) .. "," .. fixed(shape[i + 1]) end
      local dash = #shape[4] > 0 and (' stroke-dasharray="%s"'):format(table.concat(shape[4], " ")) or ""
      out[#out + 1] = ('<polyline points="%s" fill="none" stroke="%s" stroke-width="%s" %s%s/>'):format(
        table.concat(points, " "), shape[2], fixed(shape[3]), 'stroke-linejoin="round" stroke-linecap="round"', dash)
    end
  end
  out[#out + 1] = "</svg>\n"
  return table.concat(out, "\n")
end

function figure.write(sources, options)
  local path = options.file
  local ending = path:match "%.(%a+)$"
  if ending ~= "svg" and ending ~= "png" then
    internal.fail(("plot: '%s': a plot's file ends in .svg or .png"):format(path))
  end
  local width, height = options.width or WIDTH, options.height or HEIGHT
  local plot = curves.prepare(sources, { log = options.log, parts = 2 * width, where = options.where, empty = options.empty })
  local shapes = shapes_of(plot, width, height)
  internal.write_file("plot", path, ending == "svg" and svg(shapes, width, height) or internal.png(shapes, width, height))
end

return figure
