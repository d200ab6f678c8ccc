local moth = require "moth"
local message = dofile("spec/lua/helper.lua").message

describe("tostring of a tensor", function()
  it("has the header first and one scale", function()
    assert.equal("f32[2,2]\n  0.5000  -1.2500\n  3.0000   0.0000", tostring(moth.tensor{ { 0.5, -1.25 }, { 3, 0 } }))
  end)

  it("puts one axis on one line", function()
    assert.equal("f32[3]    0.5000    1.5000   10.0000", tostring(moth.tensor{ 0.5, 1.5, 10 }))
    assert.equal("f32[2]  -0.5000   1.5000", tostring(moth.tensor{ -0.5, 1.5 }))
    assert.equal("i64[3]   1  20  -3", tostring(moth.tensor({ 1, 20, -3 }, { dtype = "i64" })))
    assert.equal("bool[2]   true  false", tostring(moth.tensor{ true, false }))
  end)

  it("writes whole floats without a fraction", function()
    assert.equal("f32[4,1]\n  0\n  1\n  1\n  0", tostring(moth.tensor{ { 0 }, { 1 }, { 1 }, { 0 } }))
  end)

  it("counts what is not finite and turns to exponents where it must", function()
    assert.equal("f32[4] (1 nan)   1.0000e-08   1.0000e+00   1.0000e+06          nan", tostring(moth.tensor{ 1e-8, 1, 1e6, 0/0 }))
    assert.equal("f32[3] (2 inf)     1   inf  -inf", tostring(moth.tensor{ 1, 1/0, -1/0 }))
  end)

  it("writes numbers, empty and more-dimensional tensors", function()
    assert.equal("f32[]   2.5000", tostring(moth.tensor(2.5)))
    assert.equal("f32[0,3]", tostring(moth.zeros(0, 3)))
    assert.equal("f32[2,1,2]\n [1]\n  1   1\n [2]\n  1   1", tostring(moth.ones(2, 1, 2)))
  end)

  it("shows edges of what is large, never wider than the terminal", function()
    local lines = {}
    for line in tostring(moth.zeros(1000, 300)):gmatch "[^\n]+" do lines[#lines + 1] = line end
    assert.equal("f32[1000,300]", lines[1])
    assert.equal("  0   0   0  ...   0   0   0", lines[2])
    assert.equal(" ...", lines[5])
    assert.equal(8, #lines)
    for _, line in ipairs(lines) do assert.is_true(#line <= 80) end
    for columns = 1, 60 do
      for line in tostring(moth.rand(2, columns)):gmatch "[^\n]+" do assert.is_true(#line <= 80) end
    end
    assert.equal("f32[300]   0   0   0  ...   0   0   0", tostring(moth.zeros(300)))
  end)

  it("shows strided and sliced tensors as they are", function()
    local t = moth.tensor{ { 1, 2, 3 }, { 4, 5, 6 } }
    assert.equal("f32[3,2]\n  1   4\n  2   5\n  3   6", tostring(t:t()))
    assert.equal("f32[2]   6   3", tostring(t({ 2, 1, -1 }, 3)))
  end)

  it("follows moth.printing", function()
    local before = moth.printing()
    moth.printing{ digits = 2, edge = 1, max = 4 }
    assert.equal("f32[3,3]\n  0.50  ...   0.50\n ...\n  0.50  ...   0.50", tostring(moth.full({ 3, 3 }, 0.5)))
    moth.printing(before)
    assert.same({ digits = 4, edge = 3, max = 1000, width = 80 }, before)
    assert.equal("printing: no option 'digit'; did you mean 'digits'?", message(moth.printing, { digit = 3 }))
    assert.equal("printing: edge must be 1..1000, got 0", message(moth.printing, { edge = 0 }))
  end)
end)

describe("moth.show", function()
  local function shown(...)
    local text
    local real = _G.print
    _G.print = function(line) text = line end
    local ok, problem = pcall(moth.show, ...)
    _G.print = real
    assert(ok, problem)
    return text
  end

  it("prints as the prompt does", function()
    assert.equal("1\tx\tnil", shown(1, "x", nil))
    assert.equal("{ 1, \"a\", b = f32[2], c = { … } }", shown{ 1, "a", c = { 1 }, b = moth.zeros(2) })
    assert.equal("{}", shown{})
  end)
end)
