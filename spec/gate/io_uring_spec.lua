-- What goes to the system by io_uring: with it, without it, where it is refused, and where it is
-- taken away.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local sanitized = require 'spec.support.sanitized'
local upstream = require 'spec.support.upstream'

local CALLS = 'io_uring_setup,io_uring_enter'

local SCRIPT = [[
  local tg = require 'tidegate'
  local shop = tg.backend 'shop'
  return function(req)
    if req.path == '/alone' then return 'alone' end
    local calls = {}
    for i = 1, tonumber(req.query.n or '3') do
      calls[i] = function()
        local res, why = shop:post('/' .. (req.query.path or 'echo'), { body = ('%d'):format(i) })
        return res and res.status .. res.body or why.code
      end
    end
    local got = tg.gather(calls, { need = {} })
    return table.concat(got, ' ')
  end]]

local function echo(request)
  return upstream.text(request.body)
end

-- How long a body is whose response has so many bytes more than one receive takes; 16 KB it takes.
local function edge(more)
  return 16000 + 16384 + more - #upstream.text(('x'):rep(16000))
end

local function shop()
  return upstream { ['POST /echo'] = echo, ['POST /reset'] = { reset = true },
    ['POST /late'] = { delay = 0.05, upstream.text 'late' },
    ['POST /edge'] = function(request)
      return upstream.text(('x'):rep(edge(tonumber(request.body) - 3)))
    end,
    ['POST /long'] = upstream.text(('x'):rep(40000)),
    ['POST /cut'] = { 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut', close = true } }
end

local WRAPPER = [[
#!/bin/sh
exec strace -D -f -qq -e trace=%s,sendto %s -o %s/trace %s "$@"
]]

-- A gate whose calls of io_uring are seen in a file, and perhaps refused. The function given too
-- ends it, and gives the text of that file.
local function traced(site, inject)
  local backend, folder = shop(), posix.folder()
  local program = folder .. '/program'
  posix.write(program, WRAPPER:format(CALLS, inject and '-e inject=' .. inject or '', folder,
    gate.program()))
  os.execute('chmod +x ' .. program)
  site.workers = 1
  local tide = gate.serve { script = SCRIPT, backends = { shop = backend }, site = site,
    program = program }
  return tide, function()
    tide:stop()
    backend:stop()
    local trace = posix.read(folder .. '/trace')
    posix.remove(folder)
    return trace
  end
end

local function can_trace()
  return os.execute 'command -v strace >/dev/null' == 0 and not sanitized()
end

-- Asks on three connections while the gate is stopped; then it goes on. So often.
local function ask_at_once(tide, times)
  local clients = { tide:connect(), tide:connect(), tide:connect() }
  for _ = 1, times do
    tide:signal(posix.STOP)
    posix.pause(0.05)
    for _, client in ipairs(clients) do client:send 'GET /alone HTTP/1.1\r\nhost: a\r\n\r\n' end
    tide:signal(posix.CONT)
    for _, client in ipairs(clients) do assert.equal('alone', client:receive(10).body) end
  end
  for _, client in ipairs(clients) do client:close() end
end

describe('what clients send and are sent', function()
  it('goes to the system together', function()
    if not can_trace() then return pending 'needs strace, and no sanitizer' end
    local tide, finish = traced {}
    ask_at_once(tide, 10)
    local refused, trace = tide.log():find('event=no_io_uring', 1, true), finish()
    if refused then return pending 'the system refuses io_uring' end
    -- The clock may tick among a few of the answers, which then go one by one. What is received,
    -- and perhaps the end of all three, are 11.
    local _, count = trace:gsub('io_uring_enter%(%d+, 3, 3,', '')
    assert.is_true(count > 13, trace)
  end)

  it('goes one by one from the call on with which io_uring is taken away', function()
    if not can_trace() then return pending 'needs strace, and no sanitizer' end
    local tide, finish = traced({}, 'io_uring_enter:error=EAGAIN:when=2+')
    ask_at_once(tide, 6)
    local refused, trace = tide.log():find('event=no_io_uring', 1, true), finish()
    if refused then return pending 'the system refuses io_uring' end
    local _, calls = trace:gsub('io_uring_enter%(', '')
    local _, sent = trace:gsub('"HTTP/1%.1 200', '')
    assert.same({ 2, 18 }, { calls, sent }, trace)
  end)
end)

describe('what backends send and are sent', function()
  it('goes to the system together', function()
    if not can_trace() then return pending 'needs strace, and no sanitizer' end
    local tide, finish = traced {}
    for _ = 1, 3 do assert.equal('2001 2002 2003', tide:get('/').body) end
    local refused, trace = tide.log():find('event=no_io_uring', 1, true), finish()
    if refused then return pending 'the system refuses io_uring' end
    assert.truthy(trace:find 'io_uring_enter%(%d+, 3, 3,', trace)
  end)

  it('goes one by one when the site says so', function()
    if not can_trace() then return pending 'needs strace, and no sanitizer' end
    local tide, finish = traced { io_uring = false }
    for _ = 1, 3 do assert.equal('2001 2002 2003', tide:get('/').body) end
    assert.is_nil(tide.log():find('io_uring', 1, true))
    local trace = finish()
    assert.is_nil(trace:find('io_uring', 1, true), trace)
    assert.truthy(trace:find('POST /echo', 1, true))
  end)

  it('goes one by one where io_uring is refused, and the log says so once', function()
    if not can_trace() then return pending 'needs strace, and no sanitizer' end
    local tide, finish = traced({}, 'io_uring_setup:error=EPERM')
    for _ = 1, 3 do assert.equal('2001 2002 2003', tide:get('/').body) end
    local _, count = tide.log():gsub('level=info event=no_io_uring errno=1\n', '')
    assert.equal(1, count)
    assert.is_nil(finish():find('io_uring_enter', 1, true))
  end)

  it('goes one by one from the call on with which io_uring is taken away', function()
    if not can_trace() then return pending 'needs strace, and no sanitizer' end
    local tide, finish = traced({}, 'io_uring_enter:error=EAGAIN:when=2+')
    for _ = 1, 5 do assert.equal('2001 2002 2003', tide:get('/').body) end
    local refused, trace = tide.log():find('event=no_io_uring', 1, true), finish()
    if refused then return pending 'the system refuses io_uring' end
    local _, calls = trace:gsub('io_uring_enter%(', '')
    assert.equal(2, calls, trace)
  end)
end)

for _, way in ipairs { true, false } do
  describe('with io_uring = ' .. tostring(way), function()
    local tide, backend

    setup(function()
      backend = shop()
      tide = gate.serve { script = SCRIPT, backends = { shop = backend },
        site = { workers = 2, io_uring = way } }
    end)
    teardown(function()
      tide:stop()
      backend:stop()
    end)

    local function many(path, n, what)
      local words = {}
      for i = 1, n do words[i] = what or '200' .. i end
      local wanted = table.concat(words, ' ')
      for _ = 1, 3 do
        local asked = {}
        for i = 1, 4 do asked[i] = { path = ('/?n=%d&path=%s'):format(n, path) } end
        for _, res in ipairs(tide:all(asked)) do assert.equal(wanted, res.body) end
      end
    end

    it('many calls at once get each its answer', function() many('echo', 40) end)
    it('answers longer than one receive are whole', function()
      many('long', 20, '200' .. ('x'):rep(40000))
    end)
    it('answers as long as one receive, a byte less and a byte more, are whole', function()
      local words = {}
      for i = 1, 5 do words[i] = '200' .. ('x'):rep(edge(i - 3)) end
      for _ = 1, 3 do
        assert.equal(table.concat(words, ' '), tide:get('/?n=5&path=edge').body)
      end
    end)
    it('answers that come later are awaited', function() many('late', 20, '200late') end)
    it('connections that are reset lose their calls', function() many('reset', 20, 'reset') end)
    it('bodies that are cut short are errors', function() many('cut', 20, 'protocol') end)
  end)
end

describe('the key io_uring', function()
  it('needs a restart when it changes', function()
    local tide = gate.serve { script = 'return function() end', site = {} }
    tide.opts.site.io_uring = false
    gate.write_site(tide.site, tide.opts)
    tide:signal(posix.HUP)
    tide:await_log 'event=needs_restart[^\n]*io_uring'
    tide:stop()
  end)
end)
