-- What the specs share: dofile "spec/lua/helper.lua".
local helper = {}

-- The whole text of the error that f raises, without the position it begins with.
function helper.message(f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error was raised")
  return (tostring(message):gsub("^[^\n]-%.lua:%d+: ", "", 1))
end

-- "file.lua:12" of the caller's line, as messages tell it.
function helper.here(offset)
  local info = debug.getinfo(2, "Sl")
  return ("%s:%d"):format(info.short_src, info.currentline + (offset or 0))
end

function helper.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

-- Gives the path.
function helper.write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
  return path
end

-- What a command prints, its errors aside.
function helper.output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  pipe:close()
  return text
end

-- All that specs write stands in one folder, which goes with the Lua state, whatever a spec that fails has left there.
local function place()
  local registry, key = debug.getregistry(), "the specs' files"
  if not registry[key] then
    local path = os.tmpname()
    os.remove(path)
    assert(os.execute("mkdir " .. path))
    registry[key] = setmetatable({ path = path, names = 0 }, { __gc = function() os.execute("rm -rf " .. path) end })
  end
  return registry[key]
end

-- A path where nothing stands yet, with an ending.
function helper.path(ending)
  local made = place()
  made.names = made.names + 1
  return ("%s/%d%s"):format(made.path, made.names, ending or "")
end

function helper.folder()
  local path = helper.path()
  assert(os.execute("mkdir " .. path))
  return path
end

-- The bindings' own functions and tables for helpers: internal, helpers. What scripts cannot reach; specs of help walk it.
function helper.internals(moth)
  local helpers, internal
  for _, value in next, debug.getregistry() do
    if type(value) == "table" and type(rawget(value, "look")) == "function" and type(rawget(value, "put")) == "function" then helpers = value end
  end
  for i = 1, math.huge do
    local name, value = debug.getupvalue(moth.args, i)
    assert(name, "no internal")
    if name == "internal" then internal = value break end
  end
  return internal, assert(helpers, "no helpers")
end

function helper.near(expected, got, tolerance)
  if type(expected) == "table" then
    assert(#expected == #got, ("%d values, expected %d"):format(#got, #expected))
    for i = 1, #expected do helper.near(expected[i], got[i], tolerance) end
    return
  end
  assert(math.abs(expected - got) <= (tolerance or 1e-6), ("%.17g, expected %.17g"):format(got, expected))
end

-- AddressSanitizer keeps what was freed for a while: bytes tell nothing there, and it finds leaks itself.
helper.sanitized = assert(io.open "/proc/self/maps"):read "a":find("libasan", 1, true) ~= nil

-- The bytes of memory that the process holds.
function helper.resident()
  local file = assert(io.open "/proc/self/statm")
  local _, pages = file:read("n", "n")
  file:close()
  return pages * 4096
end

local function settle()
  collectgarbage()
  collectgarbage()
end

-- 200 calls of f leave nothing behind: neither in Lua's heap nor outside it.
function helper.keeps_memory(f)
  for _ = 1, 20 do f() end
  settle()
  local heap, whole = collectgarbage "count", helper.resident()
  for _ = 1, 200 do f() end
  settle()
  assert(collectgarbage "count" - heap < 64, "Lua's heap grew")
  assert(helper.sanitized or helper.resident() - whole < 4 * 2^20, "memory grew")
end

-- The same handle, closed.
function helper.closed(value)
  do local _ <close> = value end
  return value
end

-- Runs f with a default dtype and puts f32 back.
function helper.with_dtype(moth, dtype, f)
  moth.dtype(dtype)
  local ok, message = pcall(f)
  moth.dtype "f32"
  if not ok then error(message, 0) end
end

-- The lines of a text; one that ends in a newline has an empty last one.
function helper.lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

return helper
