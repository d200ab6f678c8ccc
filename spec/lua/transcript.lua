-- What the specs of the prompt share: dofile "spec/lua/transcript.lua". Sessions in a folder of their own, played as transcripts show them.
local terminal = dofile "spec/lua/terminal.lua"
local helper = dofile "spec/lua/helper.lua"
local interpreter = os.getenv "MOTH_COMMAND" or "build/moth"
local transcript = { folder = helper.folder() }

-- Text without the blanks that a Lua string in a spec is indented by.
function transcript.text_of(text)
  local indentation = text:match "^\n?( *)"
  return (("\n" .. text:gsub("^\n", "")):gsub("\n" .. indentation, "\n"):gsub("^\n", ""):gsub("%s+$", ""))
end

-- As a terminal shows tabs.
local function expand(line)
  local out = ""
  for part, tab in line:gmatch "([^\t]*)(\t?)" do
    out = out .. part
    if tab ~= "" then out = out .. (" "):rep(8 - #out % 8) end
  end
  return out
end

-- Plays the lines of a transcript that stand behind marks; what the screen shows must be the whole.
function transcript.plays(session, text)
  text = transcript.text_of(text):gsub("[^\n]+", expand)
  local lines = {}
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    local typed = line:match "^moth> (.*)$" or line:match "^   >> (.*)$"
    if typed then lines[#lines + 1] = typed end
  end
  assert(#lines > 0, "nothing is typed")
  local before = #session:screen()
  local screen = session:play(table.concat(lines, "\n"))
  local shown = "moth>" .. screen:sub(before + 1)
  if shown ~= text then error(("the screen:\n%s\n\nexpected:\n%s"):format(shown, text), 2) end
end

function transcript.write(name, text) return helper.write(transcript.folder .. "/" .. name, transcript.text_of(text) .. "\n") end

-- What the command prints for a script in the folder.
function transcript.run_script(name)
  local command = interpreter:sub(1, 1) == "/" and interpreter or helper.output_of("pwd"):gsub("\n", "") .. "/" .. interpreter
  return helper.output_of(("cd %s && %s %s 2>&1"):format(transcript.folder, command, name))
end

-- A session in the folder, in letters without colour. The one before it, where there is one, ends.
local session
function transcript.open(options)
  transcript.drop()
  options = options or {}
  options.folder = options.folder or transcript.folder
  options.environment = options.environment or { NO_COLOR = "1" }
  session = terminal.open(options)
  return session
end

function transcript.drop()
  if session then session:drop() end
  session = nil
end

return transcript
