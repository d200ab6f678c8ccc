-- Reading and writing by positions, masks and ranges, and what is said where it cannot be.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local message = helper.message

local function ids(list) return moth.tensor(list, { dtype = "i64" }) end
local function matrix() return moth.range(1, 12):reshape(4, 3) end

describe("t[ids] = v", function()
  it("writes rows, from numbers, tables and tensors that broadcast", function()
    local t = matrix()
    t[ids{ 1, -1 }] = 0
    t[ids{ 2, 3 }] = { { 1 }, { 2 } }
    assert.same({ { 0.0, 0.0, 0.0 }, { 1.0, 1.0, 1.0 }, { 2.0, 2.0, 2.0 }, { 0.0, 0.0, 0.0 } }, t:totable())
    t[ids{ 4, 1 }] = moth.tensor({ 7, 8, 9 }, { dtype = "i64" })
    assert.same({ { 7.0, 8.0, 9.0 }, { 7.0, 8.0, 9.0 } }, { t[1]:totable(), t[4]:totable() })
  end)

  it("lets the last of equal positions win", function()
    local t = moth.zeros(3)
    t[ids{ 2, 2, 2 }] = { 1, 2, 3 }
    assert.same({ 0.0, 3.0, 0.0 }, t:totable())
  end)

  it("reads all before it writes", function()
    local t = moth.range(1, 4)
    t[ids{ 2, 3, 4 }] = t({ 1, 3 })
    assert.same({ 1.0, 1.0, 2.0, 3.0 }, t:totable())
    local p = ids{ 2, 3, 1 }
    p[p] = p
    assert.same({ 1, 2, 3 }, p:totable())
  end)

  it("takes positions that are whole floats, and of several axes", function()
    local t = matrix()
    t[moth.tensor{ 1, 2 }] = 0
    assert.equal(0.0, t({ 1, 2 }):sum())
    assert.same({ 2, 2, 3 }, t[ids{ { 1, 2 }, { 3, 4 } }].shape)
    t[ids{ { 1, 2 }, { 3, 4 } }] = 5
    assert.equal(60.0, t:sum())
  end)

  it("says what is wrong in its own words, and changes nothing", function()
    local t, bytes = matrix(), moth.zeros(3, { dtype = "u8" })
    local function set(u, key, value) return message(function() u[key] = value end) end
    assert.equal("index 5: rows of f32[4,3] are 1..4 or -4..-1", set(t, ids{ 1, 5 }, 0))
    assert.equal("index 0: rows of f32[4,3] are 1..4 or -4..-1", message(function() return t[ids{ 0 }] end))
    assert.equal("index: f32[2] does not broadcast to [1,3]", set(t, ids{ 1 }, moth.zeros(2)))
    assert.equal("index: u8[3] cannot hold 256", set(bytes, ids{ 1 }, 256))
    assert.equal("index: u8[3] cannot hold 1.5", set(bytes, bytes:eq(0), 1.5))
    assert.equal("index: u8[3] cannot hold -1", set(bytes, 2, -1))
    assert.equal("index: f32[3] is read-only", set(matrix():t():expand(3, 4):t(), 1, 0))
    assert.equal("index: the mask bool[3] does not cover the first axes of f32[4,3]", set(t, bytes:eq(0), 0))
    assert.equal("index: f32[2] does not broadcast to [12]", set(t, t:gt(0), moth.zeros(2)))
    assert.equal("index 1.5 in element 1 of f32[1] is not a whole number", set(t, moth.tensor{ 1.5 }, 0))
    assert.equal("index: the value must be a number, a tensor or a table, got nil", set(t, 1, nil))
    assert.equal("index: f32[] has no rows; t:item() is its value", message(function() return moth.tensor(1)[ids{ 1 }] end))
    assert.equal("index: f32[] has no rows; t:fill_(v) sets its value", set(moth.tensor(1), moth.tensor(true), 1))
    assert.is_true(t == matrix())
    assert.same({ 0, 0, 0 }, bytes:totable())
  end)
end)

describe("t.name = v", function()
  it("is an error that knows the name", function()
    local t = moth.zeros(2)
    local function set(name) return message(function() t[name] = 1 end) end
    assert.equal("f32[2]: 'dtype' cannot be set; t:to(dtype) converts a copy", set "dtype")
    assert.equal("f32[2]: 'sum' is a method and cannot be set", set "sum")
    assert.equal("f32[2] has no 'smu'; did you mean 'sum'?", set "smu")
    assert.equal("f32[2] has no 'weights'; values go to t[i], other things into a table of their own", set "weights")
  end)
end)

