-- How errors are told at the prompt, and in scripts: the message, then the frames; played in a terminal.
local transcript = dofile "spec/lua/transcript.lua"
local text_of, plays = transcript.text_of, transcript.plays
local write, run_script, open = transcript.write, transcript.run_script, transcript.open

after_each(transcript.drop)

describe("errors #terminal", function()
  it("tell the message first, then the user's frames with their lines", function()
    local session = open()
    write("broken.lua", [[
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

  it("tell no frames of what a script raises without a place", function()
    local session = open()
    write("usage.lua", [[
      local function check(folder)
        if not folder then error("usage: usage.lua DIR", 0) end
      end
      check(arg and arg[1])]])
    write("again.lua", [[
      local ok, message = pcall(function() local x = nil; return x.y end)
      error(message, 0)]])
    write("sure.lua", [[
      assert(false, "not sure")]])
    assert.equal("usage: usage.lua DIR", text_of(run_script "usage.lua"))
    assert.equal("again.lua:1: attempt to index a nil value (local 'x')\n  again.lua:2  in the main chunk  error(message, 0)",
      text_of(run_script "again.lua"))
    assert.equal("sure.lua:1: not sure\n  sure.lua:1  in the main chunk  assert(false, \"not sure\")", text_of(run_script "sure.lua"))
    plays(session, [[
      moth> arg = nil
      moth> dofile "usage.lua"
      error: usage: usage.lua DIR
      moth> function f() error("plain", 0) end
      moth> f()
      error: plain
      moth> function f() error { 3 } end
      moth> f()
      error: { 3 }
        line 1  in f               function f() error { 3 } end]])
    session:enter ":set trace full"
    assert.is_truthy(session:enter "error('plain', 0)":find("error: plain\n  [C]         in error\n", 1, true))
  end)

  it("name the engine's function and the epoch of a callback in the main chunk", function()
    local session = open()
    write("callback.lua", [[
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
    local session = open()
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
    local session = open()
    session:enter ":set trace full"
    local shown = session:enter "error 'x'"
    assert.is_truthy(shown:find "^error: x\n  %[C%]  +in error\n  line 1  +in what was typed  error 'x'\n")
  end)

  it("tell scripts' frames in the same form", function()
    write("script.lua", [[
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
