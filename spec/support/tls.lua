-- Certificates and a TLS backend for specs: the openssl command makes the first, node is the other.
local cjson = require 'cjson'
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

local tls = {}
local Server = {}
Server.__index = Server

-- Whether this machine has what is needed.
function tls.available()
  return os.execute 'node --version >/dev/null 2>&1 && openssl version >/dev/null 2>&1' == 0
end

local function run(format, ...)
  local command = format:format(...)
  assert(os.execute('(' .. command .. ') >/dev/null 2>&1') == 0, command)
end

-- A CA of its own: PATH.pem and PATH.key.
function tls.ca(path, name)
  run('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 ' ..
    '-subj "/CN=%s" -keyout %s.key -out %s.pem', name or 'a CA', path, path)
end

-- A certificate of a CA: PATH.pem and PATH.key. `names` is as in subjectAltName; `days` may be
-- negative: then it has expired.
function tls.certificate(path, ca, cn, names, days)
  local dates = days and days < 0 and '-startdate 20200101000000Z -enddate 20200201000000Z'
    or '-days 2'
  local folder = path:match '^(.*)/'
  posix.write(path .. '.ext', (names and 'subjectAltName=' .. names .. '\n' or '') ..
    'basicConstraints=CA:false\n')
  posix.write(path .. '.cnf', ('[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index\nnew_certs_dir=%s\n' ..
    'serial=%s/serial\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\n' ..
    'commonName=supplied\n'):format(folder, folder, folder))
  posix.write(folder .. '/index', '')
  run('openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=%s" ' ..
    '-keyout %s.key -out %s.csr', cn, path, path)
  run('openssl ca -batch -config %s.cnf -rand_serial -notext -cert %s.pem -keyfile %s.key %s ' ..
    '-in %s.csr -out %s.pem -extfile %s.ext', path, ca, ca, dates, path, path, path)
end

-- Starts a backend with the certificate at `path`; `config` as in tls_server.js.
function tls.server(path, config)
  local folder = posix.folder()
  config = config or {}
  config.cert, config.key = path .. '.pem', path .. '.key'
  local self = setmetatable({ folder = folder }, Server)
  self.pid = posix.spawn({ 'node', 'spec/support/tls_server.js', cjson.encode(config) },
    { stdout = folder .. '/out', stderr = folder .. '/err' })
  self.port = wait.eventually(function()
    return tonumber(posix.read(folder .. '/out'):match '^(%d+)\n')
  end, 20)
  self.url = 'https://127.0.0.1:' .. self.port
  self.named = 'https://localhost:' .. self.port
  return self
end

function Server:stop()
  posix.stop(self.pid)
  posix.remove(self.folder)
end

return tls
