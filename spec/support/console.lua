-- Runs the ```console blocks of a Markdown file and says where the output differs from the shown.
--
-- In a block, lines that begin with `$ ` are commands (one that ends in \ goes on in the next);
-- the lines after it are its output, stdout and stderr together. `...` alone stands for any lines,
-- `...` inside a line for any text. A command that ends in ` &` is a server: it is awaited (until
-- it has printed what follows it, or else `event=ready`) and ended with SIGTERM after the last
-- block; it must exit 0. All blocks of a file share one folder, a copy; `tidegate` is the program
-- under test.
-- A block of another language whose first line is a comment with a path, such as `-- site.lua`,
-- is written to that file; when the file is there already, it must contain the block.
-- Ports of 127.0.0.1 or localhost and those after --port are replaced by free ones, in the blocks
-- and in the Lua, shell and JavaScript files of the folder.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

local console = {}

-- The fenced blocks of a text, in order: { language, text, line }.
function console.blocks(text)
  local list, open, number = {}, nil, 0
  for line in (text .. '\n'):gmatch '(.-)\n' do
    number = number + 1
    local language = line:match '^```%s*(%w*)'
    if language and not open then
      open = { language = language, line = number, lines = {} }
    elseif language then
      open.text = table.concat(open.lines, '\n') .. '\n'
      list[#list + 1], open = open, nil
    elseif open then
      table.insert(open.lines, line)
    end
  end
  return list
end

-- The commands of a console block: { command, expected (lines), line }.
function console.commands(block)
  local list, goes_on = {}, false
  for i, line in ipairs(block.lines) do
    local command = line:match '^%$ (.*)$'
    local last = list[#list]
    if command then
      list[#list + 1] = { command = command, expected = {}, line = block.line + i }
      goes_on = command:find '\\$' ~= nil
    elseif goes_on then
      last.command = last.command .. '\n' .. line
      goes_on = line:find '\\$' ~= nil
    elseif last then
      table.insert(last.expected, line)
    else
      error('output before the first command: ' .. line)
    end
  end
  return list
end

local function fits_line(want, got)
  if not want:find('...', 1, true) then return want == got end
  local pattern = want:gsub('[%^%$%(%)%%%.%[%]%*%+%-%?]', '%%%0'):gsub('%%%.%%%.%%%.', '.-')
  return got:find('^' .. pattern .. '$') ~= nil
end

-- Whether the lines of output are as shown, from the given places on.
local function fits(want, got, i, j)
  if want[i] == nil then return got[j] == nil end
  if want[i] == '...' then
    for skip = j, #got + 1 do
      if fits(want, got, i + 1, skip) then return true end
    end
    return false
  end
  return got[j] ~= nil and fits_line(want[i], got[j]) and fits(want, got, i + 1, j + 1)
end

local function lines_of(text)
  local list = {}
  for line in text:gmatch '([^\n]*)\n?' do list[#list + 1] = line end
  while list[#list] == '' do list[#list] = nil end
  return list
end

-- Whether output is as a block shows it.
function console.matches(expected, output)
  local want = lines_of(table.concat(expected, '\n'))
  -- A server says one thing more where the system refuses io_uring.
  return fits(want, lines_of((output:gsub('[^\n]*event=no_io_uring[^\n]*\n', ''))), 1, 1)
end

local function free_port(taken)
  for _ = 1, 1000 do
    local port = math.random(20000, 32000)
    local fd = not taken[port] and posix.connect(port, 0.2)
    if fd then posix.close(fd) elseif not taken[port] then
      taken[port] = true
      return port
    end
  end
  error 'no free port'
end

-- A function that replaces the ports in a text, always the same by the same.
local function port_mapper()
  local ports, taken = {}, {}
  local function swap(before, port)
    if not ports[port] then ports[port] = free_port(taken) end
    return before .. ports[port]
  end
  return function(text)
    return (text:gsub('(127%.0%.0%.1:)(%d+)', swap):gsub('(localhost:)(%d+)', swap)
      :gsub('(%-%-port[ =])(%d+)', swap))
  end
end

local function map_files(folder, map)
  local find = "find '%s' -type f '(' -name '*.lua' -o -name '*.sh' -o -name '*.js' ')'"
  for path in io.popen(find:format(folder)):lines() do
    local before = posix.read(path)
    local after = map(before)
    if after ~= before then posix.write(path, after) end
  end
end

local function environment(run)
  return { PATH = run.bin .. ':' .. os.getenv 'PATH', HOME = run.folder }
end

local function difference(step, output)
  return ('line %d: $ %s\n--- shown:\n%s\n--- came:\n%s'):format(step.line, step.command,
    table.concat(step.expected, '\n'), output)
end

local function run_command(run, step)
  local out = run.folder .. '.out'
  posix.write(out, '')
  local pid = posix.spawn({ '/bin/sh', '-c', run.map(step.command) },
    { stdout = out, env = environment(run), dir = run.folder })
  local well = pcall(wait.eventually, function() return posix.ended(pid) end, 60)
  if not well then posix.stop(pid, 0) end
  local output = posix.read(out)
  if not well then output = output .. '(it did not end)\n' end
  if not console.matches(step.mapped, output) then
    table.insert(run.wrong, difference(step, output))
  end
end

-- `A=b program &` as `A=b exec program`, so that the signal reaches the program itself.
local function as_server(command)
  local assignments, rest = '', command:gsub('%s*&%s*$', '')
  while rest:find '^[%a_][%w_]*=%S*%s' do
    local one, after = rest:match '^([%a_][%w_]*=%S*%s+)(.*)$'
    assignments, rest = assignments .. one, after
  end
  return assignments .. 'exec ' .. rest
end

local function start_server(run, step)
  local out = ('%s.server%d'):format(run.folder, #run.servers + 1)
  local pid = posix.spawn({ '/bin/sh', '-c', as_server(run.map(step.command)) },
    { stdout = out, env = environment(run), dir = run.folder })
  local server = { pid = pid, out = out, step = step }
  table.insert(run.servers, server)
  local function ready()
    if #step.mapped == 0 then return posix.read(out):find('event=ready', 1, true) end
    return console.matches(step.mapped, posix.read(out))
  end
  local up = pcall(wait.eventually, function()
    server.how = server.how or posix.ended(pid)
    return ready() or server.how
  end, 15)
  if not up or server.how then table.insert(run.wrong, difference(step, posix.read(out))) end
end

local function stop_servers(run)
  for i = #run.servers, 1, -1 do
    local server = run.servers[i]
    local how = server.how or posix.stop(server.pid)
    if how ~= 'exit 0' then
      table.insert(run.wrong, ('line %d: $ %s\nended with %s:\n%s'):format(server.step.line,
        server.step.command, how, posix.read(server.out)))
    end
  end
end

local function run_block(run, block)
  if block.language == 'console' then
    for _, step in ipairs(console.commands(block)) do
      step.mapped = {}
      for i, line in ipairs(step.expected) do step.mapped[i] = run.map(line) end
      run.count = run.count + 1
      if step.command:find '&%s*$' then start_server(run, step) else run_command(run, step) end
    end
    return
  end
  local path = (block.lines[1] or ''):match '^[-#/]+ ([%w_./-]+%.%w+)$'
  if not path or path:find('..', 1, true) then return end
  local there, text = posix.read(run.folder .. '/' .. path), run.map(block.text)
  local bare = text:gsub('^[^\n]*\n', '', 1)
  if there == '' then
    posix.write(run.folder .. '/' .. path, text)
  elseif not there:find(bare, 1, true) then
    table.insert(run.wrong, ('line %d: %s does not contain this block'):format(block.line, path))
  end
end

-- Runs the blocks of a Markdown file in a copy of the folders named (a list of paths, copied by
-- their names; or one path whose content is copied). Gives the list of differences and the number
-- of commands that ran.
function console.run(file, folders)
  local place = posix.folder()
  local run = { folder = place .. '/work', bin = place .. '/bin', map = port_mapper(), wrong = {},
    servers = {}, count = 0 }
  posix.write(run.bin .. '/.keep', '')
  posix.write(run.folder .. '/.keep', '')
  os.execute(("ln -s '%s' '%s/tidegate'"):format(gate.program(), run.bin))
  if type(folders) == 'string' then
    os.execute(("cp -r '%s/.' '%s/'"):format(folders, run.folder))
  else
    for _, path in ipairs(folders) do os.execute(("cp -r '%s' '%s/'"):format(path, run.folder)) end
  end
  map_files(run.folder, run.map)
  local well, reason = pcall(function()
    for _, block in ipairs(console.blocks(posix.read(file))) do run_block(run, block) end
  end)
  stop_servers(run)
  posix.remove(place)
  if not well then table.insert(run.wrong, tostring(reason)) end
  return run.wrong, run.count
end

return console
