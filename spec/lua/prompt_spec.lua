-- What the prompt does with what is typed, played in a terminal: the screen is compared.
local terminal = dofile "spec/lua/terminal.lua"
local helper = dofile "spec/lua/helper.lua"
local interpreter = os.getenv "MOTH_COMMAND" or "build/moth"

-- Text without the blanks that a Lua string in this file is indented by.
local function text_of(text)
  local indentation = text:match "^\n?( *)"
  return (("\n" .. text:gsub("^\n", "")):gsub("\n" .. indentation, "\n"):gsub("^\n", ""):gsub("%s+$", ""))
end

-- As a terminal shows tabs.
local function expand(line)
  local out = ""
  for part, tab in line:gmatch "([^\t]*)(\t?)" do
    out = out .. part
    if tab ~= "" then out = out .. (" "):rep(8 - #out % 8) end
  end
  return out
end

-- Plays the lines of a transcript that stand behind marks and compares the screen with the whole.
local function plays(session, transcript)
  transcript = text_of(transcript):gsub("[^\n]+", expand)
  local lines = {}
  for line in (transcript .. "\n"):gmatch "([^\n]*)\n" do
    local typed = line:match "^moth> (.*)$" or line:match "^   >> (.*)$"
    if typed then lines[#lines + 1] = typed end
  end
  local before = #session:screen()
  local screen = session:play(table.concat(lines, "\n"))
  assert.equal(transcript, "moth>" .. screen:sub(before + 1))
end

local function write(path, text) helper.write(path, text_of(text) .. "\n") end

local function output_of(line)
  local pipe = assert(io.popen(line))
  local text = pipe:read "a"
  pipe:close()
  return text
end

local folder, session

-- What the command prints for a script in the folder.
local function run_script(name)
  local command = interpreter:sub(1, 1) == "/" and interpreter or output_of("pwd"):gsub("\n", "") .. "/" .. interpreter
  return output_of(("cd %s && %s %s 2>&1"):format(folder, command, name))
end

local function open(options)
  options = options or {}
  options.folder = options.folder or folder
  options.environment = options.environment or { NO_COLOR = "1" }
  session = terminal.open(options)
  return session
end

setup(function() folder = helper.folder() end)

teardown(function() os.execute("rm -r " .. folder) end)

after_each(function()
  if session then session:drop() end
  session = nil
end)

describe("the prompt #terminal", function()
  it("begins with one line and ends with status 0", function()
    local screen = open():screen()
    assert.is_truthy(screen:find "^Moth 0%.1 %(Lua 5%.4%.%d+[^)]*, %d+ threads?%)   %?name help   :help   Ctrl%-D leaves\nmoth>$")
    assert.equal(0, session:close())
    session = nil
  end)

  it("begins with as much of that line as the window takes", function()
    assert.equal("Moth 0.1   ?name help   :help   Ctrl-D leaves\nmoth>", open{ width = 50 }:screen())
    session:drop()
    assert.equal("Moth 0.1   ?name help   :help\nmoth>", open{ width = 40 }:screen())
  end)

  it("tells who wants to leave, or help, how to", function()
    open()
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
    open()
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

  it("waits for the end of long strings, not of short ones", function()
    open()
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
    open()
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
    open{ folder = output_of("pwd"):gsub("\n", "") }
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
    open{ width = 60 }
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
    open{ environment = {} }
    session:enter "{ moth.ones(2), 'text' }"
    session:enter "moth.ones(1)"
    local painted = session:painted()
    assert.is_truthy(painted:find("{ \27[36mf32[2]\27[39m, \"text\" }", 1, true))
    assert.is_truthy(painted:find("\27[36mf32[1]\27[39m   1", 1, true))
    session:enter ":set colour off"
    session:enter "moth.ones(3)"
    assert.is_truthy(session:painted():find("\nf32[3]   1   1   1", 1, true))
    session:drop()
    open()
    session:enter "moth.ones(2)"
    assert.is_nil(session:painted():find("\27[36m", 1, true))
  end)

  it("uses plain letters where the locale has no others", function()
    open{ environment = { LC_ALL = "C", NO_COLOR = "1" } }
    assert.equal("{ { ... } }", session:enter "{ { 1 } }")
  end)

  it("never shows tensors wider than the window", function()
    open{ width = 40 }
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
    session:drop()
    open{ width = 20 }
    for line in (session:play "moth.full({ 30, 30 }, 123456.789)\nmoth.tensor{ 0/0, 1e7, 1/0 }\nmoth.rand(7, 7)"):gmatch "[^\n]+" do
      local is_shown = not line:find "^moth" and not line:find "^Moth" and not line:find "help"
      assert.is_true(#line <= 20 or not is_shown, line)
    end
  end)
end)

describe("top-level locals #terminal", function()
  it("are kept", function()
    open()
    plays(session, [[
      moth> local x <const>, y = 1, 2
      moth> x, y, rawget(_G, "y")
      1	2	nil
      moth> x = 3
      error: attempt to assign to const variable 'x'
      moth> y = 3
      moth> y
      3
      moth> local function factorial(n) return n < 2 and 1 or n * factorial(n - 1) end
      moth> factorial(10)
      3628800
      moth> function seen() return later end
      moth> local later = "now"; local more
      moth> seen(), more
      now	nil
      moth> local x = "anew"
      moth> x
      anew
      moth> local print = function() return "mine" end
      moth> print(1)
      mine
      moth> local q = 5; q * 2;
      moth> _
      10
      moth> do local inner = 1 end; inner
      nil
      moth> local s = [=[local no = 1]=] -- local none = 2
      moth> no, none, s
      nil	nil	local no = 1
      moth> for i = 1, 1 do local x = i end x
      anew
      moth> local a <const> = 1; a = 2
      error: attempt to assign to const variable 'a'
      moth> local b <strange> = 1
      error: unknown attribute 'strange']])
  end)

  it("close what is to be closed", function()
    open{ width = 120 }
    plays(session, [[
      moth> function guard(name) return setmetatable({}, { __close = function() print("closed " .. name) end }) end
      moth> local a <close> = guard "a"
      moth> local b <close>, c = guard "b", 1
      moth> a = guard "again"
      closed a
      moth> local b = 2
      closed b
      moth> local d <close> = 5
      error: variable 'd' got a non-closable value
      moth> local t <close> = moth.ones(3)
      moth> t = nil
      moth> :reset
      closed again
      moth> a, b, c, guard
      nil	nil	nil	nil
      moth> local e <close> = setmetatable({}, { __close = function() error "closing" end })
      moth> e = nil
      error: closing
        line 1  in the function of line 1  local e <close> = setmetatable({}, { __close = function() error "closing" end })
      moth> e
      nil]])
  end)

  it("leave _ENV to the user", function()
    open()
    plays(session, [[
      moth> local _ENV = { y = 5 }; z = y
      moth> z, y
      nil	nil
      moth> _ENV.w = 1
      moth> w
      1
      moth> local function sandboxed(_ENV) return v end
      moth> sandboxed{ v = 7 }
      7]])
  end)
end)

describe("statements #terminal", function()
  it("go on over several lines until they are whole, or are dropped", function()
    open()
    plays(session, [[
      moth> for i = 1, 2 do
         >>   print(i)
         >> end
      1
      2
      moth> { 1,
         >>   2 }
      { 1, 2 }
      moth> s = [=[
         >> two
         >> lines]=]
      moth> s
      two
      lines
      moth> 1 +
         >> 1
      2
      moth> = 2 * 3
      6
      moth> function f(
         >> ) return 1, nil end
      moth> f()
      1	nil]])
  end)

  it("silence and keep the last value until the user has one", function()
    open()
    plays(session, [[
      moth> 1 + 1;
      moth> _
      2
      moth> 5, 6
      5	6
      moth> _ + 1
      6
      moth> print "x"
      x
      moth> _
      6
      moth> _ = "mine"
      moth> 7
      7
      moth> _
      mine]])
  end)

  it("of a paste run one by one", function()
    open()
    write(folder .. "/paste", "local v = moth.ones(2)\nv\nv:add_(1)\n  :sum()\n")
    session:tmux("load-buffer " .. folder .. "/paste")
    session:tmux "paste-buffer -p"
    session:key "Enter"
    assert.is_truthy(session:wait_text "4.0":find("\nf32[2]   1   1\n4.0", 1, true))
  end)

  it("tell the time where it is long, or asked for", function()
    open()
    assert.is_truthy(session:enter ":time moth.ones(3):sum()":find "^3%.0\n[%d.]+ [um]?s$")
    assert.is_truthy(session:enter "local t = os.clock(); while os.clock() - t < 0.6 do end":find "^[%d.]+ m?s$")
    session:enter ":set time off"
    assert.equal("", session:enter "local t = os.clock(); while os.clock() - t < 0.6 do end")
  end)
end)

describe("errors #terminal", function()
  it("tell the message first, then the user's frames with their lines", function()
    open()
    write(folder .. "/broken.lua", [[
      local moth = require "moth"
      local conf, x = {}, moth.ones(8, 1)
      local options = {
        net = moth.net{ input = 1, moth.dense(1) },
        data = { x, x }, validation = { x, x },
        loss = "mse", epochs = 9, progress = false,
      }
      local function run()
        moth.train(options)
      end
      options.on_epoch = function(e)
        if e.epoch == 3 then
          -- the threshold is not there
          if e.val_loss < conf.limit then
            return true
          end
        end
      end
      run()]])
    plays(session, [[
      moth> dofile "broken.lua"
      broken.lua:14: attempt to compare number with nil (field 'limit')
        broken.lua:14  in on_epoch        if e.val_loss < conf.limit then
        broken.lua:9   in run: moth.train, epoch 3
        broken.lua:19  in the main chunk  run()
      moth> function f(x)
         >>   return x.y.z
         >> end
      moth> f{}
      error: attempt to index a nil value (field 'y')
        line 2  in f               return x.y.z
      moth> for i = 1, 2 do
         >>   moth.ones(i)[5] = 1
         >> end
      error: index 5: rows of f32[1] are 1..1 or -1..-1
        line 2  in what was typed  moth.ones(i)[5] = 1
      moth> if x then
         >>   y z
      error: syntax error near 'z'
        line 2  y z
      moth> f = nil
      moth> f()
      error: attempt to call a nil value (global 'f')]])
  end)

  it("name the engine's function and the epoch of a callback in the main chunk", function()
    open()
    write(folder .. "/callback.lua", [[
      local moth = require "moth"
      local x, conf = moth.ones(8, 1), {}
      moth.train{ net = moth.net{ input = 1, moth.dense(1) }, data = { x, x }, loss = "mse", epochs = 9, progress = false,
                  on_epoch = function(e) return e.loss > conf.limit end }]])
    plays(session, [[
      moth> dofile "callback.lua"
      callback.lua:4: attempt to compare nil with number (field 'limit')
        callback.lua:4  in on_epoch        on_epoch = function(e) return e.loss > conf.limit end }
        callback.lua:3  in moth.train, epoch 1]])
  end)

  it("survive every mistake", function()
    open()
    plays(session, [[
      moth> x y
      error: syntax error near 'y'
      moth> 1 +* 2
      error: unexpected symbol near '*'
      moth> error{ code = 3 }
      error: { code = 3 }
      moth> error(nil)
      error: nil
      moth> error(setmetatable({}, { __tostring = function() return "told" end }))
      error: told
      moth> error(setmetatable({}, { __tostring = function() error "inner" end }))
      error: (table whose __tostring fails: inner)
      moth> g = function(n) return 1 + g(n + 1) end
      moth> g(1)
      error: stack overflow
        line 1  in g               g = function(n) return 1 + g(n + 1) end
        ... 499,980 more of the same
      moth> ("x"):rep(1 << 40)
      error: resulting string too large
      moth> coroutine.wrap(function() error "within" end)()
      error: within
      moth> string, table, type, print, error, pcall = nil
      moth> 1 + 1
      2
      moth> nothing.here
      error: attempt to index a nil value (global 'nothing')
      moth> :reset
      moth> debug.setmetatable("", nil);
      moth> "still here"
      still here
      moth> moth.zeros(2, 2)[3]
      nil
      moth> moth.zeros(2, 2)[4]
      error: index 4: rows of f32[2,2] are 1..2 or -2..-1
      moth> t = moth.ones(2); do local u <close> = t end t
      a closed tensor
      moth> t:sum()
      error: sum: the tensor is closed
      moth> coroutine.yield(1)
      error: attempt to yield from outside a coroutine
      moth> goto nowhere
      error: no visible label 'nowhere' for <goto> at line 1
      moth> moth.tesnor
      error: moth has no 'tesnor'; did you mean 'tensor'?]])
  end)

  it("show all frames where asked to", function()
    open()
    session:enter ":set trace full"
    local shown = session:enter "error 'x'"
    assert.is_truthy(shown:find "^error: x\n  %[C%]  +in error\n  line 1  +in what was typed  error 'x'\n")
  end)

  it("tell scripts' frames in the same form", function()
    write(folder .. "/script.lua", [[
      local function inner(t) return t.x.y end
      print(pcall(inner, {}))
      inner{}
      return nil]])
    local shown = run_script "script.lua"
    assert.equal(text_of [[
      false	script.lua:1: attempt to index a nil value (field 'x')
      script.lua:1: attempt to index a nil value (field 'x')
        script.lua:1  in inner           local function inner(t) return t.x.y end
        script.lua:3  in the main chunk  inner{}]], (shown:gsub("%s+$", ""):gsub("script.lua:1  in upvalue", "script.lua:1  in")))
  end)
end)

describe("commands #terminal", function()
  it("list variables", function()
    open()
    plays(session, [[
      moth> :who
      nothing yet
      moth> x, name = moth.ones(1000, 300), "text"
      moth> local n, t = 5, { 1, 2 }
      moth> net = moth.net{ input = 64, moth.dense(10) }
      moth> function f() end
      moth> :who
        name  type      shape            bytes
        f     function
        n     integer                      8 B
        name  string                       4 B
        net   net       [64] -> [10]  2.54 KiB
        t     table     2 entries
        x     f32       [1000,300]    1.14 MiB]])
  end)

  it("reset, and set", function()
    open()
    plays(session, [[
      moth> local x = 1; y = 2; print = 3
      moth> :reset
      moth> x, y, print == 3
      nil	nil	false
      moth> :set digits 2
      moth> moth.full({ 2 }, 0.5)
      f32[2]   0.50   0.50
      moth> :set
        colour  off
        digits  2
        edge    3
        max     1000
        time    on
        trace   short
        width   100
      moth> :set digit 3
      error: set: no setting 'digit'; did you mean 'digits'?
      moth> :set trace loud
      error: set: trace is full or short, got 'loud'
      moth> :set edge 0
      error: set: edge must be 1..1000, got 0
      moth> :whoo
      error: no command ':whoo'; did you mean ':who'?
      moth> :nonsense
      error: no command ':nonsense' (:help :who :time :load :save :edit :hist :plot :reset :set :quit)
      moth> :quit now
      error: quit: takes no argument, got 'now']])
    session:send ":quit"
    session:key "Enter"
    session:wait_text "status 0"
  end)

  it("load files into the session", function()
    open()
    write(folder .. "/prepare.lua", "local moth = require 'moth'\nlocal rows <const> = 3\nfunction make() return moth.ones(rows) end\n")
    plays(session, [[
      moth> :load prepare.lua
      moth> make(), rows
      f32[3]   1   1   1
      3
      moth> :load none.lua
      error: load: cannot open 'none.lua': No such file or directory]])
    write(folder .. "/wrong.lua", "local x = 1\nx x\n")
    plays(session, [[
      moth> :load wrong.lua
      wrong.lua:2: syntax error near 'x']])
  end)

  it("save what worked as a script that prints the same", function()
    open()
    session:play(text_of [[
      moth.seed(1)
      local x = moth.ones(2, 2)
      x:add_(1);
      x:sum()
      nothing.here
      function scaled(by) return x * by, factor end
      local factor <const> = 5
      local x = x * 2
      (scaled(2))
      print "printed"
      for i = 1, 2 do
        print(i)
      end
      x:max() -- a comment
      _ + 1
      :save saved.lua]])
    local script = helper.read(folder .. "/saved.lua")
    assert.is_nil(script:find("nothing", 1, true))
    local shown = run_script "saved.lua"
    assert.equal("8.0\nf32[2,2]\n  8   8\n  8   8\nprinted\n1\n2\n4.0\n5.0\n", shown)
    plays(session, [[
      moth> :save saved.lua
      saved.lua: 12 statements; it runs with  moth saved.lua]])
    session:drop()
    open()
    plays(session, [[
      moth> :save
      error: save: into which file? as in  :save session.lua
      moth> 1
      1
      moth> :save saved.lua
      error: save: 'saved.lua' is there already;  :save! saved.lua  replaces it
      moth> :save! saved.lua
      saved.lua: 1 statement; it runs with  moth saved.lua
      moth> :save /nowhere/x.lua
      error: save: cannot write '/nowhere/x.lua': No such file or directory]])
  end)

  it("edit", function()
    write(folder .. "/editor", "#!/bin/sh\nsed -i 's/one/two/' \"$1\"\n")
    os.execute("chmod +x " .. folder .. "/editor")
    open{ environment = { EDITOR = folder .. "/editor", NO_COLOR = "1" } }
    write(folder .. "/text.lua", "x = 'one'\n")
    plays(session, [[
      moth> "one"
      one
      moth> :edit
      "two"
      two
      moth> :edit text.lua
      moth> x
      two]])
    session:drop()
    open{ environment = { EDITOR = "false", NO_COLOR = "1" } }
    assert.equal("error: edit: false ended with status 1; nothing was run", session:enter ":edit")
  end)

  it("show what was entered", function()
    open()
    plays(session, [[
      moth> x = 1
      moth> for i = 1, 1 do
         >>   x = i
         >> end
      moth> :hist
          1  x = 1
          2  for i = 1, 1 do
               x = i
             end
      moth> :hist 1
          2  for i = 1, 1 do
               x = i
             end]])
  end)

  it("help", function()
    open{ height = 100 }
    assert.is_truthy(session:enter "?moth.dropout":find "^moth%.dropout%(p%) +layer\n  Sets each value to 0 with probability p")
    assert.is_truthy(session:enter "?nothing_of_the_kind":find "nothing_of_the_kind")
    local help = session:enter ":help"
    assert.is_truthy(help:find "\ncommands\n  :help %[NAME%] ")
    assert.is_truthy(help:find "\n  :quit ")
    session:enter "local double = function(x) return 2 * x end"
    assert.is_truthy(session:enter "??double":find("return 2 * x", 1, true))
  end)
end)

describe("the start file #terminal", function()
  it("runs in the session before the first mark", function()
    local home = folder .. "/config"
    assert(os.execute("mkdir -p " .. home .. "/moth"))
    write(home .. "/moth/init.lua", "local greeting = 'hello'\nmoth.printing{ digits = 1 }\n")
    open{ environment = { XDG_CONFIG_HOME = home } }
    assert.equal("hello", session:enter "greeting")
    session:drop()
    write(home .. "/moth/init.lua", "local x = nil + 1\n")
    open{ environment = { XDG_CONFIG_HOME = home } }
    assert.is_truthy(session:screen():find("init.lua:1: attempt to perform arithmetic on a nil value", 1, true))
    assert.equal("2", session:enter "1 + 1")
  end)

  it("is the script of moth -i, with its arguments", function()
    write(folder .. "/first.lua", "local a, b = ...\nprint(b)\nlocal function both() return a .. b end\n")
    open{ arguments = "-i first.lua x y" }
    assert.is_truthy(session:screen():find("\ny\nmoth>", 1, true))
    assert.equal("xy", session:enter "both()")
  end)
end)
