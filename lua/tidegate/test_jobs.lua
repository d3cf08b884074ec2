-- Spec files side by side: each of some processes takes the next file, and tells the first process
-- what busted says of it, which shows all in the order of the files.
local core, busted, options = ...

local process, wire = core.process, core.wire
local insert, concat = table.insert, table.concat

-- What output handlers hear.
local told = { file = true, describe = true, test = true, pending = true, failure = true,
  error = true }

local publish, parent_of = busted.publish, busted.context.parent
local children_of, subscribe = busted.context.children, busted.subscribe
local execute = busted.execute

local writer         -- in a process that runs files
local parents = {}   -- by elements that came from such a process
local batch          -- stands for the parent of the file that runs

-- Values as text: a Lua expression.
local function literal(value, depth)
  local kind = type(value)
  if kind == 'string' then return ('%q'):format(value) end
  if kind == 'number' then return value == value and ('%.17g'):format(value) or '0' end
  if kind == 'boolean' then return tostring(value) end
  if kind ~= 'table' or depth > 4 then return 'nil' end
  local items = {}
  for key, item in pairs(value) do
    if type(key) == 'string' or type(key) == 'number' then
      insert(items, '[' .. literal(key, 5) .. ']=' .. literal(item, depth + 1))
    end
  end
  return '{' .. concat(items, ',') .. '}'
end

