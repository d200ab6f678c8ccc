-- Where what is shown goes: helpers.put(text) writes a line, or lines, as `print` does, and helpers.look() tells how they may look: width in
-- columns, colour, unicode, terminal. While a prompt runs it sets helpers.out to a terminal of its own: put(text) writes the text and a
-- line's end; look() → { width=, colour=, unicode=, terminal= }; write_error(text) writes to its error stream, live_columns() tells how
-- wide that is, nil where no line can be drawn anew there.
local moth, helpers, internal = ...

function helpers.put(text)
  if helpers.out then return helpers.out.put(text) end
  _G.print(text)
end

function helpers.look()
  if helpers.out then return helpers.out.look() end
  local terminal, colour, unicode = internal.standard_output()
  return { width = moth.printing().width, terminal = terminal, colour = colour, unicode = unicode }
end
