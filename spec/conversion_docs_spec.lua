-- The examples of docs/conversion.md are true.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'

-- JSON without the blanks between its parts.
local function dense(json)
  local parts, at = {}, 1
  while at <= #json do
    local from, to = json:find('"[^"\\]*"', at)
    parts[#parts + 1] = json:sub(at, (from or #json + 1) - 1):gsub('%s', '')
    parts[#parts + 1] = from and json:sub(from, to) or ''
    at = (to or #json) + 1
  end
  return table.concat(parts)
end

-- The examples: { xml, read options, json, write options or nil }.
local function read_examples(text)
  local list, current = {}, nil
  for kind, body in text:gmatch '```(%l[%l ]*)\n(.-)\n```' do
    if kind == 'xml' then
      current = { xml = body }
      list[#list + 1] = current
    elseif kind == 'lua read' or kind == 'lua write' or kind == 'json' then
      assert(not current[kind], 'two blocks of one kind: ' .. body)
      current[kind] = body
    end
  end
  return list
end

describe('docs/conversion.md', function()
  local tide
  local examples = read_examples(posix.read 'docs/conversion.md')

  setup(function()
    tide = gate.serve { script = [[
      local tg = require 'tidegate'
      return function(req)
        local lua = 'local tg = ... return ' .. req.headers['x-options']
        local make = assert(loadstring(lua))
        local call = tg.convert[req.headers['x-call'] ]
        local value = call == tg.convert.xml_to_json and
          tg.json.encode(tg.xml.decode(req.body, make(tg)))
        local text = tg.try(call(req.body, make(tg)))
        if value then -- both ways to read say the same
          local again = tg.json.encode(tg.json.decode(text), { sorted = true })
          local values = tg.json.encode(tg.json.decode(value), { sorted = true })
          assert(again == values, value)
        end
        return tg.text(text)
      end]], site = { workers = 1 } }
  end)

  teardown(function() tide:stop() end)

  local function run(call, options, body)
    local res = tide:request { method = 'POST', path = '/', body = body,
      headers = { ['x-call'] = call, ['x-options'] = options:gsub('%s+', ' ') } }
    assert(res.status == 200, body .. ' ' .. options .. ': ' .. res.body)
    return res.body
  end

  it('has examples', function()
    assert.is_true(#examples > 20, #examples .. ' examples')
    local both = 0
    for _, example in ipairs(examples) do
      assert(example['lua read'] and example.json, example.xml)
      both = both + (example['lua write'] and 1 or 0)
    end
    assert.is_true(both > 10, both .. ' in both directions')
  end)

  for i, example in ipairs(examples) do
    it('reads example ' .. i, function()
      assert.equal(dense(example.json),
        dense(run('xml_to_json', example['lua read'], example.xml)))
    end)
    if example['lua write'] then
      it('writes example ' .. i, function()
        assert.equal(example.xml, run('json_to_xml', example['lua write'], example.json))
      end)
    end
  end
end)
