-- A session at a prompt: reads statements and commands from a terminal, runs them, shows values and errors. The chunk's result is
-- open(terminal, machine) → step, close: prompt.c calls step() until it gives an exit status, then close(). Whatever a step raises leaves
-- the session as good as before.
--   terminal: read(mark) → a text, false (dropped), nil (the end); write(text), write_error(text), width(), remember(text); fields
--             interactive, colour, unicode, live, start_file
--   machine:  handler and trace (trace.c), clock() in seconds, cancelled(), banner
local moth, helpers, internal = ...

local statement, trace = internal.need "prompt/statement", internal.need "prompt/trace"
local new_environment = internal.need "prompt/environment"

local find, sub, match, gmatch, gsub, format = string.find, string.sub, string.match, string.gmatch, string.gsub, string.format
local concat, pack, unpack, remove, max = table.concat, table.pack, table.unpack, table.remove, math.max
local ipairs, type, tostring, tonumber = ipairs, type, tostring, tonumber
local pcall, xpcall, rawget, rawset, rawequal = pcall, xpcall, rawget, rawset, rawequal
local printing = moth.printing

local MARK, MORE = "moth> ", "   >> "
local SLOW = 0.5 -- seconds from which on the time is shown

local session = {}
session.__index = session

-- ---- Writing ----

function session:put(text) self.terminal.write(text .. "\n") end
function session:put_error(text) self.terminal.write_error(text .. "\n") end

function session:look()
  return { width = printing().width, colour = self.colour, unicode = self.terminal.unicode, terminal = self.terminal.interactive }
end

-- Tensors are printed as wide as the terminal, until the script sets a width itself.
function session:fit()
  if self.width and printing().width ~= self.width then return end
  self.width = max(20, self.terminal.width())
  printing{ width = self.width }
end

