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

function helper.near(expected, got, tolerance)
  if type(expected) == "table" then
    assert(#expected == #got, ("%d values, expected %d"):format(#got, #expected))
    for i = 1, #expected do helper.near(expected[i], got[i], tolerance) end
    return
  end
  assert(math.abs(expected - got) <= (tolerance or 1e-6), ("%.17g, expected %.17g"):format(got, expected))
end

-- Runs f with a default dtype and puts f32 back.
function helper.with_dtype(moth, dtype, f)
  moth.dtype(dtype)
  local ok, message = pcall(f)
  moth.dtype "f32"
  if not ok then error(message, 0) end
end

return helper
