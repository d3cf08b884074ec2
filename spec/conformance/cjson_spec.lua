-- JSON values beside lua-cjson, on what both hold exactly: values made at random, and their texts
-- with bytes changed at random. The seed is always the same.
local cjson = require('cjson').new()
local gate = require 'spec.support.gate'

package.cpath = gate.program():match '^(.*)/' .. '/lua/?.so;' .. package.cpath
local codec = require 'tidegate.codec'

local DOCUMENTS, CHANGES = 1500, 12

local STRINGS = { '', 'a', 'name', 'grün', '日本', '😀', 'quote " and \\', 'tab\tline\nend', '\1\31',
  '</script>', ('long '):rep(40) }
local NUMBERS = { 0, 1, -1, 42, 1.5, -0.25, 1e10, 123456789, 0.0009765625, 2 ^ 40 }

local function pick(list) return list[math.random(#list)] end

-- No empty tables: cjson makes objects of them all.
local function make(depth)
  local kind = math.random(depth > 0 and 6 or 4)
  if kind == 1 then return pick(STRINGS) end
  if kind == 2 then return pick(NUMBERS) end
  if kind == 3 then return math.random(2) == 1 end
  if kind == 4 then return cjson.null end
  local value = {}
  for i = 1, math.random(6) do
    value[kind == 5 and i or pick(STRINGS) .. i] = make(depth - 1)
  end
  return value
end

local function same(a, b)
  if type(a) ~= 'table' or type(b) ~= 'table' then
    if type(a) == 'number' and type(b) == 'number' then return a == b or a ~= a and b ~= b end
    return a == b
  end
  for key, value in pairs(a) do if not same(value, b[key]) then return false end end
  for key in pairs(b) do if a[key] == nil then return false end end
  return true
end

-- Whether there is something that one of them does not hold: a literal, or a key twice.
local function is_exact(value)
  if type(value) == 'userdata' then return value == codec.null end
  if type(value) ~= 'table' then return true end
  for _, inner in pairs(value) do if not is_exact(inner) then return false end end
  return true
end

describe('lua-cjson and the codec', function()
  it('read each other', function()
    math.randomseed(4)
    for _ = 1, DOCUMENTS do
      local value = make(5)
      local theirs, ours = cjson.encode(value), codec.json.encode(value)
      assert(same(value, (codec.json.decode(theirs))), theirs)
      assert(same(value, cjson.decode(ours)), ours)
    end
  end)

  it('make the same of a text that both take', function()
    math.randomseed(30)
    local both, refused = 0, 0
    for _ = 1, DOCUMENTS do
      local text = codec.json.encode(make(4))
      for _ = 1, CHANGES do
        local at, byte = math.random(#text), pick { '"', ',', '1', ' ', '}', '[', 'e', '\\', '-' }
        local changed = text:sub(1, at - 1) .. byte .. text:sub(at + math.random(0, 1))
        local good, theirs = pcall(cjson.decode, changed)
        local ours, err = codec.json.decode(changed)
        if ours ~= nil and not good then
          error(('only the codec takes %q: %s'):format(changed, theirs))
        end
        if ours == nil then
          refused = refused + 1
          assert(err.line and err.column, changed)
        elseif is_exact(ours) then
          both = both + 1
          assert(same(theirs, ours), changed)
        end
      end
    end
    assert(both > 1000 and refused > 1000, both .. ' and ' .. refused)
  end)
end)
