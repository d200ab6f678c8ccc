-- The command `moth`, run as a person runs it.
local helper = dofile "spec/lua/helper.lua"
local interpreter = os.getenv "MOTH_COMMAND" or "build/moth"

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- Runs a shell command line in which MOTH stands for the command: output, errors, exit status.
local function run(line)
  local out, err = helper.path(), helper.path()
  local _, kind, code = os.execute(("{ %s\n} >%s 2>%s"):format(line:gsub("MOTH", function() return interpreter end), out, err))
  return helper.read(out), helper.read(err), kind == "exit" and code or 128 + code
end

local function script(text) return helper.write(helper.path(), text) end

describe("moth", function()
  it("runs scripts with arguments", function()
    local path = script 'print(arg[0] ~= nil, arg[1], rawget(_G, "moth"), require("moth").version, ...)'
    assert.same({ "true\ta\tnil\t0.1.0\ta\tb\n", "", 0 }, { run("MOTH " .. path .. " a b") })
    assert.same({ "-\tx\n", "", 0 }, { run [[printf 'print(arg[0], arg[1])' | MOTH - x]] })
  end)

  it("runs chunks", function()
    assert.same({ "3.0\tx\n", "", 0 }, { run("MOTH -e " .. quote "print(moth.ones(3):sum(), ...)" .. " x") })
    assert.same({ "", "(command line):1: index 4: rows of f32[2] are 1..2 or -2..-1\n", 1 },
      { run("MOTH -e " .. quote "local t = moth.zeros(2) t[4] = 1") })
  end)

  it("sets threads and seed", function()
    assert.same({ "1\n", "", 0 }, { run("MOTH --threads 1 -e " .. quote "print(moth.threads())") })
    local one = run("MOTH --seed=3 -e " .. quote "print(moth.rand(1):item())")
    assert.equal(run("MOTH -e " .. quote "moth.seed(3) print(moth.rand(1):item())"), one)
    assert.are_not.equal(run("MOTH -e " .. quote "print(moth.rand(1):item())"), one)
  end)

  it("tells its version and how it is used", function()
    assert.is_truthy((run "MOTH --version"):find "^Moth 0%.1%.0 %(Lua 5%.4%.%d+%)\n$")
    assert.is_truthy((run "MOTH --help"):find "^usage: moth")
  end)

  it("refuses a wrong command line with status 2", function()
    for _, case in ipairs{ { "--bogus", "no option '--bogus'" }, { "-e", "-e needs a chunk" },
      { "--seed x", "--seed must be a whole number, got x" },
                           { "-i", "-i needs a file" }, { "-i -", "-i needs a file" },
                           { "--threads 0", "--threads must be a whole number from 1 to 256, got 0" } } do
      local out, err, code = run("MOTH " .. case[1])
      assert.equal("", out)
      assert.equal("moth: " .. case[2], err:match "^[^\n]*")
      assert.equal(2, code)
    end
  end)

  it("tells errors with the frames of scripts alone", function()
    local path = script [[
local moth = require "moth"
local function limit(e) return e.val_loss < nil end
local function go()
  local xy = { { { 1 }, { 2 } }, { { 1 }, { 2 } } }
  moth.train{ net = moth.net{ input = 1, moth.dense(1) }, data = xy, validation = xy, loss = "mse", epochs = 2, progress = false,
              on_epoch = limit }
end
go()
]]
    local out, err, code = run("MOTH " .. path)
    assert.equal("", out)
    assert.equal(1, code)
    assert.equal("FILE:2: attempt to compare number with nil\n" ..
      "  FILE:2  in on_epoch        local function limit(e) return e.val_loss < nil end\n" ..
      "  FILE:5  in go: moth.train, epoch 1\n" ..
      "  FILE:8  in the main chunk  go()\n", (err:gsub(path:gsub("%p", "%%%0"), "FILE")))
    out, err, code = run "MOTH none.lua"
    assert.same({ "", "cannot open none.lua: No such file or directory\n", 1 }, { out, err, code })
    local chunk = "error(setmetatable({}, { __tostring = function() return 'mine' end }))"
    assert.same({ "", "error: mine\n", 1 }, { run("MOTH -e " .. quote(chunk)) })
  end)

  it("tells an error whole, and one that has no text", function()
    local function failing(chunk) return run("MOTH -e " .. quote(chunk)) end
    assert.same({ "", "(command line):1: a\0b\n", 1 }, { failing 'error("a\\0b")' })
    assert.same({ "", "error: x\0y\n", 1 }, { failing 'error(setmetatable({}, { __tostring = function() return "x\\0y" end }))' })
    assert.same({ "", "error: a table that gives no text\n", 1 },
      { failing 'local m = {} m.__tostring = function() error(setmetatable({}, m)) end error(setmetatable({}, m))' })
    assert.same({ "", "error: a table that gives no text\n", 1 }, { failing 'error(setmetatable({}, { __tostring = function() return {} end }))' })
  end)

  it("draws progress on the error stream: rows, without control characters", function()
    local path = script [[
local moth = require "moth"
moth.seed(1)
local x = moth.rand(20, 1) * 10
moth.train{ net = moth.net{ input = 1, moth.dense(1) },
  data = { x, -x }, validation = { x, -x }, loss = "mse", metrics = { "mae" }, epochs = 45 }
]]
    local out, err, code = run("MOTH " .. path)
    assert.same({ "", 0 }, { out, code })
    local lines, epochs = {}, {}
    for line in err:gmatch "[^\n]+" do
      lines[#lines + 1] = line
      epochs[#epochs + 1] = tonumber(line:match "^%s*(%d+) ")
    end
    assert.equal("epoch      loss  val_loss   val_mae       lr     time", lines[1])
    table.remove(epochs) -- the last line begins with a number too
    assert.same({ 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 45 }, epochs)
    assert.is_truthy(lines[2]:find "^    1 +%d+%.%d%d%d%d +%d+%.%d%d%d%d +%d+%.%d%d%d%d  1%.0e%-03 +%d+%.%d%ds$")
    assert.is_truthy(lines[#lines]:find "^45 epochs done")
    assert.is_nil(err:find "[\r\27]")
  end)

  it("ends a training at an interrupt and goes on; a loop with status 130", function()
    local path = script [[
local moth = require "moth"
local x = moth.rand(100, 1)
local run = moth.train{ net = moth.net{ input = 1, moth.dense(50, "tanh"), moth.dense(1) }, data = { x, x }, loss = "mse", epochs = 10 ^ 9,
  progress = false, on_epoch = function(e) if e.epoch == 1 then io.stdout:write("ready\n"):flush() end end }
print(run.stopped)
]]
    local interrupt = [[ & p=$!; i=0; while [ ! -s OUT ] && [ $i -lt 500 ]; do sleep 0.02; i=$((i+1)); done; kill -INT $p; wait $p]]
    local out = helper.write(helper.path(), "")
    local function interrupted(words)
      local _, err, code = run("MOTH " .. words .. " >" .. out .. interrupt:gsub("OUT", out))
      local text = helper.read(out)
      helper.write(out, "")
      return text, err, code
    end
    assert.same({ "ready\ninterrupt\n", 0 }, { (function(a, _, c) return a, c end)(interrupted(path)) })
    local text, err, code = interrupted("-e " .. quote 'io.stdout:write("ready\\n"):flush() while true do end')
    assert.same({ "ready\n", "interrupted", 130 }, { text, err:match "[^\n]*", code })
  end)
end)

describe("moth -i", function()
  it("runs the script, then what stands on the input, without prompts and banner", function()
    local path = script 'x = 20; print(arg[1], ...)'
    assert.same({ "a\ta\n21\n", "", 0 }, { run(("printf 'x + 1\n' | MOTH -i %s a"):format(path)) })
  end)

  it("ends where the script fails", function()
    local path = script 'error("no", 0)'
    local out, err, code = run(("printf 'print(1)\n' | MOTH -i %s"):format(path))
    assert.same({ "", "no", 1 }, { out, err:match "^[^\n]*", code })
  end)
end)

describe("an interrupted script", function()
  -- Interrupts the script each time it says so in the file OUT.
  local function interrupted(text, times)
    local path, out = script(text), helper.path()
    local line = ("MOTH %s >%s 2>/dev/null & p=$!; for n in %s; do i=0; while [ $(grep -c ready %s) -lt $n ] && [ $i -lt 500 ]; do " ..
      "sleep 0.02; i=$((i+1)); done; kill -INT $p; done; wait $p"):format(path, out, times, out)
    local _, _, code = run(line)
    return helper.read(out), code
  end
  local ready = 'local function ready() io.stdout:write("ready\\n"):flush() end '

  it("stops in coroutines and in pcall, once", function()
    assert.same({ "ready\nfalse\tinterrupted\nready\n", 130 }, { interrupted(ready .. [[
      print(coroutine.resume(coroutine.create(function() ready() while true do end end)))
      ready() while true do end]], "1 2") })
    assert.same({ "ready\nfalse\tinterrupted\n", 0 },
      { interrupted(ready .. "print(pcall(function() ready() while true do end end))", "1") })
  end)

  it("ends at the second", function()
    assert.same({ "ready\nready\n", 130 }, { interrupted(ready .. [[
      local moth = require "moth"
      local x = moth.rand(100, 1)
      for _ = 1, 2 do
        moth.train{ net = moth.net{ input = 1, moth.dense(1) }, data = { x, x }, loss = "mse", epochs = 1e9, progress = false,
          on_epoch = function(e) if e.epoch == 1 then ready() end end }
      end]], "1 2") })
  end)
end)

describe("the prompt", function()
  local function typed(text) return run(("printf '%%s' %s | MOTH"):format(quote(text))) end

  it("shows values, keeps going over several lines, and has moth", function()
    assert.same({ "2\nf32[2]   1   1\n3\t4\n{ 1, a = 2 }\nnil\n", "", 0 },
      { typed "1+1\nx = moth.ones(2)\nx\nfor i = 3, 3 do\nprint(i, i + 1)\nend\n{ 1, a = 2 }\nnil" })
  end)

  it("tells errors, and ends at the first where there is no terminal", function()
    assert.same({ "", "error: moth has no 'dropuot'; did you mean 'dropout'?\n", 1 }, { typed "moth.dropuot\n3" })
    assert.same({ "", "error: attempt to add a 'string' with a 'number'\n", 1 }, { typed '"x" + 1' })
    local _, err, code = typed "for"
    assert.is_truthy(err:find "^error: <name> expected")
    assert.equal(1, code)
  end)
end)
