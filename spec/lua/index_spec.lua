local moth = require "moth"
local message = dofile("spec/lua/helper.lua").message

local function matrix() return moth.tensor{ { 11, 12, 13 }, { 21, 22, 23 }, { 31, 32, 33 }, { 41, 42, 43 } } end

describe("t[i]", function()
  local t = matrix()

  it("is a view of a row, or a number", function()
    assert.same({ 21.0, 22.0, 23.0 }, t[2]:totable())
    assert.equal(22.0, t[2][2])
    assert.equal(43.0, t[-1][-1])
    assert.equal(21.0, t[2.0][1.0])
    local u = matrix()
    u[1]:fill_(0)
    assert.equal(0.0, u[1][3])
  end)

  it("is nil just past the end, so that ipairs works, and an error beyond", function()
    assert.is_nil(t[5])
    assert.is_nil(t[1][4])
    local rows = 0
    for i, row in ipairs(t) do
      rows = rows + 1
      assert.equal(10.0 * i + 1, row[1])
    end
    assert.equal(4, rows)
    assert.equal("index 0: rows of f32[4,3] are 1..4 or -4..-1", message(function() return t[0] end))
    assert.equal("index 6: rows of f32[4,3] are 1..4 or -4..-1", message(function() return t[6] end))
    assert.equal("index -5: rows of f32[4,3] are 1..4 or -4..-1", message(function() return t[-5] end))
    assert.equal("index: 1.5 is not a whole number", message(function() return t[1.5] end))
    assert.equal("index 2: rows of f32[0,3]: there are none", message(function() return moth.zeros(0, 3)[2] end))
    assert.equal("index: f32[] has no rows; t:item() is its value", message(function() return moth.tensor(1)[1] end))
  end)

  it("gives each dtype's own values", function()
    assert.equal("integer", math.type(moth.tensor({ 3 }, { dtype = "u8" })[1]))
    assert.equal("float", math.type(moth.tensor{ 3 }[1]))
    assert.equal(true, moth.tensor{ true }[1])
  end)
end)

describe("t[i] = v", function()
  it("writes numbers, tensors and tables, but never past the end", function()
    local t = matrix()
    t[1] = 0
    t[2] = moth.tensor{ 1, 2, 3 }
    t[3] = { 4, 5, 6 }
    t[-1][2] = 7
    assert.same({ { 0.0, 0.0, 0.0 }, { 1.0, 2.0, 3.0 }, { 4.0, 5.0, 6.0 }, { 41.0, 7.0, 43.0 } }, t:totable())
    assert.equal("index 5: rows of f32[4,3] are 1..4 or -4..-1", message(function() t[5] = 1 end))
    local flags = moth.zeros(2, { dtype = "bool" })
    flags[2] = true
    assert.same({ false, true }, flags:totable())
  end)

  it("refuses what does not fit the dtype", function()
    local bytes = moth.zeros(2, { dtype = "u8" })
    assert.is_truthy(message(function() bytes[1] = 256 end):find("256", 1, true))
    assert.is_truthy(message(function() bytes[1] = 0.5 end):find("0.5", 1, true))
    assert.same({ 0, 0 }, bytes:totable())
  end)
end)

describe("t(…)", function()
  local t = matrix()

  it("takes a number or a range for each axis", function()
    assert.equal(23.0, t(2, 3))
    assert.equal(42.0, t(-1, 2))
    assert.same({ 21.0, 22.0, 23.0 }, t(2):totable())
    assert.same({ 12.0, 22.0, 32.0, 42.0 }, t({}, 2):totable())
    assert.same({ { 22.0, 23.0 }, { 32.0, 33.0 } }, t({ 2, 3 }, { 2, 3 }):totable())
    assert.same({ { 21.0, 22.0, 23.0 }, { 31.0, 32.0, 33.0 }, { 41.0, 42.0, 43.0 } }, t({ 2 }):totable())
    assert.same({ 43.0, 23.0 }, t({ 4, 1, -2 }, -1):totable())
    assert.same({ 13.0, 33.0 }, t({ 1, -1, 2 }, 3):totable())
    assert.is_true(t() == t)
  end)

  it("is a view", function()
    local u = matrix()
    u({ 2, 3 }, 1):zero_()
    assert.same({ 11.0, 0.0, 0.0, 41.0 }, u({}, 1):totable())
  end)

  it("allows empty ranges, as Lua's for does", function()
    assert.same({ 0, 3 }, t({ 3, 2 }).shape)
    assert.same({ 0, 3 }, t({ 5, 4 }).shape)
    assert.same({ 0, 3 }, t({ 1, 0 }).shape)
  end)

  it("tells the axis of what is outside", function()
    assert.equal("index 5: rows of f32[4,3] are 1..4 or -4..-1", message(t, 5, 1))
    assert.equal("index 4: columns of f32[4,3] are 1..3 or -3..-1", message(t, 1, 4))
    assert.equal("index 9: columns of f32[4,3] are 1..3 or -3..-1", message(t, {}, { 2, 9 }))
    assert.equal("index 0: rows of f32[4,3] are 1..4 or -4..-1", message(t, { 0, 2 }))
    assert.equal("index 9: rows of f32[4,3] are 1..4 or -4..-1", message(t, { 9, 8 }))
    assert.equal(("index %d: rows of f32[4,3] are 1..4 or -4..-1"):format(math.maxinteger),
      message(t, { math.maxinteger, math.mininteger, -1 }))
    assert.same({ 1, 3 }, t({ 1, 4, math.maxinteger }).shape)
    assert.same({ 1, 3 }, t({ 4, 1, math.mininteger }).shape)
    assert.equal("index: f32[4,3] has 2 axes, got 3 indices", message(t, 1, 2, 3))
    assert.equal("index: a range's step must not be 0", message(t, { 1, 2, 0 }))
    assert.equal("index: axis 2 takes a number or a range { from, to, step }, got 'x'", message(t, 1, "x"))
  end)
end)

describe("t[mask] and t[ids]", function()
  local t = matrix()

  it("pick elements and rows", function()
    assert.same({ 41.0, 42.0, 43.0 }, t[t:gt(40)]:totable())
    assert.same({ { 41.0, 42.0, 43.0 }, { 11.0, 12.0, 13.0 } }, t[moth.tensor({ -1, 1 }, { dtype = "i64" })]:totable())
    assert.same({ 0, 3 }, t[moth.zeros(0, { dtype = "i64" })].shape)
    assert.is_truthy(message(function() return t[moth.tensor({ 0 }, { dtype = "i64" })] end):find "0")
  end)

  it("write through both", function()
    local u = matrix()
    u[u:gt(20)] = 0
    assert.equal(36.0, u:sum())
    u[u:gt(0)] = moth.tensor{ 1, 2, 3 }
    assert.same({ 1.0, 2.0, 3.0 }, u[1]:totable())
    u[moth.tensor({ 3, 1 }, { dtype = "i64" })] = { { 7 }, { 8 } }
    assert.same({ { 8.0, 8.0, 8.0 }, { 0.0, 0.0, 0.0 }, { 7.0, 7.0, 7.0 }, { 0.0, 0.0, 0.0 } }, u:totable())
  end)

  it("refuse other keys", function()
    local wants = "index: a tensor is indexed by a number, or a tensor of positions or booleans, got "
    assert.equal(wants .. "true", message(function() return t[true] end))
    assert.equal(wants .. "nil", message(function() return t[nil] end))
    assert.equal(wants .. "a table; t({ 2, 4 }, 1) takes ranges", message(function() return t[{}] end))
  end)
end)
