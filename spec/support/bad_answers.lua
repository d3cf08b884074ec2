-- What broken backends send, in groups of rows: a name, what is sent (a table may end with close or
-- reset), and what a script sees: a body, a table of what it sees, or a code with a part of its
-- message.
local http = require 'spec.support.http'

local OK = 'HTTP/1.1 200 OK\r\n'
local CHUNKED = OK .. 'transfer-encoding: chunked\r\n\r\n'
local TAIL = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison'

local rows = {}

rows.whole = {
  { '100 then 200', 'HTTP/1.1 100 Continue\r\n\r\n' .. OK .. 'content-length: 2\r\n\r\nok', 'ok' },
  { '50 times 100', ('HTTP/1.1 100 Continue\r\n\r\n'):rep(50) .. OK ..
    'content-length: 2\r\n\r\nok', 'ok' },
  { '100 times 103', ('HTTP/1.1 103 Hints\r\nlink: x\r\n\r\n'):rep(100) .. OK ..
    'content-length: 2\r\n\r\nok', { body = 'ok', fields = 'content-length' } },
  { '101 times 103', ('HTTP/1.1 103 Hints\r\nlink: x\r\n\r\n'):rep(101) .. OK ..
    'content-length: 2\r\n\r\nok', 'protocol: too many interim responses' },
  { 'trailers', CHUNKED .. '2\r\nok\r\n0\r\nx-sum: 7\r\nset-cookie: a=b\r\n\r\n',
    { body = 'ok', fields = 'transfer-encoding' } },
  { 'chunk extensions', CHUNKED .. '2;a=b\r\nok\r\n0;c\r\n\r\n', 'ok' },
  { 'a body up to a clean end', { OK .. '\r\nok', close = true }, 'ok' },
  { '128 fields', OK .. ('x: y\r\n'):rep(127) .. 'content-length: 2\r\n\r\nok', 'ok' },
  { '129 fields', OK .. ('x: y\r\n'):rep(128) .. 'content-length: 2\r\n\r\nok',
    'protocol: too many header fields' },
  { '304 without a condition', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n',
    { status = 304, body = '' } },
  { '204 with a body', 'HTTP/1.1 204 No Content\r\ncontent-length: 4\r\n\r\nbody',
    { status = 204, body = '' } },
  { '304 with a body', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 4\r\n\r\nbody',
    { status = 304, body = '' } },
  { 'HEAD with a body', OK .. 'content-length: 4\r\n\r\nbody', { status = 200, body = '' },
    method = 'HEAD' },
  { 'fields that mean nothing here', OK .. 'x: \r\ny:z\r\nz:\t w \t\r\ncontent-length: 2\r\n\r\nok',
    'ok' },
}

rows.cut = {
  { 'nothing', { close = true }, 'reset: closed the connection without a response' },
  { 'a reset', { reset = true }, 'reset: ' },
  { 'half a head', { OK .. 'content-le', close = true }, 'protocol: head .* cut short' },
  { 'a head without its end', { OK .. 'content-length: 2\r\n', close = true },
    'protocol: head .* cut short' },
  { 'chunks cut at a boundary', { CHUNKED .. '3\r\nabc\r\n', close = true },
    'protocol: last chunk is missing' },
  { 'chunks cut before the first', { CHUNKED, close = true }, 'protocol: last chunk is missing' },
  { 'chunks cut in the middle', { CHUNKED .. '3\r\na', close = true },
    'protocol: last chunk is missing' },
  { 'chunks cut behind the last', { CHUNKED .. '3\r\nabc\r\n0\r\n', close = true },
    'protocol: last chunk is missing' },
  { 'a length cut', { OK .. 'content-length: 30\r\n\r\nabc', close = true },
    'protocol: fewer bytes' },
  { 'a length cut by a reset', { OK .. 'content-length: 30\r\n\r\nabc', 0.05, reset = true },
    'protocol: cut short' },
  { 'a body up to a reset', { OK .. '\r\nhalf', 0.05, reset = true }, 'protocol: cut short' },
}

