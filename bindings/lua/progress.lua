-- A training's progress on the error stream: permanent rows for epochs 1, 2, every ceil(epochs/20)th and the last, and on a terminal a
-- live line below them. helpers.progress(live) makes a drawer; the drawer's last call gets false and the run (nil where it failed).
local _, helpers, internal = ...

local BAR = 26

local function number(value)
  if value ~= value or value == math.huge or value == -math.huge then return tostring(value) end
  local size = math.abs(value)
  if size == 0 or size >= 1e-3 and size < 1e5 then return ("%.4f"):format(value) end
  return ("%.2e"):format(value)
end

local function pad(text, width) return (" "):rep(width - #text) .. text end

local function time(seconds)
  if seconds < 60 then return ("%.2fs"):format(seconds) end
  if seconds < 3600 then return ("%dm%02ds"):format(seconds // 60, math.floor(seconds % 60)) end
  return ("%dh%02dm"):format(seconds // 3600, seconds % 3600 // 60)
end

local function brief(seconds) return seconds < 60 and ("%.1fs"):format(seconds) or time(seconds) end

local function rate(rows)
  if rows >= 1e6 then return ("%.1fM rows/s"):format(rows / 1e6) end
  if rows >= 1e4 then return ("%.0fk rows/s"):format(rows / 1e3) end
  return ("%.0f rows/s"):format(rows)
end

-- Names of the columns between the epoch and the rate: the validation's where there is one.
local function columns_of(event)
  local validated = rawget(event, "val_loss") ~= nil
  local fixed = { epoch = true, loss = true, val_loss = true, lr = true, seconds = true, rows_per_second = true }
  local columns, metrics = { "loss" }, {}
  if validated then columns[2] = "val_loss" end
  for name in next, event do
    if not fixed[name] and (name:sub(1, 4) == "val_") == validated then metrics[#metrics + 1] = name end
  end
  table.sort(metrics)
  return table.move(metrics, 1, #metrics, #columns + 1, columns)
end

local function width_of(name) return math.max(10, #name + 2) end

function helpers.progress(live)
  local columns, drawn, last, is_live
  local shown = -1

  local function clear()
    if is_live then internal.write "\r\27[K" end
    is_live = false
  end

  local function header(event)
    columns = columns_of(event)
    local cells = { "epoch" }
    for i, name in ipairs(columns) do cells[i + 1] = pad(name, width_of(name)) end
    cells[#cells + 1] = pad("lr", 9)
    cells[#cells + 1] = pad("time", 9)
    internal.write(table.concat(cells) .. "\n")
  end

  local function row(event)
    if not columns then header(event) end
    local cells = { ("%5d"):format(event.epoch) }
    for i, name in ipairs(columns) do cells[i + 1] = pad(number(event[name]), width_of(name)) end
    cells[#cells + 1] = pad(("%.1e"):format(event.lr), 9)
    cells[#cells + 1] = pad(time(event.seconds), 9)
    internal.write(table.concat(cells) .. "\n")
    drawn = event.epoch
  end

  -- seconds: since the training began
  local function bar(epoch, epochs, batch, batches, loss, speed, seconds)
    if seconds - shown < 0.1 then return end
    shown = seconds
    local share = batches > 0 and batch / batches or 0
    local done = (epoch - 1 + share) / epochs
    local filled = math.floor(share * BAR + 0.5)
    local left = done > 0 and ("   %s left"):format(brief(seconds / done * (1 - done))) or ""
    internal.write(("\r\27[K%5d/%d [%s%s]  %d/%d  loss %s   %s%s"):format(epoch, epochs, ("#"):rep(filled), ("-"):rep(BAR - filled),
      batch, batches, number(loss), rate(speed), left))
    is_live = true
  end

  local function finish(run)
    clear()
    if last and last.epoch ~= drawn then row(last) end
    local text = run and tostring(run):gsub("^run  ", "")
    if text and text ~= "" then internal.write(text .. "\n") end
    if run and run.stopped == "interrupt" then
      internal.write('  run.stopped = "interrupt"; go on exactly with  moth.train{ ..., resume = run }\n')
    end
  end

  return function(event, epoch, epochs, ...)
    if event == false then return finish(epoch) end
    if not event then
      if live then bar(epoch, epochs, ...) end
      return
    end
    last = event
    local every = math.ceil(epochs / 20)
    if event.epoch <= 2 or event.epoch % every == 0 or event.epoch == epochs then
      clear()
      row(event)
    end
  end
end
