-- `tidegate record`: requests through a process that runs become a spec, with what its backends
-- answered as rules.
local core, arguments = ...

local tg = require 'tidegate'
local spec = core.library 'record_spec' (tg)

local process, wire = core.process, core.wire
local insert, concat = table.insert, table.concat

local usage = [[
usage: tidegate record [SITE] --route 'GET /x/{id}' --out SITE/spec/x_spec.lua [options]

Lets the process that serves the site keep requests of a route with what its backends answer, and
writes them as a spec that passes with `tidegate test`. Ctrl-C ends it with what has come so far.

  --count N     after so many requests; 20 when it is not given, 1000 at most
  --seconds S   after so long; 60 when it is not given, 3600 at most
  --admin A     ask at this address instead of the site's, such as unix:admin.sock; a token is taken
                from TIDEGATE_ADMIN_TOKEN

Secrets are masked: Authorization, Cookie, Set-Cookie and other fields and parameters that look like
such, and what site.lua takes from `env` or `file`. The file is not written over.

Exit status: 0 when the spec is written and passes, 1 when not, 2 for a wrong command line.
]]

local LOOK_MS = 200 -- between two looks at what has come

local function complain(message)
  io.stderr:write('tidegate: ', message, '\n')
  return 1
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

local values = { ['--route'] = 'route', ['--out'] = 'out', ['--count'] = 'count',
  ['--seconds'] = 'seconds', ['--admin'] = 'admin' }

-- The command line, or nil and what is wrong with it.
local function read_arguments()
  local read = { count = '20', seconds = '60' }
  local i = 1
  while i <= #arguments do
    local word = arguments[i]
    local name, value = word:match '^(%-%-%l+)=(.*)$'
    if values[word] then
      i = i + 1
      read[values[word]] = arguments[i]
      if not arguments[i] then return nil, ("a value must follow '%s'"):format(word) end
    elseif name and values[name] then
      read[values[name]] = value
    elseif word == '--help' or word == '-h' then
      read.help = true
    elseif word:sub(1, 1) == '-' then
      return nil, ("unknown option '%s'"):format(word)
    elseif read.site then
      return nil, ("one site is enough; what is '%s'?"):format(word)
    else
      read.site = word:gsub('(.)/+$', '%1')
    end
    i = i + 1
  end
  return read
end

local function wrong_with(read)
  local function is_number(text, most)
    local number = text:find '^%d+$' and tonumber(text)
    return number and number >= 1 and number <= most
  end
  if not read.route then return "--route 'METHOD /path' is missing" end
  if not read.out then return '--out FILE is missing' end
  if not read.out:find '_spec%.lua$' then return "--out names a file that ends with '_spec.lua'" end
  if not is_number(read.count, 1000) then return '--count takes a whole number from 1 to 1000' end
  if not is_number(read.seconds, 3600) then
    return '--seconds takes a whole number from 1 to 3600'
  end
end

local function escape(text)
  return (text:gsub('[^%w]', function(c) return ('%%%02X'):format(c:byte()) end))
end

-- What the process answers to a question, as a value; or nil and what is wrong.
local function ask(read, method, path)
  local status, body = process.ask(read.site, read.admin, method, path)
  if not status then return nil, (read.admin or read.site) .. ': ' .. body end
  local value = tg.json.decode(body)
  if not value then return nil, 'what it says is not understood' end
  if status ~= 200 then return nil, value.detail or 'it does not record' end
  return value
end

-- Records until it is over.
local function record(read)
  local signals = process.signals()
  local state, problem = ask(read, 'POST', ('/record?route=%s&count=%s&seconds=%s'):format(
    escape(read.route), read.count, read.seconds))
  if not state then return nil, problem end
  io.stderr:write(('recording %s for %s s, Ctrl-C ends it\n'):format(read.route, read.seconds))
  while state.on do
    wire.wait({ signals }, {}, LOOK_MS)
    local ended = process.signalled(signals)
    state, problem = ask(read, ended and 'POST' or 'GET',
      ended and '/record?stop=true' or '/record')
    if not state then return nil, problem end
  end
  return state
end

local function write(path, text)
  local file, problem = io.open(path, 'wb')
  if not file then return nil, problem end
  file:write(text)
  file:close()
  return true
end

-- Runs the spec: its exit status, and what it says.
local function try(read)
  local child, said = process.test(read.site, read.out), {}
  local status = child:reap()
  while not status do
    wire.wait({ child:fd() }, {}, 50)
    insert(said, child:read() or '')
    status = child:reap()
  end
  insert(said, child:read() or '')
  child:stop()
  return status, concat(said)
end

-- What differs each time, such as a time in a body, can't be asked for: those tests keep the status
-- alone.
local function write_what_passes(read, items)
  local loose = {}
  for _ = 1, 2 do
    local well, problem = write(read.out, spec.text(read.route, items, loose))
    if not well then return nil, problem end
    local status, said = try(read)
    if status == 0 then return true end
    for number in said:gmatch ': [^\n]-%(request (%d+)%)' do loose[tonumber(number)] = true end
    problem = said
    if not next(loose) then return nil, 'the spec does not pass:\n' .. problem end
  end
  local status, said = try(read)
  if status == 0 then return true end
  return nil, 'the spec does not pass:\n' .. said
end

local read, problem = read_arguments()
if read and read.help then
  io.stdout:write(usage)
  return 0
end
problem = problem or wrong_with(read)
if problem then
  complain(problem .. '; see tidegate record --help')
  return 2
end
read.site = read.site or exists 'site.lua' and '.' or core.default_site
if exists(read.out) then return complain(read.out .. ' is there already') end
local state
state, problem = record(read)
if not state then return complain(problem) end
local items, left_out = spec.playable(state.items)
left_out = left_out + state.skipped
if #items == 0 then
  return complain(('nothing was written: %d requests came, %d of them can\'t be played again')
    :format(#state.items + state.skipped, left_out))
end
local well
well, problem = write_what_passes(read, items)
if not well then return complain(problem) end
print(('%s: %d requests%s'):format(read.out, #items,
  left_out > 0 and (', %d left out'):format(left_out) or ''))
return 0
