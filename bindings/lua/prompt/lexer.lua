-- Lua's tokens, for what is typed: lexer.read(text) → a list of { kind =, text =, from =, to = }, kind "name" (keywords too), "number",
-- "string" or "mark"; comments and blanks are left out. What is no Lua comes out as marks.
local find, sub, match = string.find, string.sub, string.match

local lexer = {}

-- The last byte of the long bracket that opens at `at`, the text's end where it never closes; nil where there is none.
local function long_end(text, at)
  local level = match(text, "^%[(=*)%[", at)
  if not level then return nil end
  local _, last = find(text, "]" .. level .. "]", at + 2 + #level, true)
  return last or #text
end

local function string_end(text, at)
  local quote = sub(text, at, at)
  local next = at + 1
  while true do
    next = find(text, "[\\" .. quote .. "]", next)
    if not next then return #text end
    if sub(text, next, next) == quote then return next end
    next = next + 2
  end
end

local function comment_end(text, at)
  local last = long_end(text, at + 2)
  if last then return last end
  local line = find(text, "\n", at, true)
  return line and line - 1 or #text
end

-- As Lua reads them: digits, letters and points, and a sign after an exponent's letter.
local function number_end(text, at)
  local exponent = match(text, "^0[xX]", at) and "^[pP][+-]?" or "^[eE][+-]?"
  local next = at
  while true do
    local _, last = find(text, exponent, next)
    if not last then _, last = find(text, "^[%w._]", next) end
    if not last then return next - 1 end
    next = last + 1
  end
end

local function mark_end(text, at)
  if find(text, "^%.%.%.", at) then return at + 2 end
  local two = sub(text, at, at + 1)
  if match(two, "^[=~<>]=$") or two == "//" or two == "::" or two == ".." or two == "<<" or two == ">>" then return at + 1 end
  return at
end

-- The kind and the last byte of the token at `at`; no kind for a comment.
local function token_at(text, at)
  if find(text, "^[%a_]", at) then return "name", select(2, find(text, "^[%w_]+", at)) end
  if find(text, "^%.?%d", at) then return "number", number_end(text, at) end
  if find(text, "^%-%-", at) then return nil, comment_end(text, at) end
  if find(text, "^[\"']", at) then return "string", string_end(text, at) end
  local last = long_end(text, at)
  if last then return "string", last end
  return "mark", mark_end(text, at)
end

function lexer.read(text)
  local tokens = {}
  local at = find(text, "%S")
  while at do
    local kind, last = token_at(text, at)
    if kind then tokens[#tokens + 1] = { kind = kind, text = sub(text, at, last), from = at, to = last } end
    at = find(text, "%S", last + 1)
  end
  return tokens
end

-- The nesting of blocks after each token: tokens[i].depth counts the blocks that are open behind it.
local opens = { ["function"] = 1, ["do"] = 1, ["if"] = 1, ["repeat"] = 1, ["end"] = -1, ["until"] = -1 }

function lexer.nest(tokens)
  local depth = 0
  for i = 1, #tokens do
    local token = tokens[i]
    if token.kind == "name" then depth = depth + (opens[token.text] or 0) end
    token.depth = depth
  end
  return tokens
end

return lexer
