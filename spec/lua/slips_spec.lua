-- Names that mean nothing where they stand: at the prompt and in scripts.
local helper = dofile "spec/lua/helper.lua"

local interpreter = os.getenv "MOTH_COMMAND" or "build/moth"

-- The first line that the command says of a chunk, without its place.
local function told(text, arguments)
  local path = helper.write(os.tmpname(), text)
  local pipe = io.popen(("%s %s%s 2>&1"):format(interpreter, arguments or "< ", path))
  local line = pipe:read "l"
  pipe:close()
  os.remove(path)
  return (line:gsub("^error: ", ""):gsub("^" .. path:gsub("%p", "%%%0") .. ":%d+: ", ""))
end

describe("a global that is nil", function()
  it("can have been meant for a function of Moth's, of a tensor's or of Lua's libraries", function()
    assert.equal("attempt to call a nil value (global 'zeros'); did you mean 'moth.zeros'?", told "zeros(3)")
    assert.equal("attempt to call a nil value (global 'zeroes'); did you mean 'moth.zeros'?", told "zeroes(3)")
    assert.equal("attempt to call a nil value (global 'array'); here it is 'moth.tensor'", told "array{ 1 }")
    assert.equal("attempt to perform arithmetic on a nil value (global 'inf'); here it is math.huge", told "-inf")
    assert.equal("attempt to call a nil value (global 'cumsum'); it is a method, t:cumsum(...)", told "cumsum(3)")
    assert.equal("attempt to call a nil value (global 'sqrt'); of a number write math.sqrt(...), of a tensor t:sqrt(...)", told "sqrt(3)")
    assert.equal("attempt to call a nil value (global 'insert'); did you mean 'table.insert'?", told "insert({}, 3)")
    assert.equal("attempt to call a nil value (global 'len'); in Lua it is #a", told "len{ 3 }")
  end)

  it("can be a slip in a variable's name, or in a library's", function()
    assert.equal("attempt to index a nil value (global 'wieghts'); did you mean 'weights'?", told "weights = moth.ones(2)\nwieghts:sum()")
    assert.equal("attempt to index a nil value (global 'wieghts'); did you mean 'weights'?",
      told "local weights = moth.ones(2)\nwieghts:sum()")
    assert.equal("attempt to perform arithmetic on a nil value (global 'cuont'); did you mean 'count'?",
      told("local count = 1\nlocal function add() return count + cuont end\nadd()", ""))
    assert.equal("attempt to concatenate a nil value (global 'nmae'); did you mean 'name'?",
      told("local function hail(name) return 'a' .. nmae end\nprint((hail 'b'))", ""))
    assert.equal("attempt to call a nil value (global 'pritn'); did you mean 'print'?", told "pritn(3)")
    assert.equal("attempt to index a nil value (global 'mth'); did you mean 'math'?", told "mth.zeros(3)")
    assert.equal("attempt to index a nil value (global 'np'); here it is 'moth'", told "np.zeros(3)")
  end)

  it("is told as Lua does where nothing is near, or the name is another's", function()
    assert.equal("attempt to call a nil value (global 'f')", told "f()")
    assert.equal("attempt to index a nil value (global 'nothing')", told "nothing.here()")
    assert.equal("attempt to index a nil value (field 'zeros')", told "t = {}\nt.zeros.x = 1")
    assert.equal("no value (global 'zeros')", told "error 'no value (global \\'zeros\\')'")
  end)
end)

describe("a call of what is a field of a tensor", function()
  it("says so, with a colon or a point, at the prompt and in scripts", function()
    local shape = "attempt to call a table value (%s 'shape'); it is a field: t.shape, t.shape[1]"
    for _, arguments in ipairs{ "< ", "" } do
      assert.equal(shape:format "method", told("moth = require 'moth'\na = moth.ones(2)\na:shape()", arguments))
      assert.equal(shape:format "method", told("moth = require 'moth'\na = moth.ones(2)\na:shape(1)", arguments))
      assert.equal(shape:format "field", told("moth = require 'moth'\na = moth.ones(2)\na.shape(1)", arguments))
      assert.equal("attempt to call a string value (method 'dtype'); it is a field: t.dtype",
        told("moth = require 'moth'\na = moth.ones(2)\na:dtype()", arguments))
      assert.equal("attempt to call a number value (method 'rank'); it is a field: t.rank",
        told("moth = require 'moth'\na = moth.ones(2)\na:rank()", arguments))
    end
  end)

  it("is told as Lua does of other names and values", function()
    assert.equal("attempt to call a nil value (method 'shape')", told "t = {}\nt:shape()")
    assert.equal("attempt to call a nil value (field 'rank')", told "t = {}\nt.rank()")
    assert.equal("attempt to call a string value (method 'rank')", told "t = { rank = 'high' }\nt:rank()")
    assert.equal("attempt to call a number value (field 'size')", told "t = { size = 3 }\nt.size()")
    assert.equal("mine: attempt to call a table value (method 'shape') here",
      told "error('mine: attempt to call a table value (method \\'shape\\') here')")
  end)
end)

describe("a field of a tensor", function()
  local moth = require "moth"

  it("can be a slip in a method's or a property's name, whether it is read or set", function()
    local t = moth.ones(3)
    assert.equal("f32[3] has no 'shap'; did you mean 'shape'?", helper.message(function() return t.shap end))
    assert.equal("f32[3] has no 'dtyp'; did you mean 'dtype'?", helper.message(function() return t.dtyp end))
    assert.equal("f32[3] has no 'rnak'; did you mean 'rank'?", helper.message(function() return t.rnak end))
    assert.equal("f32[3] has no 'summ'; did you mean 'sum'?", helper.message(function() return t.summ end))
    assert.equal("f32[3] has no 'shpae'; did you mean 'shape'?", helper.message(function() t.shpae = { 3, 1 } end))
  end)
end)

describe("a command that stands incomplete", function()
  it("is a colon, which lists the commands", function()
    for _, text in ipairs{ ":", " : ", ":?" } do
      assert.equal("  :help [NAME]       these lines; help for a name is also  ?NAME", told(text))
    end
  end)

  it("is an :edit of a file that the editor has not written", function()
    local path = os.tmpname()
    os.remove(path)
    local line = helper.write(os.tmpname(), ":edit " .. path)
    local pipe = io.popen(("VISUAL=true %s < %s 2>&1"):format(interpreter, line))
    assert.equal(("error: edit: cannot open '%s': No such file or directory"):format(path), pipe:read "l")
    pipe:close()
    os.remove(line)
  end)
end)

describe("what is not Lua in a text", function()
  it("is dropped where it begins a file", function()
    assert.equal("3", told "\xEF\xBB\xBF1 + 2")
    assert.equal("3", told "#!/usr/bin/env moth\n1 + 2")
    assert.equal("3", told "\xEF\xBB\xBF#!/usr/bin/env moth\r\n1 + 2\r\n")
    assert.equal("3", told "#'abc'")
    assert.equal("unexpected symbol near '!'", told "x = 1\n#!/usr/bin/env moth")
  end)

  it("is a mark of a transcript", function()
    assert.equal("8", told "moth> 7 + 1")
    assert.equal("attempt to compare number with moth", told "moth > 1")
  end)
end)
