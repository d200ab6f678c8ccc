-- Files that are missing, cut, damaged, or none of what they are said to be: each mistake with its whole text, and nothing kept.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local mistakes = dofile "spec/lua/mistakes.lua"
local folder, write, told = mistakes.folder, mistakes.write, mistakes.told
local keeps_memory, classifier = mistakes.keeps_memory, mistakes.classifier

local function gzip(path)
  assert(os.execute("gzip -knf " .. path))
  return helper.read(path .. ".gz")
end

describe("a missing file", function()
  it("is told with the nearest name", function()
    write("train.csv", "1,2\n")
    assert.equal("csv: cannot open 'DIR/train.cvs': No such file or directory\n  did you mean 'DIR/train.csv'?", told(moth.csv, folder .. "/train.cvs"))
    assert.equal("csv: cannot open 'DIR/far-from-it': No such file or directory", told(moth.csv, folder .. "/far-from-it"))
    assert.equal("csv: cannot open 'spec/lua/bad_files_spec.lau': No such file or directory\n" ..
      "  did you mean 'spec/lua/bad_files_spec.lua'? (looked from the working directory)", told(moth.csv, "spec/lua/bad_files_spec.lau"))
    assert.equal("csv: cannot open 'DIR': Is a directory", told(moth.csv, folder))
    assert.equal("idx: cannot open 'DIR/train.cvs': No such file or directory\n  did you mean 'DIR/train.csv'?", told(moth.idx, folder .. "/train.cvs"))
    assert.equal("csv: a file's name must be given", told(moth.csv, ""))
    assert.equal("csv: the path must be a string, got nothing", told(moth.csv))
    assert.equal("idx: the path must be a string, got 3", told(moth.idx, 3))
    keeps_memory(moth.csv, folder .. "/train.cvs")
  end)
end)

