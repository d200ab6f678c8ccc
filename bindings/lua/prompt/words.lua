-- What the text before a cursor says: its tokens, the string or name that is being typed, the brackets around it and the expression that
-- it continues. words.read(text) → a reading; nothing here looks at any value.
local words = {}

words.keywords = {}
local keywords = "and break do else elseif end false for function goto if in local nil not or repeat return then true until while"
for word in keywords:gmatch "%a+" do
  words.keywords[word] = true
end

-- The end of a long string or comment that opens at `at`, or nil where there is none; the second result tells that it is still open.
local function long_end(text, at)
  local level = text:match("^%[(=*)%[", at)
  if not level then return nil end
  local _, last = text:find("]" .. level .. "]", at + 2 + #level, true)
  return last or #text, last == nil
end

local function comment_end(text, at)
  local last, open = long_end(text, at + 2)
  if last then return last, open end
  local line = text:find("\n", at, true)
  return line or #text, line == nil
end

-- The end of a quoted string that opens at `at`; past the text while it is open.
local function quoted_end(text, at)
  local quote, i = text:sub(at, at), at + 1
  while i <= #text do
    local c = text:sub(i, i)
    if c == quote or c == "\n" then return i end
    i = i + (c == "\\" and 2 or 1)
  end
  return #text + 1
end

-- Tokens { kind, text, from }: "name", "keyword", "number", "string", "symbol". The text of a string is what stands between its quotes.
-- Also the place where an open string begins (its first character), or true for an open comment.
local function tokens_of(text)
  local tokens, at = {}, 1
  local function add(kind, from, last)
    tokens[#tokens + 1] = { kind = kind, text = text:sub(from, last), from = from }
    return last + 1
  end
  while true do
    at = text:find("%S", at)
    if not at then return tokens end
    local c = text:sub(at, at)
    if text:find("^%-%-", at) then
      local last, open = comment_end(text, at)
      if open then return tokens, true end
      at = last + 1
    elseif c == '"' or c == "'" then
      local last = quoted_end(text, at)
      if last > #text then return tokens, at + 1 end
      tokens[#tokens + 1] = { kind = "string", text = text:sub(at + 1, last - 1), from = at }
      at = last + 1
    elseif text:find("^%[=*%[", at) then
      local last, open = long_end(text, at)
      if open then return tokens, text:find("[", at + 1, true) + 1 end
      at = add("string", at, last)
    elseif text:find("^[%a_]", at) then
      local _, last = text:find("^[%w_]+", at)
      at = add(words.keywords[text:sub(at, last)] and "keyword" or "name", at, last)
    elseif text:find("^%.?%d", at) then
      local _, last = text:find("^[%w.]+", at)
      at = add("number", at, last)
    else
      local _, last = text:find("^%.%.%.?", at)
      if not last then _, last = text:find("^[=~<>/:]=", at) end
      if not last then _, last = text:find("^::", at) end
      at = add("symbol", at, last or at)
    end
  end
end

local closes = { [")"] = "(", ["]"] = "[", ["}"] = "{" }

local function is(token, kind, text) return token ~= nil and token.kind == kind and (text == nil or token.text == text) end

-- The index of the bracket that the one at `i` closes, or nil.
local function opening(tokens, i)
  local depth = 0
  for k = i, 1, -1 do
    local token = tokens[k]
    if token.kind == "symbol" then
      if closes[token.text] then depth = depth + 1 end
      if token.text == "(" or token.text == "[" or token.text == "{" then
        depth = depth - 1
        if depth == 0 then return k end
      end
    end
  end
end

local function continues(token) return is(token, "name") or is(token, "string") or is(token, "symbol") and closes[token.text] ~= nil end

-- The steps of the expression whose last token is at `last`: { global = } or { value = }, then { field = } { method = } { index = }
-- { call = }.
-- nil for anything that is no such chain.
function words.chain(tokens, last)
  local steps, i = {}, last
  while true do
    local token = tokens[i]
    local before = tokens[i - 1]
    if is(token, "name") then
      local dot = is(before, "symbol", ".") or is(before, "symbol", ":")
      if not dot then
        table.insert(steps, 1, { global = token.text })
        return steps
      end
      table.insert(steps, 1, before.text == "." and { field = token.text } or { method = token.text })
      i = i - 2
    elseif is(token, "string") and not continues(before) then
      table.insert(steps, 1, { value = token.text })
      return steps
    elseif is(token, "string") then
      table.insert(steps, 1, { call = true })
      i = i - 1
    elseif is(token, "symbol") and closes[token.text] then
      local open = opening(tokens, i)
      if not open then return nil end
      local inner = tokens[open + 1]
      if token.text == "]" then
        local single = open + 2 == i and (inner.kind == "number" or inner.kind == "string")
        table.insert(steps, 1, { index = single and (inner.kind == "number" and tonumber(inner.text) or inner.text) or false })
      elseif continues(tokens[open - 1]) then
        table.insert(steps, 1, { call = true })
      elseif token.text == ")" and open + 2 == i and inner.kind == "string" then -- ("text"):
        table.insert(steps, 1, { value = inner.text })
        return steps
      else
        return nil
      end
      i = open - 1
    else
      return nil
    end
    if i < 1 then return nil end
  end
end

-- How many blocks are open after the token at `from`: inside one of them the bracket before it does not count.
local function open_blocks(tokens, from)
  local depth = 0
  for i = from + 1, #tokens do
    local token = tokens[i]
    if token.kind == "keyword" then
      local text = token.text
      if text == "function" or text == "if" or text == "do" or text == "repeat" then depth = depth + 1 end
      if text == "end" or text == "until" then depth = depth - 1 end
    end
  end
  return depth
end

-- The brackets around the end of the tokens, innermost first: { open, at (index of its token), chain (of what it calls, or nil), key (that
-- the entry being typed belongs to), position (of the entry among those without a key), keys (used so far), fresh (an entry begins) }.
local function brackets(tokens)
  local stack = {}
  for i, token in ipairs(tokens) do
    if token.kind == "symbol" then
      if token.text == "(" or token.text == "[" or token.text == "{" then
        stack[#stack + 1] = i
      elseif closes[token.text] and #stack > 0 then
        stack[#stack] = nil
      end
    end
  end
  local list = {}
  for level = #stack, 1, -1 do
    local at = stack[level]
    if open_blocks(tokens, at) > 0 then break end
    list[#list + 1] = { open = tokens[at].text, at = at, chain = continues(tokens[at - 1]) and words.chain(tokens, at - 1) or nil }
  end
  return list
end

-- Fills in the entries of a bracket from its tokens up to `last`.
local function read_entries(tokens, bracket, last)
  local depth, position, keyed = 0, 1, false
  bracket.keys, bracket.key, bracket.fresh = {}, nil, true
  for i = bracket.at + 1, last do
    local token = tokens[i]
    local symbol = token.kind == "symbol" and token.text
    if symbol and closes[symbol] then depth = depth - 1 end
    if depth == 0 and (symbol == "," or symbol == ";") then
      if not keyed then position = position + 1 end
      bracket.key, bracket.fresh, keyed = nil, true, false
    elseif depth == 0 then
      if symbol == "=" and is(tokens[i - 1], "name") then
        bracket.key, keyed = tokens[i - 1].text, true
        bracket.keys[bracket.key] = true
      end
      bracket.fresh = false
    end
    if symbol == "(" or symbol == "[" or symbol == "{" then depth = depth + 1 end
  end
  bracket.position = position
end

-- Names that the text itself declares: locals, loop variables, parameters.
local function declared(tokens)
  local names, on = {}, false
  for i, token in ipairs(tokens) do
    local text = token.text
    if token.kind == "keyword" then
      on = text == "local" or text == "for" or text == "function"
      local is_named = text == "function" and is(tokens[i - 1], "keyword", "local") and is(tokens[i + 1], "name")
      if is_named then names[tokens[i + 1].text] = true end
      if text == "function" then on = "parameters" end
    elseif token.kind == "symbol" and (text == "=" or text == ")" or text == ";") then
      on = false
    elseif token.kind == "symbol" and text == "(" and on == "parameters" then
      on = true
    elseif token.kind == "name" and on == true then
      names[text] = true
    end
  end
  return names
end

-- A reading: word (what is typed of the name or string), from (its first byte, from 1), quoted (the mark that opened the string), link
-- ("." or ":" before the name, with chain before it), direct (the chain that an open string alone is the argument of), brackets, declared,
-- tokens. nil in a comment.
function words.read(text)
  local tokens, open = tokens_of(text)
  if open == true then return nil end
  local r = { tokens = tokens, word = "", from = #text + 1, declared = declared(tokens) }
  local last = #tokens
  local reaches_end = last > 0 and tokens[last].from + #tokens[last].text > #text
  if open then
    r.quoted, r.from, r.word = text:sub(open - 1, open - 1), open, text:sub(open)
    if continues(tokens[last]) then r.direct = words.chain(tokens, last) end
  elseif reaches_end and (tokens[last].kind == "name" or tokens[last].kind == "keyword") then
    r.word, r.from = tokens[last].text, tokens[last].from
    r.declared[r.word] = nil
    last = last - 1
  elseif reaches_end and tokens[last].kind == "number" then
    return nil
  end
  local link = tokens[last]
  if not open and (is(link, "symbol", ".") or is(link, "symbol", ":")) then
    r.link, r.chain = link.text, words.chain(tokens, last - 1) or {}
  end
  r.brackets = brackets(tokens)
  for i, bracket in ipairs(r.brackets) do
    read_entries(tokens, bracket, i == 1 and last or r.brackets[i - 1].at - 1)
  end
  return r
end

return words
