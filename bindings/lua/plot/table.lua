-- run:save(path): the columns of a run as CSV, one line an epoch (RFC 4180), numbers with a point and as short as they can be read back.
local _, helpers, internal = ...

local function text_of(value)
  if not value then return "" end
  local text
  for digits = 15, 17 do
    text = helpers.number("%." .. digits .. "g", value)
    if tonumber(text) == value then break end
  end
  return text
end

local function quoted(name) return name:find '[",\r\n]' and '"' .. name:gsub('"', '""') .. '"' or name end

local function rows_of(run)
  local names, columns, lines = internal.run_columns(run), {}, {}
  local head = { "epoch" }
  for i, name in ipairs(names) do columns[i], head[i + 1] = run[name], quoted(name) end
  lines[1] = table.concat(head, ",")
  for epoch = 1, run.epochs do
    local cells = { tostring(epoch) }
    for i, column in ipairs(columns) do cells[i + 1] = text_of(column[epoch]) end
    lines[#lines + 1] = table.concat(cells, ",")
  end
  return table.concat(lines, "\n") .. "\n"
end

local function save(run, path)
  if type(path) ~= "string" then internal.fail(("save: the path must be a text, got %s"):format(internal.describe(path))) end
  if not path:find "%.csv$" and not path:find "%.csv%.gz$" then internal.fail(("save: '%s': a run is saved as .csv"):format(path)) end
  internal.write_file("save", path, rows_of(run))
end

return { save = save }
