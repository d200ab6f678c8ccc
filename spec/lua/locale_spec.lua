-- Numbers have a point where the decimal point is a comma: here where there is such a locale, and with comma.lua in all specs.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local internal, helpers = helper.internals(moth)

describe("with a decimal comma", function()
  local before = os.setlocale(nil, "numeric")
  setup(function() os.setlocale("de_DE.UTF-8", "numeric") end)
  teardown(function() os.setlocale(before, "numeric") end)

  it("classes are named with a point", function()
    assert.same({ "0.5", "1.25" }, (select(2, moth.classes{ 1.25, 0.5 })))
    assert.same({ "0.5", "1.25" }, (select(2, moth.classes(moth.tensor{ 1.25, 0.5 }))))
  end)

  it("a session tells times and sizes with a point", function()
    local shown, clock, lines = {}, 0, { ":time x = 1", "text = ('a'):rep(1536)", ":who" }
    local terminal = {
      read = function() return table.remove(lines, 1) end, write = function(text) shown[#shown + 1] = text end,
      write_error = function(text) shown[#shown + 1] = text end, width = function() return 80 end, interactive = false,
    }
    local machine = { handler = function(e) return e end, trace = function() return "" end, cancelled = function() end,
                      clock = function() clock = clock + 1.25 return clock end }
    local out, width = helpers.out, moth.printing().width
    local step, close = internal.need "prompt/session"(terminal, machine)
    for _ = 1, 3 do step() end
    close()
    helpers.out, _G.x, _G.text = out, nil, nil
    moth.printing{ width = width }
    local text = table.concat(shown)
    assert.matches("^1%.25 s\n", text)
    assert.matches("text +string +1%.5 KiB", text)
  end)

  it("help tells defaults with a point", function()
    assert.equal("0.5", internal.need "help/words".number(0.5))
    assert.equal("1e-5", internal.need "help/words".number(1e-5))
  end)
end)
