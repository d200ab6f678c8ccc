-- The prompt: how it begins, what it shows of values, and its start file, played in a terminal: the screen is compared.
local helper = dofile "spec/lua/helper.lua"
local transcript = dofile "spec/lua/transcript.lua"
local folder, plays, write, open = transcript.folder, transcript.plays, transcript.write, transcript.open

after_each(transcript.drop)

describe("the prompt #terminal", function()
  it("begins with one line and ends with status 0", function()
    local session = open()
    assert.is_truthy(session:screen():find "^Moth 0%.1 %(Lua 5%.4%.%d+[^)]*, %d+ threads?%)   %?name help   :help   Ctrl%-D leaves\nmoth>$")
    assert.equal(0, session:close())
  end)

  it("begins with as much of that line as the window takes", function()
    assert.equal("Moth 0.1   ?name help   :help   Ctrl-D leaves\nmoth>", open{ width = 50 }:screen())
    assert.equal("Moth 0.1   ?name help   :help\nmoth>", open{ width = 40 }:screen())
  end)

  it("tells who wants to leave, or help, how to", function()
    local session = open()
    plays(session, [[
      moth> exit
      Ctrl-D or :quit leaves
      moth> quit();
      Ctrl-D or :quit leaves
      moth> local exit = 3
      moth> exit
      3]])
    assert.is_truthy(session:enter "help":find("?name     what it is", 1, true))
    assert.is_truthy(session:enter "?:time":find("  :time STATEMENT    runs it and tells the time it took", 1, true))
    assert.is_truthy(session:enter "?while":find("while condition do … end", 1, true))
  end)

  it("knows what other languages write", function()
    local session = open()
    plays(session, [[
      moth> x += 1
      error: unexpected symbol near '='
        in Lua  x = x + 1: an assignment names its variable again
      moth> x != 3
      error: syntax error near '!'
        in Lua  ~= is not equal
      moth> x = [1, 2]
      error: unexpected symbol near '['
        in Lua  { 1, 2, 3 } is a list
      moth> import numpy as np
      error: syntax error near 'numpy'
        in Lua  require "name" loads a module; moth is there already
      moth> été = 1
      error: unexpected symbol near '<\195>'
        names are of ASCII letters, digits and _; strings hold any text]])
  end)

  it("knows what NumPy writes", function()
    local session = open()
    plays(session, [[
      moth> a[1, 2]
      error: ']' expected near ','
        in Lua  t(1, 2) is an element, t({ 1, 2 }, {}) a view
      moth> a[1:2] = 3
      error: ']' expected near ':'
        in Lua  t({ 1, 2 }, {}) is a view: both ends, {} for all
      moth> a @ b
      error: syntax error near '@'
        in Lua  a:matmul(b) is the matrix product
      moth> x = a ** 2
      error: unexpected symbol near '*'
        in Lua  x ^ 2 is a power
      moth> moth.zeros((3, 4))
      error: ')' expected near ','
        in Lua  { 3, 4 } is a list; (3, 4) is no value
      moth> a(1, 2) = 3
      error: syntax error near '='
        in Lua  t[1][2] = 3 sets an element, t({ 1, 2 }, {}):fill_(3) a view]])
  end)

  it("takes for NumPy's only what is", function()
    local hint = helper.internals(require "moth").need "prompt/hints"
    local function hinted(text)
      local value, of_value = load("return " .. text)
      local run, of_text = load(text)
      assert(not value and not run, text)
      return hint(text, of_value:match ":%d+: (.*)$") .. hint(text, of_text:match ":%d+: (.*)$")
    end
    for _, slice in ipairs{ "a[:]", "a[:, 1]", "a[2:]", "a[::2]", "a[i:j]", "a[i:2]", "a[:-1]", "a[n:n + 2]", "a[0][1:2]", "f(x)[i:]" } do
      assert.is_truthy(hinted(slice):find("is a view", 1, true), slice)
    end
    for _, text in ipairs{
      "t['a:b'] x", "'a @ b' x", "x = 1 -- a[1:2] **\n)", "a[i]:sum", "a[1]:sum:b", "goto a:", "{ [1, 2] = 3 }", "a ? b[1] : c",
      "a[b:c(1)] x", "a:b(1) = 2", "f(x) = x ^ 2", "(a + b) = 3", "if f(1) = 3 then end", "a * * b", "f(**options)",
      "@decorated", "x // = 3", "a[1]:", "f(a b, c)", "::a: x[1]", "x = )", "x = 'a != b' ! x", "x = 'a @ b' @",
    } do
      assert.equal("", hinted(text), text)
    end
  end)

  it("waits for the end of long strings, not of short ones", function()
    local session = open()
    plays(session, [[
      moth> "abc
      error: unfinished string near <eof>
      moth> s = 'abc
      error: unfinished string near <eof>
      moth> "abc\
         >> def"
      abc
      def
      moth> [=[abc
         >> def]=]
      abc
      def]])
  end)

  it("shows tensors", function()
    local session = open()
    plays(session, [[
      moth> x = moth.range(1, 300000):reshape(1000, 300) / 1000
      moth> x
      f32[1000,300]
          0.0010     0.0020     0.0030  ...     0.2980     0.2990     0.3000
          0.3010     0.3020     0.3030  ...     0.5980     0.5990     0.6000
          0.6010     0.6020     0.6030  ...     0.8980     0.8990     0.9000
       ...
        299.1010   299.1020   299.1030  ...   299.3980   299.3990   299.4000
        299.4010   299.4020   299.4030  ...   299.6980   299.6990   299.7000
        299.7010   299.7020   299.7030  ...   299.9980   299.9990   300.0000
      moth> x:mean(1)                      -- one axis: one line
      f32[300]   149.8510   149.8520   149.8530  ...   150.1480   150.1490   150.1500
      moth> moth.tensor{ 1e-8, 1, 1e6, 0/0 }
      f32[4] (1 nan)   1.0000e-08   1.0000e+00   1.0000e+06          nan
      moth> x:gt(3):sum();                 -- ; silences
      moth> _
      297000
      moth> x({1, 2}, {1, 2}), 3
      f32[2,2]
        0.0010   0.0020
        0.3010   0.3020
      3]])
  end)

  it("shows networks, runs and data", function()
    local session = open{ folder = helper.output_of("pwd"):gsub("\n", "") }
    plays(session, [[
      moth> net = moth.net{ input = 64, moth.dense(128, "relu"), moth.dropout(0.2), moth.dense(10, "softmax") }
      moth> net
      net  [64] -> [10]   9,610 parameters   37.5 KiB f32
        #  layer                  output   parameters
        1  dense(128, "relu")     [128]         8,320
        2  dropout(0.2)           [128]             0
        3  dense(10, "softmax")   [10]          1,290
      moth> #net, { net = net, weight = net[1].weight }
      3	{ net = net  [64] -> [10]   9,610 parameters   37.5 KiB f32 …, weight = f32[128,64] }
      moth> net:predict(moth.zeros(5, 63))
      error: predict: net takes [64] per sample, x is f32[5,63] (63 per row)]])
    session:enter [[data = moth.csv("scripts/data/iris.csv", { skip = 1, label = -1 })]]
    assert.is_truthy(session:enter "data":find "^data  150 rows   x f32%[4%]")
    session:enter [[net = moth.net{ input = 4, moth.dense(3, "softmax") }]]
    session:enter [[run = moth.train{ net = net, data = data, loss = "cross_entropy", epochs = 2, progress = false }]]
    assert.equal("run  2 epochs done", session:enter("run"):match "^run  2 epochs done")
    assert.is_truthy(session:enter "run.loss":find "^{ [%d.]+, [%d.]+ }$")
  end)

  it("shows tables one level deep, thirty entries, keys in order", function()
    local session = open{ width = 60 }
    plays(session, [[
      moth> { 3, 4, nil, 6, b = { 1 }, a = {}, [true] = print, ["x y"] = "l\n" }
      {
        3,
        4,
        [4] = 6,
        a = {},
        b = { … },
        ["x y"] = "l\n",
        [true] = function
      }
      moth> t = {}; t.t = t
      moth> t
      { t = { … } }
      moth> t = {} for i = 1, 100 do t[i] = i end
      moth> moth.show(t)
      {
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        10,
        11,
        12,
        13,
        14,
        15,
        16,
        17,
        18,
        19,
        20,
        21,
        22,
        23,
        24,
        25,
        26,
        27,
        28,
        29,
        30,
        … 70 more
      }
      moth> setmetatable({}, { __tostring = function() return "mine" end })
      mine
      moth> { setmetatable({}, { __tostring = function() return "one\ntwo" end }), ("x"):rep(100) }
      {
        one …,
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"…
      }]])
  end)

  it("paints types alone, and nothing under NO_COLOR", function()
    local session = open{ environment = {} }
    session:enter "{ moth.ones(2), 'text' }"
    session:enter "moth.ones(1)"
    local painted = session:painted()
    assert.is_truthy(painted:find("{ \27[36mf32[2]\27[39m, \"text\" }", 1, true))
    assert.is_truthy(painted:find("\27[36mf32[1]\27[39m   1", 1, true))
    session:enter ":set colour off"
    session:enter "moth.ones(3)"
    assert.is_truthy(session:painted():find("\nf32[3]   1   1   1", 1, true))
    session = open()
    session:enter "moth.ones(2)"
    assert.is_nil(session:painted():find("\27[36m", 1, true))
  end)

  it("uses plain letters where the locale has no others", function()
    local session = open{ environment = { LC_ALL = "C", NO_COLOR = "1" } }
    assert.equal("{ { ... } }", session:enter "{ { 1 } }")
  end)

  it("never shows tensors wider than the window", function()
    local session = open{ width = 40 }
    plays(session, [[
      moth> moth.range(1, 300):reshape(3, 100)
      f32[3,100]
          1     2  ...    99   100
        101   102  ...   199   200
        201   202  ...   299   300
      moth> moth.full({ 300 }, 1e-9)
      f32[300]   1.0000e-09  ...   1.0000e-09
      moth> moth.full({ 300 }, -123456.7)
      f32[300]
       -123456.7031  ...  -123456.7031
      moth> :set width
        width   40]])
    session = open{ width = 20 }
    for line in (session:play "moth.full({ 30, 30 }, 123456.789)\nmoth.tensor{ 0/0, 1e7, 1/0 }\nmoth.rand(7, 7)"):gmatch "[^\n]+" do
      local is_shown = not line:find "^moth" and not line:find "^Moth" and not line:find "help"
      assert.is_true(#line <= 20 or not is_shown, line)
    end
  end)
end)

describe("the start file #terminal", function()
  it("runs in the session before the first mark", function()
    local home = folder .. "/config"
    assert(os.execute("mkdir -p " .. home .. "/moth"))
    write("config/moth/init.lua", "local greeting = 'hello'\nmoth.printing{ digits = 1 }\n")
    local session = open{ environment = { XDG_CONFIG_HOME = home } }
    assert.equal("hello", session:enter "greeting")
    write("config/moth/init.lua", "local x = nil + 1\n")
    session = open{ environment = { XDG_CONFIG_HOME = home } }
    assert.is_truthy(session:screen():find("init.lua:1: attempt to perform arithmetic on a nil value", 1, true))
    assert.equal("2", session:enter "1 + 1")
  end)

  it("is the script of moth -i, with its arguments", function()
    write("first.lua", "local a, b = ...\nprint(b)\nlocal function both() return a .. b end\n")
    local session = open{ arguments = "-i first.lua x y" }
    assert.is_truthy(session:screen():find("\ny\nmoth>", 1, true))
    assert.equal("xy", session:enter "both()")
  end)
end)
