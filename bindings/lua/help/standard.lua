-- Lua's own functions and words, a line each: name, arguments and what it does.
local text = [==[
assert(v [, message])  v and all that follows, or an error where v is false or nil
collectgarbage([what])  runs or sets the collector; "count" gives the KiB in use
dofile([path])  runs a file
error(message [, level])  raises an error
getmetatable(v)  the metatable of v
ipairs(t)  iterates over i, t[i] from 1 until nil
load(chunk [, name, mode, env])  a function of a chunk of Lua
loadfile([path, mode, env])  a function of a file
next(t [, key])  the next key and value of a table
pairs(t)  iterates over all keys and values of a table
pcall(f, ...)  calls f; true and its results, or false and the error
print(...)  writes values to the standard output
rawequal(a, b)  whether both are the same, without metamethods
rawget(t, key)  t[key] without metamethods
rawlen(t)  #t without metamethods
rawset(t, key, value)  t[key] = value without metamethods
require(name)  the module of this name, loaded once
select(n, ...)  the arguments from the nth on; "#" gives their number
setmetatable(t, metatable)  gives a table a metatable
tonumber(v [, base])  v as a number, or nil
tostring(v)  v as a string
type(v)  "nil" "number" "string" "boolean" "table" "function" "thread" or "userdata"
warn(message, ...)  gives a warning
xpcall(f, handler, ...)  as pcall, with a message handler
coroutine.close(co)  closes a suspended coroutine
coroutine.create(f)  a coroutine of f
coroutine.isyieldable([co])  whether it can yield
coroutine.resume(co, ...)  goes on with a coroutine
coroutine.running()  the running coroutine, and whether it is the main one
coroutine.status(co)  "running" "suspended" "normal" or "dead"
coroutine.wrap(f)  a function that resumes a coroutine of f
coroutine.yield(...)  suspends the running coroutine
math.abs(x)  the absolute value
math.acos(x)  the arc cosine, in radians
math.asin(x)  the arc sine, in radians
math.atan(y [, x])  the arc tangent of y/x, in radians
math.ceil(x)  the least whole number >= x
math.cos(x)  the cosine of x radians
math.deg(x)  radians to degrees
math.exp(x)  e to the x
math.floor(x)  the greatest whole number <= x
math.fmod(x, y)  the rest of x/y, with the sign of x
math.log(x [, base])  the logarithm, natural unless a base is given
math.max(x, ...)  the largest
math.min(x, ...)  the smallest
math.modf(x)  the whole part and the fraction of x
math.rad(x)  degrees to radians
math.random([m [, n]])  a random number in [0, 1), or a whole one in 1..m or m..n
math.randomseed([seed])  seeds math.random
math.sin(x)  the sine of x radians
math.sqrt(x)  the square root
math.tan(x)  the tangent of x radians
math.tointeger(x)  x as an integer, or nil
math.type(x)  "integer", "float" or nil
math.ult(m, n)  whether m < n as unsigned integers
string.byte(s [, i, j])  the bytes of s[i..j]
string.char(...)  a string of these bytes
string.dump(f)  a function as bytecode
string.find(s, pattern [, from, plain])  where a pattern is first found, and its captures
string.format(format, ...)  values by a format, as C's printf
string.gmatch(s, pattern)  iterates over all matches
string.gsub(s, pattern, by [, n])  s with matches replaced, and their number
string.len(s)  the length in bytes
string.lower(s)  s in lower case
string.match(s, pattern [, from])  the captures of the first match
string.pack(format, ...)  values as bytes
string.packsize(format)  the size of such bytes
string.rep(s, n [, between])  s n times
string.reverse(s)  s from its end
string.sub(s, i [, j])  the bytes i..j of s
string.unpack(format, s [, from])  values of bytes
string.upper(s)  s in upper case
table.concat(list [, between, i, j])  the entries as one string
table.insert(list, [position,] value)  puts a value into a list
table.move(a, from, to, at [, b])  copies entries of a to b[at] and on
table.pack(...)  a table of the arguments, with n
table.remove(list [, position])  takes a value out of a list
table.sort(list [, before])  sorts a list in place
table.unpack(list [, i, j])  the entries as several values
utf8.char(...)  the characters of these codes
utf8.codepoint(s [, i, j])  the codes of the characters
utf8.codes(s)  iterates over positions and codes
utf8.len(s [, i, j])  how many characters
utf8.offset(s, n [, i])  where the nth character begins
io.close([file])  closes a file
io.flush()  writes out what the default output holds back
io.input([file])  the default input
io.lines([path, ...])  iterates over the lines of a file
io.open(path [, mode])  opens a file; nil and a message where it fails
io.output([file])  the default output
io.popen(program [, mode])  starts a program and reads or writes it
io.read(...)  reads from the default input
io.tmpfile()  a temporary file
io.type(v)  "file", "closed file" or nil
io.write(...)  writes to the default output
os.clock()  seconds of processor time used
os.date([format, time])  a date and time
os.difftime(t2, t1)  seconds from t1 to t2
os.execute([command])  runs a command of the system
os.exit([status, close])  ends the program
os.getenv(name)  a variable of the environment, or nil
os.remove(path)  removes a file
os.rename(from, to)  renames a file
os.setlocale(locale [, category])  sets the locale
os.time([table])  a time in seconds
os.tmpname()  a name for a temporary file
debug.gethook([thread])  the hook that is set
debug.getinfo([thread,] f [, what])  a table about a function
debug.getlocal([thread,] f, n)  a local variable
debug.getmetatable(v)  the metatable of any value
debug.getupvalue(f, n)  an upvalue of a function
debug.sethook([thread,] hook, mask [, count])  sets a hook
debug.setlocal([thread,] level, n, value)  sets a local variable
debug.getregistry()  the registry
debug.getuservalue(u [, n])  a user value of a userdata
debug.setuservalue(u, value [, n])  sets a user value of a userdata
debug.debug()  reads and runs lines
debug.setcstacklimit(limit)  has no effect
debug.setmetatable(v, metatable)  sets the metatable of any value
debug.setupvalue(f, n, value)  sets an upvalue
debug.traceback([thread,] [message [, level]])  the traceback as a string
debug.upvalueid(f, n)  an identity of an upvalue
debug.upvaluejoin(f, n, g, m)  makes two functions share an upvalue
package.loadlib(path, name)  links a C library
package.searchpath(name, path)  where a module's file is
]==]

