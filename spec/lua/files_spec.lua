-- Model files: what is saved, how it is read again, and what a cut, foreign or hostile file does: an error with its whole text, and
-- nothing changed.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local message, keeps_memory, read, write = helper.message, helper.keeps_memory, helper.read, helper.write

local folder = helper.folder()
local path = folder .. "/model.safetensors"

-- A net of 2 -> 2 -> 1: 9 numbers.
local function small(more)
  local options = { input = 2, moth.dense(2, "relu"), moth.dropout(0.5), moth.dense(1) }
  for key, value in pairs(more or {}) do options[key] = value end
  return moth.net(options)
end

local architecture = [[{"version":1,"dtype":"f32","input":[2],"layers":[{"layer":"dense","units":2,"activation":{"activation":"relu"}},]] ..
  [[{"layer":"dropout","p":0.5},{"layer":"dense","units":1}]}]]

local function quote(text) return '"' .. text:gsub('[\\"]', "\\%0") .. '"' end

local no_architecture = "no architecture in its metadata\n  build the net, then net:load(path) takes the weights of such a file"

local tensors = {
  [["1.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}]], [["1.bias":{"dtype":"F32","shape":[2],"data_offsets":[16,24]}]],
  [["3.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[24,32]}]], [["3.bias":{"dtype":"F32","shape":[1],"data_offsets":[32,36]}]],
}

-- A whole file: of a header's text, or of what a table gives instead of the architecture, the entries, the values.
local function model(parts)
  parts = type(parts) == "string" and { header = parts } or parts or {}
  local entries = parts.entries or tensors
  local header = parts.header or ("{" .. table.concat({ '"__metadata__":{"moth":' .. quote(parts.architecture or architecture) .. "}",
                                                         table.unpack(entries) }, ",") .. "}")
  return string.pack("<s8", header) .. (parts.values or ("\0"):rep(36))
end

local function replaced(list, index, entry)
  local copy = table.move(list, 1, #list, 1, {})
  copy[index] = entry
  return copy
end

-- The error of loading this text, without "load: <path>: ". A net that is asked to take over its weights does so wholly or not at all.
local function problem(text)
  write(path, text)
  local net = small()
  local before = net:parameters():clone()
  if not pcall(net.load, net, path) then assert.is_true(before == net:parameters()) end
  return (message(moth.load_net, path):gsub("^load: " .. path:gsub("%p", "%%%0") .. ":? ?", "", 1))
end

describe("a saved net", function()
  it("comes back bit for bit, of every layer and dtype", function()
    for _, dtype in ipairs{ "f32", "f64" } do
      local net = moth.net{ input = { 2, 3 }, dtype = dtype, name = "mine", moth.flatten(), moth.dense{ 4, "gelu", l1 = 0.5, l2 = 1e-3 },
        moth.dropout(0.25), moth.leaky_relu(0.2), moth.dense{ 3, "elu", bias = false }, moth.elu(0.5), moth.softplus(2), moth.identity(),
        moth.activation "tanh", moth.dense(3, "log_softmax") }
      local copy = moth.load_net((net:save(path)) or path)
      assert.equal(tostring(net), tostring(copy))
      assert.is_true(net:parameters() == copy:parameters())
      local x = moth.randn(5, 2, 3, { dtype = dtype })
      assert.is_true(net:predict(x) == copy:predict(x))
      copy:save(path .. "2")
      assert.equal(read(path), read(path .. "2"))
    end
  end)

  it("keeps shared and frozen layers", function()
    local twice = moth.dense(2, "tanh")
    local net = moth.net{ input = 2, twice, twice, moth.dense(1) }
    net:freeze(1)
    net:save(path)
    local copy = moth.load_net(path)
    assert.equal(tostring(net), tostring(copy))
    local kept, x, y = copy[1].weight:clone(), moth.randn(4, 2), moth.randn(4, 1)
    copy:train{ data = { x, y }, loss = "mse", epochs = 3, progress = false }
    assert.is_true(kept == copy[1].weight)
    copy:unfreeze(1)
    copy:train{ data = { x, y }, loss = "mse", epochs = 3, progress = false }
    assert.is_false(kept == copy[1].weight)
    assert.is_true(copy[1].weight == copy[2].weight)
  end)

  it("holds nan, infinity and the least numbers as they are", function()
    local net = moth.net{ input = 2, moth.dense(2) }
    net:parameters():copy_(moth.tensor{ 1 / 0, -1 / 0, 1e-45, -0.0, 3.4e38, 0 / 0 })
    net:save(path)
    local values = moth.load_net(path):parameters():totable()
    assert.same({ 1 / 0, -1 / 0 }, { values[1], values[2] })
    assert.is_true(values[3] > 0)
    assert.equal(-1 / 0, 1 / values[4])
    assert.is_true(values[6] ~= values[6])
  end)

  it("is written whole or not at all", function()
    small():save(path)
    local before = read(path)
    local into = folder .. "/none/model.safetensors"
    assert.equal(("save: cannot write '%s': No such file or directory"):format(into), message(small().save, small(), into))
    assert.equal(("save: cannot write '%s': Is a directory"):format(folder), message(small().save, small(), folder))
    assert.equal("save: a file's name must be given", message(small().save, small(), ""))
    assert.equal("save: the path must be a string, got nothing", message(small().save, small()))
    assert.equal("save: argument 1 must be a net, got 'x'; write net:save(path), with a colon", message(small().save, "x"))
    assert.equal(before, read(path))
    local listing = assert(io.popen("ls -A " .. folder)):read "a"
    assert.is_nil(listing:find("tmp", 1, true))
  end)

  it("stands under the name that was given, not under the part before a byte 0", function()
    local net, name = small(), folder .. "/cut\0off"
    local text = (": '%s/cut' goes on after a zero byte"):format(folder)
    assert.equal("save" .. text, message(net.save, net, name))
    assert.equal("load_net" .. text, message(moth.load_net, name))
    assert.equal("load" .. text, message(net.load, net, name))
    assert.equal("csv" .. text, message(moth.csv, name))
    assert.equal("idx" .. text, message(moth.idx, name))
    assert.is_nil(io.open(folder .. "/cut"))
  end)
end)

describe("a file that is not there", function()
  it("is told with the nearest name", function()
    small():save(path)
    assert.equal(("load: cannot open '%s/modle.safetensors': No such file or directory\n  did you mean '%s'?"):format(folder, path),
      message(moth.load_net, folder .. "/modle.safetensors"))
    assert.equal("load: cannot open 'none/at/all': No such file or directory", message(moth.load_net, "none/at/all"))
    assert.equal(("load: cannot open '%s': Is a directory"):format(folder), message(moth.load_net, folder))
    assert.equal("load_net: the path must be a string, got nothing", message(moth.load_net))
    local net = small()
    assert.equal("load: cannot open 'none/at/all': No such file or directory", message(net.load, net, "none/at/all"))
    keeps_memory(function() pcall(moth.load_net, "none/at/all") end)
  end)
end)

describe("a file cut short", function()
  it("is an error at every length, and changes nothing", function()
    local net = small()
    net:save(path)
    local whole = read(path)
    local header = string.unpack("<I8", whole) + 8
    local before = net:parameters():clone()
    for length = 0, #whole - 1 do
      write(path, whole:sub(1, length))
      local wanted = length < 8 and "a safetensors file at least 8" or ("its header asks for %d"):format(length < header and header or #whole)
      local text = ("load: %s: file has %d bytes, %s (cut short?)"):format(path, length, wanted)
      assert.equal(text, message(moth.load_net, path))
      assert.equal(text, message(net.load, net, path))
    end
    assert.is_true(before == net:parameters())
    keeps_memory(function() pcall(moth.load_net, path) end)
    write(path, whole)
    assert.is_true(before == moth.load_net(path):parameters())
  end)

  it("is an error in a gzip file too", function()
    small():save(path)
    assert(os.execute(("gzip -kf %s"):format(path)))
    local packed, whole = path .. ".gz", read(path .. ".gz")
    assert.is_true(moth.load_net(path):parameters() == moth.load_net(packed):parameters())
    for length = 0, #whole - 1, 7 do
      write(packed, whole:sub(1, length))
      assert.is_truthy(message(moth.load_net, packed):find(("^load: .*the gzip data is cut short after %d bytes$"):format(length)), length)
    end
    keeps_memory(function() pcall(moth.load_net, packed) end)
  end)

  it("is an error with bytes behind it", function()
    assert.equal("file has 701 bytes, its header asks for 700",
      (problem(model() .. "x"):gsub("%d+ bytes, its header asks for %d+", function(text)
        local has, asks = text:match "(%d+) .- (%d+)$"
        return has - asks == 1 and "701 bytes, its header asks for 700" or text
      end)))
  end)
end)

describe("a hostile header", function()
  it("is no JSON", function()
    assert.equal("the header is no JSON object", problem(model "[1,2]"))
    assert.equal("the header is no JSON object", problem(model "no"))
    assert.is_truthy(problem(model "{nonsense}"):find "^header byte %d+: ")
    assert.is_truthy(problem(model '{"a":1,"a":2}'):find "^header byte %d+: duplicate object key")
    assert.is_truthy(problem(model(("["):rep(100000))):find "^the header is no JSON object")
    assert.is_truthy(problem(model('{"a":' .. ("["):rep(100000))):find "^header byte %d+: maximum parsing depth reached")
    assert.is_truthy(problem(model '{"a\0b":1}'):find "^header byte %d+: ")
    assert.is_truthy(problem(model '{"\255":1}'):find "^header byte %d+: ")
  end)

  it("asks for more than there is", function()
    assert.equal("a header of 18446744073709551615 bytes, at most 104857600 (is it a safetensors file?)", problem(("\255"):rep(8) .. "{}"))
    assert.equal("a header of 104857601 bytes, at most 104857600 (is it a safetensors file?)", problem(string.pack("<I8", 104857601) .. "{}"))
    assert.equal("file has 10 bytes, its header asks for 104857608 (cut short?)", problem(string.pack("<I8", 104857600) .. "{}"))
    assert.equal("a header of 0 bytes holds no JSON object", problem(string.pack("<I8", 0)))
    assert.equal(no_architecture, problem(model{ header = "{}", values = "" }))
  end)

  it("has entries that mean nothing", function()
    local function entry(text) return problem(model{ entries = replaced(tensors, 4, text) }) end
    assert.equal("'3.bias' is no JSON object", entry '"3.bias":3')
    assert.equal("'3.bias' has no dtype", entry '"3.bias":{"shape":[1],"data_offsets":[32,36]}')
    assert.equal("'3.bias' is F31; what can be read is F32 F64 F16 BF16 I64 I32 I16 I8 U32 U16 U8 BOOL",
      entry '"3.bias":{"dtype":"F31","shape":[1],"data_offsets":[32,36]}')
    assert.equal("'3.bias' is U64; what can be read is F32 F64 F16 BF16 I64 I32 I16 I8 U32 U16 U8 BOOL",
      entry '"3.bias":{"dtype":"U64","shape":[1],"data_offsets":[32,40]}')
    assert.equal("'3.bias' has no shape", entry '"3.bias":{"dtype":"F32","data_offsets":[32,36]}')
    assert.equal("a size in the shape of '3.bias' is no whole number", entry '"3.bias":{"dtype":"F32","shape":[-1],"data_offsets":[32,36]}')
    assert.equal("a size in the shape of '3.bias' is no whole number", entry '"3.bias":{"dtype":"F32","shape":[1.0],"data_offsets":[32,36]}')
    assert.equal("'3.bias' has 9 axes, at most 8", entry '"3.bias":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[32,36]}')
    assert.equal("'3.bias' has no data_offsets [begin, end]", entry '"3.bias":{"dtype":"F32","shape":[1]}')
    assert.equal("'3.bias' has no data_offsets [begin, end]", entry '"3.bias":{"dtype":"F32","shape":[1],"data_offsets":[36,32]}')
    assert.equal("'3.bias' has no data_offsets [begin, end]", entry '"3.bias":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}')
    assert.equal("'3.bias' has no data_offsets [begin, end]", entry '"3.bias":{"dtype":"F32","shape":[1],"data_offsets":[32]}')
    assert.equal("'3.bias' of shape [1] takes 4 bytes, its data_offsets hold 8",
      entry '"3.bias":{"dtype":"F32","shape":[1],"data_offsets":[32,40]}')
    assert.equal("'3.bias' has 'extra', which means nothing here",
      entry '"3.bias":{"dtype":"F32","shape":[1],"data_offsets":[32,36],"extra":1}')
    assert.equal("values of '3.bias' begin at byte 36, the ones before end at 32", entry '"3.bias":{"dtype":"F32","shape":[1],"data_offsets":[36,40]}')
    assert.equal("values of '3.bias' begin at byte 28, the ones before end at 32", entry '"3.bias":{"dtype":"F32","shape":[1],"data_offsets":[28,32]}'
      :gsub("values of '3.weight' begin at byte 24, the ones before end at 32", "values of '3.bias' begin at byte 28, the ones before end at 32"))
  end)

  it("has shapes that overflow", function()
    local function entry(shape, begin, last)
      return problem(model{ entries = replaced(tensors, 4, ('"3.bias":{"dtype":"F32","shape":%s,"data_offsets":[%s,%s]}'):format(shape, begin, last)) })
    end
    assert.equal("'3.bias' is [4294967296,4294967296], more elements than can be addressed", entry("[4294967296,4294967296]", 32, 36))
    assert.equal("'3.bias' is [9223372036854775807,4], more elements than can be addressed", entry("[9223372036854775807,4]", 32, 36))
    assert.is_truthy(entry("[18446744073709551616]", 32, 36):find "^header byte %d+: too big integer")
    assert.is_truthy(entry("[1]", 32, "9223372036854775807"):find "^'3.bias' of shape %[1%] takes 4 bytes, its data_offsets hold %d+$")
    assert.is_truthy(entry("[1000000000000]", 32, "4000000000032"):find "^file has %d+ bytes, its header asks for %d+ %(cut short%?%)$")
    assert.equal("'3.bias' is [0,9223372036854775807], more elements than can be addressed", entry("[0,9223372036854775807]", 32, 32))
  end)

  it("has metadata that is none", function()
    assert.equal("__metadata__ is no JSON object", problem(model{ header = '{"__metadata__":3}', values = "" }))
    assert.equal("'moth' in __metadata__ is no text", problem(model{ header = '{"__metadata__":{"moth":3}}', values = "" }))
    assert.equal(no_architecture, problem(model{ header = '{"__metadata__":{"format":"pt"}}', values = "" }))
  end)

  it("leaks nothing", function()
    for _, text in ipairs{ model "{nonsense}", model{ entries = replaced(tensors, 4, '"3.bias":3') }, model{ values = "" },
                           model{ entries = { tensors[1], tensors[2], tensors[3] }, values = ("\0"):rep(32) } } do
      write(path, text)
      keeps_memory(function() assert(not pcall(moth.load_net, path)) end)
    end
  end)
end)

describe("a hostile architecture", function()
  local function told(text) return problem(model{ architecture = text }) end
  local function with(layers) return told(('{"version":1,"dtype":"f32","input":[2],"layers":[%s]}'):format(layers)) end
  local rest = '{"layer":"dropout","p":0.5},{"layer":"dense","units":1}'

  it("is none", function()
    assert.is_truthy(told "nonsense":find "^the architecture, byte %d+: ")
    assert.equal("the architecture is no JSON object", told "[]")
    assert.equal("the architecture has no version", told "{}")
    assert.equal("the architecture is of version 2, this library reads 1", told '{"version":2}')
    assert.equal("the architecture has 'code', which means nothing here", told '{"version":1,"code":"x"}')
    assert.equal("the architecture's dtype or name is no text", told '{"version":1,"input":[2],"layers":[]}')
    assert.equal("the architecture has no list of layers", told '{"version":1,"dtype":"f32","input":[2],"layers":3}')
    assert.equal("the architecture's input is no list of at most 7 sizes", told '{"version":1,"dtype":"f32","input":2,"layers":[{"layer":"flatten"}]}')
    assert.equal("the architecture's input is no list of at most 7 sizes",
      told '{"version":1,"dtype":"f32","input":[1,1,1,1,1,1,1,1],"layers":[{"layer":"flatten"}]}')
    assert.equal("the architecture's frozen names no layer", (problem(model{ architecture = architecture:gsub('"version"', '"frozen":[4],%0', 1) })))
  end)

  it("names no component, or one that is made wrong", function()
    assert.equal("layer 1: a component is no JSON object", with "3")
    assert.equal("layer 1: a component says not what it is", with "{}")
    assert.equal("layer 1: a component says not what it is", with '{"layer":3}')
    assert.is_truthy(with '{"layer":"dens","units":2}':find "layer 1: no layer 'dens'; did you mean 'dense'%?")
    assert.is_truthy(with '{"layer":"system","units":2}':find "layer 1: no layer 'system'")
    assert.equal("layer 1 dense: units must be a whole number >= 1, got 2.5", with '{"layer":"dense","units":2.5}')
    assert.equal("layer 1 dense: units must be a whole number >= 1, got -1", with '{"layer":"dense","units":-1}')
    assert.equal("layer 1 dense: units is missing", with '{"layer":"dense"}')
    assert.equal("layer 1: units is null", with '{"layer":"dense","units":null}')
    assert.is_truthy(with '{"layer":"dense","units":2,"unit":3}':find "layer 1 dense: no option 'unit'; did you mean 'units'%?")
    assert.equal("layer 2 dropout: p must be in [0, 1), got 20; 0.2?", with '{"layer":"dense","units":2},{"layer":"dropout","p":20}')
    assert.equal("layer 1 dense: activation must be an activation, got 'rleu'",
      (with '{"layer":"dense","units":2,"activation":"rleu"}':gsub("no activation 'rleu'.*", "activation must be an activation, got 'rleu'")))
    assert.equal("layer 1: same_as names no layer before it", with '{"same_as":1}')
    assert.equal("layer 2: same_as names no layer before it", with '{"layer":"dense","units":2},{"same_as":2}')
  end)

  it("asks for more than memory", function()
    assert.equal("'1.weight' is f32[2,2], layer 1 dense(1000000000000) wants f32[1000000000000,2]",
      with('{"layer":"dense","units":1000000000000},' .. rest))
    assert.equal("layer 1 dense(9223372036854775807) has 9223372036854775807 x 2 weights, more than memory can count", with('{"layer":"dense","units":9223372036854775807},' .. rest))
    assert.is_truthy(told '{"version":1,"dtype":"f32","input":[4294967296,4294967296],"layers":[{"layer":"flatten"}]}':find "more values than memory can count")
    assert.is_truthy(told '{"version":1,"dtype":"f32","input":[0],"layers":[{"layer":"flatten"}]}':find "entry 1 of input must be")
    assert.is_truthy(told '{"version":1,"dtype":"f16","input":[2],"layers":[{"layer":"flatten"}]}':find "dtype must be 'f32' or 'f64', got 'f16'")
    assert.is_truthy(told '{"version":1,"dtype":"f32","input":[2],"layers":[]}':find "layers")
  end)

  it("asks for more than memory in use only", function()
    write(path, model{ entries = {}, values = "", architecture = '{"version":1,"dtype":"f32","input":[1000000000000],"layers":[{"layer":"flatten"},{"activation":"relu"}]}' })
    local net = moth.load_net(path)
    assert.equal("zeros: f32[1000000000000] needs 3.64 TiB, the limit is ",
      (message(function() net:predict(moth.zeros(1000000000000)) end):match "^.- the limit is "))
    assert.is_truthy(message(net.predict, net, moth.zeros(1):expand(1000000000000)):find("(moth.limit)", 1, true))
    assert.equal("predict: net takes [1000000000000] per sample, x is f32[1,3] (3 per row)", message(net.predict, net, { 1, 2, 3 }):match "^[^\n]*")
  end)

  it("has layers that cannot meet", function()
    assert.is_truthy(told '{"version":1,"dtype":"f32","input":[2,2],"layers":[{"layer":"dense","units":1}]}'
      :find("layer 1 dense(1) needs [n] per sample, the input is [2,2]", 1, true))
  end)

  it("leaks nothing", function()
    for _, text in ipairs{ "nonsense", '{"version":1,"dtype":"f32","input":[2],"layers":[{"layer":"dense","units":2},{"layer":"dropout","p":20}]}',
                           '{"version":1,"dtype":"f32","input":[2],"layers":[{"layer":"dense","units":1000000000000}]}' } do
      write(path, model{ architecture = text })
      keeps_memory(function() assert(not pcall(moth.load_net, path)) end)
    end
  end)
end)

describe("weights that do not belong", function()
  it("are refused by name, and the net keeps its own", function()
    small():save(path)
    local function refused(net)
      local before = net:parameters():clone()
      local text = message(net.load, net, path)
      assert.is_true(before == net:parameters())
      return (text:gsub(path:gsub("%p", "%%%0"), "FILE"))
    end
    assert.equal('load: FILE: \'1.weight\' is f32[2,2], layer 1 dense(3, "relu") wants f32[3,2]',
      refused(moth.net{ input = 2, moth.dense(3, "relu"), moth.dense(1) }))
    assert.equal("load: FILE: '2.weight' is missing, layer 2 dense(1) wants f32[1,2]",
      refused(moth.net{ input = 2, moth.dense(2, "relu"), moth.dense(1) }))
    assert.equal("load: FILE: '1.bias' belongs to no layer of the net", refused(moth.net{ input = 2, moth.dense{ 2, bias = false } }))
    local net = small()
    assert.equal("load: argument 3 must be a table of options, got 3", message(net.load, net, path, 3))
    assert.equal("load: no option 'partal'; did you mean 'partial'?", message(net.load, net, path, { partal = true }))
    assert.equal("load: argument 1 must be a net, got 'x'; write net:load(path), with a colon",
      (message(net.load, "x"):gsub("net:load%b()", "net:load(path)")))
    keeps_memory(function() refused(moth.net{ input = 2, moth.dense(3, "relu"), moth.dense(1) }) end)
  end)

  it("are refused in a whole model too", function()
    local function entry(index, text, values) return problem(model{ entries = replaced(tensors, index, text), values = values }) end
    assert.equal("'3.bias' is missing, layer 3 dense(1) wants f32[1]", entry(4, '"3.bais":{"dtype":"F32","shape":[1],"data_offsets":[32,36]}'))
    assert.equal('\'1.weight\' is f32[4], layer 1 dense(2, "relu") wants f32[2,2]',
      entry(1, '"1.weight":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}'))
    assert.equal("'4.bias' belongs to no layer of the net",
      problem(model{ entries = replaced(tensors, 5, '"4.bias":{"dtype":"F32","shape":[1],"data_offsets":[36,40]}'), values = ("\0"):rep(40) }))
    assert.is_truthy(entry(4, '"3.bias":{"dtype":"I64","shape":[1],"data_offsets":[32,40]}', ("\0"):rep(40)):find "^'3.bias' is i64%[1%], layer 3 dense%(1%) wants f32%[1%]")
    assert.is_truthy(entry(4, '"3.bias":{"dtype":"BOOL","shape":[1],"data_offsets":[32,33]}', ("\7"):rep(33)):find "^'3.bias' is BOOL, byte 0 of it is 7")
  end)

  it("may be a part, where that was asked for", function()
    local net, other = small(), moth.net{ input = 2, moth.dense(2, "relu"), moth.dense(4) }
    net:save(path)
    local kept = other[2].weight:clone()
    other:load(path, { partial = true })
    assert.is_true(net[1].weight == other[1].weight)
    assert.is_true(kept == other[2].weight)
  end)
end)

describe("bytes at random", function()
  it("never end otherwise than in a net or an error", function()
    small():save(path)
    local whole, state = read(path), 12345
    local function random(n)
      state = (state * 1103515245 + 12345) % 2^31
      return math.floor(state / 2^16) % n
    end
    for _ = 1, 3000 do
      local bytes = { whole:byte(1, -1) }
      for _ = 1, 1 + random(3) do bytes[1 + random(#bytes)] = random(256) end
      write(path, string.char(table.unpack(bytes)))
      local ok, net = pcall(moth.load_net, path)
      if ok then net:predict{ { 1, 2 } } else assert.is_truthy(tostring(net):find("load", 1, true)) end
    end
  end)
end)
