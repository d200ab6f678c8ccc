-- What is drawn: curves and images in the terminal, plots as SVG and PNG, runs as CSV.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local internal, helpers = helper.internals(moth)
local message, read = helper.message, helper.read

-- What f shows, on a terminal that looks so.
local function drawn(look, f)
  local lines, settings = {}, { width = 80, unicode = true, colour = false, terminal = false }
  for name, value in pairs(look) do settings[name] = value end
  local before = helpers.out
  helpers.out = { put = function(text) lines[#lines + 1] = text end, look = function() return settings end }
  local ok, why = pcall(f)
  helpers.out = before
  if not ok then error(why, 0) end
  return table.concat(lines, "\n") .. "\n"
end

local function show(look, t) return drawn(look, function() t:show() end) end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

local function plain(text) return (text:gsub("\27%[[%d;]*m", "")) end

local function widest(text)
  local most = 0
  for _, line in ipairs(lines_of(plain(text))) do most = math.max(most, utf8.len(line)) end
  return most
end

-- A run of so many epochs whose metric m is what the list says.
local function run_of(values, options)
  local at = 0
  local settings = {
    net = moth.net{ input = 1, moth.dense{ 1, bias = false, init = "ones" } }, data = { moth.ones(2, 1), moth.zeros(2, 1) }, loss = "mse",
    optimizer = moth.sgd{ lr = 1e-30 }, epochs = #values, progress = false, seed = 1, batch = "full",
    metrics = { m = function() at = at + 1 return values[at] end },
  }
  for name, value in pairs(options or {}) do settings[name] = value end
  return moth.train(settings)
end

describe("a vector's curve", function()
  local hill = moth.tensor{ 1, 2, 4, 2, 1 }

  it("is drawn in braille", function()
    assert.equal([[
      4 │⠀⠀⠀⠀⠀⡜⡄
        │⠀⠀⠀⠀⡸⠀⢱
        │⠀⠀⠀⢰⠁⠀⠀⢇
    2.2 │⠀⠀⢠⠃⠀⠀⠀⠘⡄
        │⠀⢠⠃⠀⠀⠀⠀⠀⠘⢄
      1 │⡰⠁⠀⠀⠀⠀⠀⠀⠀⠈⢆
        └1──────── 5
]], show({ width = 20 }, hill))
  end)

  it("is drawn in letters where there is no UTF-8", function()
    assert.equal([[
      4 |     o
        |    o o
        |    o  o
    2.2 |   o    o
        | oo      o
      1 |o         o
        +1-------- 5
]], show({ width = 20, unicode = false }, hill))
  end)

  it("has colour where the terminal has, and is the same without", function()
    local text = show({ width = 40, colour = true, terminal = true }, hill)
    assert.is_truthy(text:find("\27[36m", 1, true))
    assert.equal(show({ width = 40 }, hill), plain(text))
  end)

  it("lies at its level where it is constant", function()
    assert.equal("\n\n\n   -2.5 |" .. ("o"):rep(11) .. "\n\n\n        +1-------- 3\n",
      (show({ width = 20, unicode = false }, moth.full(3, -2.5)):gsub("        |", "")))
    assert.is_truthy(show({}, moth.zeros(7)):find("\n      0 │", 1, true))
  end)

  it("may be one point", function()
    local lines = lines_of(show({ width = 20, unicode = false }, moth.tensor{ 3 }))
    assert.equal("      3 |o", lines[4])
    assert.equal("        +1----------", lines[7])
  end)

  it("leaves gaps where numbers are not finite", function()
    local t = moth.tensor{ 1, 0/0, 3, 1/0, -1/0, 2, 2 }
    local letters = show({ width = 20, unicode = false }, t)
    assert.equal([[
      3 |   o
        |
        |
    1.8 |        ooo
        |
      1 |o
        +1-------- 7
]], letters)
    assert.equal("show: there is no finite number to draw", message(function() moth.full(4, 0/0):show() end))
  end)

  it("is the same for every dtype and layout", function()
    local expected = show({ width = 30 }, moth.tensor{ 0, 1, 1, 0, 1 })
    for _, dtype in ipairs{ "f64", "i64", "u8", "bool" } do
      assert.equal(expected, show({ width = 30 }, moth.tensor{ 0, 1, 1, 0, 1 }:to(dtype)))
    end
    assert.equal(expected, show({ width = 30 }, moth.tensor{ { 0, 5 }, { 1, 5 }, { 1, 5 }, { 0, 5 }, { 1, 5 } }:select(2, 1)))
    assert.equal(expected, show({ width = 30 }, moth.tensor{ 1, 0, 1, 1, 0 }:flip(1)))
  end)

  it("tells levels apart that lie close", function()
    local text = show({}, moth.tensor({ 1000, 1000.5 }, { dtype = "f64" }))
    assert.is_truthy(text:find("1000.5 │", 1, true))
    assert.is_truthy(text:find("\n 1000.2 │", 1, true))
    assert.is_truthy(text:find("\n   1000 │", 1, true))
  end)

  it("spans all that numbers can", function()
    local text = show({}, moth.tensor({ 1e308, -1e308, 5e-324 }, { dtype = "f64" }))
    assert.is_truthy(text:find("^ 1e%+308 │"))
    assert.is_truthy(text:find("\n-1e+308 │", 1, true))
  end)

  it("is thinned without losing its peaks", function()
    local t = moth.zeros(1000000)
    t[777777], t[500000] = 1, -1
    local lines = lines_of(show({ width = 80, unicode = false }, t))
    local _, peak = lines[1]:find("o", 1, true)
    local _, valley = lines[6]:find("o", 1, true)
    local wide = 79 - 7 - 2
    assert.is_true(math.abs((peak - 9 - 1) / (wide - 1) - 0.777777) < 0.02)
    assert.is_true(math.abs((valley - 9 - 1) / (wide - 1) - 0.5) < 0.02)
    assert.is_truthy(lines[7]:find " 1000000$")
  end)

  it("never is wider than the terminal", function()
    local values = moth.tensor({ 1e-300, -1.2345678e300, 12345.678 }, { dtype = "f64" })
    for _, unicode in ipairs{ true, false } do
      for width = 20, 200, 9 do
        local look = { width = width, unicode = unicode, terminal = true }
        assert.is_true(widest(show(look, values)) <= width)
        assert.is_true(widest(show(look, moth.rand(100000))) <= width)
        assert.equal(math.min(width, 79), widest(show(look, moth.rand(9))))
      end
    end
  end)

  it("needs numbers", function()
    assert.equal("show: f32[0] is empty", message(function() moth.zeros(0):show() end))
    assert.equal("show: takes a vector, an image [rows, columns] or [3, rows, columns], got f32[]", message(function() moth.tensor(3):show() end))
  end)
end)

describe("an image", function()
  local plus = moth.tensor{ { 0, 1, 0 }, { 1, 1, 1 }, { 0, 1, 0 } }

  it("is drawn in half blocks", function() assert.equal("▄█▄\n ▀\n", show({}, plus)) end)
  it("is drawn in shades where there is no UTF-8", function()
    assert.equal("  @@\n@@@@@@\n  @@\n", show({ unicode = false }, plus))
    assert.equal("  ..::--==++**##%%@@\n", show({ unicode = false }, moth.linspace(0, 1, 10):reshape(1, 10)))
  end)
  it("is drawn in greys where there is colour", function()
    assert.equal("\27[38;5;232;48;5;244m▀\27[38;5;255;48;5;238m▀\27[0m\n\27[38;5;232m▀\27[38;5;255m▀\27[0m\n",
      show({ colour = true }, moth.tensor{ { 0, 23 }, { 12, 6 }, { 0, 23 } }))
  end)
  it("is drawn in the colours of three channels, first or last", function()
    local t = moth.tensor{ { { 1, 0 }, { 0, 0 } }, { { 0, 0.6 }, { 0, 0.6 } }, { { 0, 1 }, { 0, 1 } } } -- red over black; green with blue
    local expected = "\27[38;5;196;48;5;16m▀\27[38;5;39;48;5;39m▀\27[0m\n"
    assert.equal(expected, show({ colour = true }, t))
    assert.equal(expected, show({ colour = true }, t:permute(2, 3, 1):contiguous()))
    assert.equal(expected, show({ colour = true }, (t * 255):to "u8"))
    assert.equal("▀\n", show({}, moth.tensor{ { { 1, 0 } }, { { 1, 0 } }, { { 0, 1 } } })) -- luma .886 and .114
  end)
  it("takes 0 … 1 and bytes as colours, and spreads what lies elsewhere", function()
    assert.equal("\27[38;5;145m▀\27[0m\n", show({ colour = true }, moth.full({ 3, 1, 1 }, 0.6)))
    assert.equal("\27[38;5;16m▀\27[38;5;231m▀\27[0m\n", show({ colour = true }, moth.tensor{ { { -9, 9 } }, { { -9, 9 } }, { { -9, 9 } } }))
  end)
  it("may have an axis of 1 before it", function() assert.equal("▄█▄\n ▀\n", show({}, plus:unsqueeze(1))) end)

  it("is the same for every dtype and layout", function()
    local expected = "█ ▀\n▀\n"
    local t = moth.tensor{ { 1, 0, 1 }, { 1, 0, 0 }, { 1, 0, 0 } }
    for _, dtype in ipairs{ "f32", "f64", "i64", "u8", "bool" } do
      assert.equal(expected, show({}, t:to(dtype)))
      assert.equal(expected, show({}, t:t():contiguous():t():to(dtype)))
      assert.equal(expected, show({}, t:flip(1):contiguous():flip(1):to(dtype)))
    end
    assert.equal(expected, show({}, t:to "f64" * 1e308))
  end)

  it("is bright where it is constant and positive, dark where it is 0", function()
    assert.equal("██\n", show({}, moth.full({ 2, 2 }, 0.1)))
    assert.equal("\n", show({}, moth.zeros(2, 2)))
    assert.equal("▀\n", show({}, moth.ones(1, 1)))
    assert.equal("▀▀▀\n", show({}, moth.ones(1, 3)))
  end)

  it("takes what is not finite for the lowest", function()
    assert.equal("▄\n", show({}, moth.tensor{ { 0/0, 1 }, { 2, 1/0 } }))
    assert.equal("\n", show({}, moth.full({ 2, 2 }, 0/0)))
  end)

  it("is shrunk to the terminal by the means of boxes", function()
    assert.equal(("▀"):rep(10) .. "\n", show({ width = 20 }, moth.linspace(0, 1, 200):reshape(1, 200):ge(0.5)):gsub("^ +", ""))
    local spread = moth.cat({ moth.ones(30, 45), moth.zeros(30, 45) }, 2)
    assert.equal(("█"):rep(15) .. "\n", lines_of(show({ width = 30 }, spread))[1] .. "\n")
    assert.equal(5, #lines_of(show({ width = 30 }, spread)))
    assert.equal(("@@"):rep(5), lines_of(show({ width = 20, unicode = false }, moth.cat({ moth.ones(9, 50), moth.zeros(9, 50) }, 2)))[1])
    assert.equal(show({ width = 30 }, spread), show({ width = 30 }, spread:t():contiguous():t()))
  end)

  it("is at most twice as high as it may be wide", function()
    assert.equal(20, #lines_of(show({ width = 20 }, moth.ones(1000, 3))))
    assert.equal(20, widest(show({ width = 20 }, moth.ones(3, 1000))))
    for width = 20, 200, 17 do
      assert.equal(width, widest(show({ width = width }, moth.ones(400, 300))))
      assert.equal(width // 2 * 2, widest(show({ width = width, unicode = false }, moth.ones(400, 300))))
    end
  end)

  it("must be one", function()
    for shape, text in pairs{ ["f32[2,2,2]"] = { 2, 2, 2 }, ["f32[1,1,3,3]"] = { 1, 1, 3, 3 } } do
      assert.equal("show: takes a vector, an image [rows, columns] or [3, rows, columns], got " .. shape, message(function() moth.ones(text):show() end))
    end
    assert.equal("show: f32[0,4] is empty", message(function() moth.zeros(0, 4):show() end))
    assert.equal("show: argument 1 must be a tensor, got 3; write t:show(), with a colon", message(function() plus.show(3) end))
  end)
end)

describe("run:plot", function()
  local function plot(look, run, options)
    return drawn(look, function() run:plot(options) end)
  end
  local hill = run_of{ 1, 2, 3, 1, 1 }

  it("tells what the curve is", function()
    assert.equal([[
      3 |                   oo     o m 1.0000
        |               oooo  oo
        |            ooo        oo
    1.8 |        oooo             oo
        |   ooooo                   oo
      1 |ooo                          oooooooooooo
        +1-------------------------------------- 5
]], plot({ width = 50, unicode = false }, hill, { "m" }))
    assert.equal(plot({}, hill, { "m" }), plot({}, hill, "m"))
  end)

  it("has a line for each curve, another dash or letter, and colour", function()
    assert.equal([[
         ── m 1.0000   ┄┄ loss 1.0000
      3 │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⢀⣀⣀⠤⠤⠤⠒⠒⠊⠉⠑⠒⠤⢄⡀
      1 │⣀⣀⣤⡤⣤⡒⣒⡒⣊⡉⣉⡁⣀⡀⣀⡀⣀⡀⣀⡀⣀⡀⣀⡀⣀⡈⣉⡒⣢⡤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀
        └1────────────────────────────────────── 5
]], plot({ width = 50 }, hill, { "m", "loss", height = 2 }))
    assert.equal([[
         o m 1.0000   x loss 1.0000
      3 |                oooooooo
   1.73 |     ooooooooooo        ooooo
      1 |oooooxxxxxxxxxxxxxxxxxxxxxxxxooooooooooooo
        +1--------------------------------------- 5
]], plot({ width = 51, unicode = false }, hill, { "m", "loss", height = 3, log = true }))
    local text = plot({ width = 80, colour = true, terminal = true }, hill, { "m", "loss" })
    assert.is_truthy(text:find("\27[36m──\27[0m m 1.0000   \27[33m┄┄\27[0m loss", 1, true))
    assert.equal(plot({ width = 80 }, hill, { "m", "loss" }), plain(text))
  end)

  it("leaves out what has no logarithm", function()
    local run = run_of{ 100, 10, 1, -1, 0.1 }
    assert.equal([[
    100 |ooooo                     o m 0.1000
        |     oooooooooo
      1 |               oooooo
    0.1 |                                        o
        +1-------------------------------------- 5
]], plot({ width = 50, unicode = false }, run, { "m", log = true, height = 4 }))
    assert.equal("plot: there is no positive number to draw", message(function() run_of{ -1, 0 }:plot{ "m", log = true } end))
  end)

  it("shows the loss, with the validation's and its best", function()
    local run = run_of({ 1, 1, 1 }, { validation = { moth.ones(2, 1), moth.zeros(2, 1) }, metrics = {} })
    local text = plot({ width = 80 }, run)
    assert.equal(text, plot({ width = 80 }, run, { "loss", "val_loss" }))
    assert.is_truthy(text:find("── loss 1.0000   ┄┄ val_loss 1.0000, best 1.0000 at 1\n", 1, true))
  end)

  it("says when the last value is none", function()
    assert.is_truthy(plot({}, run_of{ 1, 2, 0/0 }, "m"):find("m nan", 1, true))
    assert.is_truthy(plot({}, run_of{ 1, 2, -1/0 }, "m"):find("m -inf", 1, true))
  end)

  it("stays within the terminal, whatever the names", function()
    local names = { "loss", "val_loss", "a name that is long and has ünicode in it", "val_a name that is long and has ünicode in it", "lr", "loss", "lr" }
    local run = run_of({ 1, 1 }, { validation = { moth.ones(2, 1), moth.zeros(2, 1) },
      metrics = { ["a name that is long and has ünicode in it"] = function() return 1e6 end, ["new\nline\xff"] = function() return 1 end } })
    for _, unicode in ipairs{ true, false } do
      for width = 20, 200, 15 do
        local text = plot({ width = width, unicode = unicode, terminal = true }, run, names)
        assert.is_true(widest(text) <= width)
        assert.equal(2, select(2, text:gsub(" lr ", "")))
      end
    end
    assert.is_truthy(plot({}, run, { "new\nline\xff" }):find("new?line? 1.0000", 1, true))
  end)

  it("takes the width and the height that it is told, but on a narrower terminal", function()
    assert.equal(120, widest(plot({}, hill, { "m", width = 120 })))
    assert.equal(60, widest(plot({ width = 60, terminal = true }, hill, { "m", width = 120 })))
    assert.equal(13, #lines_of(plot({}, hill, { "m", height = 12 })))
  end)

  it("refuses what it cannot draw", function()
    local function refused(text, options) assert.equal(text, message(function() hill:plot(options) end)) end
    refused("plot: the run has no column 'los'; did you mean 'loss'? (columns: loss m lr)", { "los" })
    refused("plot: the run has no column 'accuracy' (columns: loss m lr)", { "accuracy" })
    refused("plot: the run has no column 'epochs' (columns: loss m lr)", { "epochs" })
    refused("plot: a name must be a text, got 3", { 3 })
    refused("plot: name 2 is nil", { "m", nil, "loss" })
    refused("plot: no option 'lag'; did you mean 'log'? (options: file height log width)", { "m", lag = true })
    refused("plot: no option '0.5' (options: file height log width)", { "m", [0.5] = true })
    refused("plot: log must be true or false, got 1", { "m", log = 1 })
    refused("plot: file must be a text, got 3", { "m", file = 3 })
    refused("plot: width must be a whole number in [20, 10000], got 19", { "m", width = 19 })
    refused("plot: height must be a whole number in [2, 10000], got 2.5", { "m", height = 2.5 })
    refused("plot: height must be a whole number in [100, 10000], got 50", { "m", height = 50, file = "x.svg" })
    refused("plot: takes names, or a table of names and options, got 3", 3)
    refused("plot: 37 curves; at most 36 are drawn at once", table.move(lines_of(("m\n"):rep(37)), 1, 37, 1, {}))
    assert.equal("plot: the run has no epoch yet", message(function()
      local net = moth.net{ input = 1, moth.dense(1) }
      moth.trainer{ net = net, data = { moth.ones(2, 1), moth.ones(2, 1) }, loss = "mse", epochs = 1, progress = false }.run:plot()
    end))
  end)

  it("draws 36 curves, each in a dash and a colour of its own", function()
    local names, seen, count = {}, {}, 0
    for i = 1, 36 do names[i] = "m" end
    local text = plot({ colour = true, terminal = true }, hill, names)
    for sample in text:gmatch "(\27%[%d+m[^\27]+)\27%[0m m 1" do
      if not seen[sample] then seen[sample], count = true, count + 1 end
    end
    assert.equal(36, count)
  end)
end)

describe("a plot's file", function()
  local run = run_of({ 3, 2, 0/0, 1, 1.5 }, { metrics = nil })

  local function elements(path)
    local pipe = assert(io.popen("python3 - " .. path .. [[ <<'PYTHON'
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
print(root.tag.split("}")[1], root.get("width"), root.get("height"))
for one in root: print(one.tag.split("}")[1], one.get("points") or "", one.text or "")
PYTHON]] .. "\n2>&1"))
    local text = pipe:read "a"
    assert.is_true(pipe:close(), text)
    return text
  end

  it("is SVG that a parser reads", function()
    local path = helper.path ".svg"
    run:plot{ "loss", "m", file = path }
    local text = elements(path)
    assert.is_truthy(text:find("^svg 640 400\n"))
    assert.is_truthy(text:find("\ntext  loss 1.0000\n", 1, true))
    assert.is_truthy(text:find("\ntext  m 1.5000\n", 1, true))
    assert.is_truthy(text:find("\ntext  epoch\n", 1, true))
    for tick = 1, 5 do assert.is_truthy(text:find("\ntext  " .. tick .. "\n", 1, true)) end
    -- From epoch 1 at x = 64 to 5 at 620; 3 lies at the top, 36 from above, 1 at the bottom, 354; a gap at 3.
    assert.is_truthy(text:find("\npolyline 64,36 64,36 203,195", 1, true), text)
    assert.is_truthy(text:find("\npolyline 481,354 481,354 620,274.5", 1, true), text)
  end)

  it("has the size that it is told, and logarithms", function()
    local path = helper.path ".svg"
    run_of{ 1000, 1, 0.001 }:plot{ "m", file = path, log = true, width = 300, height = 100 }
    local text = elements(path)
    assert.is_truthy(text:find("^svg 300 100\n"))
    for _, level in ipairs{ "1000", "0.001" } do assert.is_truthy(text:find("\ntext  " .. level .. "\n", 1, true), text) end
    assert.is_truthy(text:find("\npolyline 64,36 64,36 172,46 280,56", 1, true), text)
  end)

  it("escapes names", function()
    local path = helper.path ".svg"
    run_of({ 1 }, { metrics = { ['<a & "b">\1\xff'] = function() return 2 end } }):plot{ '<a & "b">\1\xff', file = path }
    assert.is_truthy(elements(path):find('\ntext  <a & "b">?? 2.0000\n', 1, true))
  end)

  it("is never written in part", function()
    local path = helper.path ".svg"
    run:plot{ "m", file = path }
    local before = read(path)
    assert.equal(("plot: cannot write '%s/x.svg': Not a directory"):format(path), message(function() run:plot{ "m", file = path .. "/x.svg" } end))
    assert.equal(before, read(path))
    assert.equal("plot: 'x.gif': a plot's file ends in .svg or .png", message(function() run:plot{ "m", file = "x.gif" } end))
    assert.equal("plot: cannot write '/none/x.svg': No such file or directory", message(function() run:plot{ "m", file = "/none/x.svg" } end))
  end)

  it("is PNG by cairo, or tells which package is missing", function()
    local path = helper.path ".png"
    local ok, why = pcall(run.plot, run, { "loss", "m", file = path, width = 300, height = 200 })
    if not ok then
      assert.is_truthy(why:find("plot: a .png needs the library libcairo.so.2 (Debian: libcairo2); .svg does not", 1, true), why)
      return
    end
    local bytes = read(path)
    assert.equal("\137PNG\r\n\26\n", bytes:sub(1, 8))
    assert.equal("IHDR", bytes:sub(13, 16))
    local width, height = (">I4I4"):unpack(bytes, 17)
    assert.equal(300, width)
    assert.equal(200, height)
    assert.equal("IEND", bytes:sub(-8, -5))
  end)
end)

describe("run:save", function()
  it("writes a line an epoch, numbers that read back as they were", function()
    local run = run_of({ 0.1, 1 / 3, 0/0, -1/0, 1e-300 }, { metrics = nil })
    local path = helper.path ".csv"
    run:save(path)
    local lines = lines_of(read(path))
    assert.equal(6, #lines)
    assert.equal("epoch,loss,m,lr", lines[1])
    for i, expected in ipairs{ "0.1", "0.3333333333333333", "nan", "-inf", "1e-300" } do
      assert.equal(("%d,1,%s,1e-30"):format(i, expected), lines[i + 1])
    end
    path = helper.path ".csv.gz"
    run:save(path)
    assert.equal("\31\139", read(path):sub(1, 2))
  end)

  it("quotes names that need it", function()
    local path = helper.path ".csv"
    run_of({ 1 }, { metrics = { ['a "b", c'] = function() return 2 end } }):save(path)
    assert.equal('epoch,loss,"a ""b"", c",lr\n1,1,2,1e-30\n', read(path))
  end)

  it("refuses what is no path", function()
    local run = run_of{ 1 }
    assert.equal("save: the path must be a text, got 3", message(function() run:save(3) end))
    assert.equal("save: 'x.txt': a run is saved as .csv", message(function() run:save "x.txt" end))
    assert.equal("save: cannot write '/none/x.csv': No such file or directory", message(function() run:save "/none/x.csv" end))
  end)
end)

it("pictures are of blocks where the environment names UTF-8, be it alone, as terminals hand it on", function()
  local command = os.getenv "MOTH_COMMAND" or "build/moth"
  local function first(locale)
    return helper.output_of(("env -u LC_ALL -u LANG LC_CTYPE=%s %s -e 'moth.ones(2, 2):show()'"):format(locale, command))
  end
  for _, locale in ipairs{ "de_DE.UTF-8", "C.utf8", "UTF-8", "de_DE.UTF-8@euro" } do assert.equal("██\n", first(locale), locale) end
  for _, locale in ipairs{ "C", "de_DE", "de_DE.ISO-8859-1", "''" } do assert.equal("@@@@\n@@@@\n", first(locale), locale) end
end)

describe("under a memory limit that is reached", function()
  -- Runs f where the engine has nothing more to give.
  local function limited(f)
    collectgarbage()
    local limit = moth.limit()
    moth.limit(1)
    local ok, why = pcall(f)
    moth.limit(limit)
    return ok, why
  end

  it("t:show() of a vector of any dtype needs nothing of the engine", function()
    for _, dtype in ipairs{ "f32", "f64", "i64", "u8", "bool" } do
      local t = moth.tensor({ 0, 1, 1, 0 }, { dtype = dtype })
      local long = moth.ones{ 5000, 2, dtype = dtype }:select(2, 1)
      local whole = show({}, t)
      assert.equal(show({}, moth.tensor({ 0, 1, 1, 0 }, { dtype = "f64" })), whole)
      local text
      assert(limited(function() text = show({}, t) show({}, long) end))
      assert.equal(whole, text)
    end
  end)

  it("t:show() and t:describe() say that they need it, whatever they ask the engine for", function()
    local matrix, vector = moth.ones(4, 4), moth.ones(40)
    local ok, why = limited(function() show({}, matrix) end)
    assert.is_false(ok)
    assert.matches("^[^\n]*drawing_spec%.lua:%d+: show: .* %(moth%.limit%)$", why)
    ok, why = limited(function() vector:describe() end)
    assert.is_false(ok)
    assert.matches("^[^\n]*drawing_spec%.lua:%d+: describe: .* %(moth%.limit%)$", why)
  end)
end)

it("drawing leaves no memory behind", function()
  local run, image, vector = run_of{ 1, 2, 3 }, moth.rand(30, 40), moth.rand(5000)
  helper.keeps_memory(function()
    drawn({}, function()
      run:plot{ "m", "loss" }
      image:show()
      vector:show()
    end)
  end)
end)
