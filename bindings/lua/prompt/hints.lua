-- hint(text, message) → how Lua writes what other languages write so, "" where nothing is known. For texts that do not compile.
local _, _, internal = ...

local find, match, sub = string.find, string.match, string.sub
local concat = table.concat

local VIEW = "t({ 1, 2 }, {}) is a view: both ends, {} for all"
local SLICE = "[%w_)%]]%[[^%[%]]*:"

-- { the token that the message complains about, "" for any; what the text has; Lua's way; what else the message says }
local known = {
  { "!", "!=", "~= is not equal" },
  { "=", "[-+*/%%]=", "x = x + 1: an assignment names its variable again" },
  { "+", "%+%+", "x = x + 1 adds one" },
  { "[", "[=(,%[]%s*%[", "{ 1, 2, 3 } is a list" },
  { ",", "[%w_)%]]%[", "t(1, 2) is an element, t({ 1, 2 }, {}) a view", "']' expected" },
  { ",", "%(", "{ 3, 4 } is a list; (3, 4) is no value", "')' expected" },
  { ":", SLICE, VIEW },
  { "::", SLICE, VIEW },
  { "", SLICE, VIEW, "function arguments expected" },
  { "", SLICE, VIEW, "<name> expected" },
  { "=", "%f[%w_.:][%a_][%w_.]*%([%s%d,{}ijk-]+%)%s*=", "t[1][2] = 3 sets an element, t({ 1, 2 }, {}):fill_(3) a view", "syntax error" },
  { "@", "[%w_)%]]%s*@%s*[%w_(]", "a:matmul(b) is the matrix product" },
  { "*", "[%w_)%]]%s*%*%*", "x ^ 2 is a power" },
  { "&", "&&", "`and` is both" },
  { "|", "||", "`or` is either" },
  { "//", "^%s*//", "-- begins a comment" },
  { "", "^%s*import%s", "require \"name\" loads a module; moth is there already" },
  { "", "^%s*from%s+[%w_.]+%s+import%s", "require \"name\" loads a module; moth is there already" },
  { "", "^%s*def%s", "function name(a, b) return a + b end" },
  { "", "^%s*[vl][ae][rt]%s", "local x = 3, or x = 3" },
  { "", "^%s*const%s", "local x <const> = 3" },
  { "", "%f[%w_]elif%f[^%w_]", "elseif condition then" },
}

-- The text without what its strings and comments hold.
local function code_of(text)
  local tokens, out, last = internal.need "prompt/lexer".read(text), {}, 0
  for i = 1, #tokens do
    local token = tokens[i]
    if token.from > last + 1 then out[#out + 1] = " " end
    out[#out + 1] = token.kind == "string" and '""' or token.text
    last = token.to
  end
  return concat(out) .. (last < #text and " " or "")
end

return function(text, message)
  local token = match(message, " near '(.*)'$") or ""
  if find(token, "^<\\%d+>$") then return "\n  names are of ASCII letters, digits and _; strings hold any text" end
  local code = code_of(text)
  for i = 1, #known do
    local row = known[i]
    local says = row[4] or ""
    if (row[1] == "" or row[1] == token) and sub(message, 1, #says) == says and find(code, row[2]) then return "\n  in Lua  " .. row[3] end
  end
  return ""
end
