-- t:describe(): the figures that a first look at numbers wants, as a table that prints as a short text. nan is left out of all of them
-- and counted; quartiles lie between neighbours, as NumPy's quantile.
local moth, _, internal = ...

local function text_of(value)
  if math.type(value) == "integer" then return ("%d"):format(value) end
  if value ~= value then return "nan" end
  if value == math.huge then return "inf" elseif value == -math.huge then return "-inf" end
  local digits = moth.printing().digits
  local size = math.abs(value)
  local form = size ~= 0 and (size >= 1e6 or size < 1e-3) and "%%.%de" or "%%.%df"
  return (form:format(digits):format(value):gsub("[^%d%-+e]", "."))
end

local function right(text, columns) return (" "):rep(columns - #text) .. text end

local columns = { "mean", "std", "min", "25%", "50%", "75%", "max" }

local Description = { __name = "description" }

function Description:__tostring()
  local head = { ("%s   %d values"):format(self.tensor, self.count) }
  if self.dtype == "bool" then
    head[#head + 1] = ("%d true, %d false"):format(self["true"], self["false"])
    return table.concat(head, ", ")
  end
  if self.nan > 0 then head[#head + 1] = ("%d nan"):format(self.nan) end
  if self.inf > 0 then head[#head + 1] = ("%d inf"):format(self.inf) end
  local names, values, lines = {}, {}, { table.concat(head, ", ") }
  for i, name in ipairs(columns) do
    local text = self[name] and text_of(self[name]) or "-"
    local width = math.max(#name, #text) + 3
    names[i], values[i] = right(name, width), right(text, width)
    lines[i + 1] = ("   %-4s%s"):format(name, right(text, 14))
  end
  local table_lines = { lines[1], table.concat(names), table.concat(values) }
  return table.concat(#table_lines[2] <= moth.printing().width and table_lines or lines, "\n") -- else a line a figure
end

local function quantile(sorted, q)
  local at = 1 + (#sorted - 1) * q
  local low = math.floor(at)
  local a, b = sorted[low], sorted[math.min(low + 1, #sorted)]
  if a == b then return a + 0.0 end
  return a + (b - a) * (at - low)
end

return function(t)
  local found = { tensor = internal.describe(t), dtype = t.dtype, shape = t.shape, count = t:numel(), nan = 0, inf = 0 }
  setmetatable(found, Description)
  local values = t:flatten()
  if found.dtype == "bool" then
    found["true"] = values:count_nonzero()
    found["false"] = found.count - found["true"]
    return found
  end
  if found.dtype == "f32" or found.dtype == "f64" then
    local is_nan <close> = values:isnan()
    local is_inf <close> = values:isinf()
    found.nan, found.inf = is_nan:count_nonzero(), is_inf:count_nonzero()
    if found.nan > 0 then values = values[is_nan:logical_not()] end
  end
  local n = #values
  if n == 0 then return found end
  local sorted = values:sort()
  found.mean, found.min, found.max = values:mean(), sorted[1], sorted[n]
  if n > 1 then found.std = values:std() end
  for _, name in ipairs{ "25%", "50%", "75%" } do found[name] = quantile(sorted, tonumber(name:match "%d+") / 100) end
  return found
end
