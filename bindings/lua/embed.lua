-- embed.lua OUT.c FOLDER FILE.lua …: writes the helpers as C strings, in name order, for helpers.c; each is named by its path in the folder.
local folder = arg[2]:gsub("/*$", "/")
local files = { table.unpack(arg, 3) }
table.sort(files)

local function quote(line)
  return '  "' .. line:gsub('[\\"?]', "\\%0"):gsub("[^\32-\126]", function(c) return ("\\%03o"):format(c:byte()) end) .. '\\n"'
end

local out = {
  "/* Made by bindings/lua/embed.lua. */", "#include <stddef.h>", "",
  "typedef struct embedded { const char *name, *text; size_t size; } embedded;",
  "extern const embedded embedded_lua[];", "",
}
local rows = {}
for i, path in ipairs(files) do
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = quote(line) end
  out[#out + 1] = ("static const char text_%d[] ="):format(i)
  out[#out + 1] = table.concat(lines, "\n") .. ";\n"
  rows[i] = ('  { "%s", text_%d, sizeof text_%d - 1 },'):format(path:sub(#folder + 1):match "^(.*)%.lua$", i, i)
end
out[#out + 1] = "const embedded embedded_lua[] = {"
for _, row in ipairs(rows) do out[#out + 1] = row end
out[#out + 1] = "  { NULL, NULL, 0 },\n};"

local file = assert(io.open(arg[1], "w"))
file:write(table.concat(out, "\n"), "\n")
file:close()
