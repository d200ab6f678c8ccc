-- Every operation against NumPy 2: spec/fixtures/make_numpy.py made the cases and describes their form.
local moth = require "moth"

-- ---- Operands --------------------------------------------------------------------------------------------------------------------------

local SPECIALS = { 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, math.huge, -math.huge, 0 / 0, 1e-30, -1e30, 3.0, 1.5, -0.75, 100.0, 2.0 }

local function element(dtype, values, r)
  if dtype == "bool" then return r & 1 == 1 end
  if values == "special" then return SPECIALS[r % 16 + 1] end
  if values == "few" then return r % 4 end
  if values == "positive" then return (dtype == "i64" or dtype == "u8") and r % 5 + 1 or (r % 2048 + 1) / 256 end
  if values == "unit" then return (r % 2047 - 1023) / 1024 end
  if dtype == "u8" then return r % 256 end
  if dtype == "i64" then return r % 41 - 20 end
  return (r % 2048 - 1024) / 256
end

local function draw(dtype, count, values, seed)
  local state, list = seed * 0x9E3779B97F4A7C15, {}
  for i = 1, count do
    state = state * 6364136223846793005 + 1442695040888963407
    list[i] = element(dtype, values, state >> 40)
  end
  return list
end

local function sizes(text)
  local shape, count = {}, 1
  if text == "-" then return shape, count end
  for size in text:gmatch "%d+" do
    shape[#shape + 1] = tonumber(size)
    count = count * tonumber(size)
  end
  return shape, count
end

local function made(list, shape, dtype)
  if #shape == 0 then return moth.tensor(list[1], { dtype = dtype }) end
  if #list == 0 then return moth.zeros{ dtype = dtype, table.unpack(shape) } end
  return moth.tensor(list, { dtype = dtype }):reshape(table.unpack(shape))
end

-- The same elements behind other strides.
local layouts = {}

function layouts.plain(list, shape, dtype) return made(list, shape, dtype) end

function layouts.transposed(list, shape, dtype)
  local rank, reversed, axes, strides, stored = #shape, {}, {}, {}, {}
  local stride = 1
  for i = 1, rank do
    reversed[i], axes[i] = shape[rank + 1 - i], rank + 1 - i
    strides[i] = stride -- of axis i of the view, in the storage
    stride = stride * shape[i]
  end
  local at = {}
  for i = 1, rank do at[i] = 0 end
  for i = 1, #list do
    local place = 1
    for axis = 1, rank do place = place + at[axis] * strides[axis] end
    stored[place] = list[i]
    for axis = rank, 1, -1 do
      at[axis] = at[axis] + 1
      if at[axis] < shape[axis] then break end
      at[axis] = 0
    end
  end
  return made(stored, reversed, dtype):permute(table.unpack(axes))
end

function layouts.stepped(list, shape, dtype)
  local stored, wide, whole = {}, { table.unpack(shape) }, {}
  for i, value in ipairs(list) do stored[2 * i - 1], stored[2 * i] = value, list[1] end
  wide[#wide] = wide[#wide] * 2
  for i = 1, #shape - 1 do whole[i] = {} end
  whole[#shape] = { 1, wide[#wide], 2 }
  return made(stored, wide, dtype)(table.unpack(whole))
end

function layouts.flipped(list, shape, dtype)
  local stored, block = {}, #list // shape[1]
  for row = 1, shape[1] do table.move(list, (shape[1] - row) * block + 1, (shape[1] - row + 1) * block, #stored + 1, stored) end
  return made(stored, shape, dtype){ -1, 1, -1 }
end

function layouts.offset(list, shape, dtype)
  local stored, block, tall = {}, #list // shape[1], { table.unpack(shape) }
  for i = 1, block do stored[i] = list[1] end
  table.move(list, 1, #list, block + 1, stored)
  for _ = 1, block do stored[#stored + 1] = list[1] end
  tall[1] = tall[1] + 2
  return made(stored, tall, dtype):narrow(1, 2, shape[1])
end

local function operand(text)
  local dtype, shape_text, layout, values, seed = text:match "^(%w+)/([^/]+)/(%w+)/(%w+)/(%d+)$"
  local shape, count = sizes(shape_text)
  return layouts[layout](draw(dtype, count, values, tonumber(seed)), shape, dtype)
end

-- ---- Results ---------------------------------------------------------------------------------------------------------------------------

-- A place on the line of all values of the format, one a unit in the last place; nil for nan.
local function place(value, format, integer, sign)
  if value ~= value then return nil end
  local bits = string.unpack(integer, string.pack(format, value))
  return bits < 0 and sign - bits or bits
end

local function distance(a, b, double)
  local pa, pb
  if double then pa, pb = place(a, "<d", "<i8", math.mininteger), place(b, "<d", "<i8", math.mininteger)
  else pa, pb = place(a, "<f", "<i4", -0x80000000), place(b, "<f", "<i4", -0x80000000) end
  if not pa or not pb then return pa == pb and 0 or math.huge end
  return math.abs(pa - pb)
end

local function value_of(text, double)
  if text == "nan" then return 0 / 0 end
  return (string.unpack(double and ">d" or ">f", (text:gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end))))
end

local function check_number(got, text, bound)
  if math.type(got) ~= "float" then return ("got %s, a float was expected"):format(got) end
  local expected = value_of(text, true)
  if distance(got, expected, true) > bound then return ("%.17g, expected %.17g"):format(got, expected) end
end

local function check_tensor(got, dtype, shape_text, list, bound)
  if type(got) ~= "userdata" then return ("got %s, a tensor was expected"):format(got) end
  local shape = table.concat(got.shape, "x")
  if got.dtype ~= dtype or (shape == "" and "-" or shape) ~= shape_text then
    return ("%s[%s], expected %s[%s]"):format(got.dtype, shape, dtype, shape_text)
  end
  local flat, i, real, double = got:reshape(got:numel()):totable(), 0, dtype:sub(1, 1) == "f", dtype == "f64"
  for text in list:gmatch "[^,]+" do
    i = i + 1
    local value = flat[i]
    if real then
      local expected = value_of(text, double)
      if distance(value, expected, double) > bound then return ("element %d: %.17g, expected %.17g"):format(i, value, expected) end
    elseif (value == true and 1 or value == false and 0 or value) ~= math.tointeger(text) then
      return ("element %d: %s, expected %s"):format(i, value, text)
    end
  end
  if i ~= #flat then return ("%d elements, expected %d"):format(#flat, i) end
end

local function check(got, text)
  local kind, rest = text:match "^(%w+)/(.*)$"
  if kind == "number" then
    local bits, bound = rest:match "^(%w+)/(%d+)$"
    return check_number(got, bits, tonumber(bound))
  elseif kind == "integer" then
    return (math.type(got) ~= "integer" or got ~= math.tointeger(rest)) and ("%s, expected %s"):format(got, rest) or nil
  elseif kind == "boolean" then
    return tostring(got) ~= rest and ("%s, expected %s"):format(got, rest) or nil
  end
  local shape, list, bound = rest:match "^([^/]+)/([^/]*)/(%d+)$"
  return check_tensor(got, kind, shape, list, tonumber(bound))
end

local compiled = {}

local function run(line)
  local expression, operands, results = line:match "^(.-)\t(.-)\t(.*)$"
  compiled[expression] = compiled[expression] or assert(load("local moth, A, B, C = ... return " .. expression))
  local given = { n = 0 }
  for text in operands:gmatch "%S+" do
    given.n = given.n + 1
    given[given.n] = operand(text)
  end
  local got = table.pack(pcall(compiled[expression], moth, table.unpack(given, 1, given.n)))
  if not got[1] then return got[2] end
  local i = 1
  for text in results:gmatch "%S+" do
    i = i + 1
    local problem = check(got[i], text)
    if problem then return i > 2 and ("result %d: %s"):format(i - 1, problem) or problem end
  end
  if got.n ~= i then return ("%d results, expected %d"):format(got.n - 1, i - 1) end
end

-- ---- The cases -------------------------------------------------------------------------------------------------------------------------

local groups, names, total = {}, {}, 0
local file = assert(io.popen("gzip -dc spec/fixtures/numpy.txt.gz", "r"))
for line in file:lines() do
  local expression = line:match "^[^\t]*"
  local name = expression:match "^moth%.(%w+)" or expression:match ":([%w_]+)" or expression:match "^A[%[(]" or "operators"
  if not groups[name] then
    groups[name] = {}
    names[#names + 1] = name
  end
  table.insert(groups[name], line)
  total = total + 1
end
file:close()

describe("as NumPy:", function()
  it("there are at least 20,000 cases", function() assert.is_true(total >= 20000, tostring(total)) end)

  for _, name in ipairs(names) do
    it(name, function()
      local failures, told = 0, {}
      for _, line in ipairs(groups[name]) do
        local problem = run(line)
        if problem then
          failures = failures + 1
          if failures <= 5 then told[failures] = line:match "^(.-\t.-)\t" .. ": " .. problem end
        end
      end
      assert(failures == 0, ("%d of %d cases fail:\n%s"):format(failures, #groups[name], table.concat(told, "\n")))
    end)
  end
end)
