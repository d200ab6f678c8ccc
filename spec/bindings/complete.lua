-- What words become at a prompt: complete(line [, cursor]) is moth_lua_complete, `moth` and the functions below are global.
local it = ... -- it(name, f)

-- The words that the text's last one can become, the text with "^" for the cursor.
local function words_of(text)
  local cursor = text:find("^", 1, true)
  local list, begin = complete((text:gsub("%^", "", 1)), cursor and cursor - 1 or #text)
  local words = {}
  for i, row in ipairs(list) do
    words[i] = row[1]
    assert(type(row[2]) == "string" and not row[2]:find "\n", row[1])
  end
  return words, begin, list
end

local function becomes(text, expected)
  local got = table.concat((words_of(text)), " ")
  if got ~= expected then error(("%s: %s, expected %s"):format(text, got, expected), 2) end
end

local function offers(text, ...)
  local words, has = words_of(text), {}
  for _, word in ipairs(words) do has[word] = true end
  for _, word in ipairs{ ... } do
    if not has[word] then error(("%s: no %s in %s"):format(text, word, table.concat(words, " ")), 2) end
  end
end

t = moth.ones(3, 4)
net = moth.net{ input = 2, moth.dense(4, "tanh"), moth.dense(1) }
data = moth.dataset{ moth.rand(8, 2), moth.rand(8, 1) }
run = moth.train{ net = net, data = data, validation = data, loss = "mse", metrics = { "mae" }, epochs = 1, progress = false }
opt = moth.sgd{ lr = 0.1 }
alpha, alphabet = 1, setmetatable({ own = 1, [1] = 2, ["not a name"] = 3 }, { __index = { inherited = print } })
strict = setmetatable({ a1 = 1 }, { __index = function() error "code ran" end, __pairs = function() error "code ran" end })
name = "text"

it("completes globals and keywords", function()
  becomes("alp", "alpha alphabet")
  becomes("x = alphab", "alphabet")
  becomes("unt", "until")
  becomes("mot", "moth")
  becomes("print(alp", "alpha alphabet")
  becomes("alp^ + 1", "alpha alphabet")
  becomes("nothing_begins_so", "")
end)

it("completes names that the text itself declares", function()
  becomes("local first_value = 1\nprint(first_v", "first_value")
  becomes("for counter = 1, 3 do\n  print(coun", "counter")
  becomes("local function square(argument)\n  return argu", "argument")
end)

it("says where the word begins and what the words are", function()
  local words, begin, list = words_of "x = moth.drop"
  assert(words[1] == "dropout" and begin == 9 and list[1][2]:find "^Sets each value to 0")
  list = select(3, words_of "alpha")
  assert(list[1][2] == "1" and list[2][2] == "table")
  list = select(3, words_of "moth.cs")
  assert(list[1][2] == "A table of comma-separated values", list[1][2])
  list = select(3, words_of "t:ma")
  assert(list[1][1] == "map" and list[1][2]:find "^A new tensor .* in row%-major order$", list[1][2])
  assert(list[2][1] == "mask_select" and list[2][2] == "The elements, or rows, where the mask holds, in order", list[2][2])
  list = select(3, words_of "t:clamp")
  assert(list[1][2] == "x limited to low … high", list[1][2])
  list = select(3, words_of "moth.train{ shuf")
  assert(list[1][1] == "shuffle = " and list[1][2]:find "true by default$", list[1][2])
end)

it("completes fields of tables, through __index tables", function()
  becomes("moth.den", "dense")
  becomes("moth.schedule.cos", "cosine")
  becomes("alphabet.", "inherited own")
  becomes("alphabet:", "inherited")
  becomes("string.gs", "gsub")
  becomes("strict.a", "a1")
  becomes("strict.other.", "")
  becomes("math.pi.", "")
end)

it("completes methods", function()
  becomes("t:argma", "argmax")
  offers("t:m", "mean", "max")
  offers("t:add", "add", "add_")
  becomes("net:pred", "predict")
  becomes("data:spl", "split")
  becomes("opt:st", "step")
  becomes("name:up", "upper")
  becomes('("x"):rev', "reverse")
end)

it("completes fields of Moth's objects", function()
  becomes("t.sh", "shape")
  becomes("run.val_", "val_loss val_mae")
  becomes("run.sto", "stopped")
  becomes("net[1].we", "weight weight_gradient")
  becomes("data.x", "x")
  offers("opt.", "lr", "momentum")
end)

it("follows calls by what the catalogs say they give", function()
  becomes("moth.randn(3, 4):argma", "argmax")
  becomes("t:mean(1):argma", "argmax")
  becomes("net:predict(t).sh", "shape")
  becomes("net(t):argma", "argmax")
  becomes("net[1].weight:argma", "argmax")
  becomes("data.x:argma", "argmax")
  becomes("moth.train{ net = net, data = data }.best", "best_epoch")
  becomes('moth.csv("a.csv"):spl', "split")
  becomes("unknown():any", "")
end)

it("completes option keys within braces, those not used yet", function()
  becomes("moth.train{ ep", "epochs = ")
  becomes("moth.train{ epochs = 3, ep", "")
  becomes("moth.train{\n  net = net,\n  data = data,\n  pat", "patience = ")
  becomes("moth.dense{ 8, act", "activation = ")
  becomes("net:train{ pat", "patience = ")
  becomes("moth.train{ optimizer = moth.adam{ bet", "beta1 =  beta2 = ")
  becomes("moth.train{ optimizer = moth.adam{ lr = 1 }, pat", "patience = ")
  becomes("moth.train{ clip = { no", "norm = ")
  becomes("data:split(0.5, 0.5, { strat", "stratify = ")
  becomes("moth.zeros{ 3, dt", "dtype = ")
  offers("moth.adam{ ", "lr = ", "weight_decay = ")
  becomes("moth.adam{ weight^ = 3", "weight_decay")
  becomes("{ alp", "alpha alphabet")
end)

it("knows code within braces from entries", function()
  becomes("moth.train{ on_epoch = function(e) local a, alp", "alpha alphabet")
  becomes("moth.train{ on_epoch = function(e) if e.val_l", "val_loss")
  becomes("moth.train{ on_epoch = function(e) return true end, pat", "patience = ")
end)

it("completes names within strings", function()
  becomes('moth.dense(8, "rel', "relu")
  becomes("moth.dense(8, 'rel", "relu")
  becomes('moth.dense{ 8, "rel', "relu")
  becomes('moth.dense{ 8, activation = "rel', "relu")
  becomes('moth.dense{ 8, init = "he_u', "he_uniform")
  becomes('moth.train{ loss = "cross', "cross_entropy")
  offers('moth.train{ optimizer = "ada', "adam")
  becomes('moth.train{ net = net, metrics = { "acc', "accuracy")
  becomes('moth.train{ net = net, metrics = { "mae", "acc', "accuracy")
  becomes('moth.train{ schedule = "cos', "cosine")
  becomes('moth.train{ batch = "f', "full")
  becomes('moth.train{ mode = "m', "max min")
  becomes('moth.zeros{ 3, dtype = "f', "f32 f64")
  becomes('moth.dtype "f', "f32 f64")
  becomes('t:to"f', "f32 f64")
  becomes('t:to("i', "i64")
  becomes('net:evaluate(data, { "acc', "accuracy")
  becomes('net:backprop(t, t, "cross', "cross_entropy")
  becomes('moth.activation("gel', "gelu")
  becomes('print("alp', "")
end)

it("completes file names where a path stands", function()
  becomes('dofile("spec/bindings/exer', "spec/bindings/exercise.lua")
  becomes('dofile "spec/bind', "spec/bindings/")
  becomes("moth.load_net 'spec/bindings/exer", "spec/bindings/exercise.lua")
  becomes('moth.csv("spec/bindings/exer', "spec/bindings/exercise.lua")
  becomes('net:save("spec/bindings/exer', "spec/bindings/exercise.lua")
  becomes('moth.train{ checkpoint = "spec/bindings/exer', "spec/bindings/exercise.lua")
  becomes(":load spec/bindings/exer", "spec/bindings/exercise.lua")
  becomes('dofile "no/such/folder/', "")
end)

it("completes commands, and names after ? and :help", function()
  becomes(":qu", "quit")
  becomes(":set tra", "trace")
  becomes(":set trace f", "full")
  becomes(":set width a", "auto")
  becomes("?moth.drop", "dropout")
  becomes("??moth.drop", "dropout")
  becomes(":help moth.drop", "dropout")
  becomes("?t:argma", "argmax")
  becomes("?net:pred", "predict")
  local _, begin = words_of "?moth.drop"
  assert(begin == 6)
end)

it("is silent in comments, numbers and chains of no value", function()
  for _, text in ipairs{ "-- alp", "--[[ alp", "12", "x = 12.", "(alpha + 1).", "alpha..alp..", ")", "]].", "\0", "\xff\xfe",
                         "x = [[ alp", "" } do
    complete(text)
  end
  becomes("-- alp", "")
  becomes("x = 12", "")
end)

it("takes any text", function()
  local pieces = { "moth.", "train", "{", "}", "(", ")", "[", "]", '"', "'", "\n", "--", "[[", "=", ",", ":", ".", "net", "1", " ",
                   "function", "end", "\\", "?", ":load " }
  local state = 1
  for _ = 1, 3000 do
    local text = {}
    for i = 1, 8 do
      state = (state * 1103515245 + 12345) % 2^31
      text[i] = pieces[state // 65536 % #pieces + 1]
    end
    complete(table.concat(text))
  end
end)
