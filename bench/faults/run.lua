-- ./dev faults [TEST]: runs the tests whose name begins with TEST against the release build, and
-- prints a table: test, criterion, measured, verdict.
package.path = './?.lua;' .. package.path

local gate = require 'spec.support.gate'

local wanted = arg[1] or ''
local tests = {}

-- A test is { name, criterion, function() return measured, verdict end }.
for _, part in ipairs { 'process', 'scripts' } do
  for _, test in ipairs(require('bench.faults.' .. part)) do tests[#tests + 1] = test end
end

local function shorten(text) return (tostring(text):gsub('%s+', ' '):sub(1, 150)) end

local bad, ran = 0, 0
io.write(('%-28s %-58s %s\n'):format('TEST', 'CRITERION', 'MEASURED, VERDICT'))
for _, test in ipairs(tests) do
  local name, criterion, run = unpack(test)
  if name:sub(1, #wanted) == wanted or name:match '^%a+' == wanted then
    local well, measured, verdict = pcall(run)
    verdict = well and verdict
    ran = ran + 1
    if not verdict then bad = bad + 1 end
    io.write(('%-28s %-58s %s: %s\n'):format(name, criterion, shorten(measured),
      verdict and 'ok' or 'FAILED'))
    io.stdout:flush()
    gate.end_all()
  end
end
io.write(('%d tests, %d failed\n'):format(ran, bad))
os.exit(ran > 0 and bad == 0 and 0 or 1)
