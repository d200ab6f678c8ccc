-- What tensors can do beside arithmetic: lists, grids, functions over elements and rows, scopes, random fills, a first look.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local message = helper.message

describe("moth.meshgrid, cat and stack", function()
  it("take their options in the list's table or in a last one", function()
    local x, y = moth.meshgrid{ moth.range(1, 2), moth.range(1, 3) }
    assert.same({ { 1.0, 1.0, 1.0 }, { 2.0, 2.0, 2.0 } }, x:totable())
    assert.same({ { 1.0, 2.0, 3.0 }, { 1.0, 2.0, 3.0 } }, y:totable())
    local b, c = moth.meshgrid(moth.range(1, 2), moth.range(1, 3)) -- as arguments too
    assert.is_true(b == x and c == y)
    assert.same({ 3, 2 }, moth.meshgrid(moth.range(1, 2), moth.range(1, 3), { indexing = "xy" }).shape)
    assert.equal("meshgrid: argument 1 must be a list of tensors, got 3", message(moth.meshgrid, 3))
    local a = moth.meshgrid{ moth.range(1, 2), moth.range(1, 3), indexing = "xy" }
    assert.same({ { 1.0, 2.0 }, { 1.0, 2.0 }, { 1.0, 2.0 } }, a:totable())
    assert.same({ 3, 2 }, moth.meshgrid({ moth.range(1, 2), moth.range(1, 3) }, { indexing = "xy" }).shape)
    assert.same({ 2, 4 }, moth.cat{ moth.ones(2, 2), moth.ones(2, 2), axis = 2 }.shape)
    assert.equal("stack: no option 'axes'; did you mean 'axis'?", message(moth.stack, { moth.ones(2), axes = 1 }))
    assert.equal(8, select("#", moth.meshgrid{ x[1], y[1], x[1], y[1], x[1], y[1], x[1], y[1] }))
    assert.equal("meshgrid: takes vectors, got f32[2,3]", message(moth.meshgrid, { x }))
    assert.equal("meshgrid: takes at most 8 vectors, got 9",
      message(moth.meshgrid, { x[1], x[1], x[1], x[1], x[1], x[1], x[1], x[1], x[1] }))
  end)
end)

describe("creating", function()
  it("takes dtype and gen in the shape's table or in a last one", function()
    local function draw(...)
      return moth.rand(...):totable()
    end
    local expected = draw{ 3, gen = moth.generator(7) }
    assert.same(expected, draw({ 3 }, { gen = moth.generator(7) }))
    assert.same(expected, draw(3, { gen = moth.generator(7) }))
    assert.equal("f64", moth.diag(moth.ones{ 2, dtype = "f64" }).dtype)
    assert.same({ { 0, 5 }, { 0, 0 } }, moth.diag(moth.tensor({ 5 }, { dtype = "u8" }), 1):totable())
    assert.same({ 1.0, 4.0 }, moth.diag(moth.range(1, 4):reshape(2, 2)):totable())
    assert.same({ { 1.0, 0.0 }, { 3.0, 4.0 } }, moth.tril(moth.range(1, 4):reshape(2, 2)):totable())
    assert.same({ { 0.0, 2.0 }, { 0.0, 0.0 } }, moth.range(1, 4):reshape(2, 2):triu_(1):totable())
    assert.equal("diag: no option 'k'; here it is 'offset' (options: offset)", message(moth.diag, moth.ones(2), { k = 1 }))
  end)
end)

