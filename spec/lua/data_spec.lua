local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local message = helper.message

local function numbered(n)
  return moth.dataset{ x = moth.range(1, n):reshape(n, 1), y = moth.range(1, n):reshape(n, 1) }
end

local function file_of(text, ending) return helper.write(helper.path(ending or ".csv"), text) end

describe("moth.dataset", function()
  it("holds tensors, tables too, and shares them", function()
    local x = moth.zeros(4, 2)
    local data = moth.dataset{ x = x, y = moth.tensor({ 1, 2, 1, 2 }, { dtype = "i64" }), classes = { "no", "yes" } }
    assert.equal(4, #data)
    data.x:fill_(3)
    assert.equal(24.0, x:sum())
    assert.same({ "no", "yes" }, data.classes)
    assert.equal("yes", data.classes[data.y[2]])
    assert.is_nil(data.weight)
    assert.equal(2, #moth.dataset{ { { 1 }, { 2 } }, { { 3 }, { 4 } } })
    assert.is_nil(numbered(3).classes)
  end)

  it("tells what is wrong", function()
    assert.is_truthy(message(moth.dataset, { x = moth.zeros(4, 2), y = moth.zeros(3, 1) }):find("4", 1, true))
    assert.equal("dataset: no option 'labels'; here it is 'y' (options: x y weight classes)",
      message(moth.dataset, { moth.zeros(1, 1), labels = 1 }))
    assert.equal("a data set has no 'clases'; did you mean 'classes'?", message(function() return numbered(2).clases end))
    assert.equal("a data set has no 'rows' (x y weight classes)", message(function() return numbered(2).rows end))
    assert.equal("a data set is not indexed by 1; data.x[i] is a sample", message(function() return numbered(2)[1] end))
  end)

  it("prints its columns and first rows", function()
    assert.equal("data  5 rows   x f32[1]   y f32[1]\n    1  1   1\n    2  2   2\n    3  3   3\n  ...", tostring(numbered(5)))
  end)

  it("prints rows whose columns stand alike and fit the window", function()
    local data = moth.dataset{ { { 0, 1, -10 }, { 22, 3, 0 } }, { { 1 }, { -1 } } }
    assert.equal("data  2 rows   x f32[3]   y f32[1]\n    1   0    1  -10    1\n    2  22    3    0   -1", tostring(data))
    local wide = moth.dataset{ x = moth.range(1, 120):reshape(2, 60), y = moth.tensor({ 2, 1 }, { dtype = "i64" }),
                               classes = { "dog", "elephant" } }
    local before = moth.printing().width
    moth.printing{ width = 52 }
    local text = tostring(wide)
    assert.equal(52, moth.printing().width)
    moth.printing{ width = before }
    assert.equal("data  2 rows   x f32[60]   y i64[]   2 classes\n" ..
      '    1   1     2  ...    59    60   "elephant"\n' ..
      '    2  61    62  ...   119   120   "dog"', text)
    assert.equal("data  1 row   x f32[2,2]\n    1  f32[2,2]", tostring(moth.dataset{ moth.ones(1, 2, 2) }))
  end)
end)

describe("parts of a data set", function()
  it("are split by fractions, at random or in order", function()
    local a, b, c = numbered(100):split(0.7, 0.2, 0.1)
    assert.same({ 70, 20, 10 }, { #a, #b, #c })
    assert.equal(5050.0, a.x:sum() + b.x:sum() + c.x:sum())
    local first = numbered(10):split(0.3, 0.7, { shuffle = false })
    assert.same({ { 1.0 }, { 2.0 }, { 3.0 } }, first.x:totable())
    local one, two = numbered(10):split(0.5, { seed = 3 }), numbered(10):split(0.5, { seed = 3 })
    assert.is_true(one.x == two.x)
    assert.equal("split: takes fractions such as 0.8, 0.2, got nothing", message(numbered(3).split, numbered(3)))
    assert.equal("split: no option 'sed'; did you mean 'seed'?", message(numbered(3).split, numbered(3), 0.5, { sed = 1 }))
    assert.equal("split: argument 1 must be a data set, got 0.5; write data:split(0.8, 0.2), with a colon", message(numbered(3).split, 0.5))
  end)

  it("are taken, selected and shuffled without copies", function()
    local data = numbered(5)
    assert.same({ { 1.0 }, { 2.0 } }, data:take(2).x:totable())
    assert.same({ { 5.0 }, { 1.0 } }, data:select{ -1, 1 }.x:totable())
    assert.same({ { 2.0 } }, data:select(moth.tensor({ 2 }, { dtype = "i64" })).x:totable())
    assert.is_true(data:shuffle(1).x == data:shuffle(1).x)
    assert.equal(15.0, data:shuffle().x:sum())
  end)
end)

describe("data:batches", function()
  it("iterates over all rows in batches", function()
    local sizes, sum = {}, 0
    for x, y in numbered(10):batches{ size = 4 } do
      sizes[#sizes + 1] = #x
      sum = sum + y:sum()
    end
    assert.same({ 4, 4, 2 }, sizes)
    assert.equal(55.0, sum)
    local count = 0
    for x in numbered(10):batches{ size = 4, drop_last = true, shuffle = true } do count = count + #x end
    assert.equal(8, count)
  end)

  it("gives its buffers back on break", function()
    local iterator, _, _, closing = numbered(10):batches(4)
    for _ in iterator, nil, nil, closing do break end
    assert.equal("batches: the batch iterator is closed", message(iterator))
  end)

  it("has no y where the set has none", function()
    for x, y in moth.dataset{ x = moth.zeros(2, 1) }:batches(2) do
      assert.equal(2, #x)
      assert.is_nil(y)
    end
  end)
end)

describe("moth.csv", function()
  it("reads numbers and classes", function()
    local path = file_of "1,2,a\n3,4,b\n5,6,a\n"
    local data = moth.csv(path, { label = -1 })
    assert.same({ { 1.0, 2.0 }, { 3.0, 4.0 }, { 5.0, 6.0 } }, data.x:totable())
    assert.same({ 1, 2, 1 }, data.y:totable())
    assert.same({ "a", "b" }, data.classes)
    helper.with_dtype(moth, "f64", function() assert.equal("f64", moth.csv(path, { label = 3 }).x.dtype) end)
  end)

  it("tells of wrong options, paths and columns", function()
    local path = file_of "1,2\n3,4\n"
    assert.equal("csv: no option 'lable'; did you mean 'label'?", message(moth.csv, path, { lable = 1 }))
    assert.equal("csv: the path must be a string, got nil", message(moth.csv, nil))
    assert.is_truthy(message(moth.csv, path, { target = 3 }):find("1..2 or -2..-1", 1, true))
    os.remove(path)
    assert.is_truthy(message(moth.csv, path):find("cannot open", 1, true))
  end)
end)

describe("moth.idx", function()
  local function idx(kind, sizes, bytes)
    return string.char(0, 0, kind, #sizes) .. string.pack((">I4"):rep(#sizes), table.unpack(sizes)) .. bytes
  end

  it("reads one file as a tensor, two as a data set", function()
    local images, labels = file_of(idx(8, { 2, 2, 2 }, string.char(0, 51, 102, 255, 255, 0, 0, 0)), ""), file_of(idx(8, { 2 }, "\0\1"), "")
    local t = moth.idx(images)
    assert.equal("u8", t.dtype)
    assert.same({ 2, 2, 2 }, t.shape)
    local data = moth.idx(images, labels)
    assert.equal(2, #data)
    helper.near({ { 0, 0.2 }, { 0.4, 1 } }, data.x[1]:totable())
    assert.same({ 1, 2 }, data.y:totable())
    assert.equal(255, moth.idx(images, labels, { scale = 1 }).x:max())
  end)
end)

describe("moth.classes", function()
  it("numbers labels in order of value, or of bytes", function()
    local numbers, names = moth.classes(moth.tensor{ 7, 0, 7, 3 })
    assert.same({ 3, 1, 3, 2 }, numbers:totable())
    assert.equal("i64", numbers.dtype)
    assert.same({ "0", "3", "7" }, names)
    numbers, names = moth.classes{ "b", "a", "b" }
    assert.same({ 2, 1, 2 }, numbers:totable())
    assert.same({ "a", "b" }, names)
    numbers, names = moth.classes{ 10, 9, 10 }
    assert.same({ 2, 1, 2 }, numbers:totable())
    assert.same({ "9", "10" }, names)
    numbers = moth.classes{ "10", "9" }
    assert.same({ 2, 1 }, numbers:totable())
    assert.equal("classes: label 2 must be a number or a string, got true", message(moth.classes, { 1, true }))
  end)
end)
