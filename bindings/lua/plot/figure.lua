-- Plots in files: figure.write(list, options) draws curves as .svg (Scalable Vector Graphics 1.1) or .png (through cairo), by the path's ending.
local _, _, internal = ...
local curves = internal.need "plot/curves"
local figure = {}

local WIDTH, HEIGHT = 640, 400
local LEFT, RIGHT, TOP, BOTTOM = 64, 16, 36, 40
local TICKS = 5
-- Of equal weight to eyes that tell few colours apart (Okabe & Ito 2008).
local palette = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9" }
local dashes = { {}, { 6, 3 }, { 2, 2 }, { 9, 3, 2, 3 }, { 12, 4 }, { 1, 3 } }

-- The drawing as a list of { "line", colour, width, dash, x1, y1, x2, y2, … } and { "text", colour, size, anchor, x, y, text }.
local function shapes_of(plot, width, height)
  local shapes, across = {}, math.max(plot.count - 1, 1)
  local w, h = width - LEFT - RIGHT, height - TOP - BOTTOM
  local function x(i) return LEFT + (plot.count == 1 and 0.5 or (i - 1) / across) * w end
  local function y(share) return TOP + (1 - share) * h end
  for i = 0, TICKS - 1 do
    local share = i / (TICKS - 1)
    shapes[#shapes + 1] = { "line", "#dddddd", 1, {}, LEFT, y(share), width - RIGHT, y(share) }
    shapes[#shapes + 1] = { "text", "#444444", 11, "end", LEFT - 6, y(share) + 4, ("%.3g"):format(curves.level(plot, share)) }
  end
  local step = math.max(1, across // (TICKS - 1))
  for i = 1, plot.count, step do
    shapes[#shapes + 1] = { "text", "#444444", 11, "middle", x(i), height - BOTTOM + 18, tostring(i) }
  end
  local at = LEFT
  for number, curve in ipairs(plot.list) do
    local colour, dash = palette[(number - 1) % #palette + 1], dashes[(number - 1) % #dashes + 1]
    local line
    curves.pieces(plot, curve, function(from, low, to, high)
      if not line or from == to then
        line = { "line", colour, 1.5, dash, x(from), y(low) }
        shapes[#shapes + 1] = line
      end
      line[#line + 1], line[#line + 2] = x(to), y(high)
    end)
    local caption = curves.caption(curve)
    shapes[#shapes + 1] = { "line", colour, 2, dash, at, TOP - 18, at + 24, TOP - 18 }
    shapes[#shapes + 1] = { "text", "#222222", 12, "start", at + 30, TOP - 14, caption }
    at = at + 30 + 7 * #caption + 18
  end
  return shapes
end

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }
local function escape(text) return (text:gsub('[&<>"]', entities):gsub("%c", "?")) end

-- Two decimals, with a point whatever the locale.
local function fixed(value) return (("%.2f"):format(value):gsub("[^%d-]", "."):gsub("%.?0+$", "")) end

local function svg(shapes, width, height)
  local out = {
    ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif">'):format(width, height, width, height),
    '<rect width="100%" height="100%" fill="#ffffff"/>',
  }
  for _, shape in ipairs(shapes) do
    if shape[1] == "text" then
      out[#out + 1] = ('<text x="%s" y="%s" fill="%s" font-size="%d" text-anchor="%s">%s</text>'):format(fixed(shape[5]), fixed(shape[6]), shape[2],
        shape[3], shape[4], escape(shape[7]))
    else
      local points = {}
      for i = 5, #shape, 2 do points[#points + 1] = fixed(shape[i]) .. "," .. fixed(shape[i + 1]) end
      local dash = #shape[4] > 0 and (' stroke-dasharray="%s"'):format(table.concat(shape[4], " ")) or ""
      out[#out + 1] = ('<polyline points="%s" fill="none" stroke="%s" stroke-width="%s" stroke-linejoin="round" stroke-linecap="round"%s/>'):format(
        table.concat(points, " "), shape[2], fixed(shape[3]), dash)
    end
  end
  out[#out + 1] = "</svg>\n"
  return table.concat(out, "\n")
end

function figure.write(list, options)
  local path = options.file
  local ending = path:match "%.(%a+)$"
  if ending ~= "svg" and ending ~= "png" then
    internal.fail(("plot: '%s': a plot's file ends in .svg or .png"):format(path))
  end
  local plot = curves.prepare(list, options.log, "plot")
  local width, height = math.max(options.width or WIDTH, LEFT + RIGHT + 20), math.max(options.height or HEIGHT, TOP + BOTTOM + 20)
  local shapes = shapes_of(plot, width, height)
  internal.need "plot/file"("plot", path, ending == "svg" and svg(shapes, width, height) or internal.png(shapes, width, height))
end

return figure
