-- Everything that can be called, called wrongly: functions of the module, methods, properties, operators and metamethods of every kind
-- of handle, generated from the live tables and the catalogs. Each call is an ordinary error that begins with a position, or a success;
-- never a crash, and never the words of Lua's own argument checks.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local internal, helpers = helper.internals(moth)

-- ---- A sequence of its own, so that every run makes the same calls ----

local state = 1
local function draw(n)
  state = (state * 6364136223846793005 + 1442695040888963407) & math.maxinteger
  return (state >> 33) % n + 1
end

-- ---- Values ----

local folder = helper.write(helper.path(), "") -- a file: nothing can be made beneath it
local closed = helper.closed

local function rows() return moth.rand(4, 2), moth.rand(4, 1) end

local function trainer_options()
  return { net = moth.net { input = 2, moth.dense(1) }, data = { rows() }, loss = "mse", epochs = 2, progress = false, seconds = 0.05 }
end

local function run() return moth.train(trainer_options()) end

local function batches()
  local _, _, _, iterator = moth.dataset { rows() }:batches { size = 2 }
  return iterator
end

-- What each kind of handle is made by.
local handles = {
  tensor = function() return moth.rand(3, 2) end,
  net = function() return moth.net { input = 2, moth.dense(3, "relu"), moth.dense(1) } end,
  layer = function() return moth.net { input = 2, moth.dense(3) }[1] end,
  ["layer alone"] = function() return moth.dense { 2, input = 2 } end,
  component = function() return moth.dense(2) end,
  optimizer = function() return moth.adam() end,
  loss = function() return moth.mse() end,
  ["data set"] = function() return moth.dataset { rows() } end,
  trainer = function() return moth.trainer(trainer_options()) end,
  run = run,
  generator = function() return moth.generator(1) end,
  ["batch iterator"] = batches,
}
local kinds = { "tensor", "net", "layer", "layer alone", "component", "optimizer", "loss", "data set", "trainer", "run", "generator",
                "batch iterator" }

-- A value under another metatable. It gets its own back in the end, without which Lua would not run its finalizer.
local disguised = {}

