-- `--coverage`: which lines of a site's scripts have run, as a table and as LCOV.
local funcinfo, funck = require('jit.util').funcinfo, require('jit.util').funck

local insert, sort, concat = table.insert, table.sort, table.concat

local coverage = {}

local covered = {} -- by path: lines

function coverage.add(files)
  for path, lines in pairs(files) do
    covered[path] = covered[path] or {}
    for line in pairs(lines) do covered[path][line] = true end
  end
end

--- What add() has been told.
function coverage.lines() return covered end

-- The lines on which something of a function, or of those in it, begins.
local function add_lines(prototype, lines)
  local info = funcinfo(prototype)
  for pc = 1, info.bytecodes - 1 do
    local line = funcinfo(prototype, pc).currentline
    if line and line > 0 then lines[line] = true end
  end
  if not info.children then return end
  local n = -1
  while true do
    local child = funck(prototype, n)
    if not child then return end
    if type(child) == 'proto' then add_lines(child, lines) end
    n = n - 1
  end
end

-- The line of `end` returns, and no one looks for a test of that: it counts as run.
local function ends_only(text) return text:find '^%s*end[%s,;)}]*$' ~= nil end

local function lines_of(path)
  local chunk = loadfile(path)
  if not chunk then return nil end
  local lines, number, numbers = {}, 0, {}
  add_lines(chunk, lines)
  for text in io.lines(path) do
    number = number + 1
    if lines[number] and not ends_only(text) then insert(numbers, number) end
  end
  return numbers
end

-- 3, 4, 5, 9 as '3-5, 9'.
local function ranges(numbers)
  local parts, i = {}, 1
  while i <= #numbers do
    local k = i
    while numbers[k + 1] == numbers[k] + 1 do k = k + 1 end
    insert(parts, k > i and numbers[i] .. '-' .. numbers[k] or tostring(numbers[i]))
    i = k + 1
  end
  return concat(parts, ', ')
end

local function report_of(path)
  local lines = lines_of(path)
  if not lines then return nil end
  local report = { path = path, lines = lines, missed = {} }
  for _, line in ipairs(lines) do
    if not covered[path][line] then insert(report.missed, line) end
  end
  return report
end

local function reports()
  local list = {}
  for path in pairs(covered) do insert(list, report_of(path)) end
  sort(list, function(a, b) return a.path < b.path end)
  return list
end

local function percent(missed, all) return all == 0 and 100 or 100 * (all - missed) / all end

local function write_lcov(list, path)
  local file, problem = io.open(path, 'w')
  if not file then return io.stderr:write('tidegate: ', problem, '\n') end
  for _, report in ipairs(list) do
    file:write('SF:', report.path, '\n')
    for _, line in ipairs(report.lines) do
      file:write(('DA:%d,%d\n'):format(line, covered[report.path][line] and 1 or 0))
    end
    file:write(('LF:%d\nLH:%d\nend_of_record\n'):format(#report.lines,
      #report.lines - #report.missed))
  end
  file:close()
end

-- Prints the table; `lcov` is a file to write as well, or nil.
function coverage.report(lcov)
  local list, all, missed = reports(), 0, 0
  print ''
  for _, report in ipairs(list) do
    all, missed = all + #report.lines, missed + #report.missed
    print(('%5.1f %%  %s%s'):format(percent(#report.missed, #report.lines), report.path,
      #report.missed > 0 and '  missed: ' .. ranges(report.missed) or ''))
  end
  print(('%5.1f %%  of %d lines in %d files'):format(percent(missed, all), all, #list))
  if lcov then write_lcov(list, lcov) end
end

return coverage
