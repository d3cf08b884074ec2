-- `tidegate test`: reads the command line and runs busted beside the sites.
local core, arguments = ...

local insert = table.insert

local usage = [[
usage: tidegate test [SITE] [PATH…] [options]

Runs the specs of a site with busted: files SITE/spec/**/*_spec.lua, or those of the paths. A spec
asks the site by require 'tidegate.test', in virtual time and without a network. Without SITE it is
the folder you are in when it has a site.lua, else the one that came with tidegate.

  --seed N       of what is random in the site, and of busted's shuffling; 1 when it is not given
  --coverage[=FILE]
                 which lines of the site's scripts have run; to FILE as LCOV too
  -j, --jobs N   so many spec files at once; as many as there are cores when it is not given
  --watch        again whenever a file of the site changes; Ctrl-C ends it
  --real         in real time: each test starts the program with the site and asks it over sockets.
                 Tests with #virtual in their names are left out
  --against URL  the same with a gate that runs there already; rules answer at the addresses on
                 loopback that the site gives its backends

All other options are busted's, such as:
  -o TAP         how results are shown: also junit, json, plainTerminal, and lines: one a failure
  --filter P     only tests whose names match the Lua pattern P; --filter-out P the others
  -t TAG         only tests with #TAG in their name; --exclude-tags TAG the others
  --shuffle      in any order
  --repeat N     again and again

Exit status: 0 when all tests pass, 1 when not, 2 for a wrong command line, 130 when --watch is
interrupted in the midst of a run.
]]

local takes_value = { ['-p'] = true, ['-o'] = true, ['-C'] = true, ['-f'] = true, ['-t'] = true,
  ['-e'] = true, ['-m'] = true, ['-r'] = true, ['-Xoutput'] = true, ['-Xhelper'] = true,
  ['--pattern'] = true, ['--exclude-pattern'] = true, ['--output'] = true, ['--directory'] = true,
  ['--config-file'] = true, ['--tags'] = true, ['--exclude-tags'] = true, ['--filter'] = true,
  ['--filter-out'] = true, ['--lpath'] = true, ['--cpath'] = true, ['--run'] = true,
  ['--repeat'] = true, ['--seed'] = true, ['--lang'] = true, ['--loaders'] = true,
  ['--helper'] = true, ['-j'] = true, ['--jobs'] = true, ['--against'] = true }

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

local function complain(message)
  io.stderr:write('tidegate: ', message, '; see tidegate test --help\n')
  return 2
end

-- Those that busted does not know, or --coverage, which it knows otherwise.
local function own_option(word)
  if word == '-j' or word:find '^%-j%d+$' then return 'jobs' end
  local name = word:match '^%-%-(%l+)$' or word:match '^%-%-(%l+)='
  return (name == 'jobs' or name == 'against' or name == 'real' or name == 'watch') and name or nil
end

-- The command line taken apart: paths, options for busted, and our own.
local function read_arguments()
  local read = { paths = {}, passed = {}, seed = 1 }
  local i = 1
  while i <= #arguments do
    local word = arguments[i]
    local value
    if takes_value[word] then
      i = i + 1
      value = arguments[i]
    end
    if word == '--seed' or word:find '^%-%-seed=' then
      read.seed = tonumber(value or word:match '=(.*)$')
    end
    local own = own_option(word)
    if word == '--help' or word == '-h' then
      read.help = true
    elseif own == 'jobs' then
      read.jobs = tonumber(value or word:match '^%-j(%d+)$' or word:match '=(.*)$') or 0
    elseif own == 'against' then
      read.against = value or word:match '=(.*)$' or ''
    elseif own then
      read[own] = true
    elseif word == '--coverage' or word == '-c' or word:find '^%-%-coverage=' then
      read.coverage, read.lcov = true, word:match '=(.+)$'
    elseif word:sub(1, 1) == '-' then
      insert(read.passed, word)
      if value then insert(read.passed, value) end
    else
      insert(read.paths, (word:gsub('(.)/+$', '%1')))
    end
    i = i + 1
  end
  return read
end

-- Takes the site off the front of the paths.
local function choose_site(read)
  local first = read.paths[1]
  if first and exists(first .. '/site.lua') then return table.remove(read.paths, 1) end
  if exists 'site.lua' then return '.' end
  return core.default_site
