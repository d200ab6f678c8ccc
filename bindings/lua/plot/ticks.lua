-- Round numbers along an axis: ticks.linear(low, high, count) → about so many multiples of 1, 2 or 5 times a power of ten within;
-- ticks.powers(low, high, count) → powers of ten, with their doubles and fives where there are few.
local ticks = {}

local function round_step(rough)
  local power = 10.0 ^ math.floor(math.log(rough, 10))
  for _, times in ipairs{ 1, 2, 5 } do
    if times * power >= rough * (1 - 1e-9) then return times * power end
  end
  return 10 * power
end

function ticks.linear(low, high, count)
  local rough = high / count - low / count
  if not (rough > 0 and rough < math.huge) then return { low, high } end
  local step, list = round_step(rough), {}
  if step == 0 or step == math.huge then return { low, high } end
  local first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
  if last - first > 4 * count then return { low, high } end -- where the steps are finer than the numbers
  for i = first, last do list[#list + 1] = i * step end
  return list
end

local function within(list, low, high)
  local kept = {}
  for _, value in ipairs(list) do
    if value >= low * (1 - 1e-9) and value <= high * (1 + 1e-9) then kept[#kept + 1] = value end
  end
  return kept
end

function ticks.powers(low, high, count)
  local first, last = math.floor(math.log(low, 10)), math.ceil(math.log(high, 10))
  local every = math.max(1, math.ceil((last - first) / count))
  local tens, more = {}, {}
  for power = first, last do
    if power % every == 0 then tens[#tens + 1] = 10.0 ^ power end
    for _, times in ipairs{ 1, 2, 5 } do more[#more + 1] = times * 10.0 ^ power end
  end
  tens, more = within(tens, low, high), within(more, low, high)
  if #tens >= 3 then return tens end
  if #more >= 3 and #more <= 2 * count then return more end
  if high / low < 10 then return ticks.linear(low, high, count) end
  return #tens == 2 and tens or { low, high }
end

return ticks
