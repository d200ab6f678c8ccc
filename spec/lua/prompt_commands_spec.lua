-- The commands of the prompt, those that begin with a colon or a question mark; played in a terminal.
local helper = dofile "spec/lua/helper.lua"
local transcript = dofile "spec/lua/transcript.lua"
local folder, text_of, plays = transcript.folder, transcript.text_of, transcript.plays
local write, run_script, open = transcript.write, transcript.run_script, transcript.open

after_each(transcript.drop)

describe("commands #terminal", function()
  it("list variables", function()
    local session = open()
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
    local session = open()
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
      moth> :q
      error: no command ':q'; did you mean ':quit'?
      moth> :help who
        :who               your variables: name, type, shape, bytes
      moth> ?who
        :who               your variables: name, type, shape, bytes
      moth> :nonsense
      error: no command ':nonsense' (:help :who :time :load :save :edit :hist :plot :reset :set :quit)
      moth> :quit now
      error: quit: takes no argument, got 'now']])
    session:send ":quit"
    session:key "Enter"
    session:wait_text "status 0"
  end)

  it("load files into the session", function()
    local session = open()
    write("prepare.lua", "local moth = require 'moth'\nlocal rows <const> = 3\nfunction make() return moth.ones(rows) end\n")
    plays(session, [[
      moth> :load prepare.lua
      moth> make(), rows
      f32[3]   1   1   1
      3
      moth> :load none.lua
      error: load: cannot open 'none.lua': No such file or directory]])
    write("wrong.lua", "local x = 1\nx x\n")
    plays(session, [[
      moth> :load wrong.lua
      wrong.lua:2: syntax error near 'x']])
  end)

  it("save what worked as a script that prints the same", function()
    local session = open()
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
    session = open()
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
    write("editor", "#!/bin/sh\nsed -i 's/one/two/' \"$1\"\n")
    os.execute("chmod +x " .. folder .. "/editor")
    local session = open{ environment = { EDITOR = folder .. "/editor", NO_COLOR = "1" } }
    write("text.lua", "x = 'one'\n")
    plays(session, [[
      moth> "one"
      one
      moth> :edit
      "two"
      two
      moth> :edit text.lua
      moth> x
      two]])
    session = open{ environment = { EDITOR = "false", NO_COLOR = "1" } }
    assert.equal("error: edit: false ended with status 1; nothing was run", session:enter ":edit")
  end)

  it("show what was entered", function()
    local session = open()
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
    local session = open{ height = 100 }
    assert.is_truthy(session:enter "?moth.dropout":find "^moth%.dropout%(p%) +layer\n  Sets each value to 0 with probability p")
    assert.is_truthy(session:enter "?nothing_of_the_kind":find "nothing_of_the_kind")
    local help = session:enter ":help"
    assert.is_truthy(help:find "\ncommands\n  :help %[NAME%] ")
    assert.is_truthy(help:find "\n  :quit ")
    local topics = "\n\ntopics, a screen each\n  ?tensors ?indexing ?networks ?losses ?training ?data ?random ?files"
    assert.equal(topics, help:sub(-#topics))
    assert.equal(topics, session:enter "?":sub(-#topics))
    session:enter "local double = function(x) return 2 * x end"
    assert.is_truthy(session:enter "??double":find("return 2 * x", 1, true))
  end)
end)
