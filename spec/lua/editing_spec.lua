-- The prompt's line editing, history and interrupts, as keys are typed into a pseudo-terminal.
local terminal = dofile "spec/lua/terminal.lua"
local helper = dofile "spec/lua/helper.lua"
local read, write = helper.read, helper.write

local interpreter = os.getenv "MOTH_COMMAND" or "build/moth"

-- The last line of the screen that holds the mark, without it.
local function line_of(screen) return screen:match ".*\nmoth> ?([^\n]*)" end

local function wait_line(t, expected)
  return t:wait(function(screen) return line_of(screen) == expected end, ("line '%s'"):format(expected))
end

local function keys(t, names)
  for name in names:gmatch "%S+" do t:key(name) end
end

-- Drops what is typed.
local function drop(t)
  keys(t, "C-c")
  t:wait_mark()
end

-- A paste as a terminal sends it: in brackets where the program has asked for them.
local function paste(t, text, plain)
  local path = write(helper.path(), text)
  t:tmux("load-buffer " .. path)
  t:tmux("paste-buffer " .. (plain and "" or "-p"))
end

local function in_terminal(options, play)
  local t = terminal.open(options)
  local ok, message = pcall(play, t)
  if ok then return t:close(), t end
  t:drop()
  error(message, 0)
end

describe("line editing #terminal", function()
  it("moves, deletes and inserts, in wide characters too", function()
    in_terminal({}, function(t)
      t:send "1 + 22"
      keys(t, "Left BSpace")
      t:send "4"
      wait_line(t, "1 + 42")
      keys(t, "Home")
      t:send "10 + "
      keys(t, "End BSpace")
      t:send "3"
      wait_line(t, "10 + 1 + 43")
      keys(t, "C-a C-d C-d")
      wait_line(t, " + 1 + 43")
      drop(t)
      t:send "'größe 大きい'"
      keys(t, "Left Left BSpace BSpace")
      wait_line(t, "'größe い'")
      drop(t)
      assert.equal("7", t:enter "#'größe'")
    end)
  end)

  it("ends at Ctrl-D in an empty line alone, and at :quit", function()
    assert.equal(0, (in_terminal({}, function(t)
      t:send "12"
      keys(t, "C-d")
      wait_line(t, "12")
      keys(t, "Home C-d")
      wait_line(t, "2")
      drop(t)
    end)))
    assert.equal(0, (in_terminal({}, function(t)
      t:send ":quit"
      keys(t, "Enter")
      t:wait_text "status 0"
    end)))
  end)

  it("recalls entries, those that begin as what is typed", function()
    in_terminal({}, function(t)
      for _, line in ipairs{ "alpha = 1", "beta = 2", "alpha = 3", "gamma = 4" } do t:enter(line) end
      keys(t, "Up Up")
      wait_line(t, "alpha = 3")
      keys(t, "Down")
      wait_line(t, "gamma = 4")
      keys(t, "Down")
      wait_line(t, "")
      t:send "al"
      keys(t, "Up")
      wait_line(t, "alpha = 3")
      keys(t, "Up")
      wait_line(t, "alpha = 1")
      keys(t, "Down Down")
      wait_line(t, "al")
      drop(t)
    end)
  end)

  it("searches with Ctrl-R", function()
    in_terminal({}, function(t)
      for _, line in ipairs{ "first = 10", "second = 20", "first = 30" } do t:enter(line) end
      keys(t, "C-r")
      t:send "first"
      t:wait_text "search 'first': first = 30"
      keys(t, "C-r")
      t:wait_text "search 'first': first = 10"
      t:send "x"
      t:wait_text "no match 'firstx'"
      keys(t, "BSpace C-r")
      t:wait_text "search 'first': first = 10"
      keys(t, "Enter")
      t:wait_mark()
      assert.equal("10", t:enter "first")
      t:send "kept"
      keys(t, "C-r")
      t:send "sec"
      t:wait_text "search 'sec': second = 20"
      keys(t, "C-g")
      wait_line(t, "kept")
      drop(t)
    end)
  end)

  it("keeps entries for the next session, and those of two at once", function()
    local home = helper.folder()
    local environment = { XDG_STATE_HOME = home .. "/state" }
    local function open() return terminal.open{ environment = environment } end
    local a, b = open(), open()
    a:enter "from_a = 1"
    b:enter "from_b = 'c:\\\\n'"
    a:play "for i = 1, 2 do\nlast = i\nend"
    a:close()
    b:close()
    assert.equal("from_a = 1\nfrom_b = 'c:\\\\\\\\n'\nfor i = 1, 2 do\\nlast = i\\nend\n", read(home .. "/state/moth/history"))
    local pipe = io.popen(("stat -c %%a %s/state/moth %s/state/moth/history"):format(home, home))
    assert.equal("700\n600\n", pipe:read "a")
    pipe:close()
    local c = open()
    keys(c, "Up")
    c:wait_text "moth> for i = 1, 2 do\nlast = i\nend"
    keys(c, "Up Up Up")
    wait_line(c, "from_b = 'c:\\\\n'")
    drop(c)
    c:close()
  end)

  it("goes on where its history cannot be written", function()
    in_terminal({ environment = { XDG_STATE_HOME = "/proc/none" } }, function(t)
      assert.equal("2", t:enter "1 + 1")
      keys(t, "Up")
      wait_line(t, "1 + 1")
      drop(t)
    end)
  end)

  it("leaves the newest of a long history", function()
    local home = helper.folder()
    assert(os.execute("mkdir " .. home .. "/moth"))
    local lines = {}
    for i = 1, 6300 do lines[i] = "entry = " .. i end
    write(home .. "/moth/history", table.concat(lines, "\n") .. "\n")
    in_terminal({ environment = { XDG_STATE_HOME = home } }, function(t)
      keys(t, "Up")
      wait_line(t, "entry = 6300")
      drop(t)
    end)
    local text = read(home .. "/moth/history")
    assert.equal(5000, select(2, text:gsub("\n", "")))
    assert.equal("entry = 1301", text:match "^[^\n]*")
  end)
end)

