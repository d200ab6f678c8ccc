-- How drawing.c reaches the helpers that draw.
local _, helpers, internal = ...

function helpers.drawing(name) return internal.need(name) end
