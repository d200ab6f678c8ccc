-- Every public name that no row of the engine's catalogs describes: functions of the module, methods and fields of its objects. One row a
-- name: { name, arguments ("" for a field), what it does }, with example = one line of Lua that runs, and see = names to read on.
-- Catalog rows (operations, layers, losses …) describe themselves; a spec fails where a public name has neither.
return {
  { "moth.show", "(...)", "Prints values as the prompt does: tables one level deep, keys in order.", example = "moth.show(moth.eye(2))" },
}
