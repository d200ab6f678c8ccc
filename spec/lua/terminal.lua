-- A session under a pseudo-terminal, played in tmux: dofile "spec/lua/terminal.lua". terminal.open{ … } starts a command; the session's
-- functions type and wait, and give what stands on the screen.
local helper = dofile "spec/lua/helper.lua"
local terminal = {}
terminal.__index = terminal

local interpreter = os.getenv "MOTH_COMMAND" or "build/moth"
local PATIENCE = 30 -- seconds until a text must have come

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function output_of(line) return helper.output_of(line .. " 2>/dev/null") end

-- Whether there is a tmux to play in.
function terminal.is_there() return output_of("command -v tmux") ~= "" end

-- The server's socket stands in the home.
function terminal:tmux(words) return output_of(("tmux -S %s/.tmux -f /dev/null %s"):format(self.home, words)) end

-- options: arguments ("" without), width = 100, height = 40, environment = { NAME = value, or false to unset it }, folder. A home of its own
-- keeps the user's files out.
function terminal.open(options)
  options = options or {}
  local self = setmetatable({ home = helper.folder() }, terminal)
  local settings = { HOME = self.home, XDG_STATE_HOME = self.home, XDG_CONFIG_HOME = self.home, LC_ALL = "C.UTF-8", NO_COLOR = false,
                     VISUAL = false, EDITOR = false, TERM = "screen" }
  for name, value in pairs(options.environment or {}) do settings[name] = value end
  local words = { "env" }
  for name, value in pairs(settings) do
    if not value then words[#words + 1] = "-u " .. name end
  end
  for name, value in pairs(settings) do
    if value then words[#words + 1] = ("%s=%s"):format(name, quote(value)) end
  end
  local here = output_of("pwd"):gsub("\n$", "")
  local command = interpreter:sub(1, 1) == "/" and interpreter or here .. "/" .. interpreter
  words[#words + 1] = ("sh -c %s"):format(quote(("trap : INT; cd %s && %s %s; printf 'status %%s\\n' $?; exec cat"):format(quote(options.folder or here),
    quote(command), options.arguments or "")))
  self:tmux(("new-session -d -x %d -y %d %s"):format(options.width or 100, options.height or 40, quote(table.concat(words, " "))))
  self.marks = 0
  if options.waits ~= false then self:wait_mark() end
  return self
end

-- All lines since the beginning, without blanks at their ends.
function terminal:screen()
  return (self:tmux("capture-pane -p -J -S -"):gsub("[ \t]+\n", "\n"):gsub("%s+$", ""))
end

-- The same with its escape sequences of colour.
function terminal:painted() return (self:tmux("capture-pane -p -e -J -S -"):gsub("%s+$", "")) end

function terminal:wait(condition, what)
  local last = os.time() + PATIENCE
  while true do
    local screen = self:screen()
    if condition(screen) then return screen end
    if os.time() > last then error(("no %s in %d s; the screen:\n%s"):format(what, PATIENCE, screen), 0) end
    os.execute "sleep 0.01"
  end
end

function terminal:wait_text(text) return self:wait(function(screen) return screen:find(text, 1, true) ~= nil end, "'" .. text .. "'") end

local function count_marks(screen)
  local marks, last = 0, ""
  for line in (screen .. "\n"):gmatch "([^\n]*)\n" do
    if line:find "^moth>" or line:find "^   >>" then marks = marks + 1 end
    last = line
  end
  return marks, last
end

-- Until one mark more stands alone on the last line.
function terminal:wait_mark()
  local screen = self:wait(function(screen)
    local marks, last = count_marks(screen)
    return marks > self.marks and (last == "moth>" or last == "   >>")
  end, "new mark")
  self.marks = count_marks(screen)
  self:ready()
  return screen
end

-- Line editors show their mark a moment before they take the terminal over; what is typed meanwhile is shown twice. One that never does is
-- waited for half a second, once.
function terminal:ready()
  self.device = self.device or self:tmux "display -p '#{pane_tty}'":gsub("%s+$", "")
  if self.is_plain then return end
  for _ = 1, 50 do
    if output_of("stty -a -F " .. self.device):find("-icanon", 1, true) then return end
    os.execute "sleep 0.01"
  end
  self.is_plain = true
end

-- A last semicolon would end tmux's own command.
function terminal:send(text) self:tmux("send-keys -l -- " .. quote((text:gsub(";$", "\\;")))) end
function terminal:key(name) self:tmux("send-keys " .. name) end

-- Types a line and gives what it showed: the lines up to the next mark.
function terminal:enter(line)
  local before = #self:screen()
  self:send(line)
  self:key "Enter"
  local screen = self:wait_mark()
  local shown = screen:sub(before + 1):match "^[^\n]*\n(.*)$" or ""
  return (shown:gsub("\n?[^\n]*$", ""))
end

-- Several lines, as a person enters them; what they showed, marks and echoes too.
function terminal:play(lines)
  for line in (lines .. "\n"):gmatch "([^\n]*)\n" do
    self:send(line)
    self:key "Enter"
    self:wait_mark()
  end
  return (self:screen():gsub("\nmoth>$", ""))
end

-- Ends the session whatever it does.
function terminal:drop() self:tmux "kill-server" end

-- Ends the session by Ctrl-D where it still runs; its exit status.
function terminal:close()
  if not self:screen():find "status %d+$" then self:key "C-d" end
  local screen = self:wait(function(screen) return screen:find "status %d+$" ~= nil end, "exit status")
  self:drop()
  return tonumber(screen:match "status (%d+)$")
end

return terminal
