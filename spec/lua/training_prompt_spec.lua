-- Training at the prompt, under a pseudo-terminal: the table, the live line, Ctrl-C and going on. And what a file or a poor terminal gets.
local terminal = dofile "spec/lua/terminal.lua"

local helper = dofile "spec/lua/helper.lua"
local lines_of = helper.lines_of
local interpreter = os.getenv "MOTH_COMMAND" or "build/moth"

local function in_terminal(options, play)
  local t = terminal.open(options)
  local ok, why = pcall(play, t)
  t:drop()
  if not ok then error(why, 0) end
end

-- Prepares a training that takes long enough to be interrupted: `net`, `valid` and the table `options`.
local preparations = {
  [[moth.seed(1); data = moth.csv("scripts/data/digits.csv.gz", { label = -1 })]],
  [[data.x:div_(16); train, valid = data:split(0.8, 0.2);]],
  [[net = moth.net{ input = 64, moth.dense(128, "relu"), moth.dropout(0.2), moth.dense(10, "softmax") }]],
  [[options = { net = net, data = train, validation = valid, loss = "cross_entropy", metrics = { "accuracy" } }]],
  [[options.epochs, options.seed, options.on_batch = 2000, 1, function() local t = os.clock() while os.clock() - t < 1e-3 do end end;]],
}

local function prepare(t)
  for _, line in ipairs(preparations) do t:enter(line) end
end

