-- Sizes that overflow, bad indices and operands: each mistake with its whole text, what it leaves behind, and that the tensors go on working.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local mistakes = dofile "spec/lua/mistakes.lua"
local message = helper.message
local write, keeps_memory, each, classes = mistakes.write, mistakes.keeps_memory, mistakes.each, mistakes.classes
local x, labels, classifier = mistakes.x, mistakes.labels, mistakes.classifier

describe("sizes that overflow", function()
  it("are told before anything is allocated", function()
    local limit = moth.limit()
    moth.limit(8 * 2^30)
    local ok, problem = pcall(function()
      each{
        ["zeros: f64[200000,200000] needs 298 GiB, the limit is 8 GiB (moth.limit)"] = function() moth.zeros(200000, 200000, { dtype = "f64" }) end,
        ["zeros: f32[1099511627776,1099511627776] needs 4194304 EiB, the limit is 8 GiB (moth.limit)"] = function() moth.zeros(2^40, 2^40) end,
        ["eye: f32[4294967296,4294967296] needs 64 EiB, the limit is 8 GiB (moth.limit)"] = function() moth.eye(2^32) end,
        ["range: 1.15292e+18 steps are more than can be counted"] = function() moth.range(1, 2^60) end,
        ["net: input [4294967296,4294967296] has more values than memory can count"] = function() moth.net{ input = { 2^32, 2^32 }, moth.flatten() } end,
        ["net: layer 1 dense(1099511627776) has 1099511627776 x 1099511627776 weights, more than memory can count\n  layer 1 made at " ..
          helper.here()] = function() moth.net{ input = 2^40, moth.dense(2^40) } end,
        ["net: layer 1 dense(1048576) needs 4 TiB, the limit is 8 GiB (moth.limit)\n  layer 1 made at " .. helper.here()] = function() moth.net{ input = 2^20, moth.dense(2^20) } end,
        ["reshape: f32[6,4] has 24 elements, which [1099511627776,1099511627776] cannot hold"] = function() x:reshape(2^40, 2^40) end,
        ["contiguous: f32[1099511627776,6,4] needs 96 TiB, the limit is 8 GiB (moth.limit)"] = function() x:expand(2^40, 6, 4):contiguous() end,
        ["add: f32[1099511627776,6,4] needs 96 TiB, the limit is 8 GiB (moth.limit)"] = function() x:expand(2^40, 6, 4):add(1) end,
        ["repeat_times: f32[6597069766656,4398046511104] needs 100663296 EiB, the limit is 8 GiB (moth.limit)"] = function() x:repeat_times(2^40, 2^40) end,
        ["zeros: a tensor has at most 8 axes, got 9"] = function() moth.zeros(1, 1, 1, 1, 1, 1, 1, 1, 1) end,
      }
    end)
    moth.limit(limit)
    if not ok then error(problem, 0) end
    assert.is_truthy(message(moth.zeros, 2^63):find "^zeros: .*got 9.223372036854776e%+18$")
    assert.is_truthy(message(moth.zeros, -1):find "^zeros: .*got %-1$")
    assert.is_truthy(message(moth.zeros, 2.5):find "^zeros: .*got 2.5$")
  end)

  it("are not read out of nil", function()
    local missing
    assert.is_truthy(message(moth.zeros, missing):find "^zeros: ")
    assert.is_truthy(message(moth.ones, missing, 3):find "^ones: ")
  end)

  it("meet the limit of memory wherever they grow", function()
    local limit, net = moth.limit(), classifier().net
    collectgarbage()
    moth.limit(2^20)
    local ok, problem = pcall(function()
      assert.is_truthy(message(moth.zeros, 1024, 1024):find "^zeros: f32%[1024,1024%] needs 4 MiB, the limit is 1 MiB %(moth.limit%)$")
      assert.is_truthy(message(function() moth.zeros(1):expand(2^20):clone() end):find("the limit is 1 MiB", 1, true))
      assert.is_truthy(message(moth.net, { input = 1024, moth.dense(1024) }):find("the limit is 1 MiB (moth.limit)", 1, true))
      assert.is_truthy(message(net.predict, net, moth.zeros(1, 1):expand(100000, 4)):find("the limit is 1 MiB (moth.limit)", 1, true))
      local big = write("big.csv", ("1,2,3,4,5,6,7,8,9,10\n"):rep(40000))
      assert.is_truthy(message(moth.csv, big, { header = false }):find("limit", 1, true))
      for f, text in pairs{ [moth.zeros] = "zeros", [moth.randn] = "randn" } do
        keeps_memory(f, 1024, 1024)
        assert.is_truthy(message(f, 1024, 1024):find("^" .. text))
      end
    end)
    moth.limit(limit)
    if not ok then error(problem, 0) end
    assert.equal(1024.0 * 1024, moth.ones(1024, 1024):sum())
    assert.same({ 6, 2 }, net:predict(x).shape)
  end)
end)

