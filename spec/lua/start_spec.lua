-- What opening the module costs: one small helper in Lua, the others when they are first asked for.
local helper = dofile "spec/lua/helper.lua"
local moth = require "moth"

describe("the module", function()
  it("runs one helper as it opens", function()
    local program = [[
      local moth = require "moth"
      local internal = select(2, debug.getupvalue(moth.args, 1))
      local _, loaded = debug.getupvalue(internal.need, 2)
      local function names()
        local list = {}
        for name in next, loaded do list[#list + 1] = name end
        table.sort(list)
        return table.concat(list, " ")
      end
      io.write(names(), "\n")
      moth.show(1)
      io.write(names(), "\n")
    ]]
    local path = helper.write(helper.path(), ("package.cpath = %q\n"):format(package.cpath) .. program)
    assert.equal("open\n1\nopen out show\n", helper.output_of((os.getenv "MOTH_COMMAND" or "lua5.4") .. " " .. path))
  end)

  it("finds each helper where it is asked for", function()
    local internal, helpers = helper.internals(moth)
    assert.equal("1.5e+00", helpers.number("%.1e", 1.5))
    assert.equal("{ 1, 2 }", helpers.show_text{ 1, 2 })
    assert.equal("function", type(helpers.progress()))
    assert.equal(internal.need, helpers.drawing)
    assert.has_error(function() internal.need "nothing" end)
  end)
end)