-- Types a line that trains, waits until the live line is in an epoch from the given one on, and interrupts; what stands below the line.
local function interrupt(t, line, epoch)
  local before = #lines_of(t:screen())
  t:send(line)
  t:key "Enter"
  t:wait(function(screen)
    local last = screen:match ".*\n +(%d+)/%d+ %["
    return last and tonumber(last) >= epoch
  end, "live line")
  t:key "C-c"
  local lines = lines_of(t:wait_mark())
  return table.move(lines, before + 1, #lines - 1, 1, {})
end

local ROW = "^ +%d+ +%d%.%d%d%d%d +%d%.%d%d%d%d +[01]%.%d%d%d%d  1%.0e%-03    %d%.%d%ds$"
local BAR = "^ +(%d+)/2000 %[#*%-*%]  %d+/45  loss %d%.%d%d%d%d   %d+k? rows/s   %d+m%d%ds left$"
local ENDED = "^interrupted in epoch (%d+), [a-z ]+%d*: (%d+) epochs done, weights of epoch (%d+) %(best val_loss (%d%.%d%d%d%d)%) put back$"
local HINT = '  run.stopped = "interrupt"; go on exactly with  moth.train{ ..., resume = run }'

describe("training at the prompt #terminal", function()
  if not terminal.is_there() then pending "no tmux" return end

  it("draws rows and a live line, stops at Ctrl-C and goes on", function()
    in_terminal({}, function(t)
      prepare(t)
      local lines = interrupt(t, "run = moth.train(options)", 3)
      assert.equal("epoch      loss  val_loss  val_accuracy       lr     time", lines[1])
      assert.matches(ROW, lines[2])
      assert.matches(ROW, lines[3])
      assert.matches("^    1 ", lines[2])
      assert.matches("^    2 ", lines[3])
      assert.matches(BAR, lines[4])
      assert.equal("^C", lines[5])
      assert.matches(ENDED, lines[6])
      assert.equal(HINT, lines[7])
      if lines[8] then assert.matches("^%d[%d.]* m?s$", lines[8]) end -- the time, where it took long
      assert.is_nil(lines[9])
      local epoch, done, best = lines[6]:match(ENDED)
      assert.is_true(tonumber(epoch) - 1 == tonumber(done) or lines[6]:find "at its end" ~= nil)
      assert.equal("interrupt", t:enter "run.stopped")
      assert.equal(done, t:enter "run.epochs")
      assert.equal(best, t:enter "run.best_epoch")
      assert.is_true(tonumber(t:enter "net:evaluate(valid, { 'accuracy' }).accuracy") > 0.5)

      t:enter "options.resume, options.epochs, options.on_batch = run, run.epochs + 2, nil"
      local shown = lines_of(t:enter "more = moth.train(options)")
      assert.equal("epoch      loss  val_loss  val_accuracy       lr     time", shown[1])
      assert.matches(ROW, shown[2])
      assert.matches("^%d+ epochs done, weights of epoch %d+ ", shown[#shown])
      assert.equal(("%d"):format(done + 2), t:enter "more.epochs")
      assert.equal("true", t:enter("more.loss[1] == run.loss[1] and more.loss[" .. done .. "] == run.loss[" .. done .. "]"))
      assert.equal("epochs", t:enter "more.stopped")
    end)
  end)

  it("goes on to the very numbers of a training that was not interrupted", function()
    in_terminal({}, function(t)
      prepare(t)
      t:enter "whole = net:clone(); fresh = {} for k, v in pairs(options) do fresh[k] = v end fresh.net = whole;"
      interrupt(t, "run = moth.train(options)", 2)
      t:enter "options.resume, options.epochs, options.on_batch, options.progress = run, run.epochs + 3, nil, false"
      t:enter "fresh.epochs, fresh.on_batch, fresh.progress = options.epochs, nil, false"
      t:enter "a = moth.train(options); b = moth.train(fresh);"
      assert.equal("true", t:enter "moth.tensor(a.val_loss) == moth.tensor(b.val_loss) and net:parameters() == whole:parameters()")
    end)
  end)

  it("never is wider than the window", function()
    for _, width in ipairs{ 26, 34, 48, 60 } do
      in_terminal({ width = width }, function(t)
        for _, line in ipairs(preparations) do
          t:send(line)
          t:key "Enter"
        end
        t:send "run = moth.train(options)"
        t:key "Enter"
        t:wait(function(screen) return screen:find "\n +[3-9]/2000 %[" end, "live line")
        local screen = (t:tmux "capture-pane -p"):gsub("[ \t]+\n", "\n") -- lines as they stand, wrapped ones in two
        local rows, bars, headers = 0, 0, 0
        for _, line in ipairs(lines_of(screen)) do
          if line:find "^ +[12] +%d%.%d%d%d%d" then rows = rows + 1 end
          if line:find "^ +%d+/2000 %[[#%-]+%]" then bars = bars + 1 end
          if line:find "^epoch +loss" then headers = headers + 1 end
          assert.is_falsy(line:find "^%d* *rows/s" or line:find "^%S* ?left$")
        end
        assert.same({ 2, 1, 1 }, { rows, bars, headers }, screen)
        t:key "C-c"
      end)
    end
  end)

  it("has rows alone where the terminal can do no more", function()
    in_terminal({ environment = { TERM = "dumb" } }, function(t)
      for _, line in ipairs(preparations) do t:enter(line) end
      t:enter "options.epochs, options.on_batch = 3, nil"
      local lines = lines_of(t:enter "run = moth.train(options)")
      assert.equal(5, #lines)
      for i = 2, 4 do assert.matches(ROW, lines[i]) end
    end)
  end)

  it("stops a script's training, and the script goes on", function()
    local path = helper.write(helper.path(), 'local moth = require "moth"\n' .. table.concat(preparations, "\n") ..
      '\nlocal run = moth.train(options)\nprint("then " .. run.stopped)\n')
    in_terminal({ arguments = path, waits = false }, function(t)
      t:wait(function(screen) return screen:find "\n +[3-9]/2000 %[" end, "live line")
      t:key "C-c"
      local lines = lines_of(t:wait_text "status 0")
      assert.matches(BAR, lines[4])
      assert.equal("^C", lines[5])
      assert.matches(ENDED, lines[6])
      assert.same({ HINT, "then interrupt", "status 0" }, { table.unpack(lines, 7) })
    end)
  end)
end)

describe("training's progress", function()
  it("has no control characters in a file", function()
    local path = helper.write(helper.path(), [[
      local moth = require "moth"
      moth.seed(1)
      local data = { moth.rand(200, 4), moth.rand(200, 1) }
      moth.train{ net = moth.net{ input = 4, moth.dense(1) }, data = data, loss = "mse", epochs = 45 }]])
    local text = helper.output_of(("%s %s 2>&1"):format(interpreter, path))
    assert.is_nil(text:find "[^\n\32-\126]")
    local epochs = {}
    for epoch in text:gmatch "\n +(%d+)  " do epochs[#epochs + 1] = tonumber(epoch) end
    assert.same({ 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 45 }, epochs)
    assert.matches("^epoch      loss       lr     time\n", text)
    assert.matches("\n45 epochs done\n$", text)
  end)
end)