describe("an index or an operand", function()
  it("is wrong", function()
    local f, i = moth.zeros(3, 4), classes{ 1, 2, 3 }
    each{
      ["index 0: rows of f32[3,4] are 1..3 or -3..-1"] = function() return f[0] end,
      ["index 5: rows of f32[3,4] are 1..3 or -3..-1"] = function() return f[5] end,
      ["index -4: rows of f32[3,4] are 1..3 or -3..-1"] = function() return f[-4] end,
      ["index 4: rows of f32[3,4] are 1..3 or -3..-1"] = function() f[4] = 1 end,
      ["index: 1.5 is not a whole number"] = function() return f[1.5] end,
      ["index 9: columns of f32[3,4] are 1..4 or -4..-1"] = function() return f(1, 9) end,
      ["index: f32[3,4] has 2 axes, got 3 indices"] = function() return f(1, 2, 3) end,
      ["index: a range's step must not be 0"] = function() return f({ 1, 2, 0 }) end,
      ["index: a tensor is indexed by a number, or a tensor of positions or booleans, got a table; t({ 2, 4 }, 1) takes ranges"] = function() return f[{ 1 }] end,
      ["index: the value must be a number, a tensor or a table, got 'x'"] = function() f[1] = "x" end,
      ["index: f32[3] does not fit into f32[4]"] = function() f[1] = moth.zeros(3) end,
      ["index: i64[3] cannot hold 2.5"] = function() i[1] = 2.5 end,
      ["f32[3,4] has no 'foo'; values go to t[i], other things into a table of their own"] = function() f.foo = 1 end,
      ["sum: axis 3: f32[3,4] has axes 1..2 or -2..-1"] = function() return (f:sum(3)) end,
      ["sum: axis 0: f32[3,4] has axes 1..2 or -2..-1"] = function() return (f:sum(0)) end,
      ["sum: axis: 1.5 is not a whole number"] = function() return (f:sum(1.5)) end,
      ["sum: axis 1 appears twice"] = function() return (f:sum{ 1, 1 }) end,
      ["transpose: axis 3: f32[3,4] has axes 1..2 or -2..-1"] = function() return (f:transpose(1, 3)) end,
      ["max: axis 1 of f32[0,3] is empty"] = function() return (moth.zeros(0, 3):max(1)) end,
      ["mean: f32[0] is empty"] = function() return (moth.zeros(0):mean()) end,
      ["add: f32[3,4] and f32[5,6] do not broadcast: axis 2 is 4 against 6"] = function() return f + moth.zeros(5, 6) end,
      ["add: argument 2 must be a tensor or a number, got '3'"] = function() return f + "3" end,
      ["add: argument 2 must be a tensor or a number, got nil"] = function() return f + nil end,
      ["matmul: f32[3,4] with f32[5,6]: inner sizes 4 and 5 differ"] = function() return (f:matmul(moth.zeros(5, 6))) end,
      ["matmul: argument 2 must be a tensor, got 3"] = function() return (f:matmul(3)) end,
      ["a < b on tensors is one boolean in Lua; use a:lt(b)"] = function() return f < f end,
      ["a <= b on tensors is one boolean in Lua; use a:le(b)"] = function() return f <= 3 end,
      ["tensor .. tensor joins no rows; moth.cat({ a, b }, axis) does"] = function() return f .. f end,
      ["add_: i64[3] and 1.5 give f32; in place the dtype stays i64"] = function() return (i:add_(1.5)) end,
      ["add_: f32[3,4] and f32[5] do not broadcast: axis 2 is 4 against 5"] = function() return (f:add_(moth.zeros(5))) end,
      ["floordiv: i64[3] by 0: an integer is divided by 0"] = function() return i // 0 end,
      ["reshape: f32[3,4] has 12 elements, which [5] cannot hold"] = function() return (f:reshape(5)) end,
      ["cat: f32[3,4] and f32[2,3] do not fit: axis 2 is 4 against 3"] = function() return (moth.cat({ f, moth.zeros(2, 3) }, 1)) end,
      ["cat: entry 2 is nil"] = function() return (moth.cat({ f, nil, f }, 1)) end,
      ["cat: takes a list of tensors, got none"] = function() return (moth.cat({}, 1)) end,
      ["item: f32[3,4] has 12 elements; it takes a tensor of one"] = function() return (f:item()) end,
      ["to: element 2 of f32[2] is nan, which i64 cannot hold"] = function() return (moth.tensor{ 1, 0 / 0 }:to "i64") end,
      ["tensor: a number stands beside a table; tables must be rectangular"] = function() return (moth.tensor{ { 1 }, 2 }) end,
      ["tensor: entry 2 is nil"] = function() return (moth.tensor{ 1, nil, 3 }) end,
      ["tensor: 256 is out of range for u8: 0..255"] = function() return (moth.tensor({ 256 }, { dtype = "u8" })) end,
      ["tensor: an entry must be a number, got 'x'"] = function() return (moth.tensor{ "x" }) end,
      ["full: u8 cannot hold 300"] = function() return (moth.full({ 2 }, 300, { dtype = "u8" })) end,
      ["range: u8[4] cannot hold -1"] = function() return (moth.range(-1, 2, { dtype = "u8" })) end,
    }
    assert.is_true(f == moth.zeros(3, 4))
    assert.same({ 1, 2, 3 }, i:totable())
    local deep = {}
    deep[1] = deep
    assert.equal("tensor: tables are nested deeper than 8", message(moth.tensor, deep))
  end)

  it("is a dot for a colon", function()
    local net, data = classifier().net, moth.dataset{ x, labels }
    local t = moth.trainer(classifier())
    each{
      ["predict: argument 1 must be a net, got f32[6,4]; write net:predict(x), with a colon"] = function() net.predict(x) end,
      ["forward: argument 1 must be a net, got f32[6,4]; write net:forward(x), with a colon"] = function() net.forward(x) end,
      ["predict: argument 1 must be a net, got nothing; write net:predict(x), with a colon"] = function() net.predict() end,
      ["sum: argument 1 must be a tensor, got 1; write t:sum(...), with a colon"] = function() x.sum(1) end,
      ["split: argument 1 must be a data set, got 0.5; write data:split(0.8, 0.2), with a colon"] = function() data.split(0.5) end,
      ["batches: argument 1 must be a data set, got 3; write data:batches{ size = 32 }, with a colon"] = function() data.batches(3) end,
      ["step: argument 1 must be a trainer, got 5; write trainer:step(milliseconds), with a colon"] = function() t.step(5) end,
    }
  end)
end)