describe("blocks #terminal", function()
  local block = [[
local total = 0

for i = 1, 4 do
	if i % 2 == 0 then
		total = total + i
	end

	-- a line that is no code
	local unused = "a	tab"
end

local function twice(n)
	return 2 * n
end

local text = [=[
one
	two]=]

assert(#text == 8)
print("total", total, twice(total))
]]

  it("takes a pasted block as one, tabs and empty lines with it", function()
    in_terminal({}, function(t)
      paste(t, block)
      t:wait_text 'print("total", total, twice(total))'
      assert.is_nil(t:screen():find("total   6", 1, true))
      keys(t, "Enter")
      t:wait_text "total   6       12"
      t:wait_mark()
      assert.equal("6", t:enter "total")
      keys(t, "Up Up")
      t:wait_text 'moth> local total = 0\n\nfor i = 1, 4 do'
      drop(t)
    end)
  end)

  it("takes a transcript by what stands behind its marks", function()
    in_terminal({}, function(t)
      paste(t, "moth> x = 20\nmoth> x + 1\n21\nmoth> for i = 1, 2 do\n   >>   x = x + i\n   >> end\nmoth> x\n23")
      t:wait_text "moth> x\n23"
      keys(t, "Enter")
      t:wait_text "moth> x\n23\n21\n23\nmoth>"
      keys(t, "Up")
      wait_line(t, "x = 20")
      drop(t)
    end)
  end)

  it("runs nothing of what is pasted, keys of control in it or not", function()
    in_terminal({}, function(t)
      paste(t, "a = 1 \29+ 1\nprint('ra' .. 'n')\n\29\4b = a")
      t:wait_text "b = a"
      assert.is_nil(t:screen():find("ran", 1, true))
      keys(t, "Enter")
      t:wait_text "\nran"
      t:wait_mark()
      assert.equal("2", t:enter "b")
    end)
  end)

  it("takes it line by line from a terminal without such pastes", function()
    in_terminal({}, function(t)
      paste(t, block, true)
      t:wait_text "total   6       12"
      t:wait_mark()
      assert.equal("6", t:enter "total")
    end)
  end)

  it("edits a block that is recalled", function()
    in_terminal({}, function(t)
      t:play "for i = 1, 2 do\nprint(i)\nend"
      keys(t, "Up")
      t:wait_text "moth> for i = 1, 2 do\nprint(i)\nend"
      keys(t, "Up End Left")
      t:send " * 100"
      keys(t, "Enter")
      t:wait_text "100\n200"
      t:wait_mark()
    end)
  end)

  it("takes lines back with Up", function()
    in_terminal({}, function(t)
      t:send "for i = 1, 2 do"
      keys(t, "Enter")
      t:wait_text "   >>"
      t:send "prnt(i)"
      keys(t, "Enter")
      t:wait(function(screen) return screen:find "prnt%(i%)\n   >>$" end, "second mark")
      keys(t, "Up")
      t:wait(function(screen) return screen:find "moth> for i = 1, 2 do\nprnt%(i%)$" and not screen:find ">>" end, "block")
      keys(t, "Home Right Right")
      t:send "i"
      keys(t, "Enter")
      t:wait_text "   >>"
      t:send "end"
      keys(t, "Enter")
      t:wait_text "\n1\n2\n"
      t:wait_mark()
    end)
  end)

  it("drops a half-typed block at Ctrl-C", function()
    in_terminal({}, function(t)
      t:send "for i = 1, 2 do"
      keys(t, "Enter")
      t:wait_text "   >>"
      t:send "print(i"
      t:wait_text ">> print(i"
      keys(t, "C-c")
      t:wait_text "print(i^C\nmoth>"
      t:wait_mark()
      assert.equal("3", t:enter "1 + 2")
    end)
  end)
end)

describe("completion #terminal", function()
  it("inserts what is certain and lists the rest", function()
    in_terminal({}, function(t)
      t:send "moth.drop"
      keys(t, "Tab")
      wait_line(t, "moth.dropout")
      drop(t)
      t:send "moth.train{ sh"
      keys(t, "Tab")
      wait_line(t, "moth.train{ shuffle =")
      t:send "true, pat"
      keys(t, "Tab")
      wait_line(t, "moth.train{ shuffle = true, patience =")
      drop(t)
      t:enter "local alphabet, alpha = 1, 'x'"
      t:send "alp"
      keys(t, "Tab")
      t:wait_text 'moth> alp\n  alpha     "x"\n  alphabet  1\nmoth> alpha'
      drop(t)
      t:send 'moth.dense(8, "rel'
      keys(t, "Tab")
      wait_line(t, 'moth.dense(8, "relu')
      drop(t)
    end)
  end)

  it("tells as many whole words of each as the window takes", function()
    local shown = {
      [43] = "A new tensor of the...", [44] = "A new tensor of the same...",
      [109] = "A new tensor of the same dtype and shape with f(element) for each element, in row-major...",
      [110] = "A new tensor of the same dtype and shape with f(element) for each element, in row-major order",
    }
    for width, text in next, shown do
      in_terminal({ width = width }, function(t)
        t:enter "t = moth.ones(3)"
        t:send "t:ma"
        keys(t, "Tab")
        t:wait_text("map           " .. text .. "\n")
        assert.is_truthy(t:screen():find("  matmul        The matrix product\n", 1, true))
        drop(t)
      end)
    end
  end)

  it("knows the lines before", function()
    in_terminal({}, function(t)
      t:send "moth.train{"
      keys(t, "Enter")
      t:wait_text "   >>"
      t:send "  pat"
      keys(t, "Tab")
      t:wait_text "   >>   patience ="
      drop(t)
    end)
  end)

  it("indents at the beginning of a line", function()
    in_terminal({}, function(t)
      keys(t, "Tab")
      t:send "1"
      wait_line(t, "  1")
      drop(t)
    end)
  end)
end)

describe("the terminal #terminal", function()
  it("may change its width", function()
    in_terminal({ width = 60 }, function(t)
      local text = "print('a line that is wider than thirty columns are')"
      t:send(text)
      t:wait_text(text)
      t:tmux "resize-window -x 30"
      t:wait_text(text)
      t:tmux "resize-window -x 80"
      t:wait_text("\nmoth> " .. text)
      keys(t, "Enter")
      t:wait_text "\na line that is wider"
      t:wait_mark()
    end)
  end)

  it("may be narrow", function()
    in_terminal({ width = 22, waits = false }, function(t)
      t:wait(function(screen) return screen:find "moth>$" end, "mark")
      t:send "1000000 + 2000000 + 3000000"
      keys(t, "Enter")
      t:wait_text "\n6000000"
      t:wait_mark()
    end)
  end)

  it("may know no movements, or have no name", function()
    for _, environment in ipairs{ { TERM = "dumb" }, { TERM = false }, { TERM = "no-such-terminal" } } do
      in_terminal({ environment = environment }, function(t)
        assert.equal("2", t:enter "1 + 1")
        t:send "half"
        t:wait_text "half"
        keys(t, "C-c")
        t:wait_text "half^C\nmoth>"
        t:wait_mark()
        assert.equal("3", t:enter "1 + 2")
        assert.is_nil(t:painted():find "\27")
      end)
    end
  end)

  it("may speak no UTF-8", function()
    in_terminal({ environment = { LC_ALL = "C" } }, function(t)
      t:send "#'größ"
      keys(t, "BSpace")
      t:send "'"
      keys(t, "Enter")
      t:wait_text "\n4"
      t:wait_mark()
    end)
  end)

  it("is as it was after the session: stopped, continued, exited", function()
    local command = (interpreter:sub(1, 1) == "/" and "" or "./") .. interpreter
    local t = terminal.open{ arguments = ("-e ''; stty -a > \"$HOME/before\"; %s; stty -a > \"$HOME/after\""):format(command), waits = false }
    t:wait(function(screen) return screen:find "moth>$" end, "mark")
    t:send "os.exit(3)"
    keys(t, "Enter")
    t:wait_text "status"
    assert.equal(read(t.home .. "/before"), read(t.home .. "/after"))
    t:close()
  end)

  -- The process of the session that runs in t.
  local function process_of(t)
    local pid = t:tmux("list-panes -F '#{pane_pid}'"):match "%d+"
    return helper.output_of("pgrep -P " .. pid):match "%d+"
  end

  it("is as it was after a signal that ends the session", function()
    local command = (interpreter:sub(1, 1) == "/" and "" or "./") .. interpreter
    local t = terminal.open{ waits = false, arguments = ("-e ''; stty -a > \"$HOME/before\"; " ..
      "for signal in TERM HUP QUIT ALRM USR1 USR2; do %s; stty -a > \"$HOME/after$signal\"; done"):format(command) }
    for i, signal in ipairs{ "TERM", "HUP", "QUIT", "ALRM", "USR1", "USR2" } do
      t:wait(function(screen) return select(2, screen:gsub("\nmoth>", "")) == i and screen:find "\nmoth>$" end, "mark")
      t:ready()
      t:send "half a line"
      t:wait_text "half a line"
      os.execute(("kill -%s %s"):format(signal, process_of(t)))
      t:wait(function() return helper.output_of(("cat %s/after%s 2>/dev/null"):format(t.home, signal)) ~= "" end, "end by " .. signal)
      assert.equal(read(t.home .. "/before"), read(t.home .. "/after" .. signal), signal)
    end
    t:close()
  end)

  it("may stop the session", function()
    in_terminal({}, function(t)
      t:send "12 +"
      local moth = process_of(t)
      os.execute("kill -STOP " .. moth)
      os.execute("kill -CONT " .. moth)
      t:send " 30"
      wait_line(t, "12 + 30")
      keys(t, "Enter")
      t:wait_text "\n42"
      t:wait_mark()
    end)
  end)

  it("may lack libedit", function()
    -- A library of that name without its functions is found first.
    local folder = helper.folder()
    write(folder .. "/empty.c", "int moth_spec_nothing;\n")
    if not os.execute(("cc -shared -o %s/libedit.so.2 %s/empty.c 2>/dev/null"):format(folder, folder)) then
      return pending "no compiler to make a library with"
    end
    in_terminal({ environment = { LD_LIBRARY_PATH = folder } }, function(t)
      assert.equal("2", t:enter "1 + 1")
      assert.equal("1\n2", t:play("for i = 1, 2 do\nprint(i)\nend"):match "\n(1\n2)$")
      t:send "half"
      t:wait_text "half"
      keys(t, "C-c")
      t:wait_text "half^C\nmoth>"
      t:wait_mark()
    end)
  end)
end)

describe("interrupts #terminal", function()
  local function interrupted(t, line, shown)
    t:send(line)
    keys(t, "Enter")
    os.execute "sleep 0.3"
    local before = os.time()
    keys(t, "C-c")
    t:wait_text(shown)
    assert.is_true(os.time() - before <= 2)
    t:wait_mark()
  end

  it("stop loops, whatever catches errors, and coroutines", function()
    in_terminal({}, function(t)
      t:enter "kept = 1"
      interrupted(t, "while true do end", "\ninterrupted")
      interrupted(t, "while true do pcall(function() while true do end end) end", "while true do end end) end\n^C\ninterrupted")
      interrupted(t, "coroutine.wrap(function() while true do end end)()", "(function() while true do end end)()\n^C\ninterrupted")
      interrupted(t, "while true do coroutine.resume(coroutine.create(function() while true do end end)) end", "end)) end\n^C\ninterrupted")
      assert.equal("1", t:enter "kept")
      assert.truthy(t:enter "coroutine.resume(coroutine.create(function(a) return a + 1 end), 4)":find "^true%s+5$")
    end)
  end)

  it("stop work on tensors", function()
    in_terminal({}, function(t)
      t:enter "local a = moth.rand(3000, 3000);"
      t:send "while true do a:matmul(a) end"
      keys(t, "Enter")
      os.execute "sleep 0.3"
      keys(t, "C-c")
      t:wait_text "^C\n"
      t:wait_mark()
      assert.equal("3000", t:enter "#a")
    end)
  end)

  it("end a training, which gives its run", function()
    in_terminal({}, function(t)
      t:enter "net = moth.net{ input = 10, moth.dense(50, 'tanh'), moth.dense(1) };"
      t:enter "x, y = moth.rand(2000, 10), moth.rand(2000, 1)"
      t:send "run = moth.train{ net = net, data = { x, y }, validation = { x, y }, loss = 'mse', epochs = 1e9, progress = false }"
      keys(t, "Enter")
      os.execute "sleep 0.5"
      keys(t, "C-c")
      t:wait_mark()
      assert.equal("interrupt", t:enter "run.stopped")
      assert.equal("true", t:enter "run.epochs > 0 and #run.loss == run.epochs")
    end)
  end)

  it("end a loop in a training's callback", function()
    in_terminal({}, function(t)
      t:enter "x = moth.rand(20, 1)"
      interrupted(t, "moth.train{ net = moth.net{ input = 1, moth.dense(1) }, data = { x, x }, loss = 'mse', epochs = 3, " ..
        "progress = false, on_epoch = function() while true do end end }",
        "\ninterrupted")
    end)
  end)

  it("warn before they end a session that does not react", function()
    local status = in_terminal({}, function(t)
      t:send "os.execute = nil; string.find(('a'):rep(40), ('a?'):rep(40) .. ('a'):rep(40) .. 'b')"
      keys(t, "Enter")
      os.execute "sleep 0.3"
      keys(t, "C-c")
      t:wait_text "^C"
      keys(t, "C-c")
      t:wait_text "still running; Ctrl-C once more ends moth, and what the session holds is lost"
      keys(t, "C-c")
      t:wait_text "status 130"
    end)
    assert.equal(130, status)
  end)
end)
