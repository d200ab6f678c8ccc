-- What was entered as a script that plain `moth FILE` runs: script(inputs) → its text and the number of statements. Values that the prompt
-- showed are shown by moth.show; `_` is kept where a statement reads it.
local _, _, internal = ...

local lexer, locals = internal.need "prompt/lexer", internal.need "prompt/locals"
local sub, find, match, gsub, format, concat = string.sub, string.find, string.match, string.gsub, string.format, table.concat

local MOST_LOCALS = 150 -- a function's limit is 200

-- Names whose declarations must become assignments: a session's variables are seen by what was entered before them, and declaring one anew
-- changes it for all; a script's locals are neither.
local function names_to_open(units)
  local seen, declared, open, count = {}, {}, {}, 0
  for i = 1, #units do
    local found = units[i].found
    for j = 1, #found do
      local names = found[j].names
      for k = 1, #names do
        local name = names[k].name
        if seen[name] or declared[name] then open[name] = true end
        declared[name] = true
        count = count + 1
      end
    end
    local tokens = units[i].tokens
    for j = 1, #tokens do
      if tokens[j].kind == "name" then seen[tokens[j].text] = true end
    end
  end
  if count <= MOST_LOCALS then return open end
  return declared
end

local function is_open(declaration, open)
  for i = 1, #declaration.names do
    if open[declaration.names[i].name] then return true end
  end
  return false
end

-- Declarations that share a name with an opened one are opened too, until none is left.
local function spread(units, open)
  repeat
    local changed = false
    for i = 1, #units do
      local found = units[i].found
      for j = 1, #found do
        if is_open(found[j], open) then
          for k = 1, #found[j].names do
            local name = found[j].names[k].name
            changed = changed or not open[name]
            open[name] = true
          end
        end
      end
    end
  until not changed
end

local function opened(unit, open)
  local chosen = {}
  for i = 1, #unit.found do
    if is_open(unit.found[i], open) then chosen[#chosen + 1] = unit.found[i] end
  end
  return locals.replace(unit.text, chosen, function(name) return name.name end)
end

local function is_call(text) return load(text) ~= nil end

-- Parameters that are left out and comments stay; what ends in a comment gets a line of its own behind it.
local function around(before, text, behind)
  local body = match(text, "^%s*(.-)%s*$")
  return before .. body .. (find(body, "%-%-[^\n]*$") and "\n" or "") .. behind
end

local function expression_text(unit, keeps)
  local body = unit.compiled.expression
  if not unit.compiled.is_silent then return around(keeps and "show(" or is_call(body) and "show(" or "moth.show(", body, ")") end
  if keeps then return around("_ = (", body, ")") end
  return is_call(body) and body or around("local _ = ", body, "")
end

-- What may give no value.
local SHOW = [[
local function show(...)
  if select("#", ...) > 0 then %smoth.show(...) end
end]]

return function(inputs)
  local units, keeps, calls = {}, false, false
  for i = 1, #inputs do
    local input = inputs[i]
    if input.succeeded then
      local unit = { text = input.text, compiled = input.compiled, tokens = lexer.read(input.text), found = {} }
      if unit.compiled.head then unit.text = unit.compiled.head end
      if unit.compiled.head or not unit.compiled.is_expression then unit.found = locals.read(lexer.read(unit.text)) end
      for j = 1, #unit.tokens do keeps = keeps or unit.tokens[j].text == "_" and unit.tokens[j].kind == "name" end
      units[#units + 1] = unit
    end
  end
  local open = names_to_open(units)
  spread(units, open)
  local lines = {}
  for i = 1, #units do
    local unit = units[i]
    local text
    if unit.compiled.is_expression then
      text = expression_text(unit, keeps)
      calls = calls or sub(text, 1, 5) == "show("
      if unit.compiled.head then text = opened(unit, open) .. "\n" .. text end
    else
      text = opened(unit, open)
    end
    text = gsub(text, "%s+$", "")
    if find(text, "^%s*%(") then text = ";" .. text end
    if unit.tokens[1] and unit.tokens[1].text == "return" then text = "do " .. text .. " end" end
    lines[#lines + 1] = text
  end
  local head = { 'local moth = require "moth"' }
  if calls then head[2] = format(SHOW, keeps and "_ = ... " or "") end
  return concat(head, "\n") .. "\n\n" .. concat(lines, "\n") .. "\n", #units
end