describe("pairs", function()
  it("goes over the rows in order", function()
    local found = {}
    for i, v in pairs(moth.tensor{ 3, 1, 2 }) do found[#found + 1] = { i, v } end
    assert.same({ { 1, 3.0 }, { 2, 1.0 }, { 3, 2.0 } }, found)
    for i, row in pairs(moth.eye(2)) do assert.equal(1.0, row[i]) end
    assert.equal("rows: f32[] has no rows", message(pairs, moth.tensor(1)))
  end)
end)

describe("filling at random", function()
  it("follows the generator that it is given", function()
    local function orders(gen)
      local t = moth.range(1, 50)
      return t:shuffle_{ gen = gen }:totable()
    end
    assert.same(orders(moth.generator(1)), orders(moth.generator(1)))
    assert.is_not.same(orders(moth.generator(1)), orders(moth.generator(2)))
    local sum = moth.empty(10000):bernoulli_(0.25, { gen = moth.generator(1) }):sum()
    assert.is_true(math.abs(sum - 2500) < 200) -- 4.6 standard deviations
    assert.equal("bernoulli_: p must be in [0, 1], got -2", message(moth.ones(2).bernoulli_, moth.ones(2), -2))
    local t = moth.range(1, 6):reshape(3, 2)
    assert.same({ 1.0, 2.0, 3.0, 4.0, 5.0, 6.0 }, (t:shuffle_():flatten():sort()):totable())
  end)
end)

describe("t:map and t:apply_", function()
  it("call a function for each element, in row-major order", function()
    local met = {}
    local t = moth.range(1, 4):reshape(2, 2):t()
    local squares = t:map(function(x)
      met[#met + 1] = x
      return x * x
    end)
    assert.same({ 1.0, 3.0, 2.0, 4.0 }, met)
    assert.same({ { 1.0, 9.0 }, { 4.0, 16.0 } }, squares:totable())
    assert.equal(t, t:apply_(function(x) return -x end))
    assert.same({ { -1.0, -3.0 }, { -2.0, -4.0 } }, t:totable())
    assert.equal("bool", moth.tensor{ true, false }:map(function(b) return not b end).dtype)
    assert.equal("integer", math.type(moth.tensor({ 1 }, { dtype = "i64" }):map(function(n) return n + 0.0 end)[1]))
    assert.same({}, moth.tensor(2):map(math.sqrt).shape)
    assert.same({ 0, 3 }, moth.zeros(0, 3):map(error).shape)
  end)

  it("leave the tensor as it was where the function fails", function()
    local t, problem = moth.range(1, 3), {}
    local function fail(x)
      if x == 2 then error(problem) end
      return 0
    end
    local ok, raised = pcall(t.apply_, t, fail)
    assert.is_false(ok)
    assert.equal(problem, raised)
    assert.same({ 1.0, 2.0, 3.0 }, t:totable())
    local n = moth.tensor({ 1, 2 }, { dtype = "u8" })
    assert.equal("apply_: the function must return a number, got nil", message(t.apply_, t, function() end))
    assert.equal("map: takes a function, got 1", message(t.map, t, 1))
    assert.equal("map: argument 1 must be a tensor, got nothing; write t:map(f), with a colon", message(t.map))
    assert.equal("apply_: u8[2] cannot hold 256", message(n.apply_, n, function(x) return x * 128 end))
    assert.same({ 1, 2 }, n:totable())
    assert.equal("apply_: f32[2,3] is read-only", message(t.apply_, t:expand(2, 3), math.abs))
    assert.equal("apply_: the tensor is closed", message(t.apply_, t, function(x)
      getmetatable(t).__close(t)
      return x
    end))
  end)
end)

describe("t:rows()", function()
  it("iterates rows as views, elements of a vector", function()
    local t, seen = moth.zeros(3, 2), 0
    for i, row in t:rows() do
      row:fill_(i)
      seen = seen + i
      if i == 2 then break end
    end
    assert.equal(3, seen)
    assert.same({ { 1.0, 1.0 }, { 2.0, 2.0 }, { 0.0, 0.0 } }, t:totable())
    local sum = 0
    for i, x in moth.tensor({ 5, 6 }, { dtype = "i64" }):rows() do sum = sum + i * x end
    assert.equal(17, sum)
    for _ in moth.zeros(0, 2):rows() do error "no row" end
    assert.equal("rows: f32[] has no rows", message(moth.tensor(1).rows, moth.tensor(1)))
    local next_row = t[1]:rows()
    assert.is_nil(next_row(t[1], -1))
    assert.is_nil(next_row(t[1], 2))
    assert.is_nil(next_row(moth.tensor(1), 0))
  end)

  it("stops with an error where the tensor is closed meanwhile", function()
    local t = moth.zeros(3, 2)
    assert.equal("rows: the tensor is closed", message(function()
      for _ in t:rows() do getmetatable(t).__close(t) end
    end))
  end)
end)

describe("moth.scope", function()
  local function closed(t) return tostring(t) == "a closed tensor" end

  it("frees what was made and is not returned", function()
    local outside, kept = moth.ones(2), {}
    local sum, list, fetch = moth.scope(function(a)
      kept[1], kept[2] = a + 1, outside[1]
      local deep = { name = "x", { kept[1] * 2 } }
      deep.self = deep
      local captured = kept[1] * 3
      return kept[1]:sum(), deep, function() return captured end
    end, outside)
    assert.equal(4.0, sum)
    assert.is_true(closed(kept[1]))
    assert.same({ 4.0, 4.0 }, list[1][1]:totable())
    assert.same({ 6.0, 6.0 }, fetch():totable())
    assert.equal(2.0, outside:sum())
  end)

  it("keeps the storage of views that are returned, and views of what is returned in other hands", function()
    local inner
    local row = moth.scope(function()
      inner = moth.range(1, 6):reshape(2, 3)
      return inner[2]
    end)
    assert.is_true(closed(inner))
    assert.same({ 4.0, 5.0, 6.0 }, row:totable())
  end)

  it("frees where the function raises, and passes its error on", function()
    local problem, made = {}
    local ok, raised = pcall(moth.scope, function()
      made = moth.ones(3)
      error(problem)
    end)
    assert.is_false(ok)
    assert.equal(problem, raised)
    assert.is_true(closed(made))
    assert.equal("boom", message(moth.scope, function() error "boom" end))
    local after = moth.ones(2) -- no scope runs any more
    moth.scope(function() end)
    assert.equal(2.0, after:sum())
  end)

  it("nests: what an inner one returns is the outer one's to free", function()
    local first, second, third
    local result = moth.scope(function()
      first = moth.ones(1)
      second, third = moth.scope(function()
        local gone = first + 1
        return gone, gone + 1
      end)
      assert.equal(2.0, second[1])
      return third
    end)
    assert.is_true(closed(first) and closed(second))
    assert.equal(3.0, result[1])
  end)

  it("leaves nets, data sets and what callbacks made alone", function()
    local seen = {}
    local net, data = moth.scope(function()
      local x, y = moth.rand(8, 2), moth.rand(8, 1)
      local weights = moth.ones(1, 2)
      local net = moth.net{ input = 2, moth.dense{ 1, init = function(shape)
        seen[1] = moth.zeros(2)
        return weights:reshape(shape)
      end } }
      return net, moth.dataset{ x, y }
    end)
    assert.same({ { 1.0, 1.0 } }, net[1].weight:totable())
    assert.same({ 8, 2 }, data.x.shape)
    assert.same({ 0.0, 0.0 }, seen[1]:totable())
    assert.equal(1, moth.train{ net = net, data = data, loss = "mse", epochs = 1, progress = false }.epochs)
  end)

  it("frees at once", function()
    local limit = moth.limit()
    collectgarbage()
    collectgarbage "stop"
    local ok, problem = pcall(function()
      moth.limit(48 * 2^20)
      for _ = 1, 40 do
        moth.scope(function()
          local a = moth.zeros(2^20) -- 4 MiB each
          return (a + 1 + a):sum()
        end)
      end
    end)
    collectgarbage "restart"
    moth.limit(limit)
    assert(ok, problem)
  end)

  it("keeps what a coroutine holds that f returns", function()
    local function holder(begin)
      return moth.scope(function()
        local thread = coroutine.create(function(given, ...)
          local t = moth.ones(3)
          coroutine.yield(1)
          coroutine.yield(t:sum(), given:sum(), (...):sum())
        end)
        local given, more = moth.ones(2), moth.ones(4)
        if begin then coroutine.resume(thread, given, more) end
        return begin and thread or coroutine.wrap(function() return given:sum() + more:sum() end)
      end)
    end
    assert.same({ true, 3.0, 2.0, 4.0 }, { coroutine.resume(holder(true)) })
    assert.equal(6.0, holder(false)())
  end)

  it("keeps what functions in C hold", function()
    local words = moth.scope(function()
      local t = moth.ones(3)
      local thread = coroutine.wrap(function() coroutine.yield(1) return t:sum() end)
      thread()
      return thread
    end)
    assert.equal(3.0, words())
  end)

  it("lets the collector take what a long scope dropped", function()
    local limit = moth.limit()
    collectgarbage()
    local ok, problem = pcall(moth.scope, function()
      moth.limit(64 * 2^20)
      for _ = 1, 200 do local _ = moth.zeros(2^20) end
    end)
    moth.limit(limit)
    assert(ok, problem)
  end)

  it("takes a function, and no yields", function()
    assert.equal("scope: takes a function, got f32[1]", message(moth.scope, moth.ones(1)))
    local thread = coroutine.create(function() moth.scope(coroutine.yield) end)
    local ok, problem = coroutine.resume(thread)
    assert.is_false(ok)
    assert.is_truthy(problem:find("yield", 1, true))
    assert.equal(1.0, moth.ones(1):sum())
  end)
end)

describe("t:describe()", function()
  it("is a table that prints as a text", function()
    local d = moth.tensor{ 1, 2, 0 / 0, 4, 1 / 0 }:describe()
    assert.equal(5, d.count)
    assert.equal(1, d.nan)
    assert.equal(1, d.inf)
    assert.equal(1.0, d.min)
    assert.equal(1.75, d["25%"])
    assert.equal(3.0, d["50%"])
    assert.equal("f32[2,2]   4 values\n     mean      std      min      25%      50%      75%      max\n" ..
      "   2.5000   1.2910   1.0000   1.7500   2.5000   3.2500   4.0000", tostring(moth.range(1, 4):reshape(2, 2):describe()))
    local before = moth.printing().width
    moth.printing{ width = 40 }
    local narrow = tostring(moth.range(1, 4):describe())
    moth.printing{ width = before }
    assert.equal("f32[4]   4 values\n   mean        2.5000\n   std         1.2910\n   min         1.0000\n   25%         1.7500\n" ..
      "   50%         2.5000\n   75%         3.2500\n   max         4.0000", narrow)
    assert.equal("bool[3]   3 values, 2 true, 1 false", tostring(moth.tensor{ true, true, false }:describe()))
    assert.equal("i64[1]   1 values\n     mean   std   min      25%      50%      75%   max\n" ..
      "   7.0000     -     7   7.0000   7.0000   7.0000     7", tostring(moth.tensor({ 7 }, { dtype = "i64" }):describe()))
    assert.is_nil(moth.zeros(0):describe().mean)
    assert.is_truthy(tostring(moth.tensor{ 0 / 0 }:describe()):find("1 nan", 1, true))
    assert.equal("describe: argument 1 must be a tensor, got nothing; write t:describe(), with a colon", message(moth.ones(1).describe))
  end)
end)

describe("a closed tensor", function()
  it("is told of in the words of what was tried", function()
    local t = moth.ones(2)
    getmetatable(t).__close(t)
    assert.equal("#t: the tensor is closed", message(function() return #t end))
    assert.equal("shape: the tensor is closed", message(function() return t.shape end))
    assert.equal("index: the tensor is closed", message(function() t[1] = 1 end))
    assert.equal("map: the tensor is closed", message(t.map, t, math.abs))
    assert.equal("split: the tensor is closed", message(t.split, t, 1))
    assert.equal("index_add_: the tensor is closed", message(t.index_add_, moth.ones(1), 1, t, 1))
    assert.equal("neg: the tensor is closed", message(function() return -t end))
  end)
end)

describe("a name of another library's", function()
  it("is answered with the one here, where it stands", function()
    local t = moth.ones(2)
    local function of_tensor(name) return message(function() return t[name] end) end
    local function of_module(name) return message(function() return moth[name] end) end
    assert.equal("f32[2] has no 'swapaxes'; here it is 'transpose'", of_tensor "swapaxes")
    assert.equal("f32[2] has no 'clip_'; here it is 'clamp_'", of_tensor "clip_")
    assert.equal("f32[2] has no 'cat'; it is a function, moth.cat(...)", of_tensor "cat")
    assert.equal("f32[2] has no 'arange'; here it is a function, moth.range(...)", of_tensor "arange")
    assert.equal("moth has no 'concatenate'; here it is 'cat'", of_module "concatenate")
    assert.equal("moth has no 'sum'; it is a method, t:sum(...)", of_module "sum")
    assert.equal("moth has no 'expand_dims'; here it is a method, t:unsqueeze(...)", of_module "expand_dims")
  end)
end)
