-- Where what is shown goes: helpers.put(text) writes a line, or lines, as `print` does, and helpers.look() tells how they may look: width in
-- columns, colour, unicode, terminal. While a prompt runs it sets helpers.out to a terminal of its own.
local moth, helpers, internal = ...

-- The terminal of a prompt, nil outside: put(text) writes the text and a line's end; look() → { width=, colour=, unicode=, terminal= }.
helpers.out = nil

function helpers.put(text)
  if helpers.out then return helpers.out.put(text) end
  print(text)
end

function helpers.look()
  if helpers.out then return helpers.out.look() end
  local terminal, colour, unicode = internal.standard_output()
  return { width = moth.printing().width, terminal = terminal, colour = colour, unicode = unicode }
end