describe("gzip data", function()
  it("is cut short at any byte", function()
    local whole = gzip(write("whole.csv", ("1,2\n3,4\n"):rep(50)))
    for length = 0, #whole - 1 do
      local path = write("cut.csv.gz", whole:sub(1, length))
      assert.equal(("csv: DIR/cut.csv.gz: the gzip data is cut short after %d bytes"):format(length), told(moth.csv, path, { header = false }))
    end
    keeps_memory(moth.csv, folder .. "/cut.csv.gz", { header = false })
    assert.equal(100, #moth.csv(folder .. "/whole.csv.gz", { header = false }))
  end)

  it("is damaged, followed by something else, or none", function()
    local whole = gzip(write("whole.csv", "1,2\n3,4\n"))
    assert.equal(("csv: DIR/bad.csv.gz: the gzip data is damaged near byte %d: incorrect data check"):format(#whole - 4),
      told(moth.csv, write("bad.csv.gz", whole:sub(1, -9) .. "abcd" .. whole:sub(-4))))
    assert.is_truthy(told(moth.csv, write("bad.csv.gz", whole .. "junk")):find "^csv: DIR/bad.csv.gz: the gzip data is damaged near byte %d+: incorrect header check$")
    assert.equal("csv: DIR/bad.csv.gz: not gzip data, though its name ends in .gz", told(moth.csv, write("bad.csv.gz", "1,2\n3,4\n")))
  end)

  it("is cut short in an IDX file", function()
    local whole = gzip(write("images", string.char(0, 0, 8, 3) .. string.pack(">I4I4I4", 3, 2, 2) .. ("\1\2\3"):rep(4)))
    for length = 0, #whole - 1 do
      assert.equal(("idx: DIR/cut.gz: the gzip data is cut short after %d bytes"):format(length), told(moth.idx, write("cut.gz", whole:sub(1, length))))
    end
    keeps_memory(moth.idx, folder .. "/cut.gz")
  end)
end)

describe("a CSV file", function()
  local function csv(text, options) return told(moth.csv, write("data.csv", text), options) end

  it("is ragged", function()
    assert.equal("csv: DIR/data.csv line 2 has 2 fields, line 1 has 3\n  { skip = 1 } leaves line 1 out", csv "1,2,3\n4,5\n6,7,8\n")
    assert.equal("csv: DIR/data.csv line 2 has 4 fields, line 1 has 3\n  { skip = 1 } leaves line 1 out", csv "1,2,3\n4,5,6,7\n")
    assert.is_truthy(csv(("1,2,3\n"):rep(5000) .. "4,5\n"):find "^csv: DIR/data.csv line 5001 has 2 fields, line 1 has 3")
    keeps_memory(moth.csv, folder .. "/data.csv")
  end)

  it("has a cell that is no number", function()
    assert.equal("csv: DIR/data.csv line 3, column 2 'age': 'n/a' is not a number\n" ..
      '  { missing = { "n/a" } } reads it as nan; { text = { "age" } } makes it classes', csv "name,age\n1,2\n3,n/a\n")
    assert.equal("csv: DIR/data.csv line 2, column 2: '1.5.2' is not a number\n" ..
      '  { missing = { "1.5.2" } } reads it as nan; { text = { 2 } } makes it classes', csv "1,2\n3,1.5.2\n")
    assert.equal("csv: DIR/data.csv line 2, column 2: '' is not a number\n  { missing = { \"\" } } reads it as nan; { text = { 2 } } makes it classes",
      csv "1,2\n3,\n")
    assert.equal("csv: DIR/data.csv line 2, column 1: '0x10' is not a number\n" ..
      '  { missing = { "0x10" } } reads it as nan; { text = { 1 } } makes it classes', csv "1,2\n0x10,4\n")
    assert.equal("csv: DIR/data.csv line 2, column 2: '1e999' is too large for f32\n  { dtype = \"f64\" } reaches 1.8e308", csv "1,2\n3,1e999\n")
    keeps_memory(moth.csv, folder .. "/data.csv")
    assert.equal(1, moth.csv(write("data.csv", "1,2\n3,n/a\n"), { missing = { "n/a" } }).x:isnan():sum())
  end)

  it("has a foreign header", function()
    local mixed = "csv: DIR/data.csv line 1 mixes numbers and words: { header = true } or { skip = 1 }"
    assert.equal(mixed, csv "150,4,setosa,versicolor,virginica\n5.1,3.5,1.4,0.2,0\n")
    assert.equal(mixed, csv "150,4,setosa,versicolor,virginica\n5.1,3.5,1.4,0\n")
    assert.equal(1, #moth.csv(write("data.csv", "150,4,setosa\n5.1,3.5,1.4,0.2,0\n"), { skip = 1, label = -1 }))
    assert.equal("csv: DIR/data.csv line 2 has 5 fields, line 1 has 3\n  { skip = 1 } leaves line 1 out",
      csv("150,4,setosa\n5.1,3.5,1.4,0.2,0\n", { header = true }))
  end)

  it("is empty, or a header only", function()
    assert.equal("csv: DIR/data.csv is empty", csv "")
    assert.equal("csv: DIR/data.csv is empty", csv "\n\n")
    assert.equal("csv: DIR/data.csv is empty after { skip = 3 }", csv("1,2\n", { skip = 3 }))
    local none = moth.csv(write("data.csv", "a,b,c\n"), { label = -1 })
    assert.equal(0, #none)
    assert.same({ 0, 2 }, none.x.shape)
    local o = classifier{ net = moth.net{ input = 2, moth.dense(2, "softmax") }, data = none }
    assert.equal("train: data has 0 rows (DIR/data.csv has a header only)", told(moth.train, o))
    local net = o.net
    assert.equal("evaluate: data has 0 rows (DIR/data.csv has a header only)",
      (told(net.evaluate, net, none, { "accuracy" }):gsub("rows$", "rows (DIR/data.csv has a header only)")))
  end)

  it("is none", function()
    assert.equal("csv: DIR/data.csv line 2, column 1: the quote is never closed", csv '1,2\n"3,4\n5,6\n')
    assert.equal('csv: DIR/data.csv line 2, column 2: text after the closing quote; a quote inside is written ""', csv '1,2\n3,"4"x\n')
    assert.equal("csv: DIR/data.csv line 2, column 2: a byte 0; is this a text file?", csv "1,2\n3,\0\n")
    assert.equal("csv: DIR/data.csv is UTF-16; save it as UTF-8", csv "\255\254\49\0,\0")
    keeps_memory(moth.csv, folder .. "/data.csv")
  end)

  it("is read with wrong options", function()
    local text = "a,b,c\n1,2,x\n3,4,y\n"
    assert.equal("csv: DIR/data.csv has no column 'cc' (a b c)", csv(text, { label = "cc" }))
    assert.equal("csv: label 4: columns of DIR/data.csv are 1..3 or -3..-1", csv(text, { label = 4 }))
    assert.equal("csv: label 0: columns of DIR/data.csv are 1..3 or -3..-1", csv(text, { label = 0 }))
    assert.equal("csv: label must be a whole number or a text, got 2.5", csv(text, { label = 2.5 }))
    assert.equal("csv: label makes classes of y, target values; give one of them", csv(text, { label = 3, target = 2 }))
    assert.equal("csv: features: column 3 is y already", csv(text, { label = 3, features = { 3 } }))
    assert.equal("csv: features: column 1 is there twice", csv(text, { label = 3, features = { 1, -3 } }))
    assert.equal("csv: features 5: columns of DIR/data.csv are 1..3 or -3..-1", csv(text, { label = 3, features = { 1, 5 } }))
    assert.equal("csv: DIR/data.csv: no column is left for x", csv(text, { label = 3, features = {} }))
    assert.equal("csv: skip must be a whole number >= 0, got -1", csv(text, { skip = -1 }))
    assert.equal("csv: delimiter must be one byte, neither a quote nor a line's end, got ';;'", csv(text, { delimiter = ";;" }))
    assert.equal("csv: no option 'sep'; here it is 'delimiter' (options: target label features header skip delimiter missing text classes dtype)",
      csv(text, { sep = ";" }))
    assert.equal("csv: DIR/data.csv line 2, column 2: the label is missing", csv("1,x\n2,\n", { label = 2 }))
  end)
end)

describe("an IDX file whose header lies", function()
  local function idx(kind, sizes, bytes) return string.char(0, 0, kind, #sizes) .. string.pack((">I4"):rep(#sizes), table.unpack(sizes)) .. bytes end
  local function refused(text)
    local path = write("lies.idx", text)
    local plain = told(moth.idx, path)
    assert.equal(plain, (told(moth.idx, (gzip(path) and path) .. ".gz"):gsub("lies.idx.gz", "lies.idx")))
    keeps_memory(moth.idx, path)
    return plain
  end
  local huge = 2^32 - 1 | 0

  it("asks for more or less than there is", function()
    assert.equal("idx: DIR/lies.idx: header asks for 3x2x2 = 12 bytes, the file holds 11 (cut short?)", refused(idx(8, { 3, 2, 2 }, ("\1"):rep(11))))
    assert.equal("idx: DIR/lies.idx: header asks for 3x2x2 = 12 bytes, the file holds 0 (cut short?)", refused(idx(8, { 3, 2, 2 }, "")))
    assert.equal("idx: DIR/lies.idx: header asks for 2x2 = 16 bytes, the file holds 15 (cut short?)", refused(idx(13, { 2, 2 }, ("\0"):rep(15))))
    assert.equal("idx: DIR/lies.idx: header asks for 3x2x2 = 12 bytes, the file holds 13",
      told(moth.idx, write("lies.idx", idx(8, { 3, 2, 2 }, ("\1"):rep(13)))))
    gzip(folder .. "/lies.idx")
    assert.equal("idx: DIR/lies.idx.gz: header asks for 3x2x2 = 12 bytes, the file holds more", told(moth.idx, folder .. "/lies.idx.gz"))
  end)

  it("begins wrongly", function()
    local begins = ", expected 00 00, a type (08 09 0b 0c 0d 0e), the number of axes"
    assert.equal("idx: DIR/lies.idx is no IDX file: it begins 01 00 08 01" .. begins, refused("\1" .. idx(8, { 3 }, "abc"):sub(2)))
    assert.equal("idx: DIR/lies.idx is no IDX file: it begins 00 00 07 01" .. begins, refused(idx(7, { 3 }, "abc")))
    assert.equal("idx: DIR/lies.idx is no IDX file: it begins 61 2c 62 0a" .. begins, refused "a,b\n1,2\n")
    assert.equal("idx: DIR/lies.idx: 9 axes, at most 8", refused(idx(8, { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, "a")))
    assert.equal("idx: DIR/lies.idx: the header ends after 2 bytes (cut short?)", refused "\0\0")
    assert.equal("idx: DIR/lies.idx: the header ends after 9 bytes (cut short?)", refused(idx(8, { 3, 2, 2 }, ""):sub(1, 9)))
    assert.equal("idx: DIR/lies.idx: the header ends after 0 bytes (cut short?)", refused "")
  end)

  it("has sizes that overflow", function()
    assert.equal("idx: DIR/lies.idx: header asks for 4294967295x4294967295x4294967295 values, more than can be addressed",
      refused(idx(8, { huge, huge, huge }, "abc")))
    assert.equal("idx: DIR/lies.idx: header asks for 4294967295x4294967295 values, more than can be addressed", refused(idx(14, { huge, huge }, "abc")))
    assert.equal("idx: DIR/lies.idx: header asks for 4294967295x1000 = 4294967295000 bytes, the file holds 3 (cut short?)",
      refused(idx(8, { huge, 1000 }, "abc")))
  end)

  it("has labels that do not fit", function()
    local images = write("images", idx(8, { 3, 2, 2 }, ("\1"):rep(12)))
    local function with(text) return told(moth.idx, images, write("labels", text)) end
    assert.equal("idx: DIR/images has 3 images, DIR/labels has 2 labels", with(idx(8, { 2 }, "\0\1")))
    assert.equal("idx: DIR/labels holds u8[3,2,2]; labels are whole numbers along one axis", told(moth.idx, images, write("labels", idx(8, { 3, 2, 2 }, ("\1"):rep(12)))))
    assert.equal("idx: DIR/labels holds f32[3]; labels are whole numbers along one axis", with(idx(13, { 3 }, ("\0"):rep(12))))
    assert.equal("idx: label -1 in row 2 of DIR/labels; labels count from 0 to at most 65535", with(idx(12, { 3 }, string.pack(">i4i4i4", 0, -1, 2))))
    assert.equal("idx: label 2000000000 in row 3 of DIR/labels; labels count from 0 to at most 65535",
      with(idx(12, { 3 }, string.pack(">i4i4i4", 0, 1, 2000000000))))
    assert.equal("idx: no option 'scal'; did you mean 'scale'?", told(moth.idx, images, folder .. "/labels", { scal = 1 }))
    assert.equal("idx: scale must be > 0, got 0", told(moth.idx, images, folder .. "/labels", { scale = 0 }))
    keeps_memory(moth.idx, images, folder .. "/labels")
  end)
end)
