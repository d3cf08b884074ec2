-- ./dev faults [TEST]: runs the tests whose name begins with TEST against the release build, and
-- prints a table: test, criterion, measured, verdict. Each runs in a process of its own, which may
-- take so long as its part says.
package.path = './?.lua;' .. package.path

local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'

local SECONDS = 240
local PARTS = { 'process', 'backends', 'clients', 'mutations', 'conversion', 'scripts', 'cache',
  'endurance' }

local function shorten(text) return (tostring(text):gsub('%s+', ' '):sub(1, 240)) end

-- In the child: the verdict in the first line of the file, then what was measured.
local function play(run, path)
  local well, measured, verdict = pcall(run)
  posix.write(path, (well and verdict and 'ok' or 'FAILED') .. '\n' .. shorten(measured))
  pcall(gate.end_all)
end

local function judge(test)
  local folder = posix.folder()
  local path, seconds = folder .. '/result', test.seconds or SECONDS
  local pid = posix.fork(function() play(test[3], path) end, 2)
  local deadline = posix.now() + seconds
  while not posix.ended(pid) do
    posix.pause(0.02)
    if posix.now() > deadline then
      posix.kill(pid, posix.KILL)
      deadline = math.huge
    end
  end
  local verdict, measured = posix.read(path):match '^(%a+)\n(.*)$'
  posix.remove(folder)
  return verdict or 'FAILED', measured or ('no result within %d s'):format(seconds)
end

local function is_wanted(name, wanted)
  if wanted:find '%d$' and name:find('^%d', #wanted + 1) then return false end
  return name:sub(1, #wanted) == wanted
end

local wanted, bad, ran = arg[1] or '', 0, 0
io.write(('%-30s %-68s %s\n'):format('TEST', 'CRITERION', 'MEASURED, VERDICT'))
for _, part in ipairs(PARTS) do
  for _, test in ipairs(require('bench.faults.' .. part)) do
    if wanted == '' or is_wanted(test[1], wanted) then
      ran = ran + 1
      local verdict, measured = judge(test)
      if verdict ~= 'ok' then bad = bad + 1 end
      io.write(('%-30s %-68s %s: %s\n'):format(test[1], test[2], measured, verdict))
      io.stdout:flush()
    end
  end
end
io.write(('%d tests, %d failed\n'):format(ran, bad))
os.exit(ran > 0 and bad == 0 and 0 or 1)
