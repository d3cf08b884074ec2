-- `tidegate test --watch`: runs the specs again whenever a file changes.
local core, folders, run = ...

local process, wire = core.process, core.wire

local SIGKILL, INTERRUPTED, QUIET_MS = 9, 130, 100

local function open_folders()
  local list = {}
  for _, path in ipairs(folders) do
    local folder, problem = process.folder(path)
    if not folder then
      io.stderr:write(('tidegate: %s can\'t be watched: %s\n'):format(path, problem))
      return nil
    end
    list[#list + 1] = folder
  end
  return list
end

local watched = open_folders()
if not watched then return 1 end
local signals = process.signals()

local function any_changed()
  local changed = false
  for _, folder in ipairs(watched) do changed = folder:changed() or changed end
  return changed
end

local function fds_with(child)
  local fds = { signals }
  for _, folder in ipairs(watched) do fds[#fds + 1] = folder:fd() end
  if child then fds[#fds + 1] = child:fd() end
  return fds
end

-- A save is often more than one change.
local function settle()
  repeat wire.wait({}, {}, QUIET_MS) until not any_changed()
end

-- Runs them once: 'over' with the exit status, 'changed' or 'signal'.
local function run_once()
  local child = process.fork(true)
  if not child then process.exit(run()) end
  while true do
    wire.wait(fds_with(child), {}, 1000)
    local status = child:reap()
    if status then
      child:stop()
      return 'over', status
    end
    local is_signal = process.signalled(signals)
    if is_signal or any_changed() then
      child:kill(SIGKILL, true)
      child:stop()
      return is_signal and 'signal' or 'changed'
    end
    if child:read() == nil then wire.wait({}, {}, 2) end
  end
end

local function await_change()
  while true do
    wire.wait(fds_with(), {}, -1)
    if process.signalled(signals) then return false end
    if any_changed() then return true end
  end
end

while true do
  local how, status = run_once()
  if how == 'signal' then
    print '\ninterrupted'
    return INTERRUPTED
  end
  if how == 'over' then
    print(('\n%s; waiting for a change in %s, Ctrl-C ends'):format(
      status == 0 and 'passed' or 'FAILED', table.concat(folders, ', ')))
    io.stdout:flush()
    if not await_change() then
      print ''
      return 0
    end
  end
  settle()
  print(('\n--- %s: something has changed'):format(os.date '%H:%M:%S'))
  io.stdout:flush()
end