end

local function prepare_busted(options)
  local make = require 'busted.core'
  local load_output = require 'busted.modules.output_handler_loader'
  package.preload['busted.outputHandlers.lines'] = core.library 'test_lines'
  package.loaded['busted.core'] = function()
    local busted = make()
    local as_output = core.library 'test_jobs' (core, busted, options)
    package.loaded['busted.modules.output_handler_loader'] = function()
      return as_output(load_output())
    end
    local made -- busted forgets what the files before have loaded
    package.preload['tidegate.test'] = function()
      made = made or core.library 'test' (core, busted, options)
      return made
    end
    return busted
  end
end

local function run(read, options)
  local over = {}
  local words = { [0] = 'tidegate test' }
  for _, word in ipairs(read.passed) do insert(words, word) end
  for _, path in ipairs(read.paths) do insert(words, path) end
  rawset(_G, 'arg', words)
  package.path = options.site .. '/?.lua;' .. package.path
  rawset(os, 'exit', function(code)
    over.status = code == true and 0 or tonumber(code) or code == nil and 0 or 1
    error(over, 0)
  end)
  local runner = require 'busted.runner'
  local ok, message = pcall(function()
    runner { standalone = false }
    return nil
  end)
  if options.coverage then options.coverage.report(read.lcov) end
  io.stdout:flush()
  if ok then return 0 end
  if message == over then return over.status end
  error(message, 0)
end

-- What --against names: { host, port }, or nil.
local function read_url(url)
  local host, port = url:match '^http://%[?([%w.:]-)%]?:(%d+)/?$'
  if not host then host, port = url:match '^http://([%w.]+)/?$', 80 end
  port = tonumber(port)
  return host and port <= 65535 and { host = host, port = port } or nil
end

-- The status of a wrong command line, or nil.
local function complain_of(read)
  if not read.seed or read.seed < 1 or read.seed ~= math.floor(read.seed) then
    return complain '--seed takes a whole number from 1'
  end
  if read.jobs and (read.jobs < 1 or read.jobs > 256 or read.jobs ~= math.floor(read.jobs)) then
    return complain '--jobs takes a whole number from 1 to 256'
  end
  if read.against and not read_url(read.against) then
    return complain(("--against takes an address such as http://127.0.0.1:8080, not '%s'"):format(
      read.against))
  end
  if read.coverage and (read.against or read.real) then
    return complain '--coverage sees what runs in virtual time only'
  end
end

local function options_of(read, site)
  local options = { site = site, seed = read.seed, jobs = read.jobs or core.process.cores(),
    coverage = read.coverage and core.library 'test_coverage' () or nil }
  if read.against then
    options.real, options.jobs = read_url(read.against), 1
  elseif read.real then
    options.real = true
  end
  if options.real then insert(read.passed, '--exclude-tags=virtual') end
  return options
end

-- What --watch looks at: the site, and the folders of the paths that lie elsewhere.
local function folders_of(site, paths)
  local folders = { site }
  for _, path in ipairs(paths) do
    local folder = exists(path .. '/.') and path or path:match '^(.*)/[^/]*$' or '.'
    if folder ~= site and folder:sub(1, #site + 1) ~= site .. '/' and site ~= '.' then
      insert(folders, folder)
    end
  end
  return folders
end

local read = read_arguments()
if read.help then
  io.stdout:write(usage)
  return 0
end
local wrong = complain_of(read)
if wrong then return wrong end
if not pcall(require, 'busted.core') then
  io.stderr:write('tidegate: busted is not there; on Debian: apt-get install lua-busted\n')
  return 1
end
local site = choose_site(read)
if #read.paths == 0 then
  local folder = site .. '/spec'
  if not exists(folder) then
    io.stderr:write(("tidegate: %s has no specs: there is no folder %s/spec\n"):format(site, site))
    return 1
  end
  insert(read.paths, folder)
end
local options = options_of(read, site)
prepare_busted(options)
if not read.watch then return run(read, options) end
return core.library 'test_watch' (core, folders_of(site, read.paths),
  function() return run(read, options) end)
