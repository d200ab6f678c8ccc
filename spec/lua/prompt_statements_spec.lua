-- What the prompt does with statements: top-level locals, several lines, pastes, times; played in a terminal.
local transcript = dofile "spec/lua/transcript.lua"
local folder, plays, write, open = transcript.folder, transcript.plays, transcript.write, transcript.open

after_each(transcript.drop)

describe("top-level locals #terminal", function()
  it("are kept", function()
    local session = open()
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
    local session = open{ width = 120 }
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
    local session = open()
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
    local session = open()
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
    local session = open()
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
    local session = open()
    write("paste", "local v = moth.ones(2)\nv\nv:add_(1)\n  :sum()\n")
    session:tmux("load-buffer " .. folder .. "/paste")
    session:tmux "paste-buffer -p"
    session:key "Enter"
    assert.is_truthy(session:wait_text "4.0":find("\nf32[2]   1   1\n4.0", 1, true))
  end)

  it("tell the time where it is long, or asked for", function()
    local session = open()
    assert.is_truthy(session:enter ":time moth.ones(3):sum()":find "^3%.0\n[%d.]+ [um]?s$")
    assert.is_truthy(session:enter "local t = os.clock(); while os.clock() - t < 0.6 do end":find "^[%d.]+ m?s$")
    session:enter ":set time off"
    assert.equal("", session:enter "local t = os.clock(); while os.clock() - t < 0.6 do end")
  end)
end)
