-- Forward, gradients and 20 optimizer steps of 36 small networks against PyTorch 2.13 in f64 (spec/fixtures/make_torch.py).
local moth = require "moth"
local cases = dofile "spec/fixtures/torch.lua"

local function evaluate(source) return assert(load("local moth = ...; return " .. source))(moth) end

local function net_of(case)
  local list = { input = #case.x[1], dtype = "f64" }
  for i, layer in ipairs(case.layers) do list[i] = moth.dense(layer[2], layer[1]) end
  local net = moth.net(list)
  for i = 1, #net do
    net[i].weight:copy_(moth.tensor(case.weights[2 * i - 1], { dtype = "f64" }))
    net[i].bias:copy_(moth.tensor(case.weights[2 * i], { dtype = "f64" }))
  end
  return net
end

local function target_of(case)
  if case.classes then return moth.tensor(case.classes, { dtype = "i64" }) end
  return moth.tensor(case.target, { dtype = "f64" })
end

-- Largest difference relative to the largest expected value (and to 1e-3, for figures that are all but zero).
local function difference(got, expected)
  expected = moth.tensor(expected, { dtype = "f64" })
  assert.same(expected.shape, got.shape)
  return (got - expected):abs():max() / math.max(expected:abs():max(), 1e-3)
end

describe("PyTorch's figures", function()
  for _, case in ipairs(cases) do
    describe(case.name, function()
      local x = moth.tensor(case.x, { dtype = "f64" })

      it("forward and gradients", function()
        local net, t, loss = net_of(case), target_of(case), evaluate(case.loss)
        assert.is_true(math.abs(net:backprop(x, t, loss) - case.losses[1]) <= 1e-10 * math.max(1, math.abs(case.losses[1])))
        for i = 1, #net do
          assert.is_true(difference(net[i].weight_gradient, case.gradients[2 * i - 1]) <= 1e-10)
          assert.is_true(difference(net[i].bias_gradient, case.gradients[2 * i]) <= 1e-10)
        end
        assert.is_true(difference(net:predict(x), case.output) <= 1e-10)
      end)

      it("20 steps of the optimizer by hand", function()
        local net, t, loss, optimizer = net_of(case), target_of(case), evaluate(case.loss), evaluate(case.optimizer)
        for step = 1, 20 do
          local value = net:backprop(x, t, loss)
          assert.is_true(math.abs(value - case.losses[step]) <= 1e-10 * math.max(1, math.abs(value)))
          optimizer:step(net)
        end
        for i = 1, #net do
          assert.is_true(difference(net[i].weight, case.after[2 * i - 1]) <= 1e-10)
          assert.is_true(difference(net[i].bias, case.after[2 * i]) <= 1e-10)
        end
      end)

      it("20 epochs of the trainer", function()
        local net, t = net_of(case), target_of(case)
        local run = moth.train{ net = net, data = { x, t }, loss = evaluate(case.loss), optimizer = evaluate(case.optimizer), epochs = 20,
                                batch = "full", progress = false }
        for epoch = 1, 20 do
          assert.is_true(math.abs(run.loss[epoch] - case.losses[epoch]) <= 1e-10 * math.max(1, math.abs(case.losses[epoch])))
        end
        for i = 1, #net do
          assert.is_true(difference(net[i].weight, case.after[2 * i - 1]) <= 1e-10)
          assert.is_true(difference(net[i].bias, case.after[2 * i]) <= 1e-10)
        end
      end)
    end)
  end
end)

describe("the shallow network of SYSTEMS.md 3, against NumPy", function()
  local fixture = dofile "spec/fixtures/shallow.lua"
  local options = { dtype = "f64" }
  local x, y = moth.tensor({ {1,1}, {1,0}, {0,1}, {0,0} }, options), moth.tensor({ {0}, {1}, {1}, {0} }, options)

  local function net_of_start()
    local net = moth.net{ input = 2, dtype = "f64", moth.dense(4, "tanh"), moth.dense(1, "sigmoid") }
    for i = 1, 2 do
      net[i].weight:copy_(moth.tensor(fixture.start[2 * i - 1], options))
      net[i].bias:copy_(moth.tensor(fixture.start[2 * i], options))
    end
    return net
  end

  it("has its gradient to 1e-12", function()
    local net = net_of_start()
    net:backprop(x, y, moth.binary_cross_entropy())
    for i = 1, 2 do
      assert.is_true((net[i].weight_gradient - moth.tensor(fixture.gradient[2 * i - 1], options)):abs():max() <= 1e-12)
      assert.is_true((net[i].bias_gradient - moth.tensor(fixture.gradient[2 * i], options)):abs():max() <= 1e-12)
    end
  end)

  it("has its costs and weights after 100 epochs at rate 1", function()
    local net = net_of_start()
    local run = moth.train{ net = net, data = { x, y }, loss = "binary_cross_entropy", optimizer = moth.sgd{ lr = 1 }, epochs = 100,
                            batch = "full", progress = false }
    for epoch = 1, 100 do assert.is_true(math.abs(run.loss[epoch] - fixture.costs[epoch]) <= 1e-12) end
    for i = 1, 2 do
      assert.is_true((net[i].weight - moth.tensor(fixture.after[2 * i - 1], options)):abs():max() <= 1e-12)
      assert.is_true((net[i].bias - moth.tensor(fixture.after[2 * i], options)):abs():max() <= 1e-12)
    end
  end)
end)
