-- Views share storage: random chains of them against a model in Lua, which knows only nested positions in a flat list.
local moth = require "moth"
local message = dofile("spec/lua/helper.lua").message

-- The model: a list of cells, a shape, and for each place (row-major) the cell that it shows.
local Model = {}
Model.__index = Model

local function model(cells, shape, places) return setmetatable({ cells = cells, shape = shape, places = places }, Model) end

local function count_of(shape)
  local n = 1
  for _, size in ipairs(shape) do n = n * size end
  return n
end

-- A view of another shape, in which the place with these indices shows that of index_of(indices).
function Model:through(shape, index_of)
  local places, at = {}, {}
  for i = 1, #shape do at[i] = 1 end
  for n = 1, count_of(shape) do
    local from, place = index_of(at), 0
    for axis = 1, #self.shape do place = place * self.shape[axis] + from[axis] - 1 end
    places[n] = self.places[place + 1]
    for axis = #shape, 1, -1 do
      at[axis] = at[axis] + 1
      if at[axis] <= shape[axis] then break end
      at[axis] = 1
    end
  end
  return model(self.cells, shape, places)
end

function Model:values()
  local values = {}
  for i, place in ipairs(self.places) do values[i] = self.cells[place] end
  return values
end

local function copy(list) return table.move(list, 1, #list, 1, {}) end

local function without(list, axis)
  local rest = copy(list)
  table.remove(rest, axis)
  return rest
end

-- Each step: nil where it does not apply, else the view, the model of it, and how it is written.
local random = math.random
local steps = {}

local function signed(i, n) return random() < 0.5 and i or i - n - 1 end

function steps.narrow(t, m)
  if #m.shape == 0 then return end
  local axis = random(#m.shape)
  local n = m.shape[axis]
  local first = random(1, math.max(n, 1))
  local count = n == 0 and 0 or random(0, n - first + 1)
  local shape = copy(m.shape)
  shape[axis] = count
  return t:narrow(signed(axis, #m.shape), n > 0 and signed(first, n) or first, count), m:through(shape, function(at)
    local from = copy(at)
    from[axis] = at[axis] + first - 1
    return from
  end)
end

function steps.select(t, m)
  if #m.shape < 2 then return end
  local axis = random(#m.shape)
  if m.shape[axis] == 0 then return end
  local i = random(m.shape[axis])
  return t:select(signed(axis, #m.shape), signed(i, m.shape[axis])), m:through(without(m.shape, axis), function(at)
    local from = copy(at)
    table.insert(from, axis, i)
    return from
  end)
end

function steps.transpose(t, m)
  if #m.shape < 2 then return end
  local a, b = random(#m.shape), random(#m.shape)
  local shape = copy(m.shape)
  shape[a], shape[b] = shape[b], shape[a]
  return t:transpose(a, signed(b, #m.shape)), m:through(shape, function(at)
    local from = copy(at)
    from[a], from[b] = from[b], from[a]
    return from
  end)
end

function steps.permute(t, m)
  if #m.shape == 0 then return end
  local order, shape = {}, {}
  for i = 1, #m.shape do table.insert(order, random(i), i) end
  for i, axis in ipairs(order) do shape[i] = m.shape[axis] end
  return t:permute(table.unpack(order)), m:through(shape, function(at)
    local from = {}
    for i, axis in ipairs(order) do from[axis] = at[i] end
    return from
  end)
end

function steps.unsqueeze(t, m)
  if #m.shape >= 5 then return end
  local axis = random(#m.shape + 1)
  local shape = copy(m.shape)
  table.insert(shape, axis, 1)
  return t:unsqueeze(axis), m:through(shape, function(at) return without(at, axis) end)
end

function steps.expand(t, m)
  for axis, size in ipairs(m.shape) do
    if size == 1 then
      local shape = copy(m.shape)
      shape[axis] = random(3)
      local sizes = copy(shape)
      for i = 1, #sizes do if i ~= axis and random() < 0.5 then sizes[i] = -1 end end
      return t:expand(table.unpack(sizes)), m:through(shape, function(at)
        local from = copy(at)
        from[axis] = 1
        return from
      end)
    end
  end
end

function steps.diagonal(t, m)
  if #m.shape < 2 then return end
  local a = random(#m.shape)
  local b = random(#m.shape)
  if a == b then return end
  local offset = random(-2, 2)
  local down, along = m.shape[a] + math.min(offset, 0), m.shape[b] - math.max(offset, 0)
  local shape = without(m.shape, math.max(a, b))
  table.remove(shape, math.min(a, b))
  shape[#shape + 1] = math.max(0, math.min(down, along))
  return t:diagonal(offset, a, b), m:through(shape, function(at)
    local from, rest = {}, 1
    for axis = 1, #m.shape do
      if axis ~= a and axis ~= b then
        from[axis] = at[rest]
        rest = rest + 1
      end
    end
    from[a] = at[#at] - math.min(offset, 0)
    from[b] = at[#at] + math.max(offset, 0)
    return from
  end)
end

-- t({ 3, 1, -1 }, 2, …): a range or a number for the first axes.
function steps.call(t, m)
  if #m.shape == 0 then return end
  local given = random(#m.shape)
  local arguments, shape, rules = {}, {}, {}
  for axis = 1, #m.shape do
    local n = m.shape[axis]
    if axis > given or n == 0 then
      if axis <= given then arguments[axis] = {} end
      shape[#shape + 1] = n
      rules[axis] = { first = 1, step = 1, axis = #shape }
    elseif random() < 0.3 and (axis < given or #shape > 0 or given < #m.shape) then
      local i = random(n)
      arguments[axis] = signed(i, n)
      rules[axis] = { first = i }
    else
      local first, last, step = random(n), random(n), random(2)
      if first > last then step = -step end
      arguments[axis] = { signed(first, n), signed(last, n), step }
      shape[#shape + 1] = (last - first) // step + 1
      rules[axis] = { first = first, step = step, axis = #shape }
    end
  end
  if #shape == 0 then return end
  return t(table.unpack(arguments)), m:through(shape, function(at)
    local from = {}
    for axis, rule in ipairs(rules) do from[axis] = rule.axis and rule.first + (at[rule.axis] - 1) * rule.step or rule.first end
    return from
  end)
end

-- A copy, which is the end of sharing.
function steps.flip(t, m)
  if #m.shape == 0 then return end
  local axis = random(#m.shape)
  local turned = m:through(copy(m.shape), function(at)
    local from = copy(at)
    from[axis] = m.shape[axis] + 1 - at[axis]
    return from
  end)
  local cells, places = turned:values(), {}
  for i = 1, #cells do places[i] = i end
  return t:flip(axis), model(cells, turned.shape, places)
end

local names = {}
for name in pairs(steps) do names[#names + 1] = name end
table.sort(names)

local value_of = {
  bool = function() return random() < 0.5 end,
  u8 = function() return random(0, 255) end,
  i64 = function() return random(-10^6 // 1 | 0, 10^6 // 1 | 0) end,
  f32 = function() return random(-1000, 1000) / 8 end,
  f64 = function() return random(-1000, 1000) / 8 end,
}

local function start(dtype)
  local shape = {}
  for i = 1, random(0, 4) do shape[i] = random() < 0.05 and 0 or random(4) end
  local cells, places = {}, {}
  for i = 1, count_of(shape) do cells[i], places[i] = value_of[dtype](), i end
  local t = moth.zeros{ dtype = dtype, table.unpack(shape) }
  if #cells > 0 then t = moth.tensor(cells, { dtype = dtype }):reshape(shape) end
  return t, model(cells, shape, places)
end

local function flat(t) return t:numel() > 0 and t:reshape(t:numel()):totable() or {} end

-- Writes all of a view, or one row of it, where it may be written.
local function write(t, m, dtype)
  if #m.places == 0 then return end
  if #m.shape > 0 and random() < 0.5 then
    local i = random(m.shape[1])
    local value = value_of[dtype]()
    t[signed(i, m.shape[1])] = value
    local row = #m.places // m.shape[1]
    for n = (i - 1) * row + 1, i * row do m.cells[m.places[n]] = value end
    return
  end
  local values = {}
  for i = 1, #m.places do values[i] = value_of[dtype]() end
  t:copy_(moth.tensor(values, { dtype = dtype }):reshape(m.shape))
  for i, place in ipairs(m.places) do m.cells[place] = values[i] end
end

describe("a chain of views", function()
  for _, dtype in ipairs{ "f32", "f64", "i64", "u8", "bool" } do
    it("shows and writes the cells of its storage, in " .. dtype, function()
      math.randomseed(#dtype, dtype:byte())
      for _ = 1, 300 do
        local t, m = start(dtype)
        local chain, expanded = { { t, m } }, false
        for _ = 1, random(6) do
          local name = names[random(#names)]
          local view, seen = steps[name](t, m)
          if view then
            assert.same(seen.shape, view.shape, name)
            expanded = name ~= "flip" and (expanded or name == "expand")
            t, m = view, seen
            if name == "flip" then chain = {} end
            chain[#chain + 1] = { t, m }
          end
          if not expanded and random() < 0.4 then write(t, m, dtype) end
        end
        for _, link in ipairs(chain) do assert.same(link[2]:values(), flat(link[1])) end
        if expanded and #m.places > 0 then assert.is_truthy(message(t.zero_, t):find("is read-only", 1, true)) end
      end
    end)
  end

  it("outlives what it is a view of", function()
    local function last()
      local t <close> = moth.range(1, 24):reshape(2, 3, 4)
      return t[2]:t()({ 2, 4, 2 })
    end
    local view = last()
    collectgarbage()
    collectgarbage()
    assert.same({ { 14.0, 18.0, 22.0 }, { 16.0, 20.0, 24.0 } }, view:totable())
  end)
end)

describe("lists of views", function()
  it("write through and keep their storage", function()
    local parts
    do
      local t <close> = moth.zeros(5, 2)
      parts = t:split(2)
      parts[2][1] = 7
      assert.equal(14.0, t:sum())
    end
    assert.equal(3, #parts)
    assert.same({ { 7.0, 7.0 }, { 0.0, 0.0 } }, parts[2]:totable())
    local rows = parts[2]:unbind()
    assert.same({ 7.0, 7.0 }, rows[1]:totable())
    local numbers = rows[1]:unbind()
    assert.same({}, numbers[1].shape)
    assert.equal(7.0, numbers[1]:item())
    assert.same({}, moth.zeros(0, 2):unbind())
  end)

  it("leave nothing behind", function()
    local t = moth.zeros(64, 64)
    dofile("spec/lua/helper.lua").keeps_memory(function()
      local parts = t:unbind()
      parts[1][1] = #t:chunk(7) + #t:split(5, 2)
    end)
  end)
end)