local function say(message)
  local text = literal(message, 0)
  writer:write(('%d\n%s'):format(#text, text))
end

-- What the process does that runs files.

local ids, last_id = {}, 0

-- An element without what it contains; those around it by their numbers, told once.
local function flat(element)
  local copy = {}
  for key, value in pairs(element) do
    if type(value) ~= 'function' and type(value) ~= 'table' then copy[key] = value end
  end
  if type(element.trace) == 'table' then
    copy.trace = {}
    for key, value in pairs(element.trace) do
      if type(value) ~= 'function' then copy.trace[key] = type(value) == 'table' and
        tostring(value) or value end
    end
  end
  copy.attributes = {}
  return copy
end

local function is_element(value) return type(value) == 'table' and value.descriptor ~= nil end

local function id_of(element)
  if not ids[element] then
    last_id = last_id + 1
    ids[element] = last_id
    local parent = parent_of(element)
    say { what = 'element', id = last_id, parent = parent and id_of(parent),
      element = flat(element) }
  end
  return ids[element]
end

local function flat_argument(value)
  if is_element(value) then return { id = id_of(value) } end
  if type(value) == 'table' then return { value = flat({ trace = value }).trace } end
  local is_plain = type(value) ~= 'userdata' and type(value) ~= 'function'
  if not is_plain then return { value = tostring(value) } end
  return { value = value }
end

local function tell(channel, element, ...)
  local printed = process.captured()
  if printed ~= '' then say { what = 'printed', text = printed } end
  local id, arguments = id_of(element), {}
  for i = 1, select('#', ...) do arguments[i] = flat_argument((select(i, ...))) end
  say { what = 'publish', channel = channel, id = id, element = flat(element),
    arguments = arguments, count = select('#', ...) }
end

function busted.publish(channel, element, ...)
  if writer and told[channel[1]] then tell(channel, element, ...) end
  return publish(channel, element, ...)
end

-- Handlers of output hear of it in the first process only.
local hears_output = false

function busted.subscribe(channel, run, opts)
  if not hears_output then return subscribe(channel, run, opts) end
  return subscribe(channel, function(...)
    if writer then return nil, true end
    return run(...)
  end, opts)
end

function busted.context.parent(element) return parents[element] or parent_of(element) end
function busted.context.children(element)
  if element == batch and batch then return batch end
  return children_of(element)
end

local function run_files(files, counter)
  process.capture()
  while true do
    local number = counter:next()
    if number > #files then break end
    say { what = 'begin', file = number }
    batch = { files[number] }
    execute(batch)
    local printed = process.captured()
    if printed ~= '' then say { what = 'printed', text = printed } end
    say { what = 'end', file = number }
  end
  if options.coverage then say { what = 'coverage', files = options.coverage.lines() } end
  say { what = 'over' }
  process.exit(0)
end

-- What the first process does.

local function start(files, counter)
  local child, child_writer = process.fork()
  if child then return { child = child, rest = '', elements = {} } end
  writer = child_writer
  run_files(files, counter)
end

local function fill(element, copy)
  for key, value in pairs(copy) do element[key] = value end
  return element
end

-- The file's element is here already, as is the root.
local function add_element(worker, message, files)
  local copy, element = message.element, nil
  if copy.descriptor == 'file' then element = files[worker.file] end
  if copy.descriptor == 'suite' then element = busted.context.get() end
  worker.elements[message.id] = element or copy
  if not element and message.parent then parents[copy] = worker.elements[message.parent] end
end

local function replay(worker, message)
  if message.what == 'printed' then
    io.stdout:write(message.text)
    return
  end
  local arguments = {}
  for i = 1, message.count do
    local argument = message.arguments[i]
    arguments[i] = argument.id and worker.elements[argument.id] or argument.value
  end
  publish(message.channel, fill(worker.elements[message.id], message.element),
    unpack(arguments, 1, message.count))
end

-- Takes whole messages off what a process said.
local function next_message(worker)
  local length, at = worker.rest:match '^(%d+)\n()'
  if not length or #worker.rest < at + length - 1 then return nil end
  local text = worker.rest:sub(at, at + length - 1)
  worker.rest = worker.rest:sub(at + length)
  return setfenv(assert(loadstring('return ' .. text)), {})()
end

local function hear(worker, message, results, files)
  if message.what == 'begin' then
    worker.file = message.file
    results[worker.file] = { worker = worker, messages = {} }
  elseif message.what == 'end' then
    results[worker.file].over = true
    worker.file = nil
  elseif message.what == 'element' then
    add_element(worker, message, files)
  elseif message.what == 'coverage' then
    options.coverage.add(message.files)
  elseif message.what == 'over' then
    worker.over = true
  else
    insert(results[worker.file].messages, message)
  end
end

-- How a process has ended that said no more.
local function reap(worker)
  local status = worker.child:reap()
  while not status do
    wire.wait({}, {}, 5)
    status = worker.child:reap()
  end
  worker.child:stop()
  return status < 0 and 'by signal ' .. -status or 'with status ' .. status
end

local function fail_file(worker, results, files)
  local how, result = reap(worker), worker.file and results[worker.file]
  if worker.over or not result then return end
  local file = files[worker.file]
  insert(result.messages, { what = 'lost', message =
    ('%s:1: the process that ran this file ended %s'):format(file.name, how), file = file })
  result.over = true
end

-- Shows what is there from a file on: the file that comes next, and whether it was the last.
local function show(results, shown)
  while results[shown] do
    local result = results[shown]
    for _, message in ipairs(result.messages) do
      if message.what == 'lost' then
        publish({ 'error', 'file' }, message.file, busted.context.get(), message.message,
          { short_src = message.file.name, currentline = 1, traceback = '' })
      else
        replay(result.worker, message)
      end
    end
    result.messages = {}
    if not result.over then return shown, false end
    shown = shown + 1
    if busted.skipAll then return shown, true end
  end
  return shown, false
end

local function wait(workers)
  local fds = {}
  for i, worker in ipairs(workers) do fds[i] = worker.child:fd() end
  wire.wait(fds, {}, 1000)
end

-- Hears one process; false when it has ended.
local function listen(worker, results, files)
  local bytes = worker.child:read()
  if not bytes then
    fail_file(worker, results, files)
    return false
  end
  if bytes == '' then return true end
  worker.rest = worker.rest .. bytes
  local message = next_message(worker)
  while message do
    hear(worker, message, results, files)
    message = next_message(worker)
  end
  return true
end

local function run_side_by_side(files, count)
  local counter, workers, results, shown = process.counter(), {}, {}, 1
  local is_over
  for i = 1, count do workers[i] = start(files, counter) end
  while #workers > 0 do
    wait(workers)
    for i = #workers, 1, -1 do
      local worker = workers[i]
      if not listen(worker, results, files) then
        if worker.over then table.remove(workers, i) else workers[i] = start(files, counter) end
      end
    end
    shown, is_over = show(results, shown)
    if is_over then
      for _, worker in ipairs(workers) do worker.child:stop() end
      return
    end
  end
end

function busted.execute(current)
  local files = children_of(current or busted.context.get())
  local count = math.min(options.jobs, #files)
  if current or count < 2 then return execute(current) end
  for _, file in ipairs(files) do
    if file.descriptor ~= 'file' then return execute(current) end
  end
  return run_side_by_side(files, count)
end

--- What is subscribed to while this runs is for output.
return function(load)
  return function(...)
    hears_output = true
    load(...)
    hears_output = false
  end
end
