-- Reducing and ordering as scripts see them: axes, positions and ranks from 1, numbers without an axis, values and indices with one.
local moth = require "moth"
local message = dofile("spec/lua/helper.lua").message

local function list(t) return t:totable() end
local function fails(text, f) assert.equal(text, message(f)) end

describe("reducing", function()
  local t = moth.tensor{ { 3, 1, 2 }, { 5, 4, 9 } }

  it("gives numbers of all, tensors along axes", function()
    assert.equal(24.0, t:sum())
    assert.same({ 8, 5, 11 }, list(t:sum(1)))
    assert.same({ { 6 }, { 18 } }, list(t:sum(-1, { keep = true })))
    assert.equal(24.0, t:sum{ 1, 2 }:item())
    assert.equal("integer", math.type(t:gt(2):sum()))
    assert.is_true(t:gt(2):any())
  end)

  it("gives extremes with their positions", function()
    local values, indices = t:max(2)
    assert.same({ 3, 9 }, list(values))
    assert.same({ 1, 3 }, list(indices))
    assert.equal(6, t:argmax())
    assert.equal(1.0, t:min())
    local nan, at = moth.tensor{ { 1, 0 / 0, 3 } }:min(2)
    assert.is_true(nan:has_nan())
    assert.same({ 2 }, list(at))
    fails("min: axis 2 of f32[3,0] is empty", function() moth.zeros(3, 0):min(2) end)
  end)

  it("knows medians, quantiles and log-sums", function()
    assert.equal(3.5, t:median())
    assert.same({ 2, 5 }, list(t:median(2)))
    assert.same({ 1, 3.5, 9 }, list(t:quantile{ 0, 0.5, 1 }))
    assert.same({ { 1, 4 }, { 3, 9 } }, list(t:quantile({ 0, 1 }, 2)))
    assert.same({ { 2 }, { 5 } }, list(t:quantile(0.5, 2, { keep = true })))
    assert.same({ { 1, 9 } }, list(t:quantile(moth.tensor{ { 0, 1 } })))
    assert.equal(1000 + math.log(2), moth.tensor({ 1000, 1000 }, { dtype = "f64" }):logsumexp())
    fails("quantile: q must be in [0, 1] or a list of numbers in [0, 1] or a tensor, got 2; 0.02?", function() t:quantile(2) end)
  end)

  it("runs along an axis", function()
    assert.same({ { 3, 4, 6 }, { 5, 9, 18 } }, list(t:cumsum(2)))
    assert.same({ { 3, 1, 2 }, { 15, 4, 18 } }, list(t:cumprod(1)))
  end)

  it("counts classes and values between edges", function()
    local classes = moth.tensor({ 1, 3, 3 }, { dtype = "i64" })
    assert.same({ 1, 0, 2 }, list(classes:bincount()))
    assert.same({ 1, 0, 2, 0 }, list(classes:bincount(4)))
    fails("bincount: value 3 in element 2 of i64[3]; classes count from 1 to 2", function() classes:bincount(2) end)
    local counts, edges = moth.tensor{ 1, 2, 2, 4 }:histogram(3)
    assert.same({ 1, 2, 1 }, list(counts))
    assert.same({ 1, 2, 3, 4 }, list(edges))
    assert.same({ 2, 0 }, list((moth.tensor{ 1, 2, 2, 4 }:histogram(2, 1.25, 3)))) -- 2 < 2.125
  end)
end)

describe("ordering", function()
  local t = moth.tensor{ 3, 0 / 0, 1, 3, 2 }

  it("sorts stably, nan last either way", function()
    local values, indices = t:sort()
    assert.equal("f32[5] (1 nan)     1     2     3     3   nan", tostring(values))
    assert.same({ 3, 5, 1, 4, 2 }, list(indices))
    assert.same({ 1, 4, 5, 3, 2 }, list(t:argsort{ descending = true }))
  end)

  it("picks the first few and the one at a rank", function()
    local values, indices = t:topk(3)
    assert.same({ 3, 3, 2 }, list(values))
    assert.same({ 1, 4, 5 }, list(indices))
    assert.same({ 1, 2 }, list((t:topk(2, 1, { largest = false }))))
    local value, at = t:kthvalue(2)
    assert.same({ 2, 5 }, { value:item(), at:item() })
    assert.same({ 1 }, (t:kthvalue(2, 1, { keep = true })).shape)
    fails("topk: k is 6, axis 1 of f32[5] has 5 values", function() t:topk(6) end)
  end)

  it("finds what is there and where it belongs", function()
    local values, counts = moth.tensor{ 3, 1, 3 }:unique()
    assert.same({ { 1, 3 }, { 1, 2 } }, { list(values), list(counts) })
    local edges = moth.tensor{ 1, 3, 5 }
    assert.same({ 1, 2, 4 }, list(edges:searchsorted(moth.tensor{ 0, 3, 9 })))
    assert.same({ 1, 3, 4 }, list(edges:searchsorted(moth.tensor{ 0, 3, 9 }, { right = true })))
    assert.equal(2, edges:searchsorted(3))
    assert.equal(3, edges:searchsorted(3, { right = true }))
  end)
end)
