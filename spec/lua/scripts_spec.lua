-- The experiments in scripts/ print what SYSTEMS.md and EXPERIENCE.md say, run as a person runs them: by the command.
local helper = dofile "spec/lua/helper.lua"
local interpreter = os.getenv "MOTH_COMMAND" or "build/moth"

local function output_of(command)
  local text = helper.output_of(interpreter .. " " .. command .. " 2>/dev/null; echo status $?")
  local body, status = text:match "^(.*)status (%d+)%s*$"
  assert.equal("0", status, command .. " failed: " .. text)
  return body
end

local function numbers(line)
  local list = {}
  for word in line:gmatch "%-?%d+%.?%d*[eE]?[-+]?%d*" do list[#list + 1] = tonumber(word) end
  return list
end

local function near(expected, got, tolerance)
  assert.equal(#expected, #got)
  for i = 1, #expected do
    assert.is_true(math.abs(expected[i] - got[i]) <= tolerance, ("value %d: %.9g, expected %.9g"):format(i, got[i], expected[i]))
  end
end

describe("scripts/single_layer.lua", function()
  for seed = 1, 3 do
    it("ends where it must from seed " .. seed, function()
      local out = output_of("scripts/single_layer.lua " .. seed)
      assert.matches("trained   100000 epochs", out)
      near({ 0.00301766, 0.00246101, 0.9979917, 0.99753719 }, numbers(out:match "trained.-\nlayer([^\n]*)"), 1e-6)
      near({ 12.0087, -0.2045, -5.8002 }, numbers(out:match "trained.-\nweights([^\n]*)"), 3e-4)
      near({ 0.00301781, 0.00246096, -0.00200824, -0.0024629 }, numbers(out:match "trained %- solved([^\n]*)"), 1e-6)
    end)
  end
end)

describe("scripts/gradient.lua", function()
  local out = output_of "scripts/gradient.lua"

  it("agrees with the formulas of one layer", function() assert.matches("equal to the formulas: true", out) end)
  it("agrees with central differences for 1, 2 and 3 layers", function()
    local count = 0
    for figure in out:gmatch "central differences%s+(%S+)" do
      assert.is_true(tonumber(figure) <= 1e-7, figure)
      count = count + 1
    end
    assert.equal(3, count)
  end)
  it("converts to augmented matrices and back", function()
    assert.matches("there and back: true", out)
    assert.matches("augmented = X·Wᵀ %+ b: true", out)
  end)
  it("times one at a time against the batch", function() assert.matches("one at a time [%d.]+ ms, as one batch [%d.]+ ms", out) end)
end)

describe("scripts/shallow.lua", function()
  local out = output_of "scripts/shallow.lua"

  it("prints the cost at epochs 1, 11 … 91, falling", function()
    local last = math.huge
    for epoch = 1, 91, 10 do
      local cost = tonumber(out:match(("epoch%%s+%d%%s+cost (%%S+)"):format(epoch)))
      assert.is_true(cost < last)
      last = cost
    end
  end)
  it("prints the four predictions", function()
    for _, pair in ipairs{ "%(1,1%)", "%(1,0%)", "%(0,1%)", "%(0,0%)" } do assert.matches(pair .. "  0%.%d%d%d%d", out) end
  end)
  it("learns from at least 186 of 200 starts with 4 units, from all with 8", function()
    assert.is_true(tonumber(out:match "4 hidden units: (%d+)") >= 186)
    assert.matches("8 hidden units: 200 of 200", out)
  end)
end)

describe("scripts/xor.lua", function()
  it("learns exclusive or", function()
    local out = output_of "scripts/xor.lua"
    local count, last = 0, math.huge
    for epoch, cost in out:gmatch "epoch%s+(%d+)  cost (%S+)\n" do
      count = count + 1
      assert.equal(10 * count, tonumber(epoch))
      last = tonumber(cost)
    end
    assert.equal(10, count)
    assert.is_true(last < 0.05)
    assert.matches("f32%[4,1%]\n%s*0\n%s*1\n%s*1\n%s*0\n$", out)
  end)
end)

describe("scripts/loop.lua", function()
  it("learns by hand", function()
    local out = output_of "scripts/loop.lua"
    assert.is_true(tonumber(out:match "epoch 5  loss %S+  test accuracy (%S+)") > 0.88)
  end)
end)

describe("scripts/digits.lua", function()
  for seed = 1, 3 do
    it("reads at least 96 % of the digits held back, seed " .. seed, function()
      local out = output_of("scripts/digits.lua " .. seed)
      assert.matches("net  %[64%] %-> %[10%]   9,610 parameters   37%.5 KiB f32", out)
      assert.is_true(tonumber(out:match "accuracy (%S+)") >= 0.96)
      assert.matches("the first test image is a %d", out)
      os.remove "digits.safetensors"
    end)
  end
end)

describe("scripts/mnist.lua", function()
  it("says alone how it is used", function()
    local text = helper.output_of(interpreter .. " scripts/mnist.lua 2>&1; echo status $?")
    assert.equal("usage: mnist.lua DIR [SEED [EPOCHS]]\nstatus 1\n", text)
  end)

  it("learns from IDX files", function()
    local pack = dofile "spec/fixtures/small_idx.lua"
    local folder = helper.folder()
    pack(folder)
    local out = output_of("scripts/mnist.lua " .. folder .. " 1 3")
    assert.is_true(tonumber(out:match "accuracy (%S+)") > 0.9)
  end)
end)

-- What scripts draw, into a file: no colour, no UTF-8 beyond what LC_ALL says.
local function drawing_of(script)
  local begin = os.time()
  local out = output_of(script)
  assert.is_true(os.time() - begin <= 10)
  assert.is_nil(out:find "\27")
  return out
end

describe("scripts/sine.lua", function()
  it("fits a sine and plots it", function()
    local out = drawing_of "scripts/sine.lua"
    assert.is_true(tonumber(out:match "largest distance from the sine: (%S+)") < 0.2)
    local loss = tonumber(out:match " loss (%d%.%d+)\n")
    assert.is_true(loss > 0.005 and loss < 0.02) -- the noise's variance is 0.01
    assert.equal(2, select(2, out:gsub("1[^%d\n]+ 200\n", "")))
  end)
end)

describe("scripts/spiral.lua", function()
  it("tells two spirals apart and draws their regions", function()
    local out = drawing_of "scripts/spiral.lua"
    assert.is_true(tonumber(out:match "accuracy (%S+)") >= 0.98)
    assert.is_true(select(2, out:gsub("\n", "")) >= 25)
  end)
end)

describe("scripts/autoencoder.lua", function()
  it("unfolds digits from 12 numbers", function()
    local error, variance = drawing_of "scripts/autoencoder.lua":match "squared error (%S+), of the pictures' own variance (%S+)"
    assert.is_true(tonumber(error) < tonumber(variance) / 3)
  end)
end)

describe("scripts/host/train.c", function()
  it("learns exclusive or without Lua", function()
    local program = interpreter:gsub("[^/]*$", "host_train")
    local pipe = assert(io.popen(program))
    local out = pipe:read "a"
    assert.is_true(pipe:close())
    assert.matches("0 xor 0 = 0\n0 xor 1 = 1\n1 xor 0 = 1\n1 xor 1 = 0\n", out)
  end)
end)
