-- Documents and a value of spec/fixtures/schemas/order.xsd, which has one of everything.
local posix = require 'spec.support.posix'

local order = {}

order.ROOT = 'spec/fixtures/schemas/'
order.FILES = {}
for _, name in ipairs { 'order.xsd', 'parts/lines.xsd', 'parts/common.xsd', 'parts/xml.xsd' } do
  order.FILES['schemas/' .. name] = posix.read(order.ROOT .. name)
end

order.VALID = [[
<o:order xmlns:o="urn:example:order" xmlns:c="urn:example:common" id="7" by="me"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" c:at="10:00:00" xmlns:z="urn:z" z:k="v">
 <o:customer xsi:type="c:Person" vip="1"><c:name>Ada &amp; Co</c:name><c:born>1815-12-10</c:born>
 </o:customer>
 <o:placed>2024-02-29T12:00:00Z</o:placed><o:paid/>
 <o:note xml:lang="en"> hi </o:note>
 <o:line gift="true"><sku>a</sku><qty>+02</qty><price>1.50</price><part><sku>p</sku><qty>1</qty>
   <price>.5</price></part></o:line>
 <o:line><sku>b</sku><qty>3</qty><price>1234.25</price></o:line>
 <o:bank> x  y </o:bank><o:iban>DE12</o:iban>
 <o:street>s</o:street>
 <o:day>2024-01-01</o:day><o:slot>1</o:slot><o:slot>2</o:slot><o:day>2024-01-02</o:day>
 <o:weights> 1 2.5  3</o:weights><o:size>big</o:size><o:share>-INF</o:share>
 <c:bow>red</c:bow><c:wrap>w</c:wrap><c:bow>blue</c:bow>
 <o:text>a <o:b>bold</o:b> z</o:text>
 <o:thing z:a="1"><q/></o:thing>
 <z:more><z:in/></z:more>
</o:order>]]

order.VALUE = {
  order = {
    ['@id'] = 7, ['@by'] = 'me', ['@at'] = '10:00:00', ['@{urn:z}k'] = 'v', ['@currency'] = 'EUR',
    customer = { ['@xsi:type'] = 'Person', ['@vip'] = true, name = 'Ada & Co',
      born = '1815-12-10' },
    placed = '2024-02-29T12:00:00Z', paid = false,
    note = { ['@lang'] = 'en', ['#text'] = ' hi ' },
    line = {
      { ['@gift'] = true, sku = 'a', qty = 2, price = 1.5,
        part = { { sku = 'p', qty = 1, price = 0.5 } } },
      { sku = 'b', qty = 3, price = 1234.25 },
    },
    bank = 'x y', iban = 'DE12', street = 's',
    day = { '2024-01-01', '2024-01-02' }, slot = { 1, 2 },
    weights = { 1, 2.5, 3 }, size = 'big', share = '-INF',
    bow = { 'red', 'blue' }, wrap = { 'w' },
    text = '<o:text xmlns:o="urn:example:order">a <o:b>bold</o:b> z</o:text>',
    thing = '<o:thing xmlns:o="urn:example:order" xmlns:z="urn:z" z:a="1"><q/></o:thing>',
    ['#any'] = { '<z:more xmlns:z="urn:z"><z:in/></z:more>' },
  },
}

-- Documents near the valid one: elements taken out, doubled, moved and changed.
function order.mutants(count)
  local list, elements = {}, {}
  math.randomseed(5)
  for element in order.VALID:gmatch '<%w*:?%w+[^>]*>[^<]*</%w*:?%w+>' do
    elements[#elements + 1] = element
  end
  local texts = { '', ' 1 ', '+7', '-0', '1e3', 'true', '2024-02-30', '2024-12-31', 'x', ' a  b ',
    '0', '1', '10:00:00', '2024-13', '2024-01Z', '.5', '5.', '1.5', 'NaN', 'INF', '999', '1000',
    'EUR', ' CHF ', 'AB123', 'small', '4294967296', '2024-02-29T24:00:00', 'a\nb', '-1', '1 2 x',
    '2024-02-29T12:00:00.25+14:00', '2024-02-29T12:00:00+15:00', '&#9;', 'é', '-2147483649',
    '<x/>', '1_0', '00', '+', '-', '.', '2147483648', '0001-01-01', '-0001-01-01', '12024-01-01' }
  for i = 1, count do
    local doc = order.VALID
    for _ = 1, math.random(1, 2) do
      local one, two = elements[math.random(#elements)], elements[math.random(#elements)]
      local kind = math.random(6)
      local function swap(with)
        local from, to = doc:find(one, 1, true)
        if from then doc = doc:sub(1, from - 1) .. with .. doc:sub(to + 1) end
      end
      if kind == 1 then
        swap ''
      elseif kind == 2 then
        swap(one .. two)
      elseif kind == 3 then
        swap(one .. one)
      elseif kind == 4 then
        local text = texts[math.random(#texts)]
        swap((one:gsub('>[^<]*<', function() return '>' .. text .. '<' end, 1)))
      elseif kind == 5 then
        local name = ({ 'id', 'currency', 'by', 'vip', 'gift', 'c:at', 'nope', 'z:x', 'xml:lang',
          'xsi:nil' })[math.random(10)]
        local text = texts[math.random(#texts)]:gsub('<', '&lt;')
        local tag = one:match '^<[%w:]+'
        local with = tag .. ' ' .. name .. '="' .. text .. '"'
        swap((one:gsub('^<[%w:]+', function() return with end)))
      else
        swap(two)
      end
    end
    list[i] = doc
  end
  return list
end

return order
