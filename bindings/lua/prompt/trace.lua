-- Frames of an error, gathered by trace.c from the innermost outwards, as lines:
--   broken.lua:14  in on_epoch        if e.val_loss < conf.limit then
--   broken.lua:9   in moth.train, epoch 3
-- Only scripts' frames and what was typed; helpers.trace_full shows all.
local _, helpers, internal = ...

local width = internal.need "width"
local find, sub, match, gmatch, gsub = string.find, string.sub, string.match, string.gmatch, string.gsub
local format, rep = string.format, string.rep
local concat, max, min = table.concat, math.max, math.min
local open = io and io.open
local type, pcall = type, pcall

local trace = {}

local FIRST, LAST = 10, 5          -- frames shown of a deep stack
local NAMES, WIDEST_NAME = 17, 40  -- columns of "in on_epoch"
local LONGEST_LINE = 400

-- ---- Lines of source ----

local function line_of_text(text, number)
  local i = 0
  for line in gmatch(text .. "\n", "([^\n]*)\n") do
    i = i + 1
    if i == number then return line end
  end
end

local function line_of_file(path, number)
  local file = open and open(path, "rb")
  if not file then return nil end
  local line
  pcall(function()
    for _ = 1, number do line = file:read "L" end
  end)
  file:close()
  return line
end

-- The line of a chunk's source without its indentation, nil where it cannot be told.
function trace.line(source, number)
  local typed = helpers.typed[source]
  local line
  if typed then line = line_of_text(typed, number)
  elseif sub(source, 1, 1) == "@" then line = line_of_file(sub(source, 2), number)
  elseif sub(source, 1, 1) ~= "=" then line = line_of_text(source, number)
  end
  if not line or #line > LONGEST_LINE then return nil end
  line = gsub(match(line, "^%s*(.-)%s*$"), "%c", " ")
  return line ~= "" and line or nil
end

-- ---- Frames ----

local function is_ours(frame) return frame.what == "C" or frame.source == "=[moth]" end
local function is_typed(frame) return sub(frame.source or "", 1, 8) == "=(prompt" end

local function place_of(frame)
  if frame.what == "C" then return "[C]" end
  if is_typed(frame) then return format("line %d", frame.line) end
  return format("%s:%d", frame.place, frame.line)
end

-- What runs at the frame; `outer` is the next one outwards.
local function name_of(frame, outer)
  if outer and outer.callback then return outer.callback end
  if frame.what == "main" then return is_typed(frame) and "what was typed" or "the main chunk" end
  if frame.engine then return frame.engine end
  if frame.name and not (outer and outer.source == "=[moth]") then return (frame.kind == "metamethod" and "__" or "") .. frame.name end
  if frame.what == "C" then return "a function in C" end
  return format("the function of line %d", frame.defined)
end

