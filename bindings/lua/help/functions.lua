-- Where functions come from: the user's by their source, the engine's by the folder of their row.
local _, helpers = ...

local functions = {}

-- The lines of what a function was compiled from: what the session keeps of what was typed, its file, or the chunk itself.
local function lines_of(source)
  local text = helpers.typed and helpers.typed[source]
  if not text and source:sub(1, 1) == "@" then
    local file = io and io.open(source:sub(2), "r")
    if not file then return nil end
    text = file:read(2^24) or ""
    file:close()
  elseif not text and source:sub(1, 1) ~= "=" then
    text = source
  end
  if not text then return nil end
  local lines = {}
  for line in (text .. "\n"):gmatch "(.-)\r?\n" do lines[#lines + 1] = line end
  return lines
end

local function arguments_of(value)
  local names, info = {}, debug.getinfo(value, "u")
  for i = 1, info.nparams do names[i] = debug.getlocal(value, i) end
  if info.isvararg then names[#names + 1] = "..." end
  return "(" .. table.concat(names, ", ") .. ")"
end

-- The comment that ends in the line above.
local function comment_above(lines, line)
  local first = line
  while first > 1 and (lines[first - 1] or ""):match "^%s*%-%-" do first = first - 1 end
  if first == line then return nil end
  local text = {}
  for i = first, line - 1 do text[#text + 1] = lines[i]:match "^%s*%-%-+%s?(.*)$" end
  return table.concat(text, "\n")
end

-- { where = "digits.lua:12", arguments = "(x, y)", comment =, lines = } of a function; what cannot be told is absent.
function functions.about(value)
  if not debug then return { where = "elsewhere", arguments = "(...)" } end
  local info = debug.getinfo(value, "S")
  if info.what == "C" then return { where = "in C", arguments = "(...)" } end
  local about = { where = ("%s:%d"):format(info.short_src, info.linedefined), arguments = arguments_of(value) }
  if info.source:sub(1, 8) == "=(prompt" then about.where = "at the prompt" end
  local lines = lines_of(info.source)
  if not lines or #lines < info.lastlinedefined then return about end
  about.comment = comment_above(lines, info.linedefined)
  about.lines = table.move(lines, math.max(info.linedefined, 1), info.lastlinedefined, 1, {})
  return about
end

local homes = {
  layer = "engine/layers/%s.c", activation = "engine/layers/activations.c", initializer = "engine/layers/initializers.c",
  loss = "engine/losses/%s.c", metric = "engine/metrics/%s.c", optimizer = "engine/optimizers/%s.c", schedule = "engine/optimizers/%s.c",
  reader = "engine/data/reader_%s.c", operation = "engine/operations",
}
local exceptions = { softmax = "engine/layers/softmax.c", log_softmax = "engine/layers/softmax.c",
                     orthogonal = "engine/layers/orthogonal.c" }

-- The file or folder of the engine that holds an entry's row.
function functions.home(entry)
  local home = not entry.named and homes[entry.kind]
  if not home then return nil end
  if entry.kind == "operation" then return home end
  return exceptions[entry.word] or home:format(entry.word)
end

return functions