-- A duration as people say it.
function session.duration(seconds)
  if seconds < 0.9995e-3 then return helpers.number("%.3g", seconds * 1e6) .. " us" end
  if seconds < 0.9995 then return helpers.number("%.3g", seconds * 1e3) .. " ms" end
  if seconds < 60 then return helpers.number("%.2f", seconds) .. " s" end
  return format("%d min %02d s", seconds // 60, seconds // 1 % 60)
end

-- ---- Errors ----

-- The message without the place of what was typed, and its line there.
local function strip(message)
  local first
  while true do
    local line, rest = match(message, "^%(prompt %d+%):(%d+): (.*)$")
    if not line then return message, first end
    message, first = rest, first or tonumber(line)
  end
end

-- Whether it begins with a place: "file.lua:12: …".
local function has_place(message)
  local place = match(message, "^([^\n]-):%d+: ")
  return place ~= nil and (not find(place, ": ", 1, true) or sub(place, 1, 8) == "[string ")
end

local function text_of(value)
  if type(value) == "string" then return value end
  local ok, text = pcall(helpers.show_text, value)
  if ok and type(text) == "string" then return text end
  return format("(%s whose __tostring fails: %s)", type(value), (strip(tostring(text))))
end

function session:fail(value, more)
  local frames = self.machine.trace()
  local message = text_of(value)
  if value == "interrupted" or self.machine.cancelled() then
    self:put_error(value == "interrupted" and message .. frames or strip(message))
  else
    local stripped = strip(message)
    local bare = type(value) ~= "string" or not has_place(stripped)
    self:put_error((bare and "error: " or "") .. stripped .. (more or "") .. frames)
  end
  self.failed = true
  return false
end

-- One that has no frames: of a command.
function session:refuse(text, ...)
  self.machine.trace()
  self:put_error("error: " .. format(text, ...))
  self.failed = true
  return false
end

-- ---- Running ----

-- `_`, unless the user has one.
function session:keep_last(value)
  local env = self.environment.env
  if self.environment:kind "_" or rawget(_G, "_") ~= nil or not rawequal(rawget(env, "_"), self.last) then return end
  self.last = value
  rawset(env, "_", value)
end

-- Calls f with the traceback kept: true and results, or false and the error value; and the seconds it took.
function session:call(f, ...)
  self.machine.trace()
  self.machine.cancelled()
  self:fit()
  local before = self.machine.clock()
  local results = pack(xpcall(f, self.machine.handler, ...))
  return results, self.machine.clock() - before
end

function session:show(results)
  local shown = pack(xpcall(helpers.show_values, self.machine.handler, results, 2, results.n))
  if shown[1] then return true end
  return self:fail(shown[2])
end

-- Runs what was compiled. `timed`: tell the time in any case.
function session:run(compiled, timed)
  if not compiled.run then return true end
  self.environment:expect(compiled.declarations)
  local results, seconds = self:call(compiled.run)
  if not results[1] then return self:fail(results[2]) end
  self.inputs[#self.inputs].succeeded = true
  if compiled.is_expression and results.n > 1 then self:keep_last(results[2]) end
  local shown = results.n == 1 or compiled.is_silent and compiled.is_expression or self:show(results)
  if timed or self.times and self.terminal.interactive and seconds > SLOW then self:put(self.duration(seconds)) end
  return shown
end

-- A new number for what is typed, and its chunk's name.
function session:name()
  self.count = self.count + 1
  return format("=(prompt %d)", self.count)
end

function session:record(text, compiled, from_file)
  self.inputs[#self.inputs + 1] = { text = text, compiled = compiled, from_file = from_file }
end

-- Compiles what is typed, reading on while it needs more lines; nil where it was dropped or is wrong.
function session:compile(text, source)
  local env = self.environment.env
  local compiled, message, more = statement.compile(text, source, env)
  while more do
    local line = self:next_line(MORE)
    if line == false then return nil end
    if line == nil then break end
    text = text .. "\n" .. line
    compiled, message, more = statement.compile(text, source, env)
  end
  helpers.typed[source] = text
  self:remember(text)
  if compiled then return compiled end
  local _, line = strip(message)
  self:record(text)
  self.machine.trace()
  local place = line and find(text, "\n", 1, true) and trace.place(source, line) or ""
  self:fail(message, internal.need "prompt/hints"(text, strip(message)) .. place)
end

function session:evaluate(text, timed)
  local source = self:name()
  local compiled = self:compile(text, source)
  if not compiled then
    helpers.typed[source] = nil
    return false
  end
  if not compiled.run then return true end
  self:record(compiled.text, compiled)
  local ok = self:run(compiled, timed)
  if not find(compiled.text, "function", 1, true) then helpers.typed[source] = nil end
  return ok
end

-- Runs a file's text in the session, with a list of arguments or none.
function session:run_file(path, text, arguments)
  text = gsub(text, "^\xEF\xBB\xBF", "")
  text = gsub(text, "^#[^\n]*", "")
  local env = self.environment.env
  local compiled, message = statement.compile_file(text, "@" .. path, env)
  if not compiled then return self:fail(message) end
  self:record(text, compiled, true)
  if arguments then
    local run = compiled.run
    compiled.run = function() return run(unpack(arguments)) end
  end
  return self:run(compiled)
end

-- ---- Reading ----

-- Once a reading.
function session:remember(text)
  if self.remembered then return end
  self.remembered = true
  if self.terminal.remember then self.terminal.remember(text) end
end

function session:next_line(mark)
  if self.pending and #self.pending > 0 then return remove(self.pending, 1) end
  self.remembered = nil
  return self.terminal.read(mark)
end

-- Whether the line goes on with the statement before it: `:method(`, `.field`, an operator.
local function goes_on(line)
  return find(line, "^%s*:[%a_][%w_]*%s*[%(%{\"'%[]") or find(line, "^%s*[%.%)%}%],*/%%^<>=~|&+]") or find(line, "^%s*and%f[^%w_]") or
         find(line, "^%s*or%f[^%w_]") or find(line, "^%s*%-[^%-]")
end

local function is_command(line) return find(line, "^%s*%?") or find(line, "^%s*:%a") or find(line, "^%s*:%s*%??%s*$") end

-- A pasted block as the statements it would have been, typed one by one; the whole where it does not come apart.
function session:split(text)
  local env, parts, lines = self.environment.env, {}, {}
  for line in gmatch(text .. "\n", "([^\n]*)\n") do lines[#lines + 1] = line end
  local i = 1
  while i <= #lines do
    local part = lines[i]
    local is_done = is_command(part)
    while not is_done do
      local compiled, _, more = statement.compile(part, "=", env)
      is_done = compiled and not (lines[i + 1] and compiled.run and goes_on(lines[i + 1])) or i == #lines
      if not is_done then
        if not compiled and not more then return { text } end
        i = i + 1
        part = part .. "\n" .. lines[i]
      end
    end
    parts[#parts + 1] = part
    i = i + 1
  end
  return parts
end

-- What people type to leave other prompts, and for help, where nothing of theirs is called so. Whether it was that.
local ways_out = { exit = true, quit = true, bye = true, help = false }

function session:advise(text)
  local word = match(text, "^%s*(%a+)%s*;?%s*$") or match(text, "^%s*(%a+)%s*%(%s*%)%s*;?%s*$")
  if ways_out[word] == nil or not self.terminal.interactive then return false end
  if self.environment:kind(word) or rawget(_G, word) ~= nil then return false end
  self:remember(text)
  if ways_out[word] then self:put "Ctrl-D or :quit leaves" else internal.need "prompt/commands".help(self, "?") end
  return true
end

function session:take(text)
  if self:advise(text) then return true end
  if find(text, "^%s*%?") then return internal.need "prompt/commands".help(self, text) end
  if is_command(text) then return internal.need "prompt/commands".run(self, text) end
  return self:evaluate(text)
end

-- A line, or a block: its statements one by one, until one fails.
function session:take_block(text)
  text = gsub(text, "%s+$", "")
  if not find(text, "\n", 1, true) then return self:take(text) end
  self:remember(text)
  self.pending = self:split(text)
  while self.pending and #self.pending > 0 and not self.status do
    if not self:take(remove(self.pending, 1)) then break end
  end
  self.pending = nil
end

-- ---- From outside ----

-- A transcript that was pasted back: what stands behind marks.
local function without_marks(text)
  if sub(text, 1, #MARK) ~= MARK then return text end
  local lines = {}
  for line in gmatch(text, "[^\n]+") do
    local mark = sub(line, 1, #MARK)
    if mark == MARK or mark == MORE then lines[#lines + 1] = sub(line, #MARK + 1) end
  end
  return concat(lines, "\n")
end

-- A file may begin with marks of its own: of UTF-8, and of what runs it.
local function without_head(text) return (gsub(gsub(text, "^\xEF\xBB\xBF", ""), "^#![^\n]*", "")) end

-- Reads and runs one statement; the exit status where it was the last.
function session:step()
  self.pending, self.remembered, self.failed = nil, nil, nil
  local is_first = not self.begun
  if is_first then self:begin() end
  local text = self.terminal.read(MARK)
  if text == nil then return 0 end
  if text then text = without_marks(is_first and not self.terminal.interactive and without_head(text) or text) end
  if text and find(text, "%S") then self:take_block(text) end
  if self.failed and not self.terminal.interactive then return 1 end
  return self.status
end

-- The command's arguments where the file is its script.
function session:arguments(path)
  local arguments = rawget(_G, "arg")
  if type(arguments) ~= "table" or rawget(arguments, 0) ~= path then return {} end
  return arguments
end

-- The first line, as much of it as the window takes.
local function fitted(banner, width)
  local name, more, hints = match(banner, "^(%S+ %S+)( %b())(.*)$")
  if not name then return banner end
  local short = gsub(gsub(banner, "   ", "  "), "%?name help", "?name")
  for _, text in ipairs{ banner, short, name .. hints, gsub(name .. hints, "   Ctrl.*$", ""), name .. more } do
    if #text <= width then return text end
  end
  return name
end

function session:begin()
  self.begun = true
  if not self.terminal.interactive then return end
  self:put(fitted(self.machine.banner, self.terminal.width()))
  local path = self.terminal.start_file
  local file = path and io and io.open(path, "rb")
  if not file then return end
  local text = file:read "a"
  file:close()
  if text then self:run_file(path, text, self:arguments(path)) end
end

function session:close()
  if helpers.out == self.out then helpers.out = nil end
  helpers.session_variables, helpers.session_commands, helpers.trace_full = nil, nil, nil
  self:report(self.environment:forget())
  helpers.typed = {}
end

-- Errors of variables that were closed.
function session:report(errors)
  for i = 1, #errors do self:fail(errors[i]) end
end

local function open(terminal, machine)
  local self = setmetatable({ terminal = terminal, machine = machine, times = true, count = 0, inputs = {} }, session)
  self.colour = terminal.colour
  self.environment = new_environment(_G)
  self.globals = {}
  for name, value in next, _G do self.globals[name] = value end
  self.out = { put = function(text) self:put(text) end, look = function() return self:look() end, write_error = terminal.write_error,
               live_columns = function() return terminal.live and terminal.width() or nil end }
  helpers.out, helpers.typed = self.out, {}
  helpers.session_variables = function() return self.environment:variables() end
  helpers.session_commands = function() return internal.need "prompt/commands".names() end
  return function() return self:step() end, function() self:close() end
end

return open
