local serve = require('spec.support.script').threads(1)

-- A gate whose paths are the names of functions.
local function forms(functions, more)
  return serve('local forms = {\n' .. functions ..
    '\n}\nreturn function(req) return forms[req.params.path](req) end', more)
end

describe('a response', function()
  it('has its type, its status and its fields', function()
    local tide = forms [[
      json = function() return tg.json { a = 1 } end,
      json_opts = function() return tg.json({ a = 1 }, { status = 201, headers = { ['X-A'] = 'b',
        ['x-list'] = { '1', '2' } } }) end,
      json_null = function() return tg.json(tg.null) end,
      json_type = function() return tg.json({},
        { headers = { ['Content-Type'] = 'application/hal+json' } }) end,
      text = function() return tg.text 'ä' end,
      text_opts = function() return tg.text('x', { status = 202,
        headers = { ['cache-control'] = 'no-store' } }) end,
      html = function() return tg.html '<p>' end,
      html_opts = function() return tg.html('<p>', { status = 404 }) end,
      redirect = function() return tg.redirect '/there?x=1' end,
      moved = function() return tg.redirect('https://example.com/', 308) end,
      response = function() return tg.response { status = 418, headers = { a = 'b' },
        body = 'tea' } end,
      empty = function() return tg.response {} end,
      number = function() return tg.response { body = 5 } end,
      bare_table = function() return { 1, 2 } end,
      bare_string = function() return 'plain' end,
      changed = function()
        local res = tg.json { a = 1 }
        res.status, res.headers['x-b'], res.body = 203, 'c', '[]'
        return res
      end,
      emptied = function()
        local res = tg.text 'x'
        res.headers = { only = 'this' }
        return res
      end,]]
    local function check(path, status, type, body)
      local res = tide:get('/' .. path)
      assert.same({ status, type, body }, { res.status, res.headers['content-type'], res.body },
        path)
      assert.equal(tostring(#body), res.headers['content-length'])
      assert.is_nil(res.headers.server)
      return res
    end
    check('json', 200, 'application/json', '{"a":1}')
    local res = check('json_opts', 201, 'application/json', '{"a":1}')
    assert.equal('b', res.headers['x-a'])
    assert.same({ '1', '2' }, res:all 'x-list')
    check('json_null', 200, 'application/json', 'null')
    check('json_type', 200, 'application/hal+json', '{}')
    check('text', 200, 'text/plain; charset=utf-8', 'ä')
    assert.equal('no-store', check('text_opts', 202, 'text/plain; charset=utf-8',
      'x').headers['cache-control'])
    check('html', 200, 'text/html; charset=utf-8', '<p>')
    check('html_opts', 404, 'text/html; charset=utf-8', '<p>')
    assert.equal('/there?x=1', check('redirect', 302, nil, '').headers.location)
    assert.equal('https://example.com/', check('moved', 308, nil, '').headers.location)
    assert.equal('b', check('response', 418, nil, 'tea').headers.a)
    check('empty', 200, nil, '')
    check('number', 200, nil, '5')
    check('bare_table', 200, 'application/json', '[1,2]')
    check('bare_string', 200, 'text/plain; charset=utf-8', 'plain')
    assert.equal('c', check('changed', 203, 'application/json', '[]').headers['x-b'])
    assert.equal('this', check('emptied', 200, nil, 'x').headers.only)
    tide:stop()
  end)

  it('may have any status from 200 to 599', function()
    local tide =
      serve [[return function(req)
        return tg.response { status = tonumber(req.query.s), body = 'x' } end]]
    for _, status in ipairs { 200, 299, 399, 451, 499, 599 } do
      assert.equal(status, tide:get('/?s=' .. status).status)
    end
    tide:stop()
  end)

  it('of 204 or 304 has no body and no length', function()
    local tide = serve [[return function(req) return tg.response { status = tonumber(req.query.s),
      body = 'x',
      headers = { etag = '"1"' } } end]]
    local connection = tide:connect()
    for _, status in ipairs { 204, 304, 200 } do
      local res = connection:get('/?s=' .. status)
      assert.equal(status, res.status)
      assert.equal('"1"', res.headers.etag)
      assert.equal(status == 200 and '1' or nil, res.headers['content-length'])
      assert.is_nil(res.headers['transfer-encoding'])
    end
    connection:close()
    tide:stop()
  end)

  it('does not carry fields that belong to the connection', function()
    local tide = serve [[return function() return tg.response { body = 'xyz', headers = {
      connection = 'close', ['Content-Length'] = '1', ['transfer-encoding'] = 'gzip',
        ['keep-alive'] = 'timeout=1',
      upgrade = 'h2c', te = 'trailers', trailer = 'x', ['proxy-connection'] = 'close',
        date = 'never', ok = '1' } } end]]
    local connection = tide:connect()
    for _ = 1, 2 do
      local res = connection:get '/'
      assert.equal('xyz', res.body)
      assert.same({ '3' }, res:all 'content-length')
      assert.equal('keep-alive', (res.headers.connection or 'keep-alive'):lower())
      for _, name in ipairs { 'transfer-encoding', 'upgrade', 'te', 'trailer', 'proxy-connection',
        'keep-alive' } do
        assert.is_nil(res.headers[name], name)
      end
      assert.equal(1, #res:all 'date')
      assert.not_equal('never', res.headers.date)
      assert.equal('1', res.headers.ok)
    end
    connection:close()
    tide:stop()
  end)
end)

describe('what can not be a response', function()
  it('is a 500 that says where, and nothing to the client but the id', function()
    local tide = forms([[
      crlf = function() return tg.text('x', { headers = { a = 'b\r\nset-cookie: c' } }) end,
      lf = function() return tg.text('x', { headers = { a = 'b\nc' } }) end,
      nul = function() return tg.text('x', { headers = { a = 'b\0c' } }) end,
      name = function() return tg.text('x', { headers = { ['a: b\r\nc'] = 'd' } }) end,
      noname = function() return tg.text('x', { headers = { [''] = 'd' } }) end,
      list = function() return tg.text('x', { headers = { 'a: b' } }) end,
      value = function() return tg.text('x', { headers = { a = true } }) end,
      inner = function() return tg.text('x', { headers = { a = { 'b', {} } } }) end,
      headers = function() return tg.text('x', { headers = 'a' }) end,
      location = function() return tg.redirect '/x\r\nset-cookie: a' end,
      low = function() return tg.text('x', { status = 199 }) end,
      high = function() return tg.text('x', { status = 600 }) end,
      status = function() return tg.json({}, { status = '200' }) end,
      late = function() local r = tg.text 'x' r.status = 100 return r end,
      redirect = function() return tg.redirect('/', 200) end,
      problem = function() return tg.problem(399) end,
      problem2 = function() return tg.problem(600) end,
      option = function() return tg.json({}, { heders = {} }) end,
      body = function() return tg.response { body = {} } end,
      text = function() return tg.text {} end,
      cycle = function() local t = {} t.t = t return t end,
      func = function() return { f = print } end,
      holes = function() return tg.json { 1, nil, 3 } end,]],
      { expect_errors = { 'event=script_error' } })
    local line = 3
    for _, case in ipairs { { 'crlf', "the value of the header 'a'" }, { 'lf',
      "the value of the header 'a'" },
      { 'nul', "the value of the header 'a'" }, { 'name', "can't be the name of a header" },
      { 'noname', "can't be the name of a header" }, { 'list', 'names of headers are strings' },
      { 'value', "'a' has a boolean" }, { 'inner', "'a' has a table" }, { 'headers',
        'headers must be a table' },
      { 'location', "the value of the header 'location'" }, { 'low',
        'status must be a number from 200 to 599' },
      { 'high', 'status must be a number from 200 to 599' }, { 'status',
        'status must be a number' },
      { 'late', 'status must be a number from 200 to 599' }, { 'redirect',
        'a status from 300 to 399' },
      { 'problem', 'a status from 400 to 599' }, { 'problem2', 'a status from 400 to 599' },
      { 'option', "'heders'.*'headers'" }, { 'body', 'body must be a string.*a table' },
      { 'text', 'string expected' }, { 'cycle', 'cannot encode' }, { 'func',
        'cannot encode %.f: a function' },
      { 'holes', 'cannot encode' } } do
      local res = tide:get('/' .. case[1])
      assert.equal(500, res.status, case[1])
      assert.is_nil(res.headers['set-cookie'])
      local problem = res:json()
      assert.is_nil(problem.detail)
      local said = tide:await_log('id=' .. problem.id ..
        ' event=script_error [^\n]*reason=("[^\n]*)')
      assert.matches(case[2], said, case[1])
      line = line + 1
    end
    tide:stop()
  end)

  it('names the script, its line and the type that was returned', function()
    local tide = forms([[
      none = function() end, number = function() return 5 end, yes = function() return true end,
      func = function() return print end, no = function() return false end,
      null = function() return tg.null end,]], { expect_errors = { 'event=script_error' } })
    for path, type in pairs { none = 'nothing', number = 'a number', yes = 'a boolean',
      func = 'a function',
      no = 'a boolean', null = 'a userdata' } do
      local res = tide:get('/' .. path)
      assert.equal(500, res.status)
      local said = tide:await_log('id=' .. res:json().id .. ' event=script_error[^\n]*')
      assert.matches('main%.lua:%d+: this function must return a response, it returned ' .. type,
        said)
    end
    tide:stop()
  end)

  it('shows its traceback to the client where the site says debug', function()
    local tide = serve([[
      local function deep() error('here it is') end
      return function() deep() return 'x' end]],
      { site = { workers = 1, debug = true }, expect_errors = { 'event=script_error' } })
    local res = tide:get('/')
    assert.equal(500, res.status)
    assert.matches('main%.lua:2: here it is\n.*main%.lua:3:', res:json().detail)
    tide:stop()
  end)
end)

describe('a problem', function()
  it('has the form of RFC 9457', function()
    local tide = forms [[
      status = function() return tg.problem(409) end,
      detail = function() return tg.problem(422, 'the "order" is\nempty') end,
      err = function() return tg.problem { code = 'timeout', message = 'slow', http = 504,
        backend = 'crm' } end,
      plain = function() return tg.problem {} end,
      bad = function() return tg.problem(400, '\255') end,]]
    local function ask(path) return tide:get('/' .. path, { ['x-request-id'] = 'r1' }) end
    local res = ask 'status'
    assert.equal('application/problem+json', res.headers['content-type'])
    assert.same({ title = 'Conflict', status = 409, id = 'r1' }, res:json())
    assert.equal(409, res.status)
    assert.equal('the "order" is\nempty', ask('detail'):json().detail)
    res = ask 'err'
    assert.equal(504, res.status)
    assert.same({ title = 'Gateway Timeout', status = 504, detail = 'slow', code = 'timeout',
      backend = 'crm', id = 'r1' },
      res:json())
    assert.equal(500, ask('plain').status)
    assert.equal('(not UTF-8)', ask('bad'):json().detail)
    tide:stop()
  end)
end)

describe('a connection', function()
  local tide
  setup(function()
    tide = serve [[
      local large = ('0123456789abcdef'):rep(196608)
      return function(req)
        if req.path == '/large' then return large end
        if req.path == '/slow' then tg.sleep(0.03) end
        return req.path .. ' ' .. req.body
      end]]
  end)
  teardown(function() tide:stop() end)

  it('carries a large body whole', function()
    local connection = tide:connect()
    for _ = 1, 3 do
      local res = connection:get '/large'
      assert.equal(3145728, #res.body)
      assert.equal(('0123456789abcdef'):rep(196608), res.body)
    end
    connection:close()
  end)

  it('answers requests sent at once in their order', function()
    local connection, requests = tide:connect(), {}
    for i = 1, 100 do
      requests[i] = i % 10 == 0 and 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\n' or
        ('POST /%d HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%s'):format(i, #tostring(i), i)
    end
    connection:send(table.concat(requests))
    for i = 1, 100 do
      assert.equal(i % 10 == 0 and '/slow ' or ('/%d %d'):format(i, i), connection:receive().body)
    end
    connection:close()
  end)

  it('is kept on HTTP/1.1 and closed when the client says so', function()
    local connection = tide:connect()
    for i = 1, 20 do assert.equal('/' .. i .. ' ', connection:get('/' .. i).body) end
    local res = connection:get('/last', { connection = 'close' })
    assert.equal('close', res.headers.connection)
    assert.is_true(connection:closes(5))
    connection:close()
  end)

  it('is closed on HTTP/1.0 unless the client asks to keep it', function()
    local connection = tide:connect()
    local res = connection:request { path = '/a', version = 'HTTP/1.0',
      headers = { connection = 'keep-alive' } }
    assert.equal('/a ', res.body)
    assert.equal('keep-alive', res.headers.connection)
    res = connection:request { path = '/b', version = 'HTTP/1.0' }
    assert.equal('/b ', res.body)
    assert.is_true(connection:closes(5))
    connection:close()
  end)
end)
