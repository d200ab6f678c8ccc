-- What is typed, compiled: statement.compile(text, source, env) → { run =, is_expression =, is_silent =, declarations =, text =,
-- expression = the text of its value, head = that of the statements before }, or nil, a message and whether more lines could make it whole.
local _, _, internal = ...

local lexer, locals = internal.need "prompt/lexer", internal.need "prompt/locals"
local load, error, sub, find, match, gsub = load, error, string.sub, string.find, string.match, string.gsub

local statement = {}

-- Within the scope of a variable to be closed there is no tail call, which tracebacks could not name.
local VALUE = "local moth_value <close> = nil return "

-- Whether more lines could make the text whole. A short string goes on only behind a backslash.
local function is_open(message, text)
  if sub(message, -5) ~= "<eof>" then return false end
  return not find(message, "unfinished string", 1, true) or find(text, "\\z?%s*$") ~= nil
end

-- The text without the `;` that ends it, and whether there was one; the rest keeps its place.
local function split_silence(text, tokens)
  local last = tokens[#tokens]
  if last.text ~= ";" then return text, false end
  return sub(text, 1, last.from - 1) .. " " .. sub(text, last.to + 1), true
end

-- `= x`, as Lua 5.1's prompt had it.
local function drop_equals(text, tokens)
  if tokens[1].text ~= "=" then return text, false end
  return sub(text, 1, tokens[1].from - 1) .. " " .. sub(text, tokens[1].to + 1), true
end

-- Want of memory says nothing about the text.
local function load_text(text, source, env)
  local run, message = load(text, source, "t", env)
  if not run and message == "not enough memory" then error(message, 0) end
  return run, message
end

local function compile_statement(text, source, env)
  local run, message = load_text(text, source, env)
  if not run then return nil, message end
  local rewritten, declarations = locals.rewrite(text)
  if rewritten then
    local again = load_text(rewritten, source, env)
    if again then return again, nil, declarations end
  end
  return run
end

-- Where in the text the token is that a message complains about.
local function place_of(message, text)
  local token = match(message, " near '(.*)'$")
  return token and find(text, token, 1, true) or #text + 1
end

local starts = {}
for word in ("break do for function goto if local repeat return while ::"):gmatch "%S+" do starts[word] = true end

-- Of an expression's and a statement's message the one that is about what comes later.
local function better(of_expression, of_statement, tokens, text)
  if starts[tokens[1].text] or place_of(of_statement, text) > place_of(of_expression, text) then return of_statement end
  return (gsub(of_expression, "<eof> expected near", "syntax error near"))
end

-- Statements and then an expression: `x = 1; x`.
local function split_value(text, body, tokens, source, env)
  for i = 2, #tokens do
    local from = tokens[i].from
    if tokens[i].kind ~= "mark" or tokens[i].text == "(" or tokens[i].text == "{" then
      local head, value = sub(body, 1, from - 1), sub(body, from)
      if match(value, "%S") and load(head .. " return " .. value, source, "t", env) then return head, value end
    end
  end
end

local function compile_with_value(text, body, tokens, source, env)
  local head, value = split_value(text, body, tokens, source, env)
  if not head then return nil end
  local rewritten, declarations = locals.rewrite(head)
  local run = load_text((rewritten or head) .. VALUE .. value, source, env)
  return run and { text = text, run = run, is_expression = true, expression = value, head = head, declarations = declarations }
end

function statement.compile(text, source, env)
  local tokens = lexer.read(text)
  if #tokens == 0 then return { text = text } end
  local body, is_silent = split_silence(text, tokens)
  local only_expression
  body, only_expression = drop_equals(body, tokens)
  local result = { text = text, is_silent = is_silent }
  local run, problem = load_text(VALUE .. body, source, env)
  if run and match(body, "%S") then
    result.run, result.is_expression, result.expression = run, true, body
    return result
  end
  if only_expression then return nil, problem, is_open(problem, body) end
  local of_statement
  run, of_statement, result.declarations = compile_statement(text, source, env)
  if run then
    result.run = run
    return result
  end
  if find(of_statement, "syntax error near", 1, true) then
    local compiled = compile_with_value(text, body, tokens, source, env)
    if compiled then
      compiled.is_silent = is_silent
      return compiled
    end
  end
  problem = problem or ""
  local more = is_open(problem, body) or is_open(of_statement, body)
  return nil, more and of_statement or better(problem, of_statement, tokens, text), more
end

-- A file's text: statements only.
function statement.compile_file(text, source, env)
  local run, message, declarations = compile_statement(text, source, env)
  if not run then return nil, message end
  return { text = text, run = run, declarations = declarations }
end

return statement
