-- Documents that want too much: part D of the list. Times are CPU times of the codec as LuaJIT's
-- module has it, the best of three.
local attacks = require 'spec.support.attacks'
local big_bodies = require 'spec.support.big_bodies'
local kit = require 'bench.faults.kit'

package.cpath = attacks.MODULES .. ';' .. package.cpath

local tests, test = kit.list()

test('D30 JSON test suite', 'y all, n none, i without a 5xx, as values and as XML', function()
  return kit.spec 'spec/conformance/json_suite_spec.lua'
end)

test('D30 XML conformance suite', 'nothing ill-formed accepted, 0 crashes', function()
  return kit.spec 'spec/conformance/xml_suite_spec.lua'
end)

-- Runs attacks by these calls, each with its options: how many, the slowest (by `allowed`), and
-- what is wrong.
local function run(list, allowed, ...)
  local worst, slowest, wrong, count = 0, '', {}, 0
  for name, attack in pairs(list) do
    for _, call in ipairs { ... } do
      local seconds, value = attacks.cpu(call[1], attack[1], call[2])
      count = count + 1
      local part = seconds / allowed(attack)
      if part > worst then worst, slowest = part, ('%s %.0f ms'):format(name, seconds * 1000) end
      if part > 1 or (value ~= nil) ~= (attack.read or false) then wrong[#wrong + 1] = name end
    end
  end
  return ('%d runs, slowest: %s; wrong: %s'):format(count, slowest, table.concat(wrong, ', ')),
    #wrong == 0
end

test('D31 XML attacks', 'refused, or read, within 100 ms; memory <= 20 MiB', function()
  local codec = require 'tidegate.codec'
  local measured, well = run(attacks.xml, function() return 0.1 end,
    { codec.convert.xml_to_json, attacks.MORE }, { codec.xml.decode, attacks.MORE })
  -- Memory: of a gate that is sent all of them. What is refused must not be held.
  local tide = kit.serve { site = { workers = 1, limits = { script_memory = '256MB',
    lua_memory = '512MB' } }, files = { ['convert.lua'] = [[
      local tg = require 'tidegate'
      return function(req)
        local json, err = req:to_json()
        return json and 'read' or tg.problem(err)
      end]] }, routes = { { 'POST /convert', 'convert.lua' } } }
  local pid, said = tide:worker(), {}
  local function send(attack)
    local res = tide:post('/convert', attack[1], { ['content-type'] = 'text/xml' })
    said[res.status] = (said[res.status] or 0) + 1
  end
  local before = kit.memory(pid, 'VmHWM')
  for _, attack in pairs(attacks.xml) do
    if not attack.read then send(attack) end
  end
  local most = kit.memory(pid, 'VmHWM') - before
  local odd, told = 0, {}
  for status, n in pairs(said) do
    told[#told + 1] = n .. ' x ' .. status
    if status ~= 400 and status ~= 413 and status ~= 422 then odd = odd + n end
  end
  return ('%s; %s, memory %+.1f MiB'):format(measured, table.concat(told, ', '), most / 1048576),
    well and odd == 0 and most <= 20 * 1048576
end)

test('D31 what is opened', '0 file opens, 0 connects (strace)', function()
  local list = attacks.touched()
  return ('%d: %s'):format(#list, table.concat(list, '; ')), #list == 0
end)

test('D32 JSON attacks', '<= 250 ms a MiB', function()
  local codec = require 'tidegate.codec'
  return run(attacks.json, function(attack) return 0.25 * math.max(1, #attack[1] / 1048576) end,
    { codec.json.decode }, { codec.convert.json_to_xml, attacks.MORE })
end)

test('D32 keys that collide', '<= 5x the time of plain keys of the same size', function()
  local codec = require 'tidegate.codec'
  local list = {}
  for i = 1, 10500 do
    list[i] = ('"%06d%s":1'):format((i * 7919) % 1000003, ('x%dy'):format(i):rep(16):sub(1, 84))
  end
  local plain = '{' .. table.concat(list, ',') .. '}'
  local out, well = {}, true
  local collide = attacks.json['1 MB of keys that collide'][1]
  for name, call in pairs { values = { codec.json.decode },
    XML = { codec.convert.json_to_xml, attacks.MORE } } do
    local a = attacks.cpu(call[1], plain, call[2])
    local b = attacks.cpu(call[1], collide, call[2])
    out[#out + 1] = ('%s %.1f ms, %.1f plain'):format(name, b * 1000, a * 1000)
    well = well and b <= 5 * a
  end
  return table.concat(out, '; '), well
end)

test('D33 there and back', '0 differences in canonical XML', function()
  return kit.spec 'spec/conformance/round_trip_spec.lua'
end)

test('D34 eight bodies of 20 MB', '413 or 502, memory <= 8 x limit x 3', function()
  local bodies, out, well = big_bodies.serve(), {}, true
  for status, requests in pairs { [413] = { bodies.sized(), bodies.chunked() },
    [502] = { bodies.of_backend() } } do
    for _, request in ipairs(requests) do
      local seen, grown = bodies:ask(request)
      for _, one in ipairs(seen) do well = well and one == status end
      well = well and grown <= big_bodies.MOST
      out[#out + 1] = ('%s, %+.0f MiB'):format(table.concat(seen, ' '), grown / 1048576)
    end
  end
  bodies:stop()
  return table.concat(out, '; '), well
end)

return tests