local function foreign(value, metatable)
  disguised[#disguised + 1] = { value, debug.getmetatable(value) }
  debug.setmetatable(value, metatable)
  return value
end

local function unmask()
  for _, pair in ipairs(disguised) do debug.setmetatable(pair[1], pair[2]) end
  disguised = {}
end

local plain = {
  function() return nil end, function() return true end, function() return false end, function() return 0 end, function() return 1 end,
  function() return 2 end, function() return -1 end, function() return 3.0 end, function() return 2.5 end, function() return 0 / 0 end,
  function() return math.huge end, function() return -math.huge end, function() return -1e300 end, function() return 2.0 ^ 63 end,
  function() return 2 ^ 53 end, function() return 2 ^ 31 end, function() return math.mininteger end, function() return math.maxinteger end,
  function() return "" end, function() return folder .. "/none.npy" end, function() return "zero\0byte" end,
  function() return ("long"):rep(2000) end, function() return folder .. "/\255\254" end,
  function() return {} end, function() return { 1, 2 } end, function() return { { 1 }, { 2, 3 } } end, function() return { 1, nil, 3 } end,
  function() return { nope = 1 } end, function() return { [true] = 1 } end, function() return { [0] = 1 } end,
  function() return { [1.5] = 2 } end, function() return { 2.5 } end, function() return { -1 } end,
  function() return { 2 ^ 40, 2 ^ 40 } end,
  function() return { "x", "y" } end, function() return { {} } end, function() return { {}, {}, {} } end,
  function() local t = {} t[1] = t return t end,
  function() return setmetatable({}, { __index = function() error "an index of mine" end }) end,
  function() return setmetatable({ 1 }, { __len = function() return 1 << 40 end }) end,
  function() return function() end end, function() return function() error "an error of mine" end end,
  function() return function(...) return ... end end, function() return os.clock end,
  function() return coroutine.create(function() end) end, function() return io.stdout end,
  function() return foreign(io.tmpfile(), debug.getmetatable(moth.zeros(1))) end,
  function() return foreign(moth.zeros(2), debug.getmetatable(moth.adam())) end,
  function() return foreign(handles.net(), debug.getmetatable(moth.zeros(1))) end,
  function() return foreign(moth.zeros(2), nil) end,
  function() return foreign(moth.zeros(2), {}) end,
  function() return closed(moth.zeros(2)) end, function() return closed(handles.net()) end, function() return closed(moth.adam()) end,
  function() return closed(handles["data set"]()) end, function() return closed(moth.generator(1)) end, function() return closed(run()) end,
  function() return closed(handles.trainer()) end, function() return closed(handles.layer()) end,
  function() return moth.zeros(0) end, function() return moth.tensor(3) end, function() return moth.ones { 2, 2, dtype = "i64" } end,
  function() return moth.tensor { true, false, true } end, function() return moth.full({ 2 }, 0 / 0) end,
  function() return moth.zeros(1, 1, 1, 1, 1, 1, 1, 1) end, function() return moth.ones { 3, dtype = "u8" } end,
  function() return moth.zeros(3, 3):expand(2, 3, 3) end,
}
for _, kind in ipairs(kinds) do plain[#plain + 1] = handles[kind] end

local function any() return plain[draw(#plain)]() end

-- ---- Calling ----

local calls, failures, told = 0, 0, {}

local function settle()
  moth.dtype "f32"
  moth.limit(64 * 2 ^ 20)
  moth.threads(1)
  moth.printing { digits = 4, edge = 3, max = 1000, width = 80 }
end

local raw = { "bad argument", "attempt to ", "%[moth%]", " expected, got ", "stack overflow", "C stack", "no helper", "table overflow",
              "invalid option", "missing metatable", "interval is empty", "luaL_", "assertion" }

-- What is wrong with an error, or nil.
local function fault(message)
  if type(message) ~= "string" then return "a " .. type(message) .. " is no message" end
  local text = message:match "^spec/lua/misuse_spec%.lua:%d+: (.*)$"
  if not text then return "no position" end
  if text:find "^an %a+ of mine" then return nil end
  for _, words in ipairs(raw) do
    if text:find(words) then return "Lua's own words" end
  end
  if #text < 8 then return "says nothing" end
  local shown = text:gsub("'[^'\n]*'", "")
  if shown:find "0x%x%x%x%x" then return "an address" end
end

local function say(value)
  local text = internal.describe(value)
  return #text > 40 and text:sub(1, 40) .. "…" or text
end

local function check(label, arguments, ok, message)
  calls = calls + 1
  local wrong = not ok and fault(message)
  if not wrong or label:find "%(%)$" and tostring(message):find "attempt to call a" then return end -- Lua's to refuse
  failures = failures + 1
  local key = label .. wrong .. (type(message) == "string" and message:gsub(" got .*", ""):gsub("%d+", "") or "")
  if #told >= 60 or told[key] then return end
  told[key] = true
  local words = {}
  for i = 1, math.min(arguments.n, 6) do words[i] = say(arguments[i]) end
  told[#told + 1] = ("%s(%s): %s: %s"):format(label, table.concat(words, ", "), wrong, tostring(message):sub(1, 200))
end

local function call(label, f, ...)
  check(label, table.pack(...), pcall(f, ...))
end

-- ---- The same ways of going wrong for every function ----

local setters = { dtype = true, limit = true, threads = true, printing = true }

-- makes(): good first arguments, or nothing
local function misuse(label, f, self)
  local function first() if self then return self() end end
  call(label, f)
  for _, make in ipairs(plain) do call(label, f, make()) end
  if self then
    call(label, f, first())
    for _, make in ipairs(plain) do call(label, f, first(), make()) end
  end
  for _ = 1, 8 do
    if self then
      call(label, f, first(), any(), any())
      call(label, f, first(), any(), any(), any())
    else
      call(label, f, any(), any())
      call(label, f, any(), any(), any())
    end
  end
  local many = {}
  for i = 1, 20 do many[i] = any() end
  call(label, f, table.unpack(many, 1, 20))
  call(label, f, first(), table.unpack({}, 1, 250))
end

-- Values that an option may get under its name: all plain ones in turn would be many, so a few by lot beside those that hit ranges.
local edges = { 0, -1, 2.5, 0 / 0, math.huge, -1e300, 2.0 ^ 63, math.mininteger, "", "zero\0byte", true, os.clock }

local function misuse_options(label, f, options, base)
  for _, option in ipairs(options) do
    local function try(value)
      local given = base and base() or {}
      given[option.key] = value
      call(label .. "." .. option.key, f, given)
    end
    for _, value in ipairs(edges) do
      if option.key ~= "progress" then try(value) end -- it would draw
    end
    for _ = 1, option.key == "progress" and 0 or 6 do try(any()) end
    for _, word in ipairs(option.foreign or {}) do call(label, f, { [word] = 1 }) end
  end
end

local function clear()
  settle()
  unmask()
  collectgarbage()
end

describe("misuse", function()
  local out, limit, threads
  local sink = { put = function() end, look = function() return { width = 80, colour = false, unicode = true, terminal = false } end }
  local tracked -- memory before

  setup(function()
    out, limit, threads = helpers.out, moth.limit(), moth.threads()
    helpers.out = sink
    settle()
    run()
    clear()
    clear()
    tracked = { heap = collectgarbage "count" }
  end)

  teardown(function()
    helpers.out = out
    settle()
    moth.limit(limit)
    moth.threads(threads)
  end)

  before_each(function() told, failures = {}, 0 end)

  local function assert_none()
    clear()
    assert(failures == 0, ("%d of %d calls:\n  %s"):format(failures, calls, table.concat(told, "\n  ")))
  end

  local function sorted(names)
    table.sort(names)
    return names
  end

  it("of the module's functions is an ordinary error", function()
    local names = {}
    for name, value in next, moth do
      if type(value) == "function" then names[#names + 1] = name end
    end
    for _, name in ipairs(sorted(names)) do
      local f = moth[name]
      misuse("moth." .. name, setters[name] and function(...)
        local results = table.pack(pcall(f, ...))
        settle()
        if not results[1] then error(results[2], 0) end
        return table.unpack(results, 2, results.n)
      end or f)
      clear()
    end
    for name, f in next, moth.schedule do misuse("moth.schedule." .. name, f) end
    assert_none()
  end)

  for _, kind in ipairs(kinds) do
    it("of the methods of a " .. kind .. " is an ordinary error", function()
      local object = handles[kind]()
      local names = internal.methods(internal.kind(object))
      if kind == "layer alone" then names = table.move(internal.methods "net", 1, #internal.methods "net", #names + 1, names) end
      local methods = 0
      for _, name in ipairs(sorted(names)) do
        local ok, method = pcall(function() return object[name] end)
        if ok and type(method) == "function" then
          methods = methods + 1
          misuse(kind .. ":" .. name, method, handles[kind])
          clear()
        end
      end
      assert(methods > 0 or #names == 0, kind .. " gives none of its methods")
      assert_none()
    end)

    it("of the metamethods of a " .. kind .. " is an ordinary error", function()
      local metatable = debug.getmetatable(handles[kind]())
      local names = {}
      for name, value in next, metatable do
        if type(value) == "function" then names[#names + 1] = name end
      end
      for _, name in ipairs(sorted(names)) do misuse(kind .. "." .. name, metatable[name], handles[kind]) end
      assert_none()
    end)

    it("of the fields of a " .. kind .. " is an ordinary error", function()
      for _, make in ipairs(plain) do
        local object, key = handles[kind](), make()
        call(kind .. "[]", function() return object[key] end)
        if key ~= nil and key == key then call(kind .. "[]=", function() object[key] = any() end) end
        call(kind .. "()", function() return object(key) end)
        call(kind .. "..", function() return tostring(object) end)
      end
      for _, name in ipairs { "shape", "dtype", "weight", "lr", "x", "loss", "output", "nothing_like_it", "net", "run", "epochs" } do
        local object = handles[kind]()
        call(kind .. "." .. name, function() return object[name] end)
        call(kind .. "." .. name .. "=", function() object[name] = any() end)
        call(kind .. "." .. name .. " closed", function() return closed(handles[kind]())[name] end)
        call(kind .. "." .. name .. "= closed", function() closed(handles[kind]())[name] = 1 end)
      end
      call("tostring closed", tostring, closed(handles[kind]()))
      assert_none()
    end)
  end

  it("of operators on tensors is an ordinary error", function()
    local operators = {
      function(a, b) return a + b end, function(a, b) return a - b end, function(a, b) return a * b end, function(a, b) return a / b end,
      function(a, b) return a // b end, function(a, b) return a % b end, function(a, b) return a ^ b end, function(a, b) return a < b end,
      function(a, b) return a <= b end, function(a, b) return a == b end, function(a, b) return a .. b end, function(a) return -a end,
      function(a) return #a end, function(a, b) return a(b) end, function(a, b) return a({ b }, b) end, function(a, b) a[b] = b end,
    }
    for i, operator in ipairs(operators) do
      for _, make in ipairs(plain) do
        call("operator " .. i, operator, moth.rand(3, 2), make())
        call("operator " .. i, operator, moth.tensor { 1, 2, 3, dtype = "i64" }, make())
        local value = make()
        if i < 12 and type(value) ~= "userdata" then call("operator " .. i, operator, value, moth.rand(2)) end
      end
    end
    assert_none()
  end)

  it("of options is an ordinary error", function()
    local bases = {
      train = trainer_options, net = function() return { input = 2, moth.dense(1) } end, dataset = function() return { rows() } end,
    }
    for _, kind in ipairs { "layer", "activation", "loss", "metric", "optimizer", "schedule", "initializer" } do
      for _, row in ipairs(internal.rows(kind)) do
        local f = kind == "schedule" and moth.schedule[row.name] or rawget(moth, row.name)
        if f then misuse_options(row.name, f, row.options, row.options[1] and row.options[1].required and function() return { 1 } end) end
      end
    end
    for name, base in next, bases do
      for _, row in ipairs(internal.rows "function") do
        if row.name == name then misuse_options(name, moth[name], row.options, base) end
      end
    end
    clear()
    for _, row in ipairs(internal.rows "operation") do
      local f = row.creates and moth[row.name] or function(given) local t = moth.rand(3, 3) return t[row.name](t, given) end
      if row.method and row.inputs > 1 then
        f = function(given)
          local t = moth.rand(3, 3)
          return t[row.name](t, moth.rand(3, 3), row.inputs > 2 and moth.rand(3, 3) or nil, given)
        end
      end
      misuse_options(row.name, f, row.options)
    end
    for _, row in ipairs(internal.rows "reader") do
      misuse_options(row.name, function(given) return moth[row.name](folder, given) end, row.options)
    end
    assert_none()
  end)

  it("makes calls enough, and leaves everything as it was", function()
    assert(calls >= 3000, calls .. " calls")
    settle()
    local x, y = moth.tensor { { 0, 0 }, { 0, 1 }, { 1, 0 }, { 1, 1 } }, moth.tensor { { 0 }, { 1 }, { 1 }, { 0 } }
    assert.equal(8, (x + x):sum())
    assert(x:matmul(x:t()) == moth.tensor { { 0, 0, 0, 0 }, { 0, 1, 0, 1 }, { 0, 0, 1, 1 }, { 0, 1, 1, 2 } })
    moth.seed(1)
    local net = moth.net { input = 2, moth.dense(8, "tanh"), moth.dense(1, "sigmoid") }
    moth.train { net = net, data = { x, y }, loss = "binary_cross_entropy", optimizer = moth.adam { lr = 0.1 }, epochs = 100,
                 progress = false }
    assert(net:predict(x):round() == y)
    assert.equal("f32", moth.dtype())
    -- Repeating calls that fail leaves nothing behind.
    local function wrong()
      for i = 1, #plain, 3 do
        local value = plain[i]()
        pcall(moth.zeros, value)
        pcall(moth.net, { input = value, moth.dense(1) })
        pcall(moth.train, value)
        pcall(x.sum, x, value)
        pcall(moth.dense, { 1, init = value })
      end
      clear()
    end
    for _ = 1, 10 do wrong() end
    clear()
    clear()
    local heap, whole = collectgarbage "count", helper.resident()
    for _ = 1, 40 do wrong() end
    clear()
    clear()
    assert(collectgarbage "count" - heap < 128, ("Lua's heap grew by %.0f KiB"):format(collectgarbage "count" - heap))
    assert(helper.sanitized or helper.resident() - whole < 8 * 2 ^ 20, "memory grew")
    assert(tracked.heap > 0)
  end)
end)
