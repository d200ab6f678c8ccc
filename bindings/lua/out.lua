-- Where what is shown goes: helpers.put(text) writes a line, or lines, as `print` does, and helpers.look() tells how they may look: width in
-- columns, colour, unicode, terminal. While a prompt runs it sets helpers.out to a terminal of its own.
local moth, helpers, internal = ...

-- The terminal of a prompt, nil outside: put(text) writes the text and a line's end; look() → { width=, colour=, unicode=, terminal= };
-- write_error(text) writes to its error stream, live_columns() tells how wide that is, nil where no line can be drawn anew there.
helpers.out = nil
-- What was typed at a prompt: a chunk's source → its text.
helpers.typed = {}

function helpers.put(text)
  if helpers.out then return helpers.out.put(text) end
  _G.print(text)
end

function helpers.look()
  if helpers.out then return helpers.out.look() end
  local terminal, colour, unicode = internal.standard_output()
  return { width = moth.printing().width, terminal = terminal, colour = colour, unicode = unicode }
end

-- For prompt.c: step and close of a new session.
function helpers.open_session(...) return internal.need "prompt/session"(...) end

-- For trace.c: the frames of an error as text, each line after a line's end, and a comparison's message with the name of what was compared.
function helpers.trace_text(frames) return internal.need "prompt/trace".text(frames) end
function helpers.name_operand(message, source, line) return internal.need "prompt/trace".name_operand(message, source, line) end
