-- Tensors as pictures in the terminal: t:show(). A matrix is a grey image, {3, rows, columns} a coloured one, a vector a curve. Half blocks
-- hold two pixels above each other; where there is no colour a pixel is drawn or not, and without UTF-8 it is two characters of a shade.
local _, helpers, internal = ...
local picture = {}

local SHADES = " .:-=+*#%@"
local FIRST_GREY, GREYS = 232, 24 -- of the 256 colours of xterm
local MOST = 1000                 -- pixels across

local floor, max, min = math.floor, math.max, math.min

-- How many rows and columns are drawn: all, or as many as fit the width, twice as high at most.
local function size_of(image, width)
  local rows, columns = image.shape[2], image.shape[3]
  local scale = max(1, columns / width, rows / (2 * width))
  return max(1, floor(rows / scale + 0.5)), min(width, max(1, floor(columns / scale + 0.5)))
end

-- The range that becomes 0 … 1: of grey what there is, of colours 0 … 1 or a byte's where nothing lies outside.
local function range_of(channels, dtype)
  local low, high = math.huge, -math.huge
  for _, values in ipairs(channels) do
    for _, value in ipairs(values) do
      if value == value then low, high = min(low, value), max(high, value) end
    end
  end
  if #channels == 3 and dtype == "u8" then return 0, 255 end
  if #channels == 3 and low >= 0 and high <= 1 then return 0, 1 end
  return low, high
end

-- Values spread over 0 … 1; what is not finite counts as the lowest, one value alone as 1 where it is positive.
local function normalize(channels, dtype)
  local low, high = range_of(channels, dtype)
  for _, values in ipairs(channels) do
    for i, value in ipairs(values) do
      if value ~= value then values[i] = 0
      elseif low == high then values[i] = value > 0 and 1 or 0
      else values[i] = (value / 2 - low / 2) / (high / 2 - low / 2) end -- halves: the span of huge values is not infinite
    end
  end
end

local function grey(value) return FIRST_GREY + floor(value * (GREYS - 1) + 0.5) end

-- A colour of the 6·6·6 cube.
local function cube(r, g, b)
  local function step(v) return floor(v * 5 + 0.5) end
  return 16 + 36 * step(r) + 6 * step(g) + step(b)
end

local function coloured(colour, rows, columns)
  local lines = {}
  for row = 1, rows, 2 do
    local parts, before = {}, nil
    for column = 1, columns do
      local upper, lower = colour(row, column), row < rows and colour(row + 1, column) or nil
      local style = lower and ("\27[38;5;%d;48;5;%dm"):format(upper, lower) or ("\27[38;5;%dm"):format(upper)
      parts[column] = (style == before and "" or style) .. "▀"
      before = style
    end
    lines[#lines + 1] = table.concat(parts) .. "\27[0m"
  end
  return table.concat(lines, "\n")
end

local function halves(value, rows, columns)
  local blocks, lines = { [0] = " ", "▀", "▄", "█" }, {}
  for row = 1, rows, 2 do
    local parts = {}
    for column = 1, columns do
      local upper = value(row, column) >= 0.5 and 1 or 0
      local lower = row < rows and value(row + 1, column) >= 0.5 and 2 or 0
      parts[column] = blocks[upper + lower]
    end
    lines[#lines + 1] = (table.concat(parts):gsub(" +$", ""))
  end
  return table.concat(lines, "\n")
end

local function shaded(value, rows, columns)
  local lines = {}
  for row = 1, rows do
    local parts = {}
    for column = 1, columns do
      local at = floor(value(row, column) * (#SHADES - 1) + 0.5) + 1
      parts[column] = SHADES:sub(at, at):rep(2)
    end
    lines[row] = (table.concat(parts):gsub(" +$", ""))
  end
  return table.concat(lines, "\n")
end

-- A tensor as channels, rows and columns.
local function image_of(t)
  if t.rank == 2 then return t:unsqueeze(1) end
  if t.rank == 3 and t.shape[1] == 1 then return t end
  if t.rank == 3 and t.shape[1] == 3 then return t end
  if t.rank == 3 and t.shape[3] == 3 then return t:permute(3, 1, 2) end
  internal.fail(("show: takes a vector, an image [rows, columns] or [3, rows, columns], got %s"):format(internal.describe(t)))
end

function picture.of(t)
  local look = helpers.look()
  if t:numel() == 0 then internal.fail(("show: %s is empty"):format(internal.describe(t))) end
  if t.rank == 1 then return internal.need "plot/plot".of(t, "show") end
  local image = image_of(t)
  local rows, columns = size_of(image, min(MOST, look.unicode and look.width or look.width // 2))
  local channels = internal.image(image, rows, columns)
  normalize(channels, t.dtype)
  local red, green, blue = channels[1], channels[2], channels[3]
  local function value(row, column)
    local at = (row - 1) * columns + column
    if not green then return red[at] end
    return 0.299 * red[at] + 0.587 * green[at] + 0.114 * blue[at] -- Rec. 601 luma
  end
  if not look.unicode then return shaded(value, rows, columns) end
  if not look.colour then return halves(value, rows, columns) end
  local function colour(row, column)
    local at = (row - 1) * columns + column
    if not green then return grey(red[at]) end
    return cube(red[at], green[at], blue[at])
  end
  return coloured(colour, rows, columns)
end

function picture.show(t) helpers.put(picture.of(t)) end

return picture
