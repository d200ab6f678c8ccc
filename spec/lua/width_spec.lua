-- How wide text stands on a terminal, and that all that is drawn in columns asks for that.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local lines_of = helper.lines_of
local internal, helpers = helper.internals(moth)
local width = internal.need "width"

-- What f shows, on a terminal 80 columns wide without colour.
local function shown(f)
  local lines, before = {}, helpers.out
  helpers.out = { put = function(text) lines[#lines + 1] = text end,
                  look = function() return { width = 80, unicode = true, colour = false, terminal = false } end }
  local ok, why = pcall(f)
  helpers.out = before
  assert(ok, why)
  return table.concat(lines, "\n")
end

describe("width.of", function()
  for text, columns in pairs{
    [""] = 0, ["abc"] = 3, ["größe"] = 5, ["日本"] = 4, ["ﾊﾝ"] = 2, ["ＡＢ"] = 4, ["한국"] = 4, ["😀"] = 2, ["e\u{301}"] = 1,
    ["a\u{200B}b"] = 2, ["→…½"] = 3, ["\u{10FFFD}"] = 1, ["\u{20000}"] = 2, ["⠿│─"] = 3,
    ["\xFF\xFE"] = 2, ["\xE6\x97"] = 2, ["\xC0\x80"] = 2, ["\xF5\x80\x80\x80"] = 4, ["a\0b"] = 3,
  } do
    it(("counts %d columns of %q"):format(columns, text), function() assert.equal(columns, width.of(text)) end)
  end
end)

describe("width.fit", function()
  it("gives whole characters that fit", function()
    assert.equal("日", width.fit("日本", 3))
    assert.equal("日本", width.fit("日本", 4))
    assert.equal("", width.fit("日本", 1))
    assert.equal("ab", width.fit("abc", 2))
    assert.equal("e\u{301}", width.fit("e\u{301}e", 1))
    assert.equal("\xFF", width.fit("\xFF\xFE", 1))
    assert.equal("", width.fit("abc", -1))
  end)
end)

describe("width.pad and width.right", function()
  it("fill up with blanks behind and before", function()
    assert.equal("日 ", width.pad("日", 3))
    assert.equal(" 日", width.right("日", 3))
    assert.equal("日本", width.pad("日本", 3))
    assert.equal("日本", width.right("日本", -3))
  end)
end)

it("a plot's legend of wide names stays within its width", function()
  local run = moth.train{ net = moth.net{ input = 1, moth.dense(1) }, data = { moth.ones(2, 1), moth.zeros(2, 1) }, loss = "mse", epochs = 3,
                          progress = false, metrics = { ["日本語の名前"] = function() return 1 end, ["😀😀😀😀"] = function() return 2 end } }
  local names = { "loss", "日本語の名前", "😀😀😀😀" }
  for columns = 30, 60, 5 do
    for _, line in ipairs(lines_of(shown(function() run:plot{ names[1], names[2], names[3], width = columns } end))) do
      assert.is_true(width.of(line) <= columns, line)
    end
  end
end)

it("a table of wide texts is broken where it is wider than the window, and its strings cut by columns", function()
  local text = shown(function() moth.show{ ("日"):rep(25), ("本"):rep(14) } end)
  assert.equal(4, #lines_of(text))
  text = shown(function() moth.show{ ("日"):rep(31) } end)
  assert.equal('{ "' .. ("日"):rep(30) .. '"… }', text)
end)

it("the progress of a training with wide metrics stands in columns", function()
  local out, before = {}, helpers.out
  helpers.out = { put = print, look = function() return {} end, write_error = function(text) out[#out + 1] = text end, live_columns = function() end }
  local ok, why = pcall(moth.train, {
    net = moth.net{ input = 1, moth.dense(1) }, data = { moth.ones(2, 1), moth.zeros(2, 1) }, loss = "mse", epochs = 2,
    metrics = { ["größe"] = function() return 1 end, ["日本語の名前"] = function() return 2 end } })
  helpers.out = before
  assert(ok, why)
  local lines = lines_of(table.concat(out))
  assert.equal(width.of(lines[2]), width.of(lines[1]))
  assert.matches("     größe  日本語の名前 ", lines[1])
end)

it("the rows of a data set have as much room as wide classes leave", function()
  local labels = { ("日本"):rep(3), ("本"):rep(9), ("日"):rep(2) }
  local y, names = moth.classes(labels)
  local before, room = moth.printing().width, 7 + 6 * 9 + 3 + 20 -- a row's number, six values of nine columns, the widest class quoted
  moth.printing{ width = room }
  local text = tostring(moth.dataset{ x = moth.rand(3, 6), y = y, classes = names })
  moth.printing{ width = before }
  assert.is_nil(text:find("...", 1, true), text)
  for _, line in ipairs(lines_of(text)) do assert.is_true(width.of(line) <= room, line) end
end)

it("frames of an error stand in columns, whatever their files are called", function()
  helpers.typed = helpers.typed or {}
  local text = internal.need "prompt/trace".text{
    { what = "Lua", source = "=日本.lua", place = "日本.lua", line = 1, name = "f", kind = "global", defined = 1 },
    { what = "Lua", source = "=b.lua", place = "b.lua", line = 2, name = "g", kind = "global", defined = 2 },
  }
  assert.equal("\n  日本.lua:1  in f\n  b.lua:2     in g", text)
end)

it("help wraps by columns", function()
  local words = internal.need "help/words"
  assert.same({ "日本 日本", "日本" }, words.wrap("日本 日本 日本", 10))
  assert.equal("日本  ", words.pad("日本", 6))
end)