describe("methods that write by position", function()
  it("scatter, add and put along an axis", function()
    local t = moth.zeros(2, 3)
    assert.equal(t, t:scatter_(2, ids{ { 3 }, { 1 } }, 1))
    assert.same({ { 0.0, 0.0, 1.0 }, { 1.0, 0.0, 0.0 } }, t:totable())
    t:index_add_(2, ids{ 1, 1, -1 }, moth.tensor{ 1, 2, 3 })
    assert.same({ { 3.0, 0.0, 4.0 }, { 4.0, 0.0, 3.0 } }, t:totable())
    t:index_put_(-1, ids{ 2 }, 9)
    assert.same({ { 3.0, 9.0, 4.0 }, { 4.0, 9.0, 3.0 } }, t:totable())
    assert.same({ { 4.0 }, { 4.0 } }, t:gather(2, ids{ { 3 }, { 1 } }):totable())
  end)

  it("count words: a histogram of positions", function()
    local counts = moth.zeros(3, { dtype = "i64" })
    counts:index_add_(1, ids{ 1, 3, 3, 1, 3 }, 1)
    assert.same({ 2, 0, 3 }, counts:totable())
    assert.equal("index_add_: i64[3] and 0.5 give f32; in place the dtype stays i64", message(counts.index_add_, counts, 1, ids{ 1 }, 0.5))
    assert.equal("index_add_: argument 2 must be a tensor of positions, got 1", message(counts.index_add_, counts, 1, 1, 1))
    assert.equal("index_add_: index 4: rows of i64[3] are 1..3 or -3..-1", message(counts.index_add_, counts, 1, ids{ 4 }, 1))
  end)
end)

describe("masks", function()
  it("find where they hold", function()
    local t = moth.tensor{ { 0, 2 }, { 3, 0 } }
    assert.same({ { 1, 2 }, { 2, 1 } }, t:nonzero():totable())
    assert.same({ { 2.0, 3.0 } }, { t[t:gt(0)]:totable() })
    assert.same({ 0, 2 }, t:gt(9):nonzero().shape)
  end)

  it("fill and choose, broadcast", function()
    local t = matrix()
    t:masked_fill_(t:gt(6), -1)
    assert.equal(21.0 - 6, t:sum())
    assert.same({ { 1.0, 0.0, 3.0 } }, { moth.tensor{ true, false, true }:where(t[1], 0):totable() })
  end)

  it("are spread over blocks, and through strides", function()
    local t = moth.range(1, 24):reshape(4, 3, 2)
    local half = moth.tensor{ true, false, false, true }
    assert.same({ 2, 3, 2 }, t[half].shape)
    t:transpose(1, 3)[moth.tensor{ true, false }] = 0
    assert.equal(156.0, t:sum())
    t[half] = t[half] * 2
    assert.equal(156.0 + 4 + 20 + 22 + 24 + 2 + 6, t:sum())
  end)
end)

describe("ranges", function()
  local t = matrix()
  it("count from either end and step either way", function()
    assert.same({ { 12.0, 10.0 }, { 6.0, 4.0 } }, t({ -1, 1, -2 }, { -1, 1, -2 }):totable())
    assert.same({ 3.0, 6.0, 9.0, 12.0 }, t({}, -1):totable())
    assert.same({ 0, 3 }, t({ 3, 2 }).shape)
    assert.equal(5.0, t(2.0, -2))
  end)

  it("are told about by axis", function()
    assert.equal("index 9: columns of f32[4,3] are 1..3 or -3..-1", message(t, 1, { 1, 9 }))
    assert.equal("index: axis 2 takes a number or a range { from, to, step }, got 'x'", message(t, 1, "x"))
    local entries = "index: a range is { from, to, step }, got %s; t[ids], with a tensor of positions, picks rows"
    assert.equal(entries:format "4 entries", message(t, { 1, 2, 3, 4 }))
    assert.equal("index: a range is { from, to, step }, without names", message(t, 1, { from = 1, to = 2 }))
    assert.same({ 1, 3 }, t({ [2] = 1 }).shape) -- from the first on
    assert.equal("index -9223372036854775808: rows of f32[4,3] are 1..4 or -4..-1", message(function() return t[math.mininteger] end))
    assert.equal("sum: axis -9223372036854775807: f32[4,3] has axes 1..2 or -2..-1", message(t.sum, t, math.mininteger))
    assert.equal("sum: axis 9223372036854775807: f32[4,3] has axes 1..2 or -2..-1", message(t.sum, t, math.maxinteger))
  end)
end)
