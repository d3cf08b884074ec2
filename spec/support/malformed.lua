-- Some hundred requests as attackers and broken clients send them. Each says what must come of it:
--   a status     it is answered with that, once, and the connection is closed
--   'closed'     the connection is closed without an answer
--   a table      it is answered with 200, and this is what one request to the backend looks like:
--                { target, body }; nothing else of it reaches the backend
--   { name, bytes, expected }, in a list.
local POST, GET = 'POST / HTTP/1.1\r\nhost: a\r\n', 'GET / HTTP/1.1\r\nhost: a\r\n'
local HIDDEN = 'GET /hidden HTTP/1.1\r\nhost: a\r\n\r\n'
local cases, names = {}, {}

local function case(name, bytes, expected)
  while names[name] do name = name .. "'" end
  names[name] = true
  cases[#cases + 1] = { name = name, bytes = bytes, expected = expected }
end

-- Framing: Content-Length and Transfer-Encoding.

for _, value in ipairs { '+5', '-5', '-1', '0x5', '5 5', '5,5', '5, 5', '5;5', '5.0', '5e0', '', ' ',
  '5a', 'a5', '٥', '18446744073709551616', '18446744073709551621', '99999999999999999999999',
  '9223372036854775808', '1152921504606846976', '"5"', "'5'", '5\v', '\f5', '5\0', '\0', '5\127',
  'five', '0b101', '05x', '_5', '5_0', '5\194\160', '5 chunked' } do
  case('content-length ' .. value, POST .. 'content-length: ' .. value .. '\r\n\r\nabcde' .. HIDDEN,
    400)
end
for _, pair in ipairs { { '5', '5' }, { '5', '6' }, { '0', '5' }, { '5', '0' }, { '5', '' },
  { '', '5' }, { '5', 'x' } } do
  case('content-length twice ' .. pair[1] .. ' ' .. pair[2], POST .. 'content-length: ' .. pair[1] ..
    '\r\nContent-Length: ' .. pair[2] .. '\r\n\r\nabcde' .. HIDDEN, 400)
end
for _, coding in ipairs { 'chunked', 'Chunked', 'identity', 'gzip', 'chunked, identity', 'x' } do
  local te = 'transfer-encoding: ' .. coding .. '\r\n'
  case('length before ' .. coding, POST .. 'content-length: 6\r\n' .. te .. '\r\n0\r\n\r\nX' .. HIDDEN,
    400)
  case('length behind ' .. coding, POST .. te .. 'content-length: 6\r\n\r\n0\r\n\r\nX' .. HIDDEN, 400)
end
for _, coding in ipairs { 'xchunked', 'chunkedx', 'gzip, chunked', 'chunked, gzip', 'gzip',
  'identity', 'chunked, chunked', 'chunked,', ',chunked', '"chunked"', "'chunked'", 'chunked;q=1',
  '\vchunked', 'chunked\v', '\0chunked', 'chunked\0', 'chun ked', 'chunked identity', '', ' ',
  'deflate', 'cow', 'chunked\127', '\194\160chunked', 'x, chunked', 'chunKed x', 'ch\195\188nked' } do
  case('coding ' .. coding, POST .. 'transfer-encoding: ' .. coding .. '\r\n\r\n0\r\n\r\n' .. HIDDEN,
    400)
end
for _, pair in ipairs { { 'chunked', 'chunked' }, { 'identity', 'chunked' }, { 'chunked', 'identity' },
  { 'chunked', 'x' }, { 'x', 'chunked' }, { 'chunked', '' } } do
  case('coding twice ' .. pair[1] .. ' ' .. pair[2], POST .. 'transfer-encoding: ' .. pair[1] ..
    '\r\nTransfer-Encoding: ' .. pair[2] .. '\r\n\r\n0\r\n\r\n' .. HIDDEN, 400)
end
for _, name in ipairs { 'transfer-encoding ', 'transfer-encoding\t', ' transfer-encoding',
  '\ttransfer-encoding', 'transfer-encoding\v', 'transfer\0-encoding', 'transfer-encoding\r',
  'transfer encoding', '"transfer-encoding"', 'transfer-encoding\n',
  'content-length ', ' content-length', 'content-length\t', 'content\0-length', '(content-length)',
  'content-length\127', 'content-length\r', 'host ', ' host', 'host\0', 'h ost' } do
  case('the name ' .. name, POST .. name .. ': chunked\r\n\r\n0\r\n\r\n' .. HIDDEN, 400)
end
case('coding on HTTP/1.0', 'POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n' .. HIDDEN,
  400)
case('coding upper case', POST .. 'TRANSFER-ENCODING: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  { '/', 'abc' })
case('coding with spaces around', POST .. 'transfer-encoding: \t chunked \r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  400)
case('length with zeros before', POST .. 'content-length: 0003\r\n\r\nabc', { '/', 'abc' })
case('transfer_encoding is another field',
  POST .. 'transfer_encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n', { '/', '0\r\n\r\n' })
case('a length hidden in a value',
  GET .. 'x: y, content-length: 5\r\n\r\n', { '/', '' })
case('GET with a body', GET .. 'content-length: 3\r\n\r\nabc', { '/', 'abc' })
case('an unknown expectation', POST .. 'content-length: 1\r\nexpect: magic\r\n\r\na', 417)
case('connection names the length',
  POST .. 'connection: content-length\r\ncontent-length: 3\r\n\r\nabc', { '/', 'abc' })
case('connection names host', GET .. 'connection: host, x\r\nx: y\r\n\r\n', { '/', '' })

-- Chunks.

local CHUNKED = POST .. 'transfer-encoding: chunked\r\n\r\n'
for _, size in ipairs { '0x3', '3garbage', '3 ', ' 3', '3\t', '+3', '-3', '3h', '3g', '3,', '3 ;x',
  '3.', '"3"', '', ';x', 'x', '\0003', '3\0', '3\v', '3\r', 'ffffffffffffffff', '10000000000000003',
  '00000000000000003', '3\127', '3\194\160', '3;\0', '3;x\1', '3;x=\127', '3\r\r', '3 3' } do
  case('chunk size ' .. size, CHUNKED .. size .. '\r\nabc\r\n0\r\n\r\n' .. HIDDEN, 400)
end
for name, body in pairs {
  ['LF behind the size'] = '3\nabc\r\n0\r\n\r\n', ['CR behind the size'] = '3\rabc\r\n0\r\n\r\n',
  ['LF behind data'] = '3\r\nabc\n0\r\n\r\n', ['CR behind data'] = '3\r\nabc\r0\r\n\r\n',
  ['nothing behind data'] = '3\r\nabc0\r\n\r\n', ['data too long'] = '3\r\nabcd\r\n0\r\n\r\n',
  ['data too short'] = '5\r\nabc\r\n0\r\n\r\n', ['CR CR LF behind data'] = '3\r\nabc\r\r\n0\r\n\r\n',
  ['LF behind the last size'] = '3\r\nabc\r\n0\n\r\n', ['LF at the end'] = '3\r\nabc\r\n0\r\n\n',
  ['LF LF at the end'] = '3\r\nabc\r\n0\n\n', ['CR at the end'] = '3\r\nabc\r\n0\r\n\rX',
  ['an extension of 5000 bytes'] = '3;' .. ('x'):rep(5000) .. '\r\nabc\r\n0\r\n\r\n',
  ['an extension with LF'] = '3;x\ny\r\nabc\r\n0\r\n\r\n',
  ['trailers of 20000 bytes'] = '0\r\n' .. ('x: y\r\n'):rep(4000) .. '\r\n',
  ['a trailer with LF'] = '0\r\nx: y\n\r\n', ['a trailer with NUL'] = '0\r\nx: \0\r\n\r\n',
  ['an empty line first'] = '\r\n3\r\nabc\r\n0\r\n\r\n',
} do
  case('chunks: ' .. name, CHUNKED .. body .. HIDDEN, 400)
end
case('chunks with extension', CHUNKED .. '3;a=b;c="d e"\r\nabc\r\n0;x\r\n\r\n', { '/', 'abc' })
case('chunks with trailers', CHUNKED .. '3\r\nabc\r\n0\r\nhost: b\r\ncontent-length: 9\r\n\r\n',
  { '/', 'abc' })
case('chunks of many zeros', CHUNKED .. '000000000000003\r\nabc\r\n000\r\n\r\n', { '/', 'abc' })
case('chunk that holds a request', CHUNKED ..
  ('%x\r\n%s\r\n0\r\n\r\n'):format(#HIDDEN, HIDDEN), { '/', HIDDEN })
case('body that holds a request', POST .. 'content-length: ' .. #HIDDEN .. '\r\n\r\n' .. HIDDEN,
  { '/', HIDDEN })

-- Request lines.

for _, line in ipairs { 'GET', 'GET ', 'GET /', 'GET / ', '/ HTTP/1.1', ' GET / HTTP/1.1',
  '\tGET / HTTP/1.1', 'GET  / HTTP/1.1', 'GET\t/ HTTP/1.1', 'GET /\tHTTP/1.1', 'GET /  HTTP/1.1',
  'GET / HTTP/1.1 ', 'GET / HTTP/1.1\t', 'GET / HTTP/1.1 x', 'GET / / HTTP/1.1', 'GET /a b HTTP/1.1',
  'GET / HTTP/1.2', 'GET / HTTP/1.9', 'GET / HTTP/2', 'GET / HTTP/2.0', 'GET / HTTP/3.0',
  'GET / HTTP/0.9', 'GET / HTTP/0.1', 'GET / HTTP/1', 'GET / HTTP/1.', 'GET / HTTP/.1',
  'GET / HTTP/11', 'GET / HTTP/1.10', 'GET / HTTP/01.1', 'GET / HTTP/1.01', 'GET / HTTP/-1.1',
  'GET / HTTP/1,1', 'GET / HTTP 1.1', 'GET / HTTP/ 1.1', 'GET / HTTP /1.1', 'GET / http/1.1',
  'GET / Http/1.1', 'GET / HTTPS/1.1', 'GET / HTTP/1.1.1', 'GET / HTTP/x.y', 'GET / HTTP\\1.1',
  'GET / ICY/1.1', 'GET / XHTTP/1.1', 'GET /\0 HTTP/1.1', 'GET\0 / HTTP/1.1', 'G\0T / HTTP/1.1',
  'GET / HTTP/1.1\0', 'GET /\1 HTTP/1.1', 'GET /\127 HTTP/1.1', 'GET /\128 HTTP/1.1',
  'GET /\255 HTTP/1.1', 'GET /caf\195\169 HTTP/1.1', 'GET /a\rb HTTP/1.1', 'GET /\r HTTP/1.1',
  'G(T / HTTP/1.1', 'G{T / HTTP/1.1', 'G,T / HTTP/1.1', 'G:T / HTTP/1.1', 'G/T / HTTP/1.1',
  'G"T" / HTTP/1.1', 'G@T / HTTP/1.1', 'G\195\169T / HTTP/1.1', '"GET" / HTTP/1.1', '[GET] / HTTP/1.1',
  'CONNECT a:80 HTTP/1.1', 'CONNECT / HTTP/1.1', 'OPTIONS * HTTP/1.1', 'GET * HTTP/1.1',
  'GET a HTTP/1.1', 'GET a:80 HTTP/1.1', 'GET ?x HTTP/1.1', 'GET #x HTTP/1.1', 'GET \\a HTTP/1.1',
  'GET ftp://a/ HTTP/1.1', 'GET file:///etc/passwd HTTP/1.1', 'GET http:/a/ HTTP/1.1',
  'GET http:// HTTP/1.1', 'GET http:///x HTTP/1.1', 'GET http://b/ HTTP/1.1',
  'GET http://u@a/ HTTP/1.1', 'GET http://u:p@a/ HTTP/1.1', 'GET http://a:x/ HTTP/1.1',
  'GET http://a:99999/ HTTP/1.1', 'GET http://a:/ HTTP/1.1', 'GET http://a\\b/ HTTP/1.1',
  'GET javascript:x HTTP/1.1', 'GET https://b/ HTTP/1.1', 'GET ://a/ HTTP/1.1',
  'GET /% HTTP/1.1', 'GET /%z HTTP/1.1', 'GET /%zz HTTP/1.1', 'GET /%0 HTTP/1.1',
  'GET /%00 HTTP/1.1', 'GET /%0a HTTP/1.1', 'GET /%0d%0aX:y HTTP/1.1', 'GET /%7f HTTP/1.1',
  'GET /%ff HTTP/1.1', 'GET /%c0%af HTTP/1.1', 'GET /%c0%ae%c0%ae HTTP/1.1', 'GET /%u002e HTTP/1.1',
  'GET /?\128 HTTP/1.1', 'GET /?a\127 HTTP/1.1', '\22\3\1\2\0\1\0\1\252\3\3', 'PRI * HTTP/2.0',
  '\128\128', '\0\0\0\0\0', 'SSH-2.0-OpenSSH', 'EHLO a', 'HELP', '*1', '{"a":1}', '<a/>',
  'HTTP/1.1 200 OK', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 1' } do
  case('line ' .. line, line .. '\r\nhost: a\r\n\r\n' .. HIDDEN, 400)
end
case('absolute form', 'GET http://a/x?y HTTP/1.1\r\nhost: a\r\n\r\n', { '/x', '' })
case('absolute form of https', 'GET https://a/x HTTP/1.1\r\nhost: a\r\n\r\n', { '/x', '' })
case('absolute form upper case', 'GET HTTP://A/ HTTP/1.1\r\nhost: a\r\n\r\n', { '/', '' })
case('two slashes', 'GET //x HTTP/1.1\r\nhost: a\r\n\r\n', { '/x', '' })
case('dots', 'GET /../../x/./y HTTP/1.1\r\nhost: a\r\n\r\n', { '/x/y', '' })
case('escaped dots', 'GET /%2e%2e/x HTTP/1.1\r\nhost: a\r\n\r\n', { '/x', '' })
case('an own method', 'FROB /x HTTP/1.1\r\nhost: a\r\n\r\n', { '/x', '' })
case('a lower case method', 'get /x HTTP/1.1\r\nhost: a\r\n\r\n', { '/x', '' })

-- Line ends, folding, control characters.

for name, bytes in pairs {
  ['LF only'] = 'GET / HTTP/1.1\nhost: a\n\n', ['LF in the request line'] =
    'GET / HTTP/1.1\nhost: a\r\n\r\n', ['LF in a field'] = GET .. 'x: y\nz: w\r\n\r\n',
  ['LF at the end'] = 'GET / HTTP/1.1\r\nhost: a\r\n\n', ['LF CR'] = 'GET / HTTP/1.1\n\rhost: a\n\r\n\r',
  ['CR only'] = 'GET / HTTP/1.1\rhost: a\r\r', ['CR in a value'] = GET .. 'x: a\rb\r\n\r\n',
  ['CR CR LF'] = GET .. 'x: a\r\r\n\r\n', ['CR in a name'] = GET .. 'x\ry: a\r\n\r\n',
  ['CR before a name'] = GET .. '\rx: a\r\n\r\n', ['fold with a space'] = GET .. 'x: a\r\n b\r\n\r\n',
  ['fold with a tab'] = GET .. 'x: a\r\n\tb\r\n\r\n', ['fold first'] =
    'GET / HTTP/1.1\r\n host: a\r\n\r\n', ['fold that hides a coding'] =
    POST .. 'x: y\r\n transfer-encoding: chunked\r\n\r\n', ['folded length'] =
    POST .. 'content-length:\r\n 5\r\n\r\nabcde', ['folded coding'] =
    POST .. 'transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n', ['folded host'] =
    'GET / HTTP/1.1\r\nhost:\r\n a\r\n\r\n', ['an empty fold'] = GET .. 'x: a\r\n \r\n\r\n',
  ['NUL in a value'] = GET .. 'x: a\0b\r\n\r\n', ['NUL at the end of a value'] = GET .. 'x: a\0\r\n\r\n',
  ['NUL in a name'] = GET .. 'x\0y: a\r\n\r\n', ['NUL in place of the end'] = GET .. '\0\r\n\r\n',
  ['BEL in a value'] = GET .. 'x: \7\r\n\r\n', ['ESC in a value'] = GET .. 'x: \27[31m\r\n\r\n',
  ['DEL in a value'] = GET .. 'x: \127\r\n\r\n', ['VT in a value'] = GET .. 'x: a\vb\r\n\r\n',
  ['no colon'] = GET .. 'nonsense\r\n\r\n', ['an empty name'] = GET .. ': x\r\n\r\n',
  ['only a colon'] = GET .. ':\r\n\r\n', ['a space before the colon'] = GET .. 'x : y\r\n\r\n',
  ['a tab before the colon'] = GET .. 'x\t: y\r\n\r\n', ['a space in a name'] = GET .. 'x y: z\r\n\r\n',
  ['a name with a bracket'] = GET .. 'x(y): z\r\n\r\n', ['a name with a slash'] = GET .. 'x/y: z\r\n\r\n',
  ['a name beyond ASCII'] = GET .. 'x\195\169: z\r\n\r\n', ['a name in quotes'] = GET .. '"x": z\r\n\r\n',
  ['a name with an at'] = GET .. 'x@y: z\r\n\r\n', ['a name with a comma'] = GET .. 'x,y: z\r\n\r\n',
  ['a name with a semicolon'] = GET .. 'x;y: z\r\n\r\n', ['a name with DEL'] = GET .. 'x\127: z\r\n\r\n',
  ['a name with an equals sign'] = GET .. 'x=y: z\r\n\r\n', ['a name with a brace'] = GET .. '{x}: z\r\n\r\n',
  ['a line of spaces'] = GET .. '   \r\n\r\n',
} do
  case('bytes: ' .. name, bytes .. HIDDEN, 400)
end
case('bytes beyond ASCII in a value', GET .. 'x: \195\169\255\r\n\r\n', { '/', '' })
case('a tab in a value', GET .. 'x: a\tb\r\n\r\n', { '/', '' })
case('an empty value', GET .. 'x:\r\ny: \r\n\r\n', { '/', '' })
case('an empty line first', '\r\n' .. GET .. '\r\n', { '/', '' })
case('two empty lines first', '\r\n\r\n' .. GET .. '\r\n', 400)
case('LF first', '\n' .. GET .. '\r\n', 400)
case('two empty lines only', '\r\n\r\n', 'closed')

-- Host.

for _, value in ipairs { '', ' ', 'a b', 'a, a', 'a/b', 'a?b', 'a#b', 'a\\b', 'u@a', 'u:p@a',
  'a:', 'a:x', 'a:-1', 'a:65536', 'a:1:2', ':80', '[::1', '::1', '[::1]x', '[]', '[zz]', '[::1]:x',
  'a\0', 'a\127', '"a"', "a'b\"", '<a>', 'a^b', 'a%', 'a%0', 'a%00', 'a%0a', 'http://a', 'a\tb', '{a}',
  'a|b', '`a`', '\195\169', 'a\v' } do
  case('host ' .. value, 'GET / HTTP/1.1\r\nhost: ' .. value .. '\r\n\r\n' .. HIDDEN, 400)
end
for name, bytes in pairs {
  ['missing'] = 'GET / HTTP/1.1\r\n\r\n', ['missing behind others'] = 'GET / HTTP/1.1\r\nx: y\r\n\r\n',
  ['twice'] = GET .. 'host: a\r\n\r\n', ['twice, differing'] = GET .. 'Host: b\r\n\r\n',
  ['three times'] = GET .. 'hOST: a\r\nHOST: a\r\n\r\n', ['twice on HTTP/1.0'] =
    'GET / HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n', ['wrong on HTTP/1.0'] =
    'GET / HTTP/1.0\r\nhost: a b\r\n\r\n', ['other than the target'] =
    'GET http://a/ HTTP/1.1\r\nhost: b\r\n\r\n', ['missing beside the target'] =
    'GET http://a/ HTTP/1.1\r\n\r\n', ['with another port than the target'] =
    'GET http://a:81/ HTTP/1.1\r\nhost: a:82\r\n\r\n',
} do
  case('host ' .. name, bytes .. HIDDEN, 400)
end

case('host with white space around it', 'GET / HTTP/1.1\r\nhost: \t a \t \r\n\r\n', { '/', '' })
case('host with characters that names may have', "GET / HTTP/1.1\r\nhost: a,b!$&'()*+;=~\r\n\r\n",
  { '/', '' })

-- Sizes.

case('a target of 64 KB', 'GET /' .. ('x'):rep(65536) .. ' HTTP/1.1\r\nhost: a\r\n\r\n', 414)
case('a method of 64 KB', ('X'):rep(65536) .. ' / HTTP/1.1\r\nhost: a\r\n\r\n', 414)
case('a query of 10 KB', 'GET /?' .. ('x'):rep(10000) .. ' HTTP/1.1\r\nhost: a\r\n\r\n', 414)
case('a field of 64 KB', GET .. 'x: ' .. ('x'):rep(65536) .. '\r\n\r\n', 431)
case('a name of 64 KB', GET .. ('x'):rep(65536) .. ': y\r\n\r\n', 431)
case('a thousand fields', GET .. ('x: y\r\n'):rep(1000) .. '\r\n', 431)
case('101 fields', GET .. ('x: y\r\n'):rep(100) .. '\r\n', 431)
case('a length beyond the limit', POST .. 'content-length: 8388610\r\n\r\n', 413)
case('a length of a terabyte', POST .. 'content-length: 1099511627776\r\n\r\n', 413)
case('ten thousand segments', 'GET ' .. ('/a'):rep(4000) .. ' HTTP/1.1\r\nhost: a\r\n\r\n', 400)

return cases