local function all_rows(frames)
  local rows = {}
  for i = 1, #frames do
    local frame = frames[i]
    if frame.more then
      rows[#rows + 1] = { more = frame.more }
    else
      local shown = frame.line > 0 and not is_ours(frame)
      rows[#rows + 1] = { place = place_of(frame), name = "in " .. name_of(frame, frames[i + 1]),
                          line = shown and trace.line(frame.source, frame.line) }
    end
  end
  return rows
end

-- A statement of one line needs no telling where in it.
local function is_plain(frame)
  local typed = helpers.typed[frame.source]
  return frame.what == "main" and is_typed(frame) and not (typed and find(typed, "\n", 1, true))
end

-- A frame that called the engine, which called a script's function, names the engine's.
local function users_rows(frames)
  local rows, called_back, through = {}, nil, nil
  for i = 1, #frames do
    local frame = frames[i]
    if frame.more then
      rows[#rows + 1] = { more = frame.more }
    elseif frame.what == "C" then
      if frame.callback then called_back = frame end
      if frame.engine and called_back then
        through = frame.engine .. (called_back.epoch and format(", epoch %d", called_back.epoch) or "")
        called_back = nil
      end
    elseif not is_ours(frame) and frame.line > 0 then
      if not is_plain(frame) then
        local row = { place = place_of(frame), name = "in " .. name_of(frame, frames[i + 1]) }
        if through then row.name = frame.what == "main" and "in " .. through or format("%s: %s", row.name, through)
        else row.line = trace.line(frame.source, frame.line) end
        rows[#rows + 1] = row
      end
      through = nil
    end
  end
  return rows
end

local function is_same(a, b) return a and b and a.place == b.place and a.name == b.name and a.more == nil and b.more == nil end

-- A function that calls itself over and over is told once, of what is left many the first and the last.
local function cut(rows)
  local kept, shown, i = {}, 0, 1
  while i <= #rows do
    local row, count = rows[i], 0
    while is_same(row, rows[i + 1]) or rows[i + 1] and rows[i + 1].more and is_same(row, rows[i + 2]) do
      i = i + 1
      count = count + (rows[i].more or 1)
    end
    kept[#kept + 1] = row
    if count > 0 then kept[#kept + 1] = { more = count, again = true } end
    i = i + 1
  end
  if #kept <= FIRST + LAST + 1 then return kept end
  local ends, left = {}, 0
  for j = 1, #kept do
    if j == #kept - LAST + 1 then ends[#ends + 1] = { more = left } end
    if j <= FIRST or j > #kept - LAST then ends[#ends + 1] = kept[j] else left = left + (kept[j].more or 1) end
  end
  return ends
end

-- 499966 → "499,966"
local function number_text(number)
  local text = format("%d", number)
  local head = #text % 3
  return (gsub(sub(text, 1, head) .. gsub(sub(text, head + 1), "%d%d%d", ",%0"), "^,", ""))
end

-- ---- Text ----

local function clip(text, columns, unicode)
  if columns < 8 then return "" end
  if width.of(text) <= columns then return text end
  local dots = unicode and "…" or "..."
  return width.fit(text, columns - width.of(dots)) .. dots
end

local function lines_of(rows)
  local look = helpers.look()
  local places, names = 0, NAMES
  for i = 1, #rows do
    if rows[i].place then places = max(places, width.of(rows[i].place)) end
    if rows[i].line then names = max(names, min(width.of(rows[i].name), WIDEST_NAME)) end
  end
  local out = {}
  for i = 1, #rows do
    local row = rows[i]
    if row.more then
      out[i] = format(row.again and "\n  ... %s more of the same" or "\n  ... %s more", number_text(row.more))
    else
      local text = format("\n  %s  %s", width.pad(row.place, places), row.name)
      if row.line then
        local room = look.terminal and look.width - (places + names + 6) or LONGEST_LINE
        local line = clip(row.line, room, look.unicode)
        if line ~= "" then text = text .. rep(" ", names - width.of(row.name)) .. "  " .. line end
      end
      out[i] = text
    end
  end
  return concat(out)
end

-- Whether a script raised it by error(text, 0): as its words for who runs it, such as how it is used.
local function is_plain_text(frames)
  local raised = frames[1] and frames[1].what == "C" and frames[1].name == "error"
  return raised and type(frames.message) == "string" and not find(frames.message, "^[^\n]-:%d+: ")
end

-- frames.message is the error.
function trace.text(frames)
  if helpers.trace_full then return lines_of(all_rows(frames)) end
  if is_plain_text(frames) then return "" end
  local rows = cut(users_rows(frames))
  if #rows == 1 and not rows[1].line then return "" end
  return lines_of(rows)
end

-- One place of a chunk that did not compile: "\n  line 3  y z".
function trace.place(source, number)
  local line = trace.line(source, number)
  return line and format("\n  line %d  %s", number, line) or ""
end

-- ---- Comparisons ----

local ORDER = { ["<"] = true, ["<="] = true, [">"] = true, [">="] = true }
local ENDS = {}
for word in ("and or not if then while do until return elseif else end nil true false"):gmatch "%a+" do ENDS[word] = true end

local function is_name(token) return token and token.kind == "name" and not ENDS[token.text] end

-- The last field of `a.b.c` that ends before, or begins behind, the operator at i and has nothing else around it; or nil.
local function field_before(tokens, i)
  if not is_name(tokens[i - 1]) or not tokens[i - 2] or tokens[i - 2].text ~= "." then return nil end
  return tokens[i - 1].text
end

local function field_behind(tokens, i)
  local at = i + 1
  if not is_name(tokens[at]) then return nil end
  while tokens[at + 1] and tokens[at + 1].text == "." and is_name(tokens[at + 2]) do at = at + 2 end
  local behind = tokens[at + 1]
  local ends = not behind or behind.text == ")" or behind.text == "," or behind.text == ";" or behind.kind == "name"
  return at > i + 1 and ends and tokens[at].text or nil
end

-- Lua names what cannot be indexed, called or added, not what cannot be compared. Where the line compares once and a field is the operand
-- that is nil the message gains " (field 'limit')".
function trace.name_operand(message, source, number)
  local left, right = match(message, ": attempt to compare (%a+) with (%a+)$")
  local line = left and trace.line(source, number)
  if not line then return nil end
  local tokens, at = internal.need "prompt/lexer".read(line), nil
  for i = 1, #tokens do
    if tokens[i].kind == "mark" and ORDER[tokens[i].text] then
      if at then return nil end
      at = i
    end
  end
  if not at then return nil end
  if sub(tokens[at].text, 1, 1) == ">" then left, right = right, left end -- compiled as the other way round
  local field
  if right == "nil" and left ~= "nil" then field = field_behind(tokens, at)
  elseif left == "nil" and right ~= "nil" then field = field_before(tokens, at)
  end
  return field and format("%s (field '%s')", message, field) or nil
end

return trace
