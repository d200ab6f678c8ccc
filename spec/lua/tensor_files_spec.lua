-- moth.load and moth.save: .npy and .npz as NumPy writes them (spec/fixtures/npy.lua), .safetensors, CSV and IDX, mapped files, and every
-- mistake with its whole text.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local fixtures = dofile "spec/fixtures/npy.lua"

local read, folder = helper.read, helper.folder()

local function write(name, bytes) return helper.write(folder .. "/" .. name, bytes) end

local function told(f, ...)
  return (helper.message(f, ...):gsub(folder:gsub("%p", "%%%0"), "DIR"))
end

local function flat(t) return t:numel() == 0 and {} or t:reshape(-1):totable() end

-- Bit for bit, but any nan is as good as another.
local function same_value(a, b)
  if type(a) ~= type(b) or math.type(a) ~= math.type(b) then return false end
  if a ~= a then return b ~= b end
  return a == b and (a ~= 0 or math.type(a) ~= "float" or 1 / a == 1 / b)
end

local function assert_same(expected, got)
  assert.equal(#expected, #got)
  for i = 1, #expected do
    if not same_value(expected[i], got[i]) then error(("value %d is %s, expected %s"):format(i, got[i], expected[i]), 2) end
  end
end

local function assert_array(expected, t)
  assert.equal(expected.dtype, t.dtype)
  assert.same(expected.shape, t.shape)
  local values = expected.values
  if expected.dtype == "f32" then -- as floats hold them
    values = {}
    for i, v in ipairs(expected.values) do values[i] = string.unpack("f", string.pack("f", v)) end
  end
  assert_same(values, flat(t))
end

-- A header as given, as version 1.0, followed by values.
local function npy(header, values) return "\x93NUMPY\1\0" .. string.pack("<s2", header) .. (values or "") end
local function described(descr, shape, values, order)
  return npy(("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n"):format(descr, order or "False", shape), values)
end

local endings = "endings are .npy .npz .safetensors .csv, and IDX's -ubyte and .idx\n  each but .npz may be followed by .gz"
local dtypes = { "f32", "f64", "i64", "u8", "bool" }

describe("files that NumPy made", function()
  local number = 0
  local function path_of(row)
    number = number + 1
    return ("%d-%s"):format(number, row.name:gsub("/", "-"))
  end

  it("hold the same values here", function()
    for _, row in ipairs(fixtures) do
      local got = moth.load(write(path_of(row), row.bytes))
      if row.arrays then
        local count = 0
        for name, t in pairs(got) do
          assert_array(assert(row.arrays[name], name), t)
          count = count + 1
        end
        for _ in pairs(row.arrays) do count = count - 1 end
        assert.equal(0, count)
      else
        assert.is_true(got:is_contiguous(), row.name)
        assert_array(row, got)
      end
    end
  end)

  it("are written again byte for byte", function()
    local count = 0
    for _, row in ipairs(fixtures) do
      if row.same then
        local from, to = write(path_of(row), row.bytes), folder .. "/again" .. row.name:match "%.%w+$"
        moth.save(to, moth.load(from))
        assert.equal(row.bytes, read(to), row.name)
        count = count + 1
      end
    end
    assert.is_true(count >= 40)
  end)

  it("show the same when they are mapped, where they can be", function()
    local mapped = 0
    for _, row in ipairs(fixtures) do
      local path = write(path_of(row), row.bytes)
      local ok, got = pcall(moth.load, path, { mmap = true })
      local may = not row.arrays and not row.name:find "big" and (row.name:find "^[fi]8" or row.name:find "^f4" or row.name:find "^[ub]1")
      assert.equal(may and true or false, ok, row.name)
      if ok then
        assert_array(row, got)
        assert.is_true(got:numel() == 0 or not pcall(got.fill_, got, 1))
        mapped = mapped + 1
      end
    end
    assert.is_true(mapped >= 40)
  end)
end)

describe("what is saved", function()
  local function views()
    local list = {}
    for _, dtype in ipairs(dtypes) do
      local t = moth.range(0, 23):to(dtype == "bool" and "i64" or dtype):reshape(2, 3, 4)
      if dtype == "bool" then t = (t % 3):eq(1) end
      list[#list + 1] = t
      list[#list + 1] = t:permute(3, 1, 2)
      list[#list + 1] = t({}, { 3, 1, -2 }, { 2, 3 })
      list[#list + 1] = t({}, 1)
      list[#list + 1] = t(1, 1)
      list[#list + 1] = moth.zeros({ 0, 3 }):to(dtype)
      list[#list + 1] = moth.ones({}):to(dtype)
    end
    return list
  end

  it("comes back from .npy, .npz and .safetensors", function()
    local named = {}
    for i, t in ipairs(views()) do
      local path = folder .. "/view.npy"
      moth.save(path, t)
      assert.is_true(moth.load(path) == t:contiguous())
      named["t" .. i] = t
    end
    for _, name in ipairs{ "views.npz", "views.safetensors" } do
      moth.save(folder .. "/" .. name, named)
      local got = moth.load(folder .. "/" .. name)
      for key, t in pairs(named) do
        assert.is_true(got[key] == t:contiguous(), key)
        got[key] = nil
      end
      assert.is_nil(next(got))
    end
  end)

  it("is in name order, whatever the table's", function()
    local t = moth.ones(1)
    for _, name in ipairs{ "a.npz", "a.safetensors" } do
      moth.save(folder .. "/" .. name, { b = t, a = t, c = t, ["ä"] = t, B = t })
      local bytes, last = read(folder .. "/" .. name), 0
      for _, key in ipairs{ "B", "a", "b", "c", "ä" } do
        local at = bytes:find(name == "a.npz" and key .. ".npy" or '"' .. key .. '"', last + 1, true)
        assert.is_truthy(at, key)
        last = at
      end
    end
  end)

  it("comes back from CSV number for number", function()
    local path = folder .. "/numbers.csv"
    moth.save(path, moth.tensor({ { 1, 0.1, -2.5e-8 }, { 1 / 0, -1 / 0, 16777216 } }, { dtype = "f64" }))
    assert.equal("1,0.1,-2.5e-08\ninf,-inf,16777216\n", read(path))
    moth.save(path, moth.tensor{ 0.1, 1e-45, 3.4028234663852886e38, 0 / 0, -0.0 })
    assert.equal("0.1\n1e-45\n3.4028235e+38\nnan\n-0\n", read(path))
    moth.save(path, moth.tensor({ { 9007199254740993, -1 }, { math.mininteger, math.maxinteger } }, { dtype = "i64" }))
    assert.equal("9007199254740993,-1\n-9223372036854775808,9223372036854775807\n", read(path))
    moth.save(path, moth.tensor{ true, false })
    assert.equal("1\n0\n", read(path))
    for _, dtype in ipairs{ "f32", "f64" } do
      helper.with_dtype(moth, dtype, function()
        local t = moth.randn(50, 7):exp() * moth.randn(50, 7)
        moth.save(path, t:t())
        assert.is_true(moth.load(path) == t:t():contiguous())
        assert.equal(dtype, moth.load(path).dtype)
      end)
    end
  end)

  it("is packed where .gz follows the ending", function()
    local t = moth.randn(300, 200)
    for _, name in ipairs{ "g.csv", "g.npy", "g.safetensors" } do
      local path, what = folder .. "/" .. name, name == "g.safetensors" and { w = t, v = t:t() } or t
      moth.save(path, what)
      moth.save(path .. ".gz", what)
      assert.is_true(os.execute("gzip -dc " .. path .. ".gz | cmp -s - " .. path))
      local got = moth.load(path .. ".gz")
      assert.is_true((name == "g.safetensors" and got.w or got) == t)
    end
    assert.equal("save: 'g.npz.gz': endings are .npy .npz .safetensors .csv", told(moth.save, "g.npz.gz", { t = t }))
    assert.equal("load: 'g.npz.gz': " .. endings, told(moth.load, "g.npz.gz"))
  end)

  it("replaces a file wholly or not at all", function()
    local path = folder .. "/kept.csv"
    moth.save(path, moth.eye(2))
    local before = read(path)
    assert.is_false(pcall(moth.save, path, moth.zeros{ 2, 2, 2 }))
    assert.is_false(pcall(moth.save, path, { a = moth.eye(2) }))
    assert.equal(before, read(path))
    local files = assert(io.popen("ls -A " .. folder .. " | grep tmp"))
    assert.equal("", files:read "a")
    files:close()
  end)
end)

describe("moth.load", function()
  it("reads CSV and IDX files, packed ones too", function()
    local csv = write("t.csv", "1,2\r\n\"3\", 4e0\n")
    assert.is_true(moth.load(csv) == moth.tensor{ { 1, 2 }, { 3, 4 } })
    assert(os.execute("gzip -kf " .. csv))
    assert.is_true(moth.load(csv .. ".gz") == moth.load(csv))
    for _, name in ipairs{ "train-labels-idx1-ubyte", "x.idx1", "x.idx", "t10k.idx3-ubyte" } do
      local idx = write(name, "\0\0\8\1\0\0\0\3abc")
      assert.is_true(moth.load(idx) == moth.tensor({ 97, 98, 99 }, { dtype = "u8" }))
    end
    local big = folder .. "/big.npy"
    moth.save(big, moth.range(1, 1000))
    assert(os.execute("gzip -kf " .. big))
    assert.is_true(moth.load(big .. ".gz") == moth.load(big))
  end)

  it("reads a net's file as its tensors", function()
    local net = moth.net{ input = 2, moth.dense(3) }
    net:save(folder .. "/net.safetensors")
    local got = moth.load(folder .. "/net.safetensors")
    assert.is_true(got["1.weight"] == net[1].weight:contiguous())
    assert.is_true(got["1.bias"] == net[1].bias)
  end)

  it("takes headers as Python may write them", function()
    local values = string.pack("<fff", 1, 2, 3)
    for _, header in ipairs{
      "{'descr':'<f4','fortran_order':False,'shape':(3,)}", '{"shape": (3,), "fortran_order": True, "descr": "<f4"}',
      " {\n'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 3 , ) , } \n",
      "{'descr': '=f4', 'fortran_order': False, 'shape': (3L,), }",
      "{'descr': 'f4', 'fortran_order': False, 'shape': (3, 1, ), }",
    } do
      assert.same({ 1, 2, 3 }, flat(moth.load(write("h.npy", npy(header, values)))))
    end
    assert.is_true(moth.load(write("b.npy", described("?", "(2,)", "\0\1"))) == moth.tensor{ false, true })
  end)
end)

describe("a mapped file", function()
  it("is read-only, and stays when its file is replaced", function()
    local path, t = folder .. "/mapped.npy", moth.randn(4, 5)
    moth.save(path, t)
    local mapped = moth.load(path, { mmap = true })
    assert.equal("fill_: f32[4,5] is read-only", told(mapped.fill_, mapped, 0))
    assert.equal("add_: f32[5] is read-only", told(function() mapped[1]:add_(1) end))
    assert.is_false(pcall(function() mapped[1] = 0 end))
    assert.is_true((mapped * 2) == t * 2)
    moth.save(path, moth.zeros(4, 5))
    assert.is_true(mapped == t)
    assert.is_true(moth.load(path) == moth.zeros(4, 5))
    local row = mapped[2]
    mapped = nil
    collectgarbage()
    collectgarbage()
    assert.is_true(row == t[2])
  end)

  it("shows Fortran order by transposed strides", function()
    local path = write("f.npy", described("<f4", "(2, 3)", string.pack("<ffffff", 1, 4, 2, 5, 3, 6), "True"))
    local read_whole = moth.load(path, { mmap = false })
    assert.is_true(read_whole:is_contiguous())
    assert.is_true(read_whole == moth.tensor{ { 1, 2, 3 }, { 4, 5, 6 } })
    for _, row in ipairs(fixtures) do
      if row.name == "f8-fortran.npy" then
        local strided = moth.load(write("f8.npy", row.bytes), { mmap = true })
        assert.is_false(strided:is_contiguous())
        assert_array(row, strided)
      end
    end
  end)

  it("may be safetensors", function()
    local path, t = folder .. "/mapped.safetensors", moth.range(1, 10)
    moth.save(path, { a = t, b = t:to "f64" })
    local mapped = moth.load(path, { mmap = true })
    assert.is_true(mapped.a == t and mapped.b == t:to "f64")
    assert.equal("zero_: f64[10] is read-only", told(mapped.b.zero_, mapped.b))
  end)

  it("says why it cannot be one", function()
    local hint = "\n  without mapping it is read"
    local function why(name, bytes) return told(moth.load, write(name, bytes), { mmap = true }) end
    assert.equal("load: DIR/m.npy cannot be mapped: its bytes lie in the other order than this machine's" .. hint,
      why("m.npy", described(">f4", "(1,)" .. (" "):rep(9), "abcd")))
    assert.equal("load: DIR/m.npy cannot be mapped: its float16 become f32" .. hint, why("m.npy", described("<f2", "(1,)", "ab")))
    assert.equal("load: DIR/m.npy cannot be mapped: its values begin at byte 70, which is no multiple of 4" .. hint,
      why("m.npy", described("<f4", "(1,)  ", "abcd")))
    local header = '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}'
    local text = "load: DIR/m.safetensors: 'b' cannot be mapped: its values begin at byte %d, which is no multiple of 4"
    assert.equal(text:format(9 + #header) .. hint, why("m.safetensors", string.pack("<s8", header) .. "abcde"))
    moth.save(folder .. "/m.npz", { a = moth.ones(1) })
    assert.equal("load: DIR/m.npz cannot be mapped; .npy and .safetensors files can", told(moth.load, folder .. "/m.npz", { mmap = true }))
    assert(os.execute("gzip -kf " .. folder .. "/mapped.npy"))
    assert.equal("load: DIR/mapped.npy.gz cannot be mapped: only a plain file can, not packed, in memory or a pipe",
      told(moth.load, folder .. "/mapped.npy.gz", { mmap = true }))
    assert.equal("load: DIR/m.npy: header asks for 2 = 8 bytes, the file holds 4 (cut short?)",
      why("m.npy", described("<f4", "(2,)", "abcd")))
    assert.equal("load: DIR/m.npy holds bool, byte 1 of the values is 2", why("m.npy", described("|b1", "(2,)", "\1\2")))
  end)
end)

describe("a file that is refused", function()
  local function says(text, name, bytes) assert.equal("load: " .. text, told(moth.load, write(name, bytes))) end

  it("holds what has no dtype here", function()
    local function holds(what, descr, hint)
      local text = ("DIR/x.npy holds %s ('%s'), for which there is no dtype here\n  %s"):format(what, descr, hint)
      says(text, "x.npy", described(descr, "(1,)", "x"))
    end
    holds("uint64", "<u8", "save array.astype(np.int64), or np.float64 where values pass 2^63")
    holds("a long double", "<f16", "save array.astype(np.float64)")
    holds("complex", "<c8", "save array.real and array.imag")
    holds("complex", "<c16", "save array.real and array.imag")
    holds("text", "<U5", "save numbers; moth.classes makes class numbers of words")
    holds("text", "|S3", "save numbers; moth.classes makes class numbers of words")
    holds("Python objects", "|O", "a pickle is a program and is never run; save array.astype(np.float64) if these are numbers")
    holds("points in time", "<M8[ns]", "save array.astype(np.int64)")
    holds("spans of time", "<m8[s]", "save array.astype(np.int64)")
    holds("two raw bytes (bfloat16? the file does not tell)", "<V2", "save array.astype(np.float32)")
    holds("raw bytes", "|V5", "save array.view(np.uint8), or numbers")
    says("DIR/x.npy holds a structured array, for which there is no dtype here\n  save each field: np.savez(path, a = array['a'], ...)",
      "x.npy", npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"))
    says("DIR/x.npy: '<q9' is no type that NumPy writes", "x.npy", described("<q9", "(1,)", "x"))
    says("DIR/x.safetensors: 'a' is U64; what can be read is F32 F64 F16 BF16 I64 I32 I16 I8 U32 U16 U8 BOOL", "x.safetensors",
      string.pack("<s8", '{"a":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}}') .. "12345678")
  end)

  it("has a header that is none", function()
    says("DIR/x.npy is no .npy file: it does not begin with \\x93NUMPY", "x.npy", "PK\3\4 and more")
    says("DIR/x.npy: the header ends after 7 bytes (cut short?)", "x.npy", "\x93NUMPY\1")
    says("DIR/x.npy is version 4.0 of the format; 1.0, 2.0 and 3.0 can be read", "x.npy", "\x93NUMPY\4\0\0\0")
    says("DIR/x.npy: a header of 4294967295 bytes, at most 65535", "x.npy", "\x93NUMPY\2\0\xff\xff\xff\xff")
    says("DIR/x.npy ends after 16 bytes, 30 expected (cut short?)", "x.npy", "\x93NUMPY\1\0\20\0{'desc")
    local function header(text, what) says("DIR/x.npy: " .. what, "x.npy", npy(text, "abcd")) end
    header("", "the header ends at byte 10, expected '{'")
    header("[]", "header byte 10: '[', expected '{'")
    header("{'descr': '<f4'", "the header ends at byte 25, expected ',' or '}'")
    header("{'descr': '<f4', 'shape': (1,)}", "the header has no 'fortran_order'")
    header("{'descr': '<f4', 'descr': '<f4'}", "header byte 27: ''', expected each of 'descr', 'fortran_order' and 'shape' once")
    header("{'strides': (1,)}", "header byte 11: ''', expected each of 'descr', 'fortran_order' and 'shape' once")
    header("{'shape': (1), }", "header byte 22: ')', expected ','")
    header("{'shape': (1 2)}", "header byte 23: '2', expected ','")
    header("{'shape': [1]}", "header byte 20: '[', expected the tuple of a shape")
    header("{'shape': (-1,)}", "header byte 21: '-', expected a size, a whole number >= 0")
    header("{'shape': (1.5,)}", "header byte 22: '.', expected ','")
    header("{'shape': (99999999999999999999,)}", "header byte 39: a size beyond 2^63")
    header("{'shape': (1,1,1,1,1,1,1,1,1)}", "9 axes, at most 8")
    header("{'fortran_order': 1}", "header byte 28: '1', expected True or False")
    header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "header byte 66: 'x', expected its end")
    header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}\0", "header byte 65: 0x00, expected its end")
    header("{'descr': 'a\\n'}", "header byte 22: '\\', expected a short string")
    header("{'descr': '" .. ("f"):rep(60) .. "'}", "header byte 60: 'f', expected a short string")
  end)

  it("holds fewer or more values than it says", function()
    says("DIR/x.npy: header asks for 3x2 = 24 bytes, the file holds 4 (cut short?)", "x.npy", described("<f4", "(3, 2)", "abcd"))
    says("DIR/x.npy: header asks for one value = 4 bytes, the file holds 5", "x.npy", described("<f4", "()", "abcde"))
    says("DIR/x.npy: header asks for 4611686018427387904x4 values, more than can be addressed", "x.npy",
      described("|u1", "(4611686018427387904, 4)", "abcde"))
    says("DIR/x.npy: header asks for 1000000000000 = 8000000000000 bytes, the file holds 5 (cut short?)", "x.npy",
      described("<f8", "(1000000000000,)", "abcde"))
    says("DIR/x.npy holds bool, byte 1 of the values is 2", "x.npy", described("|b1", "(2,)", "\1\2"))
  end)

  it("is an archive with something wrong in it", function()
    local function entry(name, body, more)
      more = more or {}
      local method, crc, size = more.method or 0, more.crc or 0, more.size or #body
      local start = string.pack("<I2I2I2I4I4I4I4I2", 20, more.flags or 0, method, 0x210000, crc, #body, size, #name)
      return "PK\3\4" .. start .. "\0\0" .. name .. body, "PK\1\2" .. string.pack("<I2", 20) .. start .. ("\0"):rep(12), name
    end
    local function archive(...)
      local files, directory, count = "", "", 0
      for _, made in ipairs{ ... } do
        directory = directory .. made[2] .. string.pack("<I4", #files) .. made[3]
        files = files .. made[1]
        count = count + 1
      end
      return files .. directory .. "PK\5\6" .. string.pack("<I2I2I2I2I4I4I2", 0, 0, count, count, #directory, #files, 0)
    end
    local function zipped(...) return archive({ entry(...) }) end
    local array = described("|u1", "(2,)", "ab")
    says("DIR/x.npz: no zip archive, or one that is cut short", "x.npz", "")
    says("DIR/x.npz: no zip archive, or one that is cut short", "x.npz", array)
    says("DIR/x.npz holds 'notes.txt', which is no .npy file", "x.npz", zipped("notes.txt", "hello"))
    says("DIR/x.npz holds a folder, 'a/'; an .npz holds .npy files only", "x.npz", zipped("a/", ""))
    says("DIR/x.npz: an entry's name holds a byte 0", "x.npz", zipped("a\0b.npy", array))
    says("DIR/x.npz: 'a.npy' is encrypted", "x.npz", zipped("a.npy", array, { flags = 1 }))
    says("DIR/x.npz: 'a.npy' is packed by method 14; stored (0) and deflated (8) ones can be read", "x.npz",
      zipped("a.npy", array, { method = 14 }))
    says("DIR/x.npz: 'a' is damaged: its checksum is wrong", "x.npz", zipped("a.npy", array))
    says("DIR/x.npz: 'a' is no .npy file: it does not begin with \\x93NUMPY", "x.npz", zipped("a.npy", "hello"))
    says("DIR/x.npz: 'a' holds complex ('<c8'), for which there is no dtype here\n  save array.real and array.imag", "x.npz",
      zipped("a.npy", described("<c8", "(1,)", "12345678")))
    says(("DIR/x.npz: 'a.npy' is said to unpack from 2 bytes to 4000000000, which cannot be"), "x.npz",
      zipped("a.npy", "\3\0", { method = 8, size = 4000000000 }))
    says(("DIR/x.npz: 'a.npy' is said to unpack from %d bytes to 9, which cannot be"):format(#array), "x.npz",
      zipped("a.npy", array, { size = 9 }))
    says("DIR/x.npz: 'a': the packed data is damaged after 0 bytes", "x.npz",
      zipped("a.npy", "\xff\xff\xff\xff", { method = 8, size = 200 }))
    local good = {}
    for _, row in ipairs(fixtures) do
      if row.name == "1-stored.npz" then good[1] = row.bytes end
    end
    local whole = good[1]
    assert.is_truthy(moth.load(write("x.npz", whole)).w)
    for cut = 1, #whole do says("DIR/x.npz: no zip archive, or one that is cut short", "x.npz", whole:sub(1, #whole - cut)) end
    -- Sizes and place in zip64 fields, as for what is larger than 4 GiB; a field that is missing is noticed.
    local start = whole:find("PK\1\2", 1, true)
    local head, size = whole:sub(start, start + 45), string.unpack("<I4", whole, start + 24)
    local function long(extra)
      local directory = head:sub(1, 20) .. ("\xff"):rep(8) .. head:sub(29, 30) .. string.pack("<I2", #extra) .. head:sub(33, 42) ..
        ("\xff"):rep(4) .. "w.npy" .. extra
      return whole:sub(1, start - 1) .. directory .. "PK\5\6" .. string.pack("<I2I2I2I2I4I4I2", 0, 0, 1, 1, #directory, start - 1, 0)
    end
    local w = moth.load(write("x.npz", long("ab\1\0c" .. string.pack("<I2I2I8I8I8", 1, 24, size, size, 0)))).w
    assert.is_true(w == moth.ones(400))
    says("DIR/x.npz: the archive's directory is damaged (cut short?)", "x.npz", long(string.pack("<I2I2I8I8", 1, 16, size, size)))
    says("DIR/x.npz: the archive's directory is damaged (cut short?)", "x.npz", long(string.pack("<I2I2I8I8I8", 1, 25, size, size, 0)))
    local twice = whole:sub(1, -23)
    local at = twice:find("PK\1\2", 1, true)
    local directory = twice:sub(at)
    says("DIR/x.npz: 'w.npy' is said to take 1728 bytes, more than the file has (cut short?)", "x.npz", twice .. directory ..
      "PK\5\6" .. string.pack("<I2I2I2I2I4I4I2", 0, 0, 2, 2, 2 * #directory, at - 1, 0))
    local small = described("|u1", "(0,)")
    local a, b, c = entry("a.npy", small, { crc = 0 })
    says("DIR/x.npz: 'a' is damaged: its checksum is wrong", "x.npz", archive({ a, b, c }, { a, b, c }))
  end)

  it("holds words or uneven rows", function()
    says("DIR/x.csv line 1 holds words, 'a'; load takes numbers only\n  moth.csv reads headers, classes and missing cells", "x.csv",
      "a,b\n1,2\n")
    says("DIR/x.csv line 3, column 2: 'n/a' is not a number\n  moth.csv reads words and missing cells", "x.csv", "1,2\n\n3,n/a\n")
    says("DIR/x.csv line 2, column 1 is empty\n  moth.csv reads words and missing cells", "x.csv", "1,2\n,3\n")
    says("DIR/x.csv line 2 has 1 field, line 1 has 2\n  { skip = 1 } leaves line 1 out", "x.csv", "1,2\n3\n")
    says("DIR/x.csv holds no rows", "x.csv", "\n")
  end)

  it("has a name that tells nothing, or none", function()
    says("'DIR/x.foo': " .. endings, "x.foo", "")
    assert.equal("load: cannot open 'DIR/missing.npy': No such file or directory", told(moth.load, folder .. "/missing.npy"))
    assert.equal("load: the path must be a string, got 3", told(moth.load, 3))
    assert.equal("load: the path must be a string, got nothing", told(moth.load))
    assert.equal("load: argument 2 must be a table of options, got true", told(moth.load, "x.npy", true))
    assert.equal("load: mmap must be true or false, got 1", told(moth.load, "x.npy", { mmap = 1 }))
    assert.equal("load: no option 'map'; did you mean 'mmap'?", told(moth.load, "x.npy", { map = true }))
  end)
end)

describe("moth.save", function()
  local t = moth.ones(2)
  local function says(text, ...) assert.equal("save: " .. text, told(moth.save, ...)) end

  it("says what it takes", function()
    says("'x.foo': endings are .npy .npz .safetensors .csv", "x.foo", t)
    says("'x.npy' holds one tensor without a name; .npz and .safetensors hold named ones", "x.npy", { w = t })
    says("'x.npy' holds one tensor, got 0; .npz and .safetensors hold several", "x.npy", {})
    says("'x.npz' holds named tensors, this one has no name\n  { w = t } names it w", "x.npz", t)
    says("names must be strings, got 1\n  { w = t } names t w", "x.npz", { t })
    says("'w' must be a tensor, got 3", "x.npz", { w = 3 })
    says("a name holds a byte 0", "x.npz", { ["a\0b"] = t })
    says("takes a tensor or a table { name = tensor }, got nothing", "x.npz")
    says("the path must be a string, got nothing")
    says("DIR/x.npz: '\xff' is not UTF-8", folder .. "/x.npz", { ["\xff"] = t })
    says("DIR/x.safetensors: '\xff' is not UTF-8", folder .. "/x.safetensors", { ["\xff"] = t })
    says("DIR/x.safetensors: no tensor can be named '__metadata__'", folder .. "/x.safetensors", { __metadata__ = t })
    says("cannot write 'DIR/none/x.npy': No such file or directory", folder .. "/none/x.npy", t)
    says("DIR/x.csv: CSV holds rows and columns, got f32[2,2,2]", folder .. "/x.csv", moth.zeros(2, 2, 2))
    says("DIR/x.csv: f32[0,2] is empty, and CSV would not tell its shape\n  .npy does", folder .. "/x.csv", moth.zeros(0, 2))
    do
      local closed <close> = moth.ones(1)
      t = closed
    end
    says("takes a tensor or a table { name = tensor }, got a closed tensor", "x.npy", t)
    says("'w' must be a tensor, got a closed tensor", "x.npz", { w = t })
  end)

  it("leaves no memory behind, nor does a failure", function()
    local path, w = folder .. "/memory.npz", moth.randn(100, 100)
    moth.save(path, { w = w, v = w:t() })
    helper.keeps_memory(function() moth.load(path) end)
    assert(os.execute("ln -s /dev/null " .. folder .. "/null.npz")) -- no waiting for the disk
    helper.keeps_memory(function() moth.save(folder .. "/null.npz", { w = w, v = w:t() }) end)
    helper.keeps_memory(function() assert(not pcall(moth.save, folder .. "/null.npz", { w = w, v = 1 })) end)
    local broken = write("broken.npz", read(path):gsub("NUMPY", "NUMPX", 1) .. "")
    helper.keeps_memory(function() assert(not pcall(moth.load, broken)) end)
    moth.save(folder .. "/memory.npy", w)
    helper.keeps_memory(function() moth.load(folder .. "/memory.npy", { mmap = true }) end)
  end)
end)
