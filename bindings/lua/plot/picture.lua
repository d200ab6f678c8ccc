-- Tensors as pictures in the terminal: t:show(). A matrix is a grey image, {3, rows, columns} a coloured one, a vector a curve. Half blocks
-- hold two pixels above each other; where there is no colour a pixel is drawn or not, and without UTF-8 it is two characters of a shade.
local _, helpers, internal = ...
local picture = {}

local SHADES = " .:-=+*#%@"
local FIRST_GREY, GREYS = 232, 24 -- of the 256 colours of xterm

-- Every factor-th block's mean, so that what is wide fits.
local function shrink(image, width)
  local channels, rows, columns = image.shape[1], image.shape[2], image.shape[3]
  local factor = math.ceil(columns / width)
  if factor <= 1 then return image end
  rows, columns = rows // factor * factor, columns // factor * factor
  if rows == 0 then return image(({}), { 1, image.shape[2] }, { 1, columns, factor }):contiguous() end
  local cut = image({}, { 1, rows }, { 1, columns }):contiguous()
  return cut:reshape(channels, rows // factor, factor, columns // factor, factor):mean{ 3, 5 }
end

-- Values spread over 0 … 1; what is not finite counts as the lowest.
local function normalize(image)
  image = image:to "f64"
  local finite = image:isfinite()
  if not finite:any() then return image:clone():zero_() end
  local values = image[finite]
  local low, high = values:min(), values:max()
  local flat = finite:where(image, low)
  if high == low then return flat:fill_(high > 0 and 1 or 0) end
  return (flat - low) / (high - low)
end

local function grey(value) return FIRST_GREY + math.floor(value * (GREYS - 1) + 0.5) end

-- A colour of the 6·6·6 cube.
local function cube(r, g, b)
  local function step(v) return math.floor(v * 5 + 0.5) end
  return 16 + 36 * step(r) + 6 * step(g) + step(b)
end

local function coloured(pixels, rows, columns)
  local lines = {}
  for row = 1, rows, 2 do
    local parts, before = {}, nil
    for column = 1, columns do
      local upper, lower = pixels(row, column), row < rows and pixels(row + 1, column) or nil
      local style = lower and ("\27[38;5;%d;48;5;%dm"):format(upper, lower) or ("\27[0;38;5;%dm"):format(upper)
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
      local at = math.floor(value(row, column) * (#SHADES - 1) + 0.5) + 1
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
  if t.rank == 1 and t:numel() > 0 then return internal.need "plot/plot".of(t, "show") end
  local image = image_of(t)
  if t:numel() == 0 then internal.fail(("show: %s is empty"):format(internal.describe(t))) end
  image = normalize(shrink(image:to "f64", look.unicode and look.width or look.width // 2))
  local channels, rows, columns = image.shape[1], image.shape[2], image.shape[3]
  local table_ = image:totable()
  local function value(row, column)
    if channels == 1 then return table_[1][row][column] end
    return 0.299 * table_[1][row][column] + 0.587 * table_[2][row][column] + 0.114 * table_[3][row][column] -- Rec. 601 luma
  end
  if not look.unicode then return shaded(value, rows, columns) end
  if not look.colour then return halves(value, rows, columns) end
  if channels == 1 then return coloured(function(row, column) return grey(value(row, column)) end, rows, columns) end
  return coloured(function(row, column) return cube(table_[1][row][column], table_[2][row][column], table_[3][row][column]) end, rows, columns)
end

function picture.show(t) helpers.put(picture.of(t)) end

return picture
