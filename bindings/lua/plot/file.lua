-- Writes a file whole or not at all: beside its path first, then in its place. Raises "where: cannot write 'x.csv': No such file or directory".
local _, _, internal = ...

return function(where, path, text)
  local beside = path .. ".part"
  local file, why = io.open(beside, "wb")
  local done = file and file:write(text)
  if file then
    local closed, reason = file:close()
    done, why = done and closed, why or reason
  end
  if done then done, why = os.rename(beside, path) end
  if done then return end
  os.remove(beside)
  why = tostring(why):gsub("^.*: ", "")
  internal.fail(("%s: cannot write '%s': %s"):format(where, path, why))
end
