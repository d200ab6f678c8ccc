-- Linear algebra against NumPy (spec/fixtures/make_linear.py), in both dtypes, and what it says of matrices it cannot take.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local message = helper.message
local cases = dofile "spec/fixtures/linear.lua"
local epsilon = { f32 = 2^-23, f64 = 2^-52 }

-- The largest difference against the largest expected value: rounding grows with it.
local function assert_near(expected, got, tolerance)
  if type(got) == "number" then expected, got = moth.tensor({ expected }, { dtype = "f64" }), moth.tensor({ got }, { dtype = "f64" }) end
  if type(expected) == "table" then expected = moth.tensor(expected, { dtype = "f64" }) end
  assert.same(expected.shape, got.shape)
  if expected:numel() == 0 then return end
  local difference = (got:to "f64" - expected):abs():max() / math.max(1, expected:abs():max())
  assert(difference <= tolerance, ("differs by %g, allowed %g"):format(difference, tolerance))
end

for name, list in pairs(cases) do assert(#list > 0, "no cases of " .. name) end

for _, dtype in ipairs{ "f64", "f32" } do
  describe("linear algebra in " .. dtype, function()
    local function tensor(t) return moth.tensor(t, { dtype = dtype }) end
    local eps = epsilon[dtype]

    it("det", function()
      for _, case in ipairs(cases.det) do
        local det = tensor(case.a):det()
        assert_near(case.det, det, 1000 * eps)
        assert.equal(type(case.det), type(det) == "number" and "number" or "table")
      end
      assert.equal(1.0, tensor{}:reshape(0, 0):det())
      assert_near({ 1, 1 }, moth.zeros(2, 0, 0, { dtype = dtype }):det(), 0)
      assert.same({ 0 }, moth.zeros(0, 3, 3, { dtype = dtype }):det().shape)
      assert.equal(0.0, tensor{ { 1, 2 }, { 2, 4 } }:det())
    end)

    it("solve and inverse", function()
      for _, case in ipairs(cases.solve) do
        local a, b = tensor(case.a), tensor(case.b)
        assert_near(case.x, a:solve(b), 300 * eps)
        assert_near(case.inverse, a:inverse(), 300 * eps)
        assert_near(case.inverse, a:transpose(-1, -2):inverse():transpose(-1, -2), 300 * eps)
      end
    end)

    it("lstsq and pinv", function()
      for _, case in ipairs(cases.lstsq) do
        local x, rank = tensor(case.a):lstsq(tensor(case.b))
        assert_near(case.x, x, 300 * eps)
        assert.equal(case.rank, rank)
        assert_near(case.pinv, tensor(case.a):pinv(), 300 * eps)
      end
      local a = tensor{ { 1, 0 }, { 0, 1e-3 } }
      assert_near({ 1, 1000 }, (a:lstsq(tensor{ 1, 1 })), 300 * eps)
      assert_near({ 1, 0 }, (a:lstsq(tensor{ 1, 1 }, 0.01)), 300 * eps)
      assert.equal(1, select(2, a:lstsq(tensor{ 1, 1 }, { cutoff = 0.01 })))
    end)

    it("svd and qr", function()
      for _, case in ipairs(cases.factors) do
        local a = tensor(case.a)
        local u, s, vt = a:svd()
        assert_near(case.s, s, 100 * eps)
        assert_near(case.a, (u * s):matmul(vt), 100 * eps)
        local q, r = a:qr()
        assert_near(case.r, r:abs(), 100 * eps)
        assert_near(case.a, q:matmul(r), 100 * eps)
      end
    end)

    it("eigh and cholesky", function()
      for _, case in ipairs(cases.symmetric) do
        local a = tensor(case.a)
        local values, vectors = a:eigh()
        assert_near(case.values, values, 100 * eps)
        assert_near(a:matmul(vectors), vectors * values, 100 * eps)
        assert_near(case.l, a:cholesky(), 300 * eps)
      end
    end)
  end)
end

describe("linear algebra", function()
  it("takes integers as floats of the default dtype", function()
    local a = moth.tensor({ { 2, 1 }, { 1, 3 } }, { dtype = "i64" })
    assert.equal("f32", a:inverse().dtype)
    assert.equal("f32", a:solve(moth.tensor({ 1, 2 }, { dtype = "u8" })).dtype)
    helper.with_dtype(moth, "f64", function()
      assert.equal("f64", a:solve(moth.tensor({ 1, 2 }, { dtype = "u8" })).dtype)
      assert.equal("f64", (a:svd()).dtype)
      assert.equal("f64", (a:lstsq(moth.tensor({ 1, 2 }, { dtype = "i64" }))).dtype)
      assert.equal("f32", a:to "f32":cholesky().dtype)
    end)
    assert.equal("f64", moth.eye(2):solve(moth.ones(2, { dtype = "f64" })).dtype)
  end)

  it("reads one triangle of symmetric matrices", function()
    local a, garbled = moth.tensor{ { 4, 2 }, { 2, 3 } }, moth.tensor{ { 4, 99 }, { 2, 3 } }
    assert.is_true(a:cholesky() == garbled:cholesky())
    assert.is_true((a:eigh()) == (garbled:eigh()))
    assert.same({ { 2.0, 0.0 }, { 1.0 } }, { garbled:cholesky()[1]:totable(), { garbled:cholesky()[2][1] } })
  end)

  it("names what is singular, counted from 1", function()
    local singular = moth.tensor({ { 1, 2, 3 }, { 4, 5, 6 }, { 5, 7, 9 } }, { dtype = "f64" })
    assert.equal("inverse: f64[3,3] is singular: pivot 3 is 0\n  pinv gives the inverse of least norm", message(singular.inverse, singular))
    local hint = "\n  lstsq gives the answer of least norm, pinv the inverse"
    assert.equal("solve: f64[3,3] is singular: pivot 3 is 0" .. hint, message(singular.solve, singular, moth.ones(3)))
    local stack = moth.stack{ moth.eye(2), moth.tensor{ { 1, 1 }, { 1, 1 } } }
    assert.equal("solve: matrix 2 of f32[2,2,2] is singular: pivot 2 is 0" .. hint, message(stack.solve, stack, moth.ones(2)))
    local stacks = moth.stack{ moth.stack{ moth.eye(2), moth.eye(2), moth.eye(2) }, moth.stack{ moth.eye(2), moth.zeros(2, 2), moth.eye(2) } }
    assert.equal("solve: matrix [2,2] of f32[2,3,2,2] is singular: pivot 1 is 0" .. hint, message(stacks.solve, stacks, moth.ones(2)))
  end)

  it("refuses what no digit of an answer would be right of", function()
    local function hilbert(n)
      local a = moth.zeros(n, n, { dtype = "f64" })
      for i = 1, n do for j = 1, n do a[i][j] = 1 / (i + j - 1) end end
      return a
    end
    assert.has_no.errors(function() hilbert(10):inverse() end)
    local text = message(hilbert(14).inverse, hilbert(14))
    assert.truthy(text:match "^inverse: f64%[14,14%] is ill%-conditioned: its reciprocal condition %d[%d.]*e%-1[6789] is below 2%.2e%-16, the epsilon of f64\n  pinv gives the inverse of least norm$")
    local near = moth.tensor{ { 1, 1 }, { 1, 1 + 2^-23 } }
    assert.truthy(message(near.solve, near, moth.ones(2)):match "^solve: f32%[2,2%] is ill%-conditioned: its reciprocal condition 3e%-08 is below 1%.2e%-07, the epsilon of f32\n  lstsq gives")
    assert.has_no.errors(function() near:to "f64":solve(moth.ones(2)) end)
    local x, rank = near:lstsq(moth.tensor{ 2, 2 })
    assert.equal(1, rank)
    assert_near({ 1, 1 }, x, 1e-6)
  end)

  it("names nan and infinity", function()
    local nan = moth.tensor{ { 1, 2 }, { 0 / 0, 4 } }
    for _, name in ipairs{ "inverse", "pinv", "det", "cholesky", "qr", "svd", "eigh" } do
      assert.equal(name .. ": f32[2,2] has nan at [2,1]", message(nan[name], nan))
    end
    assert.equal("solve: f32[2] has -inf at [2]", message(nan.solve, moth.eye(2), moth.tensor{ 1, -1 / 0 }))
    assert.equal("lstsq: f32[1,2,2] has inf at [1,1,2]", message(nan.lstsq, moth.tensor{ { { 1, 1 / 0 }, { 2, 3 } } }, moth.ones(2)))
  end)

  it("refuses other shapes", function()
    local a, wide, v = moth.eye(3), moth.zeros(3, 4), moth.ones(3)
    assert.equal("solve: f32[3,4] is not square", message(a.solve, wide, v))
    assert.equal("solve: f32[3,3] with f32[4]: rows 3 and 4 differ", message(a.solve, a, moth.ones(4)))
    assert.equal("lstsq: f32[3,4] with f32[4,2]: rows 3 and 4 differ", message(a.lstsq, wide, moth.ones(4, 2)))
    assert.equal("solve: f32[2,3,3] with f32[4,3,1]: axes before the last two do not broadcast: axis 1 is 2 against 4",
      message(a.solve, moth.zeros(2, 3, 3), moth.zeros(4, 3, 1)))
    assert.equal("solve: takes a vector or a matrix as the right side, got f32[]", message(a.solve, a, moth.tensor(1)))
    for _, name in ipairs{ "det", "inverse", "cholesky", "eigh" } do
      assert.equal(name .. ": f32[3,4] is not square", message(a[name], wide))
    end
    for _, name in ipairs{ "det", "inverse", "pinv", "cholesky", "eigh", "qr", "svd" } do
      assert.equal(name .. ": takes a matrix, got f32[3]", message(a[name], v))
    end
    assert.equal("cholesky: f32[2,2] is not positive definite: leading minor 2", message(a.cholesky, moth.tensor{ { 1, 2 }, { 2, 1 } }))
    assert.equal("solve: takes f32, f64, i64 or u8, got bool[3]", message(a.solve, a, moth.ones(3, { dtype = "bool" })))
  end)
end)
