-- The README's first screen prints what it says: the program is scripts/xor.lua to the letter, its output that of the command.
local interpreter = os.getenv "MOTH_COMMAND" or "build/moth"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

describe("README.md", function()
  local readme = read "README.md"

  it("shows scripts/xor.lua", function() assert.equal(read "scripts/xor.lua", readme:match "```lua\n(.-)```") end)

  it("shows what it prints, to the digits that any kernel set gives", function()
    local pipe = assert(io.popen(interpreter .. " scripts/xor.lua"))
    local printed = pipe:read "a"
    pipe:close()
    local shown = readme:match "prints\n\n```\n(.-)```"
    local costs = {}
    for cost in printed:gmatch "cost (%S+)" do costs[#costs + 1] = tonumber(cost) end
    for cost in shown:gmatch "cost (%S+)" do assert.is_true(math.abs(table.remove(costs, 1) - tonumber(cost)) < 1e-3) end
    assert.equal(shown:gsub("cost %S+", "cost"), (printed:gsub("cost %S+", "cost")))
  end)

  it("quotes an error as it is", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write('local moth = require "moth"\n\nlocal net = moth.net{ input = 2, moth.dense(1, "rleu") }\n')
    file:close()
    local pipe = assert(io.popen(interpreter .. " " .. path .. " 2>&1"))
    local message = pipe:read "a"
    pipe:close()
    os.remove(path)
    assert.is_truthy(readme:find(message:match "%d+: dense: [^\n]*", 1, true), message)
  end)

  it("names the scripts that are there", function()
    for path in readme:gmatch "%]%((scripts/[^)]*)%)" do assert(io.open(path)):close() end
  end)
end)
