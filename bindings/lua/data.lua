-- moth.classes of tables and names, and the first rows of a printed data set.
local moth, helpers, internal = ...

local printing = moth.printing

local function name_of(value)
  if math.type(value) == "float" and value == math.floor(value) and math.abs(value) < 2^53 then return ("%d"):format(value) end
  return type(value) == "number" and helpers.number("%.14g", value) or tostring(value)
end

-- Labels that are all numbers in order of value, others in byte order.
local function classes_of_table(labels)
  local numbers, seen, values = true, {}, {}
  for i = 1, #labels do
    local label = labels[i]
    local kind = type(label)
    if kind ~= "number" and kind ~= "string" then
      internal.fail(("classes: label %d must be a number or a string, got %s"):format(i, internal.describe(label)))
    end
    if label ~= label then internal.fail(("classes: nan in row %d of y"):format(i)) end
    numbers = numbers and tonumber(label) ~= nil
    if not seen[label] then
      seen[label] = true
      values[#values + 1] = label
    end
  end
  table.sort(values, numbers and function(a, b) return tonumber(a) < tonumber(b) end or function(a, b) return tostring(a) < tostring(b) end)
  local names, number_of = {}, {}
  for i, value in ipairs(values) do names[i], number_of[value] = name_of(value), i end
  local found = {}
  for i = 1, #labels do found[i] = number_of[labels[i]] end
  return moth.tensor(found, { dtype = "i64" }), names
end

-- y', names: class numbers 1..C, and the classes' names. of_tensor: for tensors, numbers and values.
local function classes(y, of_tensor)
  if type(y) == "table" then return classes_of_table(y) end
  local numbers, values = of_tensor(y)
  local names = values:totable()
  for i, value in ipairs(names) do names[i] = name_of(value) end
  return numbers, names
end

local ROWS = 3

local function sample_text(value)
  if internal.kind(value) ~= "tensor" then return name_of(value) end
  local text = tostring(value)
  return text:find("\n", 1, true) and internal.describe(value) or text:gsub("^[^%s]*%s+", "")
end

-- The rows of a matrix as lines whose columns stand alike; nil where it is none, or takes other lines.
local function matrix_lines(t, width)
  if internal.kind(t) ~= "tensor" or t.rank ~= 2 then return nil end
  local before = printing().width
  printing{ width = math.max(20, width) }
  local ok, text = pcall(tostring, t)
  printing{ width = before }
  if not ok then error(text, 0) end
  local lines, margin = {}, math.huge
  for line in text:gmatch "\n([^\n]*)" do
    lines[#lines + 1], margin = line, math.min(margin, #line:match "^ *")
  end
  if #lines ~= #t then return nil end
  for i, line in ipairs(lines) do lines[i] = line:sub(margin + 1) end
  return lines
end

local function sample_lines(t, width)
  local lines = matrix_lines(t, width)
  if lines then return lines end
  lines = {}
  for i = 1, #t do lines[i] = sample_text(t[i]) end
  return lines
end

local function target_lines(y, classes, width)
  local lines = {}
  if not classes then return sample_lines(y, width) end
  for i = 1, #y do
    local label = classes[y[i]]
    lines[i] = label and ("%q"):format(label) or sample_text(y[i])
  end
  return lines
end

local MARGIN, GAP = 7, 3 -- columns before a row, and before its target

function helpers.data_rows(data)
  if #data == 0 then return "" end
  local first = data:take(math.min(ROWS, #data))
  local x, y, room, columns_of = first.x, first.y, printing().width - MARGIN, internal.need "width".of
  local targets, widest, lines = y and target_lines(y, data.classes, room // 2), 0, {}
  for _, target in ipairs(targets or {}) do widest = math.max(widest, columns_of(target) + GAP) end
  for i, sample in ipairs(sample_lines(x, room - widest)) do
    lines[i] = ("\n%5d  %s%s"):format(i, sample, targets and (" "):rep(GAP) .. targets[i] or "")
  end
  if #data > #first then lines[#lines + 1] = "\n  ..." end
  return table.concat(lines)
end

return classes
