-- Declarations outside all blocks, which the session keeps: locals.read(tokens) finds them, locals.rewrite(text) makes assignments of them
-- that the session's environment understands, on the same lines:
--   local x <const>, y = f()    →  _ENV["const x"], _ENV["local y"] = f()
--   local function f() … end    →  _ENV["local f"] = function() … end
local _, _, internal = ...

local lexer = internal.need "prompt/lexer"
local sub, format, gsub, concat = string.sub, string.format, string.gsub, table.concat

local locals = {}

local kinds = { const = "const", close = "close" }

-- The names after `local` at token i: { { name =, kind =, token =, attribute = its first token or nil } … }, and the token behind them.
local function names_at(tokens, i)
  local names = {}
  repeat
    i = i + 1
    local token = tokens[i]
    local name = { name = token.text, kind = "local", token = token }
    if tokens[i + 1] and tokens[i + 1].text == "<" then
      name.kind = kinds[tokens[i + 2].text]
      name.attribute = { tokens[i + 1], tokens[i + 3] }
      i = i + 3
    end
    names[#names + 1] = name
    i = i + 1
  until not tokens[i] or tokens[i].text ~= ","
  return names, i
end

-- Of the text's tokens, which must be right: { { keyword = the token `local`, function = the token or nil, names =, valued = } … }. From
-- where _ENV is another the rest is left alone.
function locals.read(tokens)
  local found = {}
  lexer.nest(tokens)
  for i = 1, #tokens do
    local token = tokens[i]
    if token.depth == 0 and token.text == "_ENV" and tokens[i + 1] and tokens[i + 1].text == "=" then break end
    if token.kind == "name" and token.text == "local" and token.depth == 0 then
      if tokens[i + 1].text == "function" then
        local name = tokens[i + 2]
        found[#found + 1] = { keyword = token, ["function"] = tokens[i + 1], valued = true,
                              names = { { name = name.text, kind = "local", token = name } } }
      else
        local names, behind = names_at(tokens, i)
        for j = 1, #names do
          if names[j].name == "_ENV" then return found end
        end
        found[#found + 1] = { keyword = token, names = names, valued = tokens[behind] ~= nil and tokens[behind].text == "=",
                              last = tokens[behind - 1] }
      end
    end
  end
  return found
end

-- The text with some of its bytes replaced: edits are { from, to, new } in order.
function locals.edit(text, edits)
  local parts, at = {}, 1
  for i = 1, #edits do
    local edit = edits[i]
    parts[#parts + 1] = sub(text, at, edit[1] - 1)
    parts[#parts + 1] = edit[3]
    at = edit[2] + 1
  end
  parts[#parts + 1] = sub(text, at)
  return concat(parts)
end

-- The ends of lines within what is taken out stay.
local function lines_of(text, from, to) return (gsub(sub(text, from, to), "[^\n]+", "")) end

-- `spell(name)` → what stands for a declared name.
function locals.replace(text, found, spell)
  local edits = {}
  for i = 1, #found do
    local declaration = found[i]
    edits[#edits + 1] = { declaration.keyword.from, declaration.keyword.to, "" }
    if declaration["function"] then
      local word, name = declaration["function"], declaration.names[1]
      edits[#edits + 1] = { word.from, word.to, spell(name) .. " = function" }
      edits[#edits + 1] = { name.token.from, name.token.to, "" }
    else
      for j = 1, #declaration.names do
        local name = declaration.names[j]
        edits[#edits + 1] = { name.token.from, name.token.to, spell(name) }
        if name.attribute then
          local from, to = name.attribute[1].from, name.attribute[2].to
          edits[#edits + 1] = { from, to, lines_of(text, from, to) }
        end
      end
      if not declaration.valued then
        local edit = edits[#edits]
        edit[3] = edit[3] .. " = nil"
      end
    end
  end
  return locals.edit(text, edits)
end

local function spell(name) return format('_ENV["%s %s"]', name.kind, name.name) end

-- The rewritten text and its declarations; nil where there are none.
function locals.rewrite(text)
  local found = locals.read(lexer.read(text))
  if #found == 0 then return nil end
  for i = 1, #found do
    for j = 1, #found[i].names do
      if not found[i].names[j].kind then return nil end -- an attribute that Lua refuses
    end
  end
  return locals.replace(text, found, spell), found
end

return locals
