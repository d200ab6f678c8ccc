-- The prompt's commands, `:name argument`, and `?name`. commands.run(session, text) and commands.help(session, text).
local moth, helpers, internal = ...

local statement, width = internal.need "prompt/statement", internal.need "width"

local find, sub, match, gmatch, gsub, format, rep =
  string.find, string.sub, string.match, string.gmatch, string.gsub, string.format, string.rep
local concat, sort, max, pack = table.concat, table.sort, math.max, table.pack
local type, tostring, tonumber, next, ipairs, pcall, xpcall, rawget = type, tostring, tonumber, next, ipairs, pcall, xpcall, rawget
local tointeger, printing, nearest = math.tointeger, moth.printing, internal.nearest
local io, os = io, os

local commands = {}
local list = {} -- name → { function(session, argument), its arguments, what it does }

-- ---- Help ----

local order = { "help", "who", "time", "load", "save", "edit", "hist", "plot", "reset", "set", "quit" }

-- A command and what it does, in lines of the window's width.
local function command_lines(name)
  local head = format("  :%-16s  ", list[name].usage)
  local room = max(12, printing().width - #head)
  local lines, line = {}, nil
  for word in gmatch(list[name].text, "%S+%s*") do
    if line and #match(line .. word, "^(.-)%s*$") > room then
      lines[#lines + 1], line = line, ""
    end
    line = (line or "") .. word
  end
  lines[#lines + 1] = line
  return head .. gsub(concat(lines, "\n" .. rep(" ", #head)), "%s+\n", "\n")
end

local function list_commands()
  local lines = {}
  for i, name in ipairs(order) do lines[i] = command_lines(name) end
  return concat(lines, "\n")
end

-- Shows what a function of the help gives.
local function show_help(session, name, ...)
  local results = session:call(internal.need "help/help"[name], ...)
  if not results[1] then return session:fail(results[2]) end
  session:put(tostring(results[2]))
  return true
end

-- Help for a name; a command's where nothing else is called so.
local function show_about(session, kind, expression)
  local env, command = session.environment.env, match(expression, "^:?(%a+)$")
  local is_command = list[command] and (find(expression, "^:") or internal.need "help/find".meaning(expression, env) == "none")
  if is_command then return session:put(command_lines(command)) or true end
  return show_help(session, kind, expression, env)
end

function commands.help(session, text)
  session:remember(text)
  local marks, expression = match(text, "^%s*(%?%??)%s*(.-)%s*$")
  if expression == "" then return list.help.run(session, "") end
  return show_about(session, marks == "?" and "about" or "source", expression)
end

list.help = { usage = "help [NAME]", text = "these lines; help for a name is also  ?NAME", run = function(session, argument)
  if argument ~= "" then return show_about(session, "about", argument) end
  local shown = show_help(session, "overview")
  session:put("\ncommands\n" .. list_commands())
  session:put("\ntopics, a screen each\n  ?" .. concat(internal.need "help/topics".order, " ?"))
  return shown
end }

-- ---- Variables ----

local function bytes_text(bytes)
  if bytes < 1024 then return format("%d B", bytes) end
  local units, at = { "KiB", "MiB", "GiB", "TiB" }, 1
  bytes = bytes / 1024
  while bytes >= 1024 and units[at + 1] do bytes, at = bytes / 1024, at + 1 end
  return helpers.number(bytes < 1000 and "%.3g" or "%.0f", bytes) .. " " .. units[at]
end

local element_bytes = { f32 = 4, f64 = 8, i64 = 8, u8 = 1, bool = 1 }

local function entries_text(t)
  local count = 0
  for _ in next, t do count = count + 1 end
  return format("%d %s", count, count == 1 and "entry" or "entries")
end

local function tensor_row(text)
  local dtype, shape = match(text, "^(%w+)(%[.*%])$")
  local count = 1
  for size in shape:gmatch "%d+" do count = count * tointeger(tonumber(size)) end
  return dtype, shape, bytes_text(count * element_bytes[dtype])
end

-- Type, shape and bytes of a value, as far as they are known without running code of the user's.
local function row_of(value)
  local kind = type(value)
  if kind == "string" then return kind, "", bytes_text(#value) end
  if kind == "number" then return math.type(value), "", "8 B" end
  if kind == "table" then return kind, entries_text(value), "" end
  local object = internal.kind(value)
  if not object then return kind, "", "" end
  if object == "tensor" then return tensor_row(internal.describe(value)) end
  local ok, text = pcall(tostring, value)
  if not ok then return object, "", "" end
  if object == "net" then
    local shape, bytes = match(text, "^net  (%[[%d,]*%] %-> %[[%d,]*%])"), match(text, "parameters   ([%d.]+ %a+)")
    return object, shape or "", bytes or ""
  end
  if object == "data set" then return "data", match(text, "^data  (%d+ rows?)") or "", "" end
  return object, "", ""
end

-- The session's variables, and globals that were not there at its beginning, are others since, or come from a script that ran before.
local function users_names(session)
  local names, seen = session.environment:names(), {}
  for _, name in ipairs(names) do seen[name] = true end
  for name, value in next, _G do
    local is_known = commands.standard[name] and rawequal(session.globals[name], value) or rawequal(value, moth)
    if type(name) == "string" and not seen[name] and not is_known then names[#names + 1] = name end
  end
  sort(names)
  return names
end

local function align(rows, right)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do widths[i] = max(widths[i] or 0, width.of(cell)) end
  end
  local lines = {}
  for i, row in ipairs(rows) do
    local cells = {}
    for j, cell in ipairs(row) do
      cells[j] = (right[j] and width.right or width.pad)(cell, widths[j])
    end
    lines[i] = gsub("  " .. concat(cells, "  "), "%s+$", "")
  end
  return lines
end

list.who = { usage = "who", text = "your variables: name, type, shape, bytes", run = function(session)
  local names = users_names(session)
  if #names == 0 then return session:put("nothing yet") end
  local rows = { { "name", "type", "shape", "bytes" } }
  for i, name in ipairs(names) do rows[i + 1] = { name, row_of(session.environment:value(name)) } end
  session:put(concat(align(rows, { [4] = true }), "\n"))
end }

-- What a plain Lua has, and the command's own: names that are not the user's.
commands.standard = {}
for name in ([[_G _VERSION arg assert collectgarbage coroutine debug dofile error getmetatable io ipairs load loadfile math moth next os
              package pairs pcall print rawequal rawget rawlen rawset require select setmetatable string table tonumber tostring type utf8
              warn xpcall]]):gmatch "%S+" do commands.standard[name] = true end

list.reset = { usage = "reset", text = "forgets your variables and puts back what you replaced", run = function(session)
  local errors = session.environment:forget()
  for name in next, _G do
    if session.globals[name] == nil then _G[name] = nil end
  end
  for name, value in next, session.globals do _G[name] = value end
  session.environment.env._, session.last = nil, nil
  session.inputs = {}
  session:report(errors)
end }

-- ---- Running ----

list.time = { usage = "time STATEMENT", text = "runs it and tells the time it took", run = function(session, argument)
  if argument == "" then return session:refuse "time: what? as in  :time x:sum()" end
  return session:evaluate(argument, true)
end }

list.plot = { usage = "plot EXPRESSION", text = "draws a tensor, a list or a run", run = function(session, argument)
  local compiled, message = statement.compile(argument, "=(prompt 0)", session.environment.env)
  if argument == "" or compiled and not compiled.is_expression then
    return session:refuse "plot: takes an expression, as in  :plot run.loss"
  end
  if not compiled then return session:fail(message) end
  session.environment:expect()
  local results = session:call(function() return internal.need "plot/plot".of((compiled.run())) end)
  if not results[1] then return session:fail(results[2]) end
  session:put(tostring(results[2]))
end }

-- ---- Files ----

local function path_of(argument)
  local home = os and os.getenv "HOME"
  if home and find(argument, "^~/") then return home .. sub(argument, 2) end
  return argument
end

local function read_file(session, where, path)
  if not rawget(_G, "io") or not io then return session:refuse("%s: no files here", where) and nil end
  local file, message = io.open(path, "rb")
  local text = file and file:read "a"
  if file then file:close() end
  if not text then
    session:refuse("%s: cannot open '%s': %s", where, path, file and "it is no file" or match(message, ": ([^:]*)$") or message)
  end
  return text
end

list.load = { usage = "load FILE", text = "runs a file in the session", run = function(session, argument)
  if argument == "" then return session:refuse "load: which file? as in  :load prepare.lua" end
  local path = path_of(argument)
  local text = read_file(session, "load", path)
  return text and session:run_file(path, text)
end }

local function save(session, path, force)
  if path == "" then return session:refuse "save: into which file? as in  :save session.lua" end
  if not rawget(_G, "io") or not io then return session:refuse "save: no files here" end
  path = path_of(path)
  local script, count = internal.need "prompt/script"(session.inputs)
  if count == 0 then return session:refuse "save: nothing was entered yet" end
  local there = not force and session.saved ~= path and io.open(path, "rb")
  if there then
    there:close()
    return session:refuse("save: '%s' is there already;  :save! %s  replaces it", path, path)
  end
  local file, message = io.open(path, "wb")
  local ok = file and file:write(script)
  if file then
    local closed, problem = file:close()
    ok, message = ok and closed, message or problem
  end
  if not ok then return session:refuse("save: cannot write '%s': %s", path, match(message or "", ": ([^:]*)$") or message or "?") end
  session.saved = path
  session:put(format("%s: %d %s; it runs with  moth %s", path, count, count == 1 and "statement" or "statements", path))
end

list.save = { usage = "save FILE", text = "writes what worked as a script  (:save! replaces a file)", run = save }
list["save!"] = { run = function(session, argument) return save(session, argument, true) end }

local function editor_of()
  local editor = os.getenv "VISUAL"
  if not editor or editor == "" then editor = os.getenv "EDITOR" end
  return editor and editor ~= "" and editor or "vi"
end

local function edit_file(session, path)
  local quoted = "'" .. gsub(path, "'", "'\\''") .. "'"
  local ok, kind, code = os.execute(editor_of() .. " " .. quoted)
  if ok then return true end
  return session:refuse("edit: %s ended with %s %s; nothing was run", editor_of(), kind == "exit" and "status" or "signal", tostring(code))
end

local function last_block(session)
  for i = #session.inputs, 1, -1 do
    if not session.inputs[i].from_file then return session.inputs[i].text end
  end
  return ""
end

local function write_file(path, text)
  local file = io.open(path, "wb")
  if not file then return nil end
  local ok = file:write(text, "\n")
  return file:close() and ok
end

local function edit(session, argument)
  if not rawget(_G, "os") or not rawget(_G, "io") or not io or not os or not os.execute then return session:refuse "edit: no files here" end
  if argument ~= "" then
    local path = path_of(argument)
    local text = edit_file(session, path) and read_file(session, "edit", path)
    return text and session:run_file(path, text)
  end
  local name = os.tmpname()
  local path = name .. ".lua"
  local text
  if not write_file(path, last_block(session)) then session:refuse("edit: cannot write '%s'", path)
  elseif edit_file(session, path) then text = read_file(session, "edit", path)
  end
  os.remove(name)
  os.remove(path)
  text = text and gsub(text, "%s+$", "")
  if not text or text == "" then return not session.failed end
  session:put(text)
  return session:evaluate(text)
end

list.edit = { usage = "edit [FILE]", text = "opens the last statement or a file in $VISUAL or $EDITOR, then runs it", run = edit }

list.hist = { usage = "hist [N]", text = "what was entered in this session, or its last N", run = function(session, argument)
  local count = tointeger(tonumber(argument == "" and 1e9 or argument) or -1)
  if not count or count < 1 then return session:refuse("hist: takes a number >= 1, got %s", argument) end
  local lines, total = {}, #session.inputs
  for i = max(1, total - count + 1), total do
    local number = format("%5d  ", i)
    lines[#lines + 1] = number .. gsub(session.inputs[i].text, "\n", "\n" .. rep(" ", #number))
  end
  if #lines > 0 then session:put(concat(lines, "\n")) end
end }

-- ---- Settings ----

local settings = {}

local function words(name, first, second, read, write)
  settings[name] = { values = first .. " or " .. second, words = { first, second },
                     read = function(session) return read(session) and first or second end,
                     write = function(session, word)
                       if word ~= first and word ~= second then return false end
                       write(session, word == first)
                       return true
                     end }
end

words("trace", "full", "short", function() return helpers.trace_full end, function(_, on) helpers.trace_full = on or nil end)
words("time", "on", "off", function(session) return session.times end, function(session, on) session.times = on end)
words("colour", "on", "off", function(session) return session.colour end,
      function(session, on) session.colour = on and session.terminal.interactive end)

for _, name in ipairs{ "digits", "edge", "max", "width" } do
  settings[name] = { values = "a number", read = function() return tostring(printing()[name]) end,
                     write = function(session, word)
                       if name == "width" and word == "auto" then
                         session.width = nil
                         session:fit()
                         return true
                       end
                       local number = tonumber(word)
                       if not number then return false end
                       printing{ [name] = number }
                       return true
                     end }
end
settings.width.values, settings.width.words = "a number or auto", { "auto" }

-- name → { values = what it takes, words = those of it that are words }
function commands.settings() return settings end

local function known(session, where, name, among)
  if among[name] then return true end
  local near = nearest(name, among)
  if near then return session:refuse("%s'%s'; did you mean '%s'?", where, name, near) end
  local names = {}
  for other in next, among do names[#names + 1] = other end
  sort(names)
  return session:refuse("%s'%s' (%s)", where, name, concat(names, " "))
end

local function set(session, argument)
  local name, word = match(argument, "^(%S*)%s*(.-)$")
  if name ~= "" and not known(session, "set: no setting ", name, settings) then return false end
  if word ~= "" then
    local results = pack(pcall(settings[name].write, session, word))
    if not results[1] then return session:fail((gsub(tostring(results[2]), "^printing: ", "set: "))) end
    return results[2] or session:refuse("set: %s is %s, got '%s'", name, settings[name].values, word)
  end
  local names, lines = {}, {}
  for other in next, settings do
    if name == "" or name == other then names[#names + 1] = other end
  end
  sort(names)
  for i, other in ipairs(names) do lines[i] = format("  %-8s%s", other, settings[other].read(session)) end
  session:put(concat(lines, "\n"))
end

list.set = { usage = "set [NAME VALUE]", text = "trace full|short, digits, edge, max, width, colour, time", run = set }

list.quit = { usage = "quit", text = "ends the session, as Ctrl-D does", run = function(session) session.status = 0 end }

-- ---- Finding them ----

-- name → what it does
function commands.names()
  local names = {}
  for _, name in ipairs(order) do names[name] = list[name].text end
  return names
end

local takes_nothing = { who = true, reset = true, quit = true }

-- The only command that begins so, or nil.
local function begun(letters)
  local found
  for _, name in ipairs(order) do
    if sub(name, 1, #letters) == letters then
      if found then return nil end
      found = name
    end
  end
  return found
end

-- A colon alone lists the commands.
function commands.run(session, text)
  session:remember(text)
  local name, argument = match(text, "^%s*:(%a+!?)%s*(.-)%s*$")
  if not name then return session:put(list_commands()) or true end
  local command = list[name]
  if not command then
    local near = begun(name) or nearest(name, list)
    local usual = near and format("; did you mean ':%s'?", near) or " (:" .. concat(order, " :") .. ")"
    return session:refuse("no command ':%s'%s", name, usual)
  end
  if takes_nothing[name] and argument ~= "" then return session:refuse("%s: takes no argument, got '%s'", name, argument) end
  return command.run(session, argument)
end

return commands
