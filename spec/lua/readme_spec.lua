-- The README's first screen prints what it says: the program is scripts/xor.lua to the letter, its output that of the command. Its session
-- at the prompt is played as typed.
local terminal = dofile "spec/lua/terminal.lua"
local helper = dofile "spec/lua/helper.lua"
local read = helper.read
local interpreter = os.getenv "MOTH_COMMAND" or "build/moth"

local NUMBER = "%d+%.?%d*"

-- The same text, numbers apart, and those within 5 %: the bits of a training differ between kernel sets.
local function alike(shown, printed)
  local numbers = {}
  for number in printed:gmatch(NUMBER) do numbers[#numbers + 1] = tonumber(number) end
  assert.equal(shown:gsub(NUMBER, "#"):gsub(" +", " "), (printed:gsub(NUMBER, "#"):gsub(" +", " ")))
  for number in shown:gmatch(NUMBER) do
    local expected, got = tonumber(number), table.remove(numbers, 1)
    assert.is_true(math.abs(expected - got) <= 0.05 * expected, ("%g instead of %g in '%s'"):format(got, expected, printed))
  end
end

-- The plot's frame and texts, without what is drawn in it.
local function frame(text) return (text:gsub("\u{2800}", ""):gsub("\xe2[\xa0-\xa3][\x80-\xbf]", "")) end

-- How many cells of two drawings differ, as a share of those that either draws.
local function difference(one, other)
  local cells, all, differing = {}, 0, 0
  local function visit(text, f)
    local row, column = 0, 0
    for _, code in utf8.codes(text) do
      column = column + 1
      if code == 10 then row, column = row + 1, 0 end
      if code > 0x2800 and code <= 0x28ff then f(row * 1000 + column, code) end
    end
  end
  visit(one, function(at, code) cells[at], all = code, all + 1 end)
  visit(other, function(at, code)
    if not cells[at] then all = all + 1 end
    if cells[at] ~= code then differing = differing + 1 end
  end)
  return differing / all
end

-- What is typed in a session, each with the lines shown after it.
local function typed_lines(session)
  local typed = {}
  for text in session:gmatch "([^\n]*)\n" do
    local line = text:match "^moth> (.*)$"
    if line then typed[#typed + 1] = { line = line } else table.insert(typed[#typed], text) end
  end
  return typed
end

describe("README.md", function()
  local readme = read "README.md"

  it("shows scripts/xor.lua", function() assert.equal(read "scripts/xor.lua", readme:match "```lua\n(.-)```") end)

  it("shows what it prints, to the digits that any kernel set gives", function()
    local printed = helper.output_of(interpreter .. " scripts/xor.lua")
    local shown = readme:match "prints\n\n```\n(.-)```"
    local costs = {}
    for cost in printed:gmatch "cost (%S+)" do costs[#costs + 1] = tonumber(cost) end
    assert.is_true(#costs > 0)
    for cost in shown:gmatch "cost (%S+)" do assert.is_true(math.abs(table.remove(costs, 1) - tonumber(cost)) < 1e-3) end
    assert.equal(shown:gsub("cost %S+", "cost"), (printed:gsub("cost %S+", "cost")))
  end)

  it("quotes an error as it is", function()
    local path = helper.write(helper.path(), 'local moth = require "moth"\n\nlocal net = moth.net{ input = 2, moth.dense(1, "rleu") }\n')
    local message = helper.output_of(interpreter .. " " .. path .. " 2>&1")
    assert.is_truthy(readme:find(message:match "%d+: dense: [^\n]*", 1, true), message)
  end)

  it("has a session that goes as shown #terminal", function()
    if not terminal.is_there() then pending "no tmux" return end
    local block = readme:match "```\n(moth>.-)```"
    local t = terminal.open{ width = 130, environment = { NO_COLOR = "1" } }
    local ok, why = pcall(function()
      t:enter ":set time off" -- which a slow machine would show
      local typed, drawings = typed_lines(block), 0
      for _, entry in ipairs(typed) do
        local shown, printed = table.concat(entry, "\n"), t:enter(entry.line)
        if shown:find("│", 1, true) then
          drawings = drawings + 1
          assert.is_true(difference(shown, printed) < 0.3, printed)
        end
        alike(frame(shown), frame(printed))
      end
      assert.equal(6, #typed)
      assert.equal(1, drawings)
    end)
    t:close()
    assert(ok, why)
  end)

  it("is no longer than a page or two", function() assert.is_true(select(2, readme:gsub("\n", "")) <= 150) end)

  it("names the scripts that are there", function()
    local links = 0
    for path in readme:gmatch "%]%((scripts/[^)]*)%)" do
      assert(io.open(path)):close()
      links = links + 1
    end
    assert.is_true(links > 0)
  end)
end)
