-- tensors.lua [PATTERN]: times operations of tensors, one line each: name, dtype, nanoseconds a call. tensors.py has the same rows in NumPy;
-- the program `tensors` beside this file runs both. Rows whose "name dtype" does not match the Lua pattern are left out.
local moth = require "moth"
moth.threads(1)
moth.seed(1)

local pattern = arg[1] or ""
local least, tries = 0.02, 3 -- seconds of a measurement; the best of so many counts

local function time(f)
  local count, best = 1, math.huge
  while true do
    local start = os.clock()
    f(count)
    local seconds = os.clock() - start
    if seconds >= least then best = seconds / count break end
    count = seconds < least / 10 and count * 10 or math.ceil(count * least / seconds * 1.1)
  end
  for _ = 2, tries do
    local start = os.clock()
    f(count)
    best = math.min(best, (os.clock() - start) / count)
  end
  return best
end

local function row(name, dtype, f)
  local title = name .. " " .. dtype
  if not title:find(pattern) then return end
  print(("%-24s %-4s %12.0f"):format(name, dtype, time(f) * 1e9))
end

for _, dtype in ipairs{ "f32", "f64" } do
  local s, u = moth.ones{ 10, dtype = dtype }, moth.ones{ 10, dtype = dtype }
  local x, y = moth.randn{ 1000000, dtype = dtype }, moth.randn{ 1000000, dtype = dtype }
  local square, mask = x:reshape(1000, 1000), x:gt(0)
  local column = moth.randn{ 1000, 1, dtype = dtype }
  local a, b = moth.randn{ 256, 256, dtype = dtype }, moth.randn{ 256, 256, dtype = dtype }
  local narrow, three = x:reshape(250000, 4), moth.randn{ 4, dtype = dtype }
  row("small a+b", dtype, function(n) for _ = 1, n do local _ = s + u end end)
  row("small a*2", dtype, function(n) for _ = 1, n do local _ = s * 2 end end)
  row("small exp", dtype, function(n) for _ = 1, n do s:exp() end end)
  row("small sum", dtype, function(n) for _ = 1, n do s:sum() end end)
  row("add", dtype, function(n) for _ = 1, n do local _ = x + y end end)
  row("add in place", dtype, function(n) for _ = 1, n do x:add_(y) x:sub_(y) end end)
  row("add column", dtype, function(n) for _ = 1, n do local _ = square + column end end)
  row("add rows of 4", dtype, function(n) for _ = 1, n do local _ = narrow + three end end)
  row("gt", dtype, function(n) for _ = 1, n do x:gt(y) end end)
  row("exp", dtype, function(n) for _ = 1, n do x:exp() end end)
  row("tanh", dtype, function(n) for _ = 1, n do x:tanh() end end)
  row("sin", dtype, function(n) for _ = 1, n do x:sin() end end)
  row("sum", dtype, function(n) for _ = 1, n do x:sum() end end)
  row("max axis 1", dtype, function(n) for _ = 1, n do square:max(1) end end)
  row("max axis 2", dtype, function(n) for _ = 1, n do square:max(2) end end)
  row("sum axis 1", dtype, function(n) for _ = 1, n do square:sum(1) end end)
  row("sum axis 2", dtype, function(n) for _ = 1, n do square:sum(2) end end)
  row("transposed copy", dtype, function(n) for _ = 1, n do square:t():contiguous() end end)
  row("mask", dtype, function(n) for _ = 1, n do local _ = x[mask] end end)
  row("sort", dtype, function(n) for _ = 1, n do x:sort(1) end end)
  row("matmul 256", dtype, function(n) for _ = 1, n do a:matmul(b) end end)
end
