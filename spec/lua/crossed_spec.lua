-- Operands that lie across the result are turned a tile at a time: the answers are those of contiguous copies, whatever the dtypes, sizes and
-- functions, in place too.
local moth = require "moth"

local sizes = { { 31, 33 }, { 32, 32 }, { 33, 65 }, { 70, 203 }, { 257, 40 } }
local dtypes = { "f32", "f64", "i64", "u8", "bool" }

local function filled(rows, columns, dtype, seed)
  local t = moth.randint(0, 9, { rows, columns, gen = moth.generator(seed) }):to(dtype)
  return (dtype == "f32" or dtype == "f64") and t + 0.5 or t
end

-- Calls f(a, b) for shapes and dtypes of two operands of the same shape, of which a lies across.
local function each(f)
  local count = 0
  for _, size in ipairs(sizes) do
    for i, first in ipairs(dtypes) do
      for j, second in ipairs(dtypes) do
        f(filled(size[2], size[1], first, i):t(), filled(size[1], size[2], second, 10 + j), first, second)
        count = count + 1
      end
    end
  end
  assert.equal(125, count)
end

local functions = {
  add = function(a, b) return a:add(b) end,
  reversed = function(a, b) return b:mul(a) end,
  maximum = function(a, b) return a:maximum(b) end,
  gt = function(a, b) return a:gt(b) end,
  both = function(a, b) return a:ge(b:t():contiguous():t()) end,
  where = function(a, b) return b:gt(3):where(a, 1) end,
  chosen = function(a, b) return a:gt(3):where(b, a) end,
  number = function(a) return a:add(2) end,
  row = function(a, b) return a + b({ 1, 1 }, {}) end,
  column = function(a, b) return a + b({}, { 1, 1 }) end,
  sqrt = function(a) return a:sqrt() end,
  clamp = function(a) return a:to("f64"):t():contiguous():t():clamp(2, 5) end,
  flipped = function(a, b) return a:flip(1) + b:flip(2) end,
  to = function(a) return a:to("f64"):add(0) end,
}

describe("operands across the result", function()
  for name, f in pairs(functions) do
    it("give " .. name .. " what copies give", function()
      each(function(a, b, first, second)
        assert.is_false(a:is_contiguous())
        local got, want = f(a, b), f(a:contiguous(), b)
        assert.is_true(got:is_contiguous())
        assert.equal(want.dtype, got.dtype)
        assert.is_true(got == want, ("%s of %s and %s, %s"):format(name, first, second, table.concat(a.shape, "x")))
      end)
    end)
  end

  it("are written in place as contiguous ones are", function()
    each(function(a, b, first, second)
      if first ~= second or first == "bool" then return end
      local want = a:contiguous():add_(b)
      local across, beside = a:t():contiguous():t(), a:contiguous()
      assert.is_true(across:add_(b) == want)
      assert.is_true(beside:add_(b:t():contiguous():t()) == want)
      local square = filled(67, 67, first, 3)
      local sum = square + square:t():clone()
      assert.is_true(square:add_(square:t()) == sum)
    end)
  end)

  it("lie in stacks too", function()
    local a, b = moth.randn{ 3, 65, 40 }, moth.randn{ 3, 40, 65 }
    assert.is_true(a:transpose(2, 3) + b == a:transpose(2, 3):contiguous() + b)
    assert.is_true(a:transpose(1, 3):exp() == a:transpose(1, 3):contiguous():exp())
  end)
end)
