-- A training's progress on the error stream: permanent rows for epochs 1, 2, every ceil(epochs/20)th and the last, and on a terminal a
-- live line below them, cut to its width; the cursor waits under it, where an interrupt's ^C then stands. helpers.progress() makes a
-- drawer; the drawer's last call gets false and the run (nil where it failed).
local _, helpers, internal = ...

local floor, ceil, max, min, abs = math.floor, math.ceil, math.max, math.min, math.abs
local width = internal.need "width"
local rep, sub, gsub, format = string.rep, string.sub, string.gsub, string.format
local concat, sort, move = table.concat, table.sort, table.move

local BAR, LEAST = 26, 8 -- letters of the bar, and in a narrow window
local ERASE = "\27[A\r\27[K"

local function number(value)
  local size = abs(value)
  return helpers.number((size == 0 or size >= 1e-3 and size < 1e5) and "%.4f" or "%.2e", value)
end

local function time(seconds)
  if seconds < 60 then return helpers.number("%.2fs", seconds) end
  if seconds < 3600 then return format("%dm%02ds", seconds // 60, floor(seconds % 60)) end
  return format("%dh%02dm", seconds // 3600, seconds % 3600 // 60)
end

local function brief(seconds) return seconds < 60 and helpers.number("%.1fs", seconds) or time(seconds) end

local function rate(rows)
  if rows >= 1e6 then return helpers.number("%.1fM", rows / 1e6) .. " rows/s" end
  if rows >= 1e4 then return format("%.0fk rows/s", rows / 1e3) end
  return format("%.0f rows/s", rows)
end

-- Where it goes: a prompt's terminal while one runs, else the error stream. columns_now() is nil where no line can be drawn anew.
local function write(text)
  local out = helpers.out
  return (out and out.write_error or internal.write)(text)
end

local function columns_now()
  local out = helpers.out
  return (out and out.live_columns or internal.error_columns)()
end

-- Names of the columns between the epoch and the rate: the validation's where there is one.
local function columns_of(event)
  local validated = rawget(event, "val_loss") ~= nil
  local fixed = { epoch = true, loss = true, val_loss = true, lr = true, seconds = true, rows_per_second = true }
  local columns, metrics = { "loss" }, {}
  if validated then columns[2] = "val_loss" end
  for name in next, event do
    if not fixed[name] and (sub(name, 1, 4) == "val_") == validated then metrics[#metrics + 1] = name end
  end
  sort(metrics)
  return move(metrics, 1, #metrics, #columns + 1, columns)
end

local function width_of(name) return max(10, width.of(name) + 2) end

-- The table's columns that fit: { title, width, text of an event } each. What does not goes from the right, the rate first, then the time.
local function table_of(event, room)
  local cells = { { "epoch", 5, function(e) return format("%d", e.epoch) end } }
  for _, name in ipairs(columns_of(event)) do
    cells[#cells + 1] = { name, width_of(name), function(e) return number(e[name]) end }
  end
  cells[#cells + 1] = { "time", 9, function(e) return time(e.seconds) end }
  local rate_at = #cells
  table.insert(cells, rate_at, { "lr", 9, function(e) return helpers.number("%.1e", e.lr) end })
  local whole = 0
  for _, cell in ipairs(cells) do whole = whole + cell[2] end
  if room and whole > room then
    whole = whole - 9
    table.remove(cells, rate_at)
  end
  while room and whole > room and #cells > 2 do whole = whole - table.remove(cells)[2] end
  return cells
end

local function line_of(cells, text_of)
  local parts = {}
  for i, cell in ipairs(cells) do parts[i] = width.right(text_of(cell), cell[2]) end
  return concat(parts) .. "\n"
end

-- "   17/100 [####----]  24/40  loss 0.1522   118k rows/s   0.9s left", what does not fit left off.
local function bar_text(room, epoch, epochs, batch, batches, loss, speed, seconds)
  local share = batches > 0 and batch / batches or 0
  local done = (epoch - 1 + share) / epochs
  local parts = { format("  %d/%d", batch, batches), "  loss " .. number(loss), "   " .. rate(speed) }
  if done > 0 then parts[4] = "   " .. brief(seconds / done * (1 - done)) .. " left" end
  local head = format("%5d/%d ", epoch, epochs)
  while #parts > 0 and #head + LEAST + 2 + #concat(parts) > room do parts[#parts] = nil end
  local tail = concat(parts)
  local length = max(LEAST, min(BAR, room - #head - 2 - #tail))
  local filled = floor(share * length + 0.5)
  return sub(head .. "[" .. rep("#", filled) .. rep("-", length - filled) .. "]" .. tail, 1, max(room, 0))
end

function helpers.progress()
  local cells, drawn, last, is_live
  local shown = -1

  local function clear()
    if is_live then write(ERASE) end
    is_live = false
  end

  local function row(event)
    if not cells then
      cells = table_of(event, columns_now())
      write(line_of(cells, function(cell) return cell[1] end))
    end
    write(line_of(cells, function(cell) return cell[3](event) end))
    drawn = event.epoch
  end

  -- seconds: since the training began
  local function bar(columns, seconds, ...)
    if seconds - shown < 0.1 then return end
    shown = seconds
    write((is_live and ERASE or "") .. bar_text(columns - 1, ...) .. "\n")
    is_live = true
  end

  -- The line that an interrupt cut short stays; a prompt has ended that of the ^C already.
  local function finish(run)
    local interrupted = run and run.stopped == "interrupt"
    local is_cut = interrupted and is_live
    if not is_cut then clear() elseif not helpers.out then write "\n" end
    is_live = false
    if last and last.epoch ~= drawn and not is_cut then row(last) end
    local text = run and gsub(tostring(run), "^run  ", "")
    if text and text ~= "" then write(text .. "\n") end
    if interrupted then write '  run.stopped = "interrupt"; go on exactly with  moth.train{ ..., resume = run }\n' end
  end

  return function(event, epoch, epochs, batch, batches, loss, speed, seconds)
    if event == false then return finish(epoch) end
    if not event then
      local columns = columns_now()
      if columns then bar(columns, seconds, epoch, epochs, batch, batches, loss, speed, seconds) end
      return
    end
    last = event
    local every = ceil(epochs / 20)
    if event.epoch <= 2 or event.epoch % every == 0 or event.epoch == epochs then
      clear()
      row(event)
    end
  end
end
