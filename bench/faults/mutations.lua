-- C28: requests changed at random by zzuf, and conversions under afl++ and libFuzzer, each for half
-- of FUZZ_SECONDS.
local client = require 'spec.support.client'
local cases = require 'spec.support.malformed'
local http = require 'spec.support.http'
local kit = require 'bench.faults.kit'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'

local tests, test = kit.list()

local RUNS, SECONDS = 20000, tonumber(os.getenv 'FUZZ_SECONDS' or 1800) / 2

-- Fifty valid requests: those of the list that are passed on, and some with bodies to be converted.
local function valid_requests()
  local list = {}
  for _, one in ipairs(cases) do
    if type(one.expected) == 'table' and #list < 30 then list[#list + 1] = one.bytes end
  end
  local bodies = { { 'text/xml', '<a b="c"><d>1</d><d>2</d>&amp;<![CDATA[x]]></a>' },
    { 'application/json', '{"a":{"@b":"c","d":[1,2.5e3,null,true,"\\u00e9"]}}' },
    { 'application/x-www-form-urlencoded', 'a=1&b=%20x&c' },
    { 'application/soap+xml', '<S:Envelope xmlns:S="http://www.w3.org/2003/05/soap-envelope">' ..
      '<S:Body><m xmlns="urn:x"><n>7</n></m></S:Body></S:Envelope>' } }
  while #list < 50 do
    local body = bodies[#list % #bodies + 1]
    list[#list + 1] = http.encode_request { method = 'POST', path = '/convert/' .. #list,
      headers = { host = 'a', ['content-type'] = body[1], accept = '*/*', cookie = 'a=b; c=d' },
      body = body[2] }
  end
  return list
end

-- A text changed by zzuf with each of `count` seeds.
local function mutate(folder, text, count)
  posix.write(folder .. '/text', text)
  local pipe = io.popen(('zzuf -s 0:%d -r 0.001:0.05 cat %s/text'):format(count, folder))
  local all, list = pipe:read '*a', {}
  pipe:close()
  assert(#all == count * #text, 'zzuf did not run')
  for i = 1, count do list[i] = all:sub((i - 1) * #text + 1, i * #text) end
  return list
end

local CONVERT = [[
  local tg = require 'tidegate'
  return function(req)
    local out = {}
    for _, how in ipairs { 'json', 'xml', 'to_json', 'to_xml', 'form' } do
      local value, err = req[how](req)
      out[how] = value ~= nil and 'read' or err.code
    end
    return tg.json(out)
  end]]

test('C28 zzuf, 20 000 requests', '0 died, 0 answers of 5xx, 0 above 1 s', function()
  local it = upstream { default = upstream.text 'fine' }
  local tide = kit.serve { backends = { it = it }, site = { limits = { head_timeout = 5 } },
    files = { ['convert.lua'] = CONVERT },
    routes = { { 'ANY /convert/{n}', 'convert.lua' }, { 'ANY /', backend = 'it' },
      { 'ANY /{path...}', backend = 'it' } } }
  local folder, sent, slow, bad, changed = posix.folder(), 0, 0, {}, 0
  for _, text in ipairs(valid_requests()) do
    for _, bytes in ipairs(mutate(folder, text, RUNS / 50)) do
      if bytes ~= text then changed = changed + 1 end
      local at = posix.now()
      local connection = client.connect(tide.port)
      connection:send(bytes)
      connection:finish()
      local said = connection:rest(10)
      connection:close()
      if posix.now() - at > 1 then slow = slow + 1 end
      sent = sent + 1
      local status = said:match '^HTTP/1.1 (5%d%d)'
      if status then bad[status] = (bad[status] or 0) + 1 end
    end
  end
  posix.remove(folder)
  it:stop()
  local told = {}
  for status, n in pairs(bad) do told[#told + 1] = n .. ' x ' .. status end
  return ('%d sent, %d changed, %d above 1 s, %d died; %s'):format(sent, changed, slow,
    kit.deaths(tide), table.concat(told, ', ')), sent == RUNS and changed > RUNS / 2 and slow == 0
    and not next(bad) and kit.deaths(tide) == 0 and tide:get('/echo/x').body == 'x'
end, 900)

local CRITERION = ('0 crashes, 0 reports of ASan, 0 runs above 1 s, in %d s'):format(SECONDS)

local function await(pid)
  local how
  repeat
    posix.pause(0.1)
    how = posix.ended(pid)
  until how
  return how
end

-- XML to JSON, JSON to XML, and there and back.
local WAYS = { 'xml_options', 'json', 'roundtrip' }

test('C28 afl++ on conversion', CRITERION, function()
  local told, well, folder = {}, true, posix.folder()
  for _, name in ipairs(WAYS) do
    local mine = folder .. '/' .. name
    posix.write(mine .. '/log', '')
    local how = await(posix.spawn({ 'afl-fuzz', '-V', tostring(math.ceil(SECONDS / #WAYS)), '-m',
      'none', '-t', '1000+', '-i', 'spec/fuzz/corpus/' .. name, '-o', mine,
      '--', 'build/afl/spec/' .. name .. '_fuzz' },
      { stdout = mine .. '/log', stderr = mine .. '/log', env = { AFL_NO_UI = '1',
        AFL_SKIP_CPUFREQ = '1', AFL_NO_AFFINITY = '1', AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES = '1',
        ASAN_OPTIONS = 'abort_on_error=1:symbolize=0:detect_leaks=0' } }))
    local stats = posix.read(mine .. '/default/fuzzer_stats')
    local function stat(key) return tonumber(stats:match(key .. '%s*: (%d+)')) end
    local runs, crashes, hangs = stat 'execs_done', stat 'saved_crashes', stat 'saved_hangs'
    well = well and how == 'exit 0' and (runs or 0) > 0 and crashes == 0 and hangs == 0
    told[#told + 1] = ('%s %s runs, %s crashes, %s slow'):format(name, runs or 'NO', crashes, hangs)
  end
  if well then posix.remove(folder) else told[#told + 1] = 'see ' .. folder end
  return table.concat(told, '; '), well
end, SECONDS + 300)

local TARGETS = { 'xml', 'json', 'xml_options', 'roundtrip', 'xml_records', 'schema' }

-- How many of the inputs that seemed slow take more than a second when nothing else runs.
local function slow_ones(target, folder)
  local count, pipe = 0, io.popen('ls ' .. folder .. '/slow-unit-* 2>/dev/null')
  for path in pipe:lines() do
    local best = math.huge
    for _ = 1, 3 do
      local at = posix.now()
      os.execute(target .. ' ' .. path .. ' >/dev/null 2>&1')
      best = math.min(best, posix.now() - at)
    end
    if best > 1 then count = count + 1 end
  end
  pipe:close()
  return count
end

-- Each for its share of the time, from its corpus.
test('C28 libFuzzer on conversion', CRITERION, function()
  local told, well = {}, true
  local folder = posix.folder()
  for _, name in ipairs(TARGETS) do
    local mine = folder .. '/' .. name
    posix.write(mine .. '/corpus/.keep', '')
    local log, target = mine .. '/log', 'build/fuzz/spec/' .. name .. '_fuzz'
    local pid = posix.spawn({ target,
      '-max_total_time=' .. math.ceil(SECONDS / #TARGETS), '-timeout=20', '-report_slow_units=1',
      '-rss_limit_mb=2048', '-print_final_stats=1', '-artifact_prefix=' .. mine .. '/',
      mine .. '/corpus', 'spec/fuzz/corpus/' .. name }, { stdout = log, stderr = log })
    local how, text = await(pid), posix.read(log)
    local runs = text:match 'number_of_executed_units: *(%d+)'
    local slow = slow_ones(target, mine)
    well = well and how == 'exit 0' and runs ~= nil and slow == 0
    told[#told + 1] = ('%s %s runs%s%s'):format(name, runs or 'NO',
      how == 'exit 0' and '' or ' ' .. how, slow > 0 and ' ' .. slow .. ' slow' or '')
  end
  if well then posix.remove(folder) else told[#told + 1] = 'see ' .. folder end
  return table.concat(told, ', '), well
end, SECONDS + 300)

return tests
