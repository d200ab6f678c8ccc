-- What tensors do in Lua, loaded when first asked for.
local _, helpers, internal = ...

function helpers.describe(t) return internal.need "tensor/describe"(t) end