local standard = {}
for name, arguments, what in text:gmatch "([%w.]+)(%b()) +([^\n]+)\n" do standard[name] = { arguments, what } end
for _, name in ipairs { "coroutine", "math", "string", "table", "utf8", "io", "os", "debug", "package" } do
  standard[name] = { "", "a library of Lua's" }
end
standard._G = { "", "the table of all globals" }
standard._VERSION = { "", "Lua's version, as a string" }
standard["math.pi"] = { "", "the number pi" }

local keywords = [==[
and  a and b: a where that is false or nil, else b
break  leaves the innermost loop
do  do … end: a block, whose locals end with it
else  what if … then … does where no condition holds
elseif  another condition of an if
end  ends a block: of do, then, else, function
false  the boolean that is not true
for  for i = first, last [, step] do … end, both ends included; for key, value in pairs(t) do … end
function  function name(a, b, ...) … end; function(a) … end is a value
goto  goes to a label, ::name::
if  if condition then … elseif condition then … else … end; only false and nil do not hold
in  for name, … in iterator do … end
local  local a, b = 1, 2: variables of the block; the prompt keeps those outside of blocks
nil  the value of what is not there
not  not a: true where a is false or nil, else false
or  a or b: a where that is neither false nor nil, else b
repeat  repeat … until condition: at least once
return  return a, b: leaves a function with results
then  if condition then … end
true  a boolean
until  repeat … until condition
while  while condition do … end
]==]
for word, what in keywords:gmatch "(%l+)  ([^\n]+)" do standard[word] = { "", what } end
standard["math.huge"] = { "", "infinity" }
standard["math.maxinteger"] = { "", "the largest integer" }
standard["math.mininteger"] = { "", "the smallest integer" }
standard["utf8.charpattern"] = { "", "a pattern that matches one character" }
standard["package.path"] = { "", "where require looks for Lua files" }
standard["package.cpath"] = { "", "where require looks for C libraries" }
standard["package.loaded"] = { "", "the modules that are loaded, by name" }
standard["package.preload"] = { "", "loaders of modules, by name" }
standard["io.stdin"] = { "", "the standard input" }
standard["io.stdout"] = { "", "the standard output" }
standard["io.stderr"] = { "", "the error stream" }
return standard
