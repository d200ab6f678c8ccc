-- helpers.complete(line, cursor, functions): what a prompt's word can become; loaded when it is first asked for.
local _, helpers, internal = ...

function helpers.complete(...) return internal.need "prompt/complete" (...) end
