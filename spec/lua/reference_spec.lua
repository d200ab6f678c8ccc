-- The reference and the editors' stub: generated, complete, and what they show runs.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local internal, read = helper.internals(moth), helper.read

local entries = internal.need "help/entries"
local examples = internal.need "help/examples"

-- Where two texts part, for messages.
local function first_difference(a, b)
  local at = 1
  for line in (a .. "\n"):gmatch "(.-)\n" do
    if b:sub(1, #line) ~= line then return ("line %d: %s, not %s"):format(at, line, b:match "^[^\n]*") end
    b, at = b:sub(#line + 2), at + 1
  end
  return "the end"
end

local function assert_fresh(path, text)
  local known = read(path)
  assert(known == text, path .. " is stale: run scripts/reference (" .. first_difference(known, text) .. ")")
end

describe("the reference", function()
  it("is of hundreds of entries", function() assert(#entries.list >= 250, #entries.list .. " entries") end)

  it("is what the engine tells of itself", function() assert_fresh("bindings/REFERENCE.md", internal.need "help/reference" ()) end)

  it("is the same each time", function()
    assert.equal(internal.need "help/reference" (), internal.need "help/reference" ())
    assert.equal(internal.need "help/stub" (), internal.need "help/stub" ())
  end)

  it("has every entry and no broken link", function()
    local text = read "bindings/REFERENCE.md"
    for _, entry in ipairs(entries.list) do
      assert(text:find("### " .. entry.name .. "\n", 1, true) or text:find("### " .. entry.name .. ",", 1, true) or
        text:find(", " .. entry.name .. "\n", 1, true), entry.name .. " is missing")
    end
    local anchors = {}
    for heading in text:gmatch "\n##+ ([^\n]+)" do
      local slug = heading:lower():gsub("[^%w%s_-]", ""):gsub("%s", "-")
      local count = anchors[slug] or 0
      anchors[slug] = count + 1
      if count > 0 then anchors[slug .. "-" .. count] = 1 end
    end
    local links = 0
    for link in text:gmatch "%]%(#([^)]+)%)" do
      assert(anchors[link], "no heading " .. link)
      links = links + 1
    end
    assert(links >= #entries.list, links .. " links")
  end)
end)

describe("the stub", function()
  it("is what the engine tells of itself", function() assert_fresh("bindings/moth.lua", internal.need "help/stub" ()) end)

  it("loads as Lua", function() assert(load(read "bindings/moth.lua", "=stub", "t", {})) end)

  it("has every public name", function()
    local text = read "bindings/moth.lua"
    local classes = { t = "Tensor", net = "Net", layer = "Layer", data = "Data", trainer = "Trainer", run = "Run", optimizer = "Optimizer",
                      moth = "moth", ["moth.schedule"] = "moth.schedule" }
    for _, entry in ipairs(entries.list) do
      local class = classes[entry.owner]
      local found
      if entry.owner == "moth" and entry.kind == "field" then
        found = text:find("\nmoth." .. entry.word .. " = ", 1, true)
      elseif entry.kind == "field" then
        found = text:find("---@field " .. entry.word .. " ", 1, true)
      elseif class then
        local separator = (class:find "^moth") and "." or ":"
        found = text:find("\nfunction " .. class .. separator .. entry.word .. "(", 1, true)
        if entry.twin then found = found and text:find("\nfunction Tensor:" .. entry.word .. "_(", 1, true) end
      else
        found = text:find(("%q"):format(entry.word), 1, true) -- a name among names
      end
      assert(found, entry.name .. " is missing")
    end
  end)

  it("has the operators of tensors", function()
    local text = read "bindings/moth.lua"
    for _, name in ipairs { "add", "sub", "mul", "div", "idiv", "mod", "pow", "unm", "len", "call" } do
      assert(text:find("---@operator " .. name, 1, true), name)
    end
  end)
end)

describe("examples", function()
  it("are there for every function, method and component", function()
    for _, entry in ipairs(entries.list) do
      local of_event = entry.kind == "field" and (entry.owner == "run" or entry.owner == "e" or entry.owner == "b")
      assert(entry.example or of_event, entry.name .. " has no example")
    end
  end)

  local tmpname = os.tmpname

  after_each(function() os.tmpname = tmpname end) -- luacheck: ignore

  it("of files in the working directory use temporary ones", function()
    local paths = {}
    os.tmpname = function() -- luacheck: ignore
      paths[#paths + 1] = tmpname()
      return paths[#paths]
    end
    assert.equal("f32[2]   1   1", examples.run 'moth.save("named.npy", moth.ones(2)); print(moth.load "named.npy")')
    assert.is_nil((examples.run 'moth.save("named.npy", moth.ones(2)); error "half-way"'))
    assert.is_nil((examples.run 'moth.save("named.npy" moth.ones(2))'))
    table.insert(paths, "named")
    for _, path in ipairs(paths) do assert.is_nil((os.remove(path .. ".npy"))) end
    for _, path in ipairs(paths) do assert.is_nil((os.remove(path))) end
    assert.equal(4, #paths)
  end)

  it("are one line each, run and leave no file behind", function()
    local paths, named = {}, 0
    os.tmpname = function() -- luacheck: ignore
      paths[#paths + 1] = tmpname()
      return paths[#paths]
    end
    local function is_there(path)
      local file = io.open(path, "rb")
      return file and file:close()
    end
    for _, entry in ipairs(entries.list) do
      if entry.example then
        assert(not entry.example:find "\n", entry.name .. ": more than a line")
        paths = {}
        local text, message = examples.run(entry.example)
        assert(text, ("%s: %s\n  %s"):format(entry.name, tostring(message), entry.example))
        for _, path in ipairs(paths) do
          for _, ending in ipairs{ "", ".npy", ".npz", ".csv", ".safetensors", ".ckpt" } do
            assert(not os.remove(path .. ending), entry.name .. ": leaves a file " .. ending)
          end
        end
        for name in entry.example:gmatch '"([%a_][%w_]*%.%a+)"' do
          named = named + 1
          assert(not is_there(name), entry.name .. ": writes the working directory's " .. name)
        end
        assert(not entry.example:find "tmpname%(%) *%.%.", entry.name .. ": leaves an empty file behind where it is pasted")
      end
    end
    assert(named > 8, "examples with files")
  end)
end)
