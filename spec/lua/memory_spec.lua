-- What temporaries take, told by the kernel: the largest resident size that the process had. Without /proc, and under sanitizers, which
-- keep what was freed, there is nothing to look at.
local moth = require "moth"

local function status(key)
  for line in io.lines "/proc/self/status" do
    local kilobytes = line:match("^" .. key .. ":%s*(%d+)")
    if kilobytes then return tonumber(kilobytes) / 1024 end
  end
end

-- The largest resident size while f runs, in MiB above the one before.
local function growth(f)
  collectgarbage()
  local file = assert(io.open("/proc/self/clear_refs", "w"))
  file:write "5" -- the largest size so far is the present one
  file:close()
  local before = status "VmRSS"
  f()
  return status "VmHWM" - before
end

local function can_look()
  local file, maps = io.open("/proc/self/clear_refs", "w"), io.open "/proc/self/maps"
  if not file or not maps then return false end
  file:close()
  local text = maps:read "a"
  maps:close()
  return not text:find "libasan" and not text:find "valgrind"
end
local test = can_look() and it or pending

describe("memory", function()
  test("of a + b + c in a loop of one-MiB tensors stays within 16 MiB", function()
    for _, mode in ipairs { "incremental", "generational" } do
      local before = collectgarbage(mode)
      local most = growth(function()
        local a, b, c = moth.ones(262144), moth.ones(262144), moth.ones(262144)
        for _ = 1, 3000 do local _ = a + b + c end
      end)
      collectgarbage(before)
      assert.is_true(most <= 16, mode .. ": " .. most .. " MiB")
    end
  end)

  test("stays flat over a million temporaries", function()
    local a, b = moth.ones(10), moth.ones(10)
    for _ = 1, 100000 do local _ = a + b end
    local most = growth(function()
      for _ = 1, 1000000 do local _ = a + b end
    end)
    assert.is_true(most <= 4, most .. " MiB")
  end)

  test("is given back at once by <close>", function()
    collectgarbage "stop"
    local most = growth(function()
      for _ = 1, 50 do
        local t <close> = moth.ones(1000000)
        assert.equal(1000000, #t)
      end
    end)
    collectgarbage "restart"
    assert.is_true(most <= 8, most .. " MiB")
  end)
end)
