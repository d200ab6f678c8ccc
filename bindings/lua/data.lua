-- moth.classes of tables and names, and the first rows of a printed data set.
local moth, helpers, internal = ...

local function name_of(value)
  if math.type(value) == "float" and value == math.floor(value) and math.abs(value) < 2^53 then return ("%d"):format(value) end
  return type(value) == "number" and ("%.14g"):format(value) or tostring(value)
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

function helpers.data_rows(data)
  local lines = {}
  if #data == 0 then return "" end
  local first = data:take(math.min(ROWS, #data))
  local x, y, classes = first.x, first.y, data.classes
  for i = 1, #first do
    local target = ""
    if y then
      local label = classes and classes[y[i]]
      target = "   " .. (label and ("%q"):format(label) or sample_text(y[i]))
    end
    lines[i] = ("\n%5d  %s%s"):format(i, sample_text(x[i]), target)
  end
  if #data > #first then lines[#lines + 1] = "\n  ..." end
  return table.concat(lines)
end

return classes