-- Framing that can be read in two ways.
rows.framing = {
  { 'two lengths', OK .. 'content-length: 3\r\ncontent-length: 10\r\n\r\nabc',
    'protocol: Content%-Length twice' },
  { 'a list of lengths', OK .. 'content-length: 3, 3\r\n\r\nabc', 'protocol: not a number' },
  { 'a length and chunks', OK .. 'content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n' ..
    '3\r\nabc\r\n0\r\n\r\n', 'protocol: both Content%-Length and Transfer%-Encoding' },
  { 'chunks and a length', OK .. 'transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n' ..
    '3\r\nabc\r\n0\r\n\r\n', 'protocol: both Content%-Length and Transfer%-Encoding' },
  { 'gzip, chunked', OK .. 'transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    'protocol: other than chunked' },
  { 'chunked, chunked', OK .. 'transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n',
    'protocol: other than chunked' },
  { 'chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'protocol: in HTTP/1.0' },
  { 'a length of 5x', OK .. 'content-length: 5x\r\n\r\nabcde', 'protocol: not a number' },
  { 'a negative length', OK .. 'content-length: -1\r\n\r\n', 'protocol: not a number' },
  { 'a length beyond 64 bits', OK .. 'content-length: 18446744073709551616\r\n\r\n',
    'protocol: not a number' },
  { 'a chunk of 5x', CHUNKED .. '5x\r\nabcde\r\n0\r\n\r\n', 'protocol: chunked body' },
  { 'a chunk that is too long', CHUNKED .. '3\r\nabcd\r\n0\r\n\r\n', 'protocol: chunked body' },
  { 'a chunk of 2^68', CHUNKED .. '100000000000000000\r\n', 'protocol: chunked body' },
}

rows.heads = {
  { 'a field of 300 KB', OK .. 'x: ' .. ('y'):rep(307200) .. '\r\ncontent-length: 0\r\n\r\n',
    'protocol: longer than the limit' },
  { '20 000 fields', OK .. ('x: y\r\n'):rep(20000) .. 'content-length: 0\r\n\r\n', 'protocol: ' },
  { 'a folded field', OK .. 'a: b\r\n c: d\r\ncontent-length: 0\r\n\r\n', 'protocol: folded' },
  { 'NUL', OK .. 'a: b\0c\r\ncontent-length: 0\r\n\r\n', 'protocol: malformed header' },
  { 'a bare CR', OK .. 'a: b\rc: d\r\ncontent-length: 0\r\n\r\n', 'protocol: malformed header' },
  { 'a field without a name', OK .. ': b\r\ncontent-length: 0\r\n\r\n',
    'protocol: malformed header' },
  { 'white space in a name', OK .. 'content-length : 0\r\n\r\n', 'protocol: malformed header' },
  { 'a field without a colon', OK .. 'abc\r\ncontent-length: 0\r\n\r\n',
    'protocol: malformed header' },
  { 'a control character in the reason', 'HTTP/1.1 200 O\27K\r\ncontent-length: 0\r\n\r\n',
    'protocol: control character' },
  { 'no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'protocol: status line' },
  { 'HTTP/0.9', { '<html>hello</html>', close = true }, 'protocol: status line' },
  { 'HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n', 'protocol: status line' },
  { 'a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'protocol: status line' },
  { 'a status of 600', 'HTTP/1.1 600 No\r\n\r\n', 'protocol: status line' },
  { 'bytes before the status line', '\r\n' .. OK .. 'content-length: 0\r\n\r\n',
    'protocol: status line' },
  { '101 unasked', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n',
    'protocol: switched protocols unasked' },
}

-- Bytes that belong to no response: the next call must not see them.
rows.behind = {
  { 'a second response behind a length', OK .. 'content-length: 2\r\n\r\nok' .. TAIL, 'ok' },
  { 'a second response behind chunks', CHUNKED .. '2\r\nok\r\n0\r\n\r\n' .. TAIL, 'ok' },
  { 'a second response behind 204', 'HTTP/1.1 204 No\r\n\r\n' .. TAIL,
    { status = 204, body = '' } },
  { 'a second response behind HEAD', OK .. 'content-length: 2\r\n\r\n' .. TAIL,
    { status = 200, body = '' }, method = 'HEAD' },
}

-- By n % 4: how a backend answers `answer n`, three times with a second response behind it.
local kinds = {
  function(body) return OK .. 'content-length: ' .. #body .. '\r\n\r\n' .. body .. TAIL end,
  function(body) return CHUNKED .. http.chunked { body } .. TAIL end,
  function() return 'HTTP/1.1 204 No\r\n\r\n' .. TAIL end,
  function(body) return OK .. 'content-length: ' .. #body .. '\r\n\r\n' .. body end,
}

-- The answers of a backend that sends two responses for one, to be asked for /1, /2 ...
rows.two_for_one = { default = function(request)
  local n = tonumber(request.path:match '%d+')
  return kinds[n % #kinds + 1]('answer ' .. n)
end }

-- Asks a gate in front of it `count` times, 20 at once: how many answers were right, and wrong.
-- `body_of` gives what the backend's body was, as the gate's response shows it.
function rows.ask_two_for_one(tide, count, body_of)
  local wrong, right = 0, 0
  for batch = 0, count / 20 - 1 do
    local requests = {}
    for i = 1, 20 do requests[i] = { path = '/' .. batch * 20 + i } end
    for i, res in ipairs(tide:all(requests)) do
      local n = batch * 20 + i
      local well = body_of(res) == (n % #kinds == 2 and '' or 'answer ' .. n)
      if well then right = right + 1 else wrong = wrong + 1 end
    end
  end
  return right, wrong
end

-- A code and a part of its message, when that is what the script sees.
function rows.error_of(row)
  if type(row[3]) == 'string' then return row[3]:match '^(%l+): (.*)$' end
end

rows.OK, rows.TAIL = OK, TAIL
return rows
