-- Bodies of 20 MB, eight at once, at a gate that converts and allows 10 MB.
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local http = require 'spec.support.http'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'

local big_bodies = { MOST = 8 * 10 * 1048576 * 3 }
big_bodies.__index = big_bodies

local BODY = '<a>' .. ('<b>12345678</b>'):rep(1400000) .. '</a>'

function big_bodies.serve()
  local up = upstream { ['/big'] = upstream.text(BODY) }
  local tide = gate.serve { script = [[
    local tg = require 'tidegate'
    return function(req)
      if req.method == 'GET' then
        return tg.text(tg.try(tg.try(tg.backend('up'):get '/big'):to_json()))
      end
      return tg.text(tg.try(req:to_json()))
    end]], backends = { up = { up.url, limit = '10MB' } },
    site = { workers = 1, limits = { body = '10MB' }, timeout = 60 } }
  return setmetatable({ up = up, tide = tide }, big_bodies)
end

function big_bodies:stop()
  self.tide:stop()
  self.up:stop()
end

-- Requests that are too large by their length, by their chunks, and by what the backend answers.
function big_bodies.sized()
  return 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ' .. #BODY .. '\r\n\r\n' ..
    BODY:sub(1, 65536)
end

function big_bodies.chunked()
  return 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n' ..
    ('%x\r\n%s\r\n'):format(11 * 1048576, BODY:sub(1, 11 * 1048576))
end

function big_bodies.of_backend() return http.encode_request { method = 'GET', path = '/' } end

local function memory(self, field)
  return tonumber(posix.read('/proc/' .. self.tide.pid .. '/status'):match(field .. ':%s*(%d+) kB'))
end

-- Sends the request eight times side by side: the statuses, and by how many bytes memory grew.
function big_bodies:ask(request)
  local before, connections, statuses = memory(self, 'VmRSS'), {}, {}
  for i = 1, 8 do connections[i] = client.connect(self.tide.port) end
  for i = 1, 8 do pcall(connections[i].send, connections[i], request, 60) end
  for i = 1, 8 do
    statuses[i] = connections[i]:receive(60).status
    connections[i]:close()
  end
  return statuses, (memory(self, 'VmHWM') - before) * 1024
end

return big_bodies
