-- Texts of elements by a schema: the value is the same however the document writes it.
local gate = require 'spec.support.gate'

local XSD = [[<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema">
  <s:element name="a"><s:complexType><s:sequence>
    <s:element name="s" type="s:string" default="d"/>
    <s:element name="n" type="s:int"/>
    <s:element name="m"><s:complexType><s:simpleContent><s:extension base="s:decimal">
      <s:attribute name="c" type="s:string"/></s:extension></s:simpleContent></s:complexType>
    </s:element>
  </s:sequence></s:complexType></s:element></s:schema>]]

describe('the text of an element', function()
  local tide

  setup(function()
    tide = gate.serve { files = { ['a.xsd'] = XSD }, site = { workers = 1 }, script = [[
      local tg = require 'tidegate'
      local schema = tg.xml.schema 'a.xsd'
      return function(req)
        local json, err = schema:to_json(req.body)
        return tg.text(json or err.message)
      end]] }
  end)
  teardown(function() tide:stop() end)

  local function read(s, n, m, between)
    local blank = between or ''
    return tide:post('/', table.concat({ '<a>', s, n, m, '</a>' }, blank)).body
  end

  local S, N, M = '<s>x</s>', '<n>7</n>', '<m c="e">1.50</m>'
  local PLAIN = '{"a":{"s":"x","n":7,"m":{"@c":"e","#text":1.50}}}'

  it('is the same by blanks, comments, references, sections and forms of tags', function()
    for _, between in ipairs { '', '\n', (' '):rep(40), '<!-- c -->', '<?p i?>\n' } do
      assert.equal(PLAIN, read(S, N, M, between))
    end
    for _, s in ipairs { '<s>&#120;</s>', '<s><![CDATA[x]]></s>', '<s>x<!-- c --></s>', '<s>x</s >',
      '<s><?p i?>x</s>', '<s\n>x</s\n>' } do
      assert.equal(PLAIN, read(s, N, M), s)
    end
    for _, n in ipairs { '<n> 7</n>', '<n>7\n</n>', '<n>&#55;</n>', '<n><![CDATA[7]]></n>',
      '<n><!-- c -->7</n>' } do
      assert.equal(PLAIN, read(S, n, M), n)
    end
    for _, m in ipairs { "<m c='e'> 1.50 </m>", '<m c="e">1<!-- c -->.50</m>',
      '<m c="&#101;">1.&#53;0</m>', '<m c="e"><![CDATA[1.50]]></m>' } do
      assert.equal(PLAIN, read(S, N, m), m)
    end
  end)

  it('is the default when there is none, and kept when it is long', function()
    for _, s in ipairs { '<s/>', '<s></s>', '<s />' } do
      assert.equal((PLAIN:gsub('"x"', '"d"')), read(s, N, M), s)
    end
    for _, n in ipairs { 15, 16, 17, 255, 256, 5000 } do
      local text = ('é"'):rep(n)
      local wanted = PLAIN:gsub('"x"', '"' .. text:gsub('"', '\\"') .. '"')
      assert.equal(wanted, read('<s>' .. text .. '</s>', N, M))
    end
  end)

  it('is refused where it is wrong, with its line', function()
    for _, wrong in ipairs {
      { S, '<n>x</n>', M, [[xml: line 3, column 4: element 'n': "x" is not a value of xs:int]] },
      { S, '<n/>', M, [[element 'n': "" is not a value of xs:int]] },
      { S, '<n>7<b/></n>', M, "'b' may not stand here in 'n'" },
      { S, N, '<m>x</m>', [["x" is not a value of xs:decimal]] },
      { S, N, '<m c="e"/>', [["" is not a value of xs:decimal]] },
      { S, N .. 'x', M, "text in 'a', which has only elements" },
      { '<s>x</n>', N, M, 'expected </s>' },
      { '<s>x', '', '', 'expected </s>' },
      { '<s>]]></s>', N, M, '"]]>" in text' },
      { S, N, '<m c="e">1</n>', 'expected </m>' },
      { S, N, '<m xmlns="urn:o">1</m>', "'m' is in namespace 'urn:o' instead of ''" },
    } do
      local said = read(wrong[1], wrong[2], wrong[3], '\n')
      assert.truthy(said:find(wrong[4], 1, true), wrong[4] .. ': ' .. said)
    end
  end)
end)
