-- Documents made to burn CPU or memory, or to have something opened: refused or read in little
-- time, and nothing is touched. Time is CPU time of the codec, as the module for LuaJIT has it.
local attacks = require 'spec.support.attacks'
local big_bodies = require 'spec.support.big_bodies'
local sanitized = require 'spec.support.sanitized'

local SECONDS_PER_MB = 0.1

package.cpath = attacks.MODULES .. ';' .. package.cpath
local codec = require 'tidegate.codec'

local function check(call, attack, options)
  local seconds, value, err = attacks.cpu(call, attack[1], options)
  local most = SECONDS_PER_MB * math.max(1, #attack[1] / 1048576)
  assert(seconds <= most, ('%.3f s for %d bytes'):format(seconds, #attack[1]))
  if attack.read then
    assert(value ~= nil, tostring(err))
  else
    assert.is_nil(value)
    assert.matches('^%a+: line %d', err.message)
  end
end

describe('an attack by XML', function()
  for name, attack in pairs(attacks.xml) do
    it('of ' .. name, function()
      check(codec.convert.xml_to_json, attack, attacks.MORE)
      check(codec.xml.decode, attack, attacks.MORE)
      check(codec.convert.xml_to_json, attack, { trim = 'none' })
    end)
  end
end)

describe('an attack by JSON', function()
  for name, attack in pairs(attacks.json) do
    it('of ' .. name, function()
      check(codec.json.decode, attack)
      check(codec.convert.json_to_xml, attack, attacks.MORE)
    end)
  end
end)

describe('an attack that names a file or a host', function()
  it('opens nothing and connects to nothing', function() assert.same({}, attacks.touched()) end)

  it('would be seen if it did', function()
    local list = attacks.touched '/etc/passwd'
    assert.equal(1, #list)
    assert.matches('/etc/passwd', list[1])
  end)
end)

describe('eight bodies of 20 MB at once, where 10 MB are allowed', function()
  local REFUSED = { [413] = { 413, 413, 413, 413, 413, 413, 413, 413 },
    [502] = { 502, 502, 502, 502, 502, 502, 502, 502 } }
  local bodies

  setup(function() bodies = big_bodies.serve() end)
  teardown(function() bodies:stop() end)

  local function ask(status, request)
    local seen, grown = bodies:ask(request)
    assert.same(REFUSED[status], seen)
    if not sanitized() then assert(grown <= big_bodies.MOST, grown .. ' bytes') end
  end

  it('of requests are 413', function()
    ask(413, big_bodies.sized())
    ask(413, big_bodies.chunked())
  end)

  it('of a backend are 502', function() ask(502, big_bodies.of_backend()) end)
end)
