-- A canvas of characters that curves are drawn on: in braille, 2 by 4 dots a cell, or with a letter for each curve. canvas.new(columns,
-- rows, unicode) has fields width and height in dots; canvas:line(x1, y1, x2, y2, curve) draws from dot to dot, (0, 0) at the top left;
-- canvas:text(colours) → a list of lines, their ends left bare.
local canvas = {}
canvas.__index = canvas

-- Bits of a braille cell's dots (Unicode, section 21.1): rows of left and right.
local dots = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } }
-- How long each curve draws and pauses, in dots along x.
local dashes = { { 1, 0 }, { 3, 1 }, { 1, 1 }, { 6, 2 }, { 4, 3 }, { 1, 2 } }
local letters = "ox+*#@abcdefghijklmnpqrstuvwyz%&$=~^"

-- A curve's dash, from 1 to 6, and letter. Colours go round in six as well: 36 curves have each a pair of its own.
function canvas.dash(curve) return (curve - 1 + (curve - 1) // #dashes) % #dashes + 1 end
function canvas.letter(curve) return letters:sub((curve - 1) % #letters + 1, (curve - 1) % #letters + 1) end

function canvas.new(columns, rows, unicode)
  local self = { columns = columns, rows = rows, unicode = unicode, cells = {}, owners = {} }
  self.width, self.height = unicode and 2 * columns or columns, unicode and 4 * rows or rows
  return setmetatable(self, canvas)
end

function canvas:dot(x, y, curve)
  if x < 0 or y < 0 or x >= self.width or y >= self.height then return end
  local dash = dashes[canvas.dash(curve)]
  if self.unicode and dash[2] > 0 and x % (dash[1] + dash[2]) >= dash[1] then return end
  local column, row = self.unicode and x // 2 or x, self.unicode and y // 4 or y
  local at = row * self.columns + column
  if self.unicode then self.cells[at] = (self.cells[at] or 0) | dots[y % 4 + 1][x % 2 + 1]
  else self.cells[at] = curve end
  self.owners[at] = curve
end

-- Bresenham's line (1965).
function canvas:line(x1, y1, x2, y2, curve)
  local dx, dy = math.abs(x2 - x1), -math.abs(y2 - y1)
  local sx, sy = x1 < x2 and 1 or -1, y1 < y2 and 1 or -1
  local gap = dx + dy
  while true do
    self:dot(x1, y1, curve)
    if x1 == x2 and y1 == y2 then return end
    local twice = 2 * gap
    if twice >= dy then gap, x1 = gap + dy, x1 + sx end
    if twice <= dx then gap, y1 = gap + dx, y1 + sy end
  end
end

-- colours: a function of a text and its curve.
function canvas:text(colours)
  local lines = {}
  for row = 0, self.rows - 1 do
    local parts, last = {}, -1
    for column = 0, self.columns - 1 do
      if self.cells[row * self.columns + column] then last = column end
    end
    for column = 0, last do
      local at = row * self.columns + column
      local cell = self.cells[at]
      if not cell then parts[#parts + 1] = self.unicode and "\u{2800}" or " "
      else parts[#parts + 1] = colours(self.unicode and utf8.char(0x2800 + cell) or canvas.letter(cell), self.owners[at]) end
    end
    lines[row + 1] = table.concat(parts)
  end
  return lines
end

-- How many columns of a row are drawn on.
function canvas:used(row)
  for column = self.columns - 1, 0, -1 do
    if self.cells[row * self.columns + column] then return column + 1 end
  end
  return 0
end

return canvas
