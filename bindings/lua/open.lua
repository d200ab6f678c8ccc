-- The one helper that runs as the module opens. The others are loaded when something of theirs is first called, each by the name of its file.
local moth, helpers, internal = ...

-- helpers.NAME → the file that defines it, in the place of what stands here until then.
local files = {
  put = "out", look = "out", number = "number", show_text = "show", show_values = "show", data_rows = "data", progress = "progress",
}
for name, file in next, files do
  helpers[name] = function(...)
    internal.need(file)
    return helpers[name](...)
  end
end

-- What was typed at a prompt: a chunk's source → its text.
helpers.typed = {}
helpers.drawing = internal.need

function helpers.describe(t) return internal.need "tensor/describe"(t) end
-- What does here what another library calls so: "ndim" → "t.rank", or nil.
function helpers.elsewhere(name) return internal.need "help/elsewhere"[name] end
function helpers.complete(...) return internal.need "prompt/complete"(...) end
-- Step and close of a new session.
function helpers.open_session(...) return internal.need "prompt/session"(...) end
-- The frames of an error as text, each line after a line's end, and a comparison's message with the name of what was compared.
function helpers.trace_text(frames) return internal.need "prompt/trace".text(frames) end
function helpers.name_operand(message, source, line) return internal.need "prompt/trace".name_operand(message, source, line) end
-- The message of a nil global with what it can have meant; `variables` has the names that are known where it stands.
function helpers.name_global(message, variables) return internal.need "prompt/slips"(message, variables) end

local classes_of_tensor = moth.classes

function moth.args(defaults) return internal.need "args"(defaults) end
function moth.classes(y) return internal.need "data"(y, classes_of_tensor) end
function moth.show(...) return internal.need "show"(...) end
