-- Documents made to burn CPU or memory, or to have something opened. Every one of them is refused,
-- unless `read` says that it is fine as it is.
local gate = require 'spec.support.gate'
local installed = require 'spec.support.installed'
local posix = require 'spec.support.posix'

local attacks = {}
local MODULES = gate.program():match '^(.*)/' .. '/lua/?.so'

local function attributes(n)
  local list = {}
  for i = 1, n do list[i] = ('a%d="x"'):format(i) end
  return '<a ' .. table.concat(list, ' ') .. '/>'
end

local function names(n)
  local list = {}
  for i = 1, n do list[i] = ('<e%d/>'):format(i) end
  return '<a>' .. table.concat(list) .. '</a>'
end

local ENTITY = '<!DOCTYPE a [<!ENTITY x SYSTEM "%s">]><a>&x;</a>'

attacks.xml = {
  ['40 000 attributes'] = { attributes(40000) },
  ['one attribute 100 000 times'] = { '<a' .. (' b=""'):rep(100000) .. '/>' },
  ['40 000 declarations'] = { '<a ' .. attributes(40000):sub(4):gsub(' a', ' xmlns:a') },
  ['300 000 levels'] = { ('<a>'):rep(300000) },
  ['300 000 levels that end'] = { ('<a>'):rep(300000) .. ('</a>'):rep(300000) },
  ['100 000 names'] = { names(100000) },
  ['a name of 1 MB'] = { '<' .. ('n'):rep(1048576) .. '/>' },
  ['1 MB of references'] = { '<a>' .. ('&amp;'):rep(209715) .. '</a>', read = true },
  ['1 MB of references in an attribute'] = { '<a b="' .. ('&#x26;'):rep(174762) .. '"/>',
    read = true },
  ['1 MB of elements'] = { '<a>' .. ('<b c=""/>'):rep(116508) .. '</a>', read = true },
  ['names that come and go'] = { '<a>' .. ('<b/><c/>'):rep(131072) .. '</a>', read = true },
  ['text in a million pieces'] = { '<a>' .. ('x<!---->'):rep(131072) .. '</a>', read = true },
  ['a comment without an end'] = { '<a><!--' .. ('-'):rep(1048576) },
  ['a tag without an end'] = { '<a b="' .. ('x'):rep(1048576) },
  [']]> that nearly comes'] = { '<a><![CDATA[' .. (']'):rep(1048576) .. '</a>' },
  ['a billion laughs'] = { '<!DOCTYPE a [<!ENTITY a "ha">' ..
    (function()
      local list = {}
      for i = 0, 9 do
        list[#list + 1] = ('<!ENTITY %s "%s">'):format(string.char(98 + i),
          ('&' .. string.char(97 + i) .. ';'):rep(10))
      end
      return table.concat(list)
    end)() .. ']><a>&k;</a>' },
  ['a quadratic blow-up'] = { '<!DOCTYPE a [<!ENTITY x "' .. ('x'):rep(100000) .. '">]><a>' ..
    ('&x;'):rep(100000) .. '</a>' },
  ['an external DTD'] = { '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>' },
  ['an external DTD of the disk'] = { '<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>' },
  ['an external entity'] = { ENTITY:format 'file:///etc/passwd' },
  ['an external entity elsewhere'] = { ENTITY:format 'http://127.0.0.1:9/x' },
  ['a parameter entity'] = { '<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd">%x;]><a/>' },
  ['XInclude'] = { '<a xmlns:i="http://www.w3.org/2001/XInclude">' ..
    '<i:include href="file:///etc/passwd" parse="text"/></a>', read = true },
}

-- Keys that differ where a hash that looks at some bytes only does not.
local function colliding(n)
  local list = {}
  for i = 1, n do
    list[i] = ('"%s%06d%s":1'):format(('k'):rep(20), i, ('k'):rep(64))
  end
  return '{' .. table.concat(list, ',') .. '}'
end

attacks.json = {
  ['1 MB of keys that collide'] = { colliding(10500), read = true },
  ['a million items'] = { '[' .. ('1,'):rep(1e6) .. '1]', read = true },
  ['a number of 10 MB'] = { ('1'):rep(10 * 1048576), read = true },
  ['a number with 10 MB behind the point'] = { '0.' .. ('1'):rep(10 * 1048576), read = true },
  ['100 000 levels'] = { ('['):rep(100000) },
  ['100 000 levels of objects'] = { ('{"a":'):rep(100000) },
  ['1 MB of escapes'] = { '"' .. ('\\u0041'):rep(174762) .. '"', read = true },
  ['a string without an end'] = { '"' .. ('\\"'):rep(524288) },
}

local TRACED = [[
  local codec = require 'tidegate.codec'
  io.stdout:write 'begun\n'
  io.stdout:flush()
  for i = 1, tonumber(arg[2]) do
    local file = io.open(arg[1] .. '/attack' .. i, 'rb')
    local text = file:read '*a'
    file:close()
    for _, options in ipairs { {}, { trim = 'none' }, { doctype = 'skip' },
      { select = '/*' }, { select = 'document("/etc/passwd")/*' },
      { select = '/*', doctype = 'skip' } } do
      pcall(codec.convert.xml_to_json, text, options)
      pcall(codec.xml.decode, text, options)
    end
  end
  if arg[3] then io.open(arg[3]) end]]

-- What was opened or connected to after the beginning, but for the attacks themselves.
function attacks.touched(more)
  local folder, count = posix.folder(), 0
  posix.write(folder .. '/traced.lua', TRACED)
  for _, attack in pairs(attacks.xml) do
    if #attack[1] < 1000 then
      count = count + 1
      posix.write(folder .. '/attack' .. count, attack[1])
    end
  end
  assert(count >= 6, count)
  local out, well = installed.run(("LUA_CPATH='%s' strace -f -e " ..
    "trace=open,openat,openat2,socket,connect,execve,write -o %s/trace " ..
    'luajit %s/traced.lua %s %d %s'):format(MODULES, folder, folder, folder, count, more or ''))
  assert(well, out)
  local trace, list = posix.read(folder .. '/trace'), {}
  local after = assert(trace:match 'write%(1, "begun[^\n]*\n(.*)$', trace)
  local seen = 0
  for line in after:gmatch '[^\n]+' do
    if line:find('/attack', 1, true) then
      seen = seen + 1
    elseif line:find '[a-z0-9]+%(' and not line:find 'iconv' and not line:find 'gconv' then
      list[#list + 1] = line
    end
  end
  assert(count == seen, 'the trace does not show the attacks')
  posix.remove(folder)
  return list
end

-- The CPU that it takes at best, so that what else the machine does counts little.
function attacks.cpu(call, text, options)
  local best, value, err = math.huge, nil, nil
  for _ = 1, 3 do
    collectgarbage()
    local before = os.clock()
    value, err = call(text, options)
    best = math.min(best, os.clock() - before)
  end
  return best, value, err
end

-- Options under which each of them gets as far as it can.
attacks.MORE = { input = '64MB', elements = 1e7, output = '256MB' }
attacks.MODULES = MODULES
return attacks
