-- Runs the one-line examples of the rows: examples.run(code) → what it printed, or the value of an expression as the prompt shows it; nil
-- and the error where it fails. Settings and the default dtype are put back; files in the working directory that the code names
-- are temporary ones instead; these and what os.tmpname made are removed.
local moth, helpers = ...

local examples = {}

local SETTINGS = { digits = 4, edge = 3, max = 1000, width = 80 }

local function environment(printed, temporary)
  local env = { moth = moth, os = setmetatable({}, { __index = os }) }
  function env.os.tmpname()
    local path = os.tmpname()
    temporary[#temporary + 1] = path
    return path
  end
  function env.print(...)
    local texts = table.pack(...)
    for i = 1, texts.n do
      local value = texts[i]
      texts[i] = tostring(value)
      if math.type(value) == "float" then texts[i] = texts[i]:gsub("[^0-9a-z+%-]+", ".") end -- with a point whatever the locale
    end
    printed[#printed + 1] = table.concat(texts, "\t")
  end
  return setmetatable(env, { __index = _G })
end

local function remove(paths)
  for _, path in ipairs(paths) do os.remove(path) end
end

-- The code with a temporary file for each "name.ending" in it.
local function moved(code, temporary)
  local paths = {}
  return (code:gsub('"([%a_][%w_]*%.%a+)"', function(name)
    if not paths[name] then
      local path = os.tmpname()
      paths[name] = path .. name:match "%.%a+$"
      table.move({ path, paths[name] }, 1, 2, #temporary + 1, temporary)
    end
    return ("%q"):format(paths[name])
  end))
end

local function compiled(code, env)
  return load("return " .. code, "=example", "t", env) or load(code, "=example", "t", env)
end

function examples.run(code, seed)
  local printed, temporary = {}, {}
  local chunk, message = compiled(moved(code, temporary), environment(printed, temporary))
  if not chunk then
    remove(temporary)
    return nil, message
  end
  local out, dtype, printing, arguments = helpers.out, moth.dtype(), moth.printing(), rawget(_G, "arg")
  helpers.out = { put = function(text) printed[#printed + 1] = text end,
                  look = function() return { width = 80, colour = false, unicode = true, terminal = false } end }
  moth.dtype "f32"
  moth.printing(SETTINGS)
  moth.seed(seed or 1)
  rawset(_G, "arg", {})
  local results = table.pack(pcall(chunk))
  helpers.out = out
  rawset(_G, "arg", arguments)
  remove(temporary)
  for i = 2, results.n do
    if results[1] and results[i] ~= nil then printed[#printed + 1] = helpers.show_text(results[i]) end
  end
  moth.dtype(dtype)
  moth.printing(printing)
  if not results[1] then return nil, results[2] end
  return table.concat(printed, "\n")
end

-- What it prints where that is the same in every run and short enough to be read.
function examples.output(code)
  local text = examples.run(code, 1)
  if not text or text == "" or text:find "0x%x" or text ~= examples.run(code, 2) then return nil end
  return select(2, text:gsub("\n", "")) < 12 and text or nil
end

return examples
