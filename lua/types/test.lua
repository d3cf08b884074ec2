---@meta tidegate.test

--- What a spec sees as `require 'tidegate.test'`, when `tidegate test` runs it.
---@class tidegate.test
---@field faults string[]  the faults of `each_fault`
---@field is_real boolean  by --real or --against: in real time, over sockets
local test = {}

--- A site as `tidegate run` would serve it, in virtual time: the one of the command line, or another
--- folder. `overrides` change what its `site.lua` returns: tables with names are merged. Raises when
--- the site is wrong.
---@param path? string|table  a folder, from where the command was started; or the overrides alone
---@param overrides? table  keys of site.lua, and `env`: a table of environment variables
---@return tidegate.test.Site
function test.site(path, overrides) end

--- Sends the request once as it is, then once for each fault of each backend that it asked, and
--- gives each response to `check`. All begins anew each time, with the same rules.
---@param site tidegate.test.Site
---@param request tidegate.test.Request|string  or a path
---@param check fun(fault: tidegate.test.Fault, res: tidegate.test.Response)
function test.each_fault(site, request, check) end

---@class tidegate.test.Fault
---@field backend string  its name
---@field name 'refuse'|'timeout'|'reset'|'stall'|'truncate'|'garbage'

---@class tidegate.test.Site
---@field backend table<string, tidegate.test.Backend>  by name; another name raises
---@field clock tidegate.test.Clock
---@field log? string  the operator's log since the test began
local Site = {}

---@class tidegate.test.RequestOptions
---@field query? table<string, string|number|(string|number)[]>  put behind the path
---@field headers? table<string, string|string[]>  a list repeats the field
---@field body? string  bytes
---@field json? any  a value, or its text; with its content type
---@field xml? table|string  a value as `tg.xml.encode` takes it, or its text; with its content type
---@field form? table<string, string>  application/x-www-form-urlencoded
---@field client? string  the IP address it comes from ('127.0.0.1')

---@class tidegate.test.Request: tidegate.test.RequestOptions
---@field method? string  'GET'
---@field path string  percent-encoded

--- Sends a request; time goes on until it is answered. Fails the test when a backend was called and
--- no rule answered, or when there is no answer within an hour.
---@param request tidegate.test.Request
---@return tidegate.test.Response
function Site:request(request) end

--- The same by method. `opts`: a string is the body.
---@param path string
---@param opts? tidegate.test.RequestOptions|string
---@return tidegate.test.Response
function Site:get(path, opts) end
Site.head, Site.options, Site.post, Site.put, Site.patch, Site.delete = Site.get, Site.get,
  Site.get, Site.get, Site.get, Site.get

--- Sends requests side by side; the responses stand under the same keys.
---@param requests table<any, tidegate.test.Request>
---@return table<any, tidegate.test.Response>
function Site:all(requests) end

--- Begins anew, with the rules that are there: states, connections, clock and calls are as at first.
function Site:restart() end

---@class tidegate.test.Response
---@field status integer
---@field headers table<string, string>  by names in any case; repeated ones are joined with ', '
---@field body string
---@field elapsed number  virtual seconds it took
---@field log string  what the operator's log said meanwhile
---@field cache? string  'hit', or why the request went forward, by its Cache-Status field
local Response = {}

--- The body as a value; raises when it is no JSON.
---@return any
function Response:json() end

--- The body as a value; raises when it is no XML.
---@param opts? tidegate.XmlOptions
---@return table
function Response:xml(opts) end

--- All fields of that name, in order.
---@param name string
---@return string[]
function Response:all(name) end

---@class tidegate.test.Backend
---@field calls tidegate.test.Call[]  what was sent, in order; every attempt counts
local Backend = {}

---@class tidegate.test.Answer
---@field status? integer  200
---@field headers? table<string, string|string[]>
---@field json? any  a value, or its text
---@field xml? table|string  a value, or its text
---@field text? string
---@field body? string  bytes, without a content type
---@field after? number  seconds until it comes
---@field chunks? string[]  pieces, sent chunked
---@field every? number  seconds between them
---@field fault? 'reset'|'stall'|'truncate'|'garbage'  in the midst of it

---@alias tidegate.test.AnyAnswer tidegate.test.Answer|string|fun(call: tidegate.test.Call): (tidegate.test.Answer|string)

--- Answers calls that the pattern matches, 'GET /orders/{id}?limit=5'; the rule made last is asked
--- first. A string is a fault: refuse unreachable timeout reset stall truncate garbage. Of a list the
--- last answer goes on.
---@param pattern string
---@param answer tidegate.test.AnyAnswer|tidegate.test.AnyAnswer[]
---@param opts? { times?: integer }
---@return tidegate.test.Rule
function Backend:on(pattern, answer, opts) end

---@class tidegate.test.Rule
local Rule = {}

--- It answers so often; then older rules do.
---@param n integer
---@return tidegate.test.Rule
function Rule:times(n) end

---@class tidegate.test.Call
---@field backend string  its name
---@field method string
---@field target string  path and query as sent, without the path of the backend's address
---@field path string
---@field query table<string, string>  decoded
---@field headers table<string, string>  by names in any case
---@field body string
---@field params? table<string, string>  what the names of the rule's pattern stand for, decoded
---@field rule? string  the pattern of the rule that answered
---@field at number  seconds since the test began
---@field fault? string  when the connection was refused
---@field cancelled? boolean  the gate did not wait for the answer
local Call = {}

---@return any
function Call:json() end

---@param opts? tidegate.XmlOptions
---@return table
function Call:xml(opts) end

---@return table<string, string>
function Call:form() end

---@class tidegate.test.Clock
---@field elapsed number  seconds since the test began
---@field now number  seconds since the epoch
local Clock = {}

--- Lets time pass, and all that is due in it happen in its order. In real time it waits, for at most
--- 5 seconds.
---@param seconds number
function Clock:advance(seconds) end

return test
