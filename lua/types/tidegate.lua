---@meta tidegate

--- What a script sees as `require 'tidegate'`.
---@class tidegate
---@field null userdata  stands for JSON's null and XML's nil; not equal to Lua's nil
local tg = {}

--- What a script file returns. The first script of a route that returns something answers the
--- request; one that returns nothing lets the next go on.
---@alias tidegate.Handler fun(req: tidegate.Request, route: tidegate.Route): tidegate.Answer?

--- What answers a request: a response, a bare table (as `tg.json` would make it) or a bare string
--- (as `tg.text` would). Anything else is a 500 that names the script, its line and the type.
---@alias tidegate.Answer tidegate.Response|tidegate.BackendResponse|table|string

--- Seconds, or a text such as '250ms', '2s', '5m', '1h'.
---@alias tidegate.Duration number|string

--- The request, as long as it lasts: what is read from it later raises an error, but in functions
--- of `tg.after`. It can't be changed; scripts of one route tell each other things in `req.vars`.
---@class tidegate.Request
---@field method string  as sent, upper case: 'GET'
---@field path string  normalised and percent-encoded: safe to pass on
---@field raw_path string  as sent, without the query
---@field host string  the Host field; '' when HTTP/1.0 sent none
---@field scheme string  'http'
---@field version string  '1.1' or '1.0'
---@field params table<string, string>  what {name} and {name...} of the route's pattern matched, decoded
---@field query tidegate.Fields  the query's names and values, decoded; a repeated name gives the first
---@field headers tidegate.Fields  the header fields; case does not matter, a repeated one is joined with ', '
---@field cookies table<string, string>  decoded
---@field body string  the bytes, '' when there are none
---@field client tidegate.Client  who asks
---@field id string  from X-Request-Id when that is fit (up to 64 letters, digits, '-', '_', '.'), else made
---@field trace string  W3C traceparent, from the request or made
---@field vars table  empty at first; lives as long as the request
local Request = {}

--- The body as a Lua value. An error (code parse) becomes a 400 when nobody catches it, or a 413
--- when a limit was crossed.
---@param opts? tidegate.JsonOptions
---@return any value
---@return tidegate.Error? err
function Request:json(opts) end

--- The XML body as a Lua value, by the convention of conversion.
---@param opts? tidegate.XmlOptions
---@return any value
---@return tidegate.Error? err
function Request:xml(opts) end

--- The XML body as JSON text: bytes to bytes, with no Lua value between.
---@param opts? tidegate.XmlOptions
---@return string? json
---@return tidegate.Error? err
function Request:to_json(opts) end

--- The JSON body as XML text: bytes to bytes, with no Lua value between.
---@param opts? tidegate.XmlWriteOptions
---@return string? xml
---@return tidegate.Error? err
function Request:to_xml(opts) end

--- Asks the XML body by an XPath 1.0 expression. The tree is made at the first call, whose options
--- count, and kept. An expression that is wrong raises.
---@param expression string
---@param namespaces? table<string, string>  what the prefixes in the expression stand for
---@param opts? tidegate.DocumentOptions
---@return string|number|boolean|(string|tidegate.Node)[] result  elements are nodes, all else that a list has is text
---@return tidegate.Error? err
function Request:xpath(expression, namespaces, opts) end

--- The pairs of an application/x-www-form-urlencoded body.
---@return tidegate.Fields? pairs
---@return tidegate.Error? err  a 415 when the body is of another type
function Request:form() end

--- Seconds until the request's deadline, which is the route's `timeout`; 0 when it has passed.
---@return number seconds
function Request:remaining() end

---@class tidegate.Client
---@field address string  the peer's, or the one that trusted peers name in X-Forwarded-For
---@field port integer  0 when it was named by a trusted peer

--- Names and values in the order they came. `fields.name` gives the value, `pairs` goes in order.
---@class tidegate.Fields
---@field [string] string
local Fields = {}

--- Every value of that name, in order.
---@param name string
---@return string[] values
function Fields:all(name) end

--- The route's own table of site.lua.
---@class tidegate.Route
---@field [1] string  the pattern, such as 'GET /customers/{id}'
---@field [2] string  the script
---@field timeout? tidegate.Duration
---@field settings? table  whatever the site wants to tell the script

--- What `tg.json`, `tg.text` and the others make. Its fields may be changed before it is returned.
---@class tidegate.Response
---@field status integer  200 to 599
---@field headers table<string, string|string[]>  a list repeats the field
---@field body string

---@class tidegate.ResponseOptions
---@field status? integer  200 to 599
---@field headers? table<string, string|string[]>  a list repeats the field
---@field cache? tidegate.CachePolicy|false  how it is kept, on a route that has a `cache`; false: not at all

--- How long an answer is kept, and what it is purged by. See caching.md.
---@class tidegate.CachePolicy
---@field ttl? tidegate.Duration  it is fresh so long; of a backend's answer it must be given
---@field stale? tidegate.Duration  then, so long, it is given while a fresh one is made
---@field stale_if_error? tidegate.Duration  then, so long, it is given when none can be made
---@field tags? string[]  at most 64, of at most 256 bytes each

--- Answers with JSON; and the functions for JSON text.
---@class tidegate.json
---@overload fun(value: any, opts?: tidegate.ResponseOptions): tidegate.Response
tg.json = {}

--- Reads JSON text, strictly by RFC 8259. Arrays are marked, so that `[]` stays `[]`; a number that
--- a double can't hold is kept as a literal with all its digits.
---@param text string
---@param opts? tidegate.JsonOptions
---@return any value
---@return tidegate.Error? err
function tg.json.decode(text, opts) end

--- Writes JSON text. What can't be encoded raises an error that names the place.
---@param value any
---@param opts? { sorted?: boolean }  sorted: members in the order of their names' bytes
---@return string text
function tg.json.encode(value, opts) end

--- Answers with plain text.
---@param text string
---@param opts? tidegate.ResponseOptions
---@return tidegate.Response
function tg.text(text, opts) end

--- Answers with HTML.
---@param text string
---@param opts? tidegate.ResponseOptions
---@return tidegate.Response
function tg.html(text, opts) end

--- Sends the client elsewhere.
---@param url string
---@param status? integer  300 to 399; 302 when absent
---@return tidegate.Response
function tg.redirect(url, status) end

--- Answers with problem details (RFC 9457): a status with a sentence, or an error with the status
--- that it stands for.
---@param status integer|tidegate.Error  400 to 599
---@param detail? string
---@return tidegate.Response
function tg.problem(status, detail) end

--- Answers with everything by hand. Fields that belong to the connection are left out. A function as
--- the body is called for one piece after the other, as the client takes them, until it gives nil;
--- it may wait. A backend's answer as the body gives its body alone.
---@param response { status?: integer, headers?: table<string, string|string[]>, body?: string|(fun(): string?)|tidegate.BackendResponse, cache?: tidegate.CachePolicy|false }
---@return tidegate.Response
function tg.response(response) end

--- Gives the value, or raises the error: `local doc = tg.try(res:json())`.
---@generic T
---@param value T
---@param err? tidegate.Error
---@return T value
function tg.try(value, err) end

--- An error of the world. Uncaught, it becomes the status in `http`.
---@class tidegate.Error
---@field code tidegate.Code
---@field message string
---@field http integer  the status that it stands for
---@field backend? string  whose call failed
---@field status? integer  with code status: what the backend answered
---@field response? tidegate.BackendResponse  with code status
---@field name? string  in the errors of `tg.gather`: whose
---@field line? integer  with code parse, from 1
---@field column? integer  with code parse, in bytes from 1
---@field limit? string  with code parse: the limit that was crossed

---@alias tidegate.Code
---| 'refused' # nobody listens at the backend's address
---| 'unreachable' # the backend's address can't be reached
---| 'dns' # the backend's name can't be resolved
---| 'tls' # TLS with the backend failed: its certificate, its version, the handshake
---| 'busy' # no connection was to be had in time, or all addresses are left out after failures
---| 'timeout_connect' # no connection within connect_timeout
---| 'timeout_first_byte' # no head of a response within first_byte_timeout
---| 'timeout_idle' # nothing more of a body within idle_timeout
---| 'timeout' # the call, or the gather, took longer than its timeout
---| 'deadline' # the request took longer than its route's timeout
---| 'reset' # the connection broke before a response
---| 'protocol' # what came is not a proper HTTP response, or it was cut short
---| 'body_too_large' # the body is larger than the backend's limit
---| 'status' # the backend answered with another status than expected
---| 'parse' # text that is not what it should be
---| 'cancelled' # given up because the matter was decided without it
---| 'script' # a function of gather failed by a mistake of its own, or said so

--- The backend of that name in site.lua; an unknown name raises. Best called when the script
--- loads: then `tidegate check` finds a wrong name.
---@param name string
---@return tidegate.Backend
function tg.backend(name) end

--- A named service. The methods wait; other requests go on meanwhile.
---@class tidegate.Backend
local Backend = {}

---@class tidegate.CallOptions
---@field query? table<string, string|number|boolean|table>  appended to the path, names in order
---@field headers? table<string, string|string[]>
---@field body? string  bytes to send
---@field json? any  encoded and sent as application/json
---@field xml? any  encoded and sent as application/xml
---@field xml_options? tidegate.XmlWriteOptions  how
---@field form? table<string, string|number|boolean|table>  sent as application/x-www-form-urlencoded
---@field timeout? tidegate.Duration  for the whole call; never longer than the request's own time
---@field connect_timeout? tidegate.Duration
---@field retries? integer  0 to 10: how often a GET, HEAD, OPTIONS, PUT, DELETE or TRACE that failed is made again at another address
---@field expect? string|integer  '2xx' or 200: another status is an error of code status
---@field cache? tidegate.CachePolicy|false  keeps the answer: one call serves all who make the same
---@field stream? boolean  true: the body is not read before something asks for it; `timeout` then bounds the head alone

--- Sends any request.
---@async
---@param opts tidegate.CallOptions | { method?: string, path: string }  method: GET when absent
---@return tidegate.BackendResponse? res
---@return tidegate.Error? err
function Backend:request(opts) end

--- Sends a GET request.
---@async
---@param path string  begins with '/'; what comes from outside goes through `tg.escape`
---@param opts? tidegate.CallOptions
---@return tidegate.BackendResponse? res
---@return tidegate.Error? err
function Backend:get(path, opts) end

--- Sends a HEAD request.
---@async
---@param path string
---@param opts? tidegate.CallOptions
---@return tidegate.BackendResponse? res
---@return tidegate.Error? err
function Backend:head(path, opts) end

--- Sends a POST request. It is never sent twice.
---@async
---@param path string
---@param opts? tidegate.CallOptions
---@return tidegate.BackendResponse? res
---@return tidegate.Error? err
function Backend:post(path, opts) end

--- Sends a PUT request.
---@async
---@param path string
---@param opts? tidegate.CallOptions
---@return tidegate.BackendResponse? res
---@return tidegate.Error? err
function Backend:put(path, opts) end

--- Sends a PATCH request. It is never sent twice.
---@async
---@param path string
---@param opts? tidegate.CallOptions
---@return tidegate.BackendResponse? res
---@return tidegate.Error? err
function Backend:patch(path, opts) end

--- Sends a DELETE request.
---@async
---@param path string
---@param opts? tidegate.CallOptions
---@return tidegate.BackendResponse? res
---@return tidegate.Error? err
function Backend:delete(path, opts) end

--- Sends an OPTIONS request.
---@async
---@param path string
---@param opts? tidegate.CallOptions
---@return tidegate.BackendResponse? res
---@return tidegate.Error? err
function Backend:options(path, opts) end

--- Passes the client's request on: method, path, query, end-to-end fields and body; and gives an
--- answer that is streamed. See streaming.md for the fields.
---@async
---@param req tidegate.Request
---@param opts? tidegate.ForwardOptions
---@return tidegate.BackendResponse? res
---@return tidegate.Error? err
function Backend:forward(req, opts) end

---@class tidegate.ForwardOptions
---@field headers? table<string, string|string[]>  in the place of those that the client sent
---@field path? string  another path, with its query; else the request's own
---@field timeout? tidegate.Duration  until the head of the answer
---@field connect_timeout? tidegate.Duration
---@field expect? string|integer  '2xx' or 200: another status is an error of code status

--- What a backend answered. The body was read whole, up to the backend's `limit`; but of a streamed
--- answer it is read when a script looks at it, and an error is raised when it does not come. A
--- script may return it as it is: status, end-to-end fields and body go to the client.
---@class tidegate.BackendResponse
---@field status integer
---@field headers tidegate.Fields  may be changed: `res.headers['x-by'] = 'me'`, a list, or nil for none
---@field body string
local BackendResponse = {}

--- The body piece by piece: `for chunk in res:chunks() do … end`. Of a streamed answer nothing more
--- is received than the loop has taken, and it can be taken once. A body cut short raises an error.
---@async
---@return fun(): string?
function BackendResponse:chunks() end

--- The body as a Lua value. A body that does not parse is a 502 when nobody catches it.
---@param opts? tidegate.JsonOptions
---@return any value
---@return tidegate.Error? err
function BackendResponse:json(opts) end

--- The XML body as a Lua value, by the convention of conversion.
---@param opts? tidegate.XmlOptions
---@return any value
---@return tidegate.Error? err
function BackendResponse:xml(opts) end

--- The XML body as JSON text: bytes to bytes, the fast way for a plain bridge.
---@param opts? tidegate.XmlOptions
---@return string? json
---@return tidegate.Error? err
function BackendResponse:to_json(opts) end

--- The JSON body as XML text: bytes to bytes.
---@param opts? tidegate.XmlWriteOptions
---@return string? xml
---@return tidegate.Error? err
function BackendResponse:to_xml(opts) end

--- Asks the XML body by an XPath 1.0 expression. The tree is made at the first call, whose options
--- count, and kept. An expression that is wrong raises.
---@param expression string
---@param namespaces? table<string, string>  what the prefixes in the expression stand for
---@param opts? tidegate.DocumentOptions
---@return string|number|boolean|(string|tidegate.Node)[] result  elements are nodes, all else that a list has is text
---@return tidegate.Error? err
function BackendResponse:xpath(expression, namespaces, opts) end

--- Runs functions side by side, as parts of this request, and waits for them. It always gives two
--- tables: results by name, and errors by name and in order of time (`errors[1]` came first). When
--- one that is needed fails, the others are cancelled and the results are nil.
---@async
---@param functions table<string|integer, fun(): any>
---@param opts? { timeout?: tidegate.Duration, need?: (string|integer)[], limit?: integer }  need: all when absent, {} makes all optional; limit: how many run at once
---@return table? results
---@return tidegate.Error[] errors
function tg.gather(functions, opts) end

--- Runs functions side by side; the first result counts, the others are cancelled.
---@async
---@param functions table<string|integer, fun(): any>
---@param opts? { timeout?: tidegate.Duration, limit?: integer }
---@return any result  nil when all failed
---@return string|integer|tidegate.Error name  whose result it is; or the first error
function tg.race(functions, opts) end

--- Waits; other requests go on meanwhile.
---@async
---@param duration tidegate.Duration  a day at most
function tg.sleep(duration) end

--- Runs the function when the response has been sent. At most 16 functions a request, of 1000
--- requests a thread, with 30 seconds for all those of one request.
---@param fn fun()
function tg.after(fn) end

--- Registers, while the script loads, a function that runs again and again: one thread of the
--- process runs it, and the next run begins that long after the end of the one before.
---@param duration tidegate.Duration
---@param fn fun()
function tg.every(duration, fn) end

--- Marks a table as an array, so that an empty one is written `[]`.
---@generic T
---@param list? T[]
---@return T[] array
function tg.array(list) end

--- An object whose members keep their order: `tg.ordered { { 'a', 1 }, { 'b', 2 } }`. Its members
--- are read and set by name; `pairs` and encoding go in order.
---@param members { [1]: string, [2]: any }[]
---@return table object
function tg.ordered(members) end

--- JSON text that is put into an encoded value as it is, unread. It is checked first; what is not
--- JSON raises.
---@param json string
---@return userdata raw
function tg.raw(json) end

---@class tidegate.JsonOptions
---@field ordered? boolean  objects keep the order of their members
---@field depth? integer  levels of nesting; 256 when absent

---@class tidegate.XmlOptions
---@field preset? 'badgerfish'|'parker'|'gdata'|'abdera'|'jsonml'|'xml2js'|'apigee'|'aws'  a
--- convention by its name; the other options go over it
---@field attribute_prefix? string|boolean  before the names of attributes ('@'); '': nothing; false:
--- attributes are dropped
---@field attribute_group? string  the key of an object of the attributes (none)
---@field text_key? string  the text beside attributes or elements ('#text')
---@field text_always? boolean  text has its key also when it is alone
---@field cdata_key? string  CDATA sections apart from other text (none)
---@field children_key? string  mixed content under mixed = 'children' ('#children')
---@field content_key? string  where attributes are, a list of all else (none)
---@field comments_key? string  comments inside the root element (dropped)
---@field pi_key? string  processing instructions inside the root element, 'target data' (dropped)
---@field namespaces? 'keep'|'strip'|'badgerfish'  prefixes and declarations as they are; local names
--- only; or what is in force with each element: "@xmlns": {"$": "urn:d", "p": "urn:p"}
---@field xmlns_decl? 'keep'|'drop'  declarations, under namespaces = 'keep'
---@field ns_separator? string  between prefix and name (':')
---@field force_array? string[]|boolean  elements that become arrays even alone: '/order/item',
--- '//line'; true: all but the root
---@field collapse? string[]  names of items, such as 'member': an element that has these alone is the
--- array itself; '*': whatever name two or more children have
---@field strip_levels? integer  so many levels are left out, from the root on, while each has one
--- element
---@field root? string|boolean  another key for the root element; false: its value is all
---@field empty? string|userdata|table  what an empty element becomes: '', tg.null or {}
---@field nil? 'null'|'keep'  xsi:nil="true" with nothing else is null; or an attribute like others
---@field trim? 'edges'|'none'|'normalize'  blanks of text: not at the edges; all; single ones inside
---@field blank_text? boolean|'leaf'  keep text of blanks only (with trim = 'none'); 'leaf': where
--- nothing else is in the element
---@field numbers? 'none'|'safe'|'lexical'  text that becomes a number: none; what a double prints
--- back the same; whatever JSON takes as one, digit by digit
---@field booleans? boolean|'nocase'  true and false become booleans; 'nocase': True and FALSE too
---@field null_literal? string  the text that stands for null
---@field types? table<string, string>  by path, also of attributes ('/order/@id'): number, integer,
--- boolean, string, array. Text that doesn't fit its type stays text
---@field mixed? 'text'|'children'|'jsonml'|'drop'  text between elements: all under text_key; in order
--- under children_key; the document as JsonML; dropped
---@field unescape_names? boolean  _xHHHH_ in names is the character that it stands for
---@field doctype? 'refuse'|'skip'  skip: a DOCTYPE without declarations of its own is passed unread
---@field charset? string  the encoding, whatever the document and its Content-Type say
---@field select? string  an XPath 1.0: the first element that it gives is converted as if it were the
--- document; without one the document is refused
---@field select_namespaces? table<string, string>  what the prefixes in `select` stand for
---@field input? integer|string  limit: bytes of the document, as sent and as UTF-8 (8 MB)
---@field depth? integer  limit: elements in elements (256); 1000 at most, but in to_json by the
--- default convention
---@field attributes? integer  limit: attributes of one element (256)
---@field xmlns? integer  limit: namespace declarations of one element (64)
---@field name? integer|string  limit: bytes of a name (1024)
---@field names? integer  limit: different names (10 000)
---@field elements? integer  limit: elements (1 000 000)
---@field output? integer|string  limit: bytes of JSON (32 MB)

---@class tidegate.XmlWriteOptions
---@field root? string  the element around what is not one element by itself ('root')
---@field item? string  an item of an array that has no name of its own ('item')
---@field item_names? table<string, string>  names of items by the key of their array
---@field arrays? 'repeat'|'wrap'  `<a>1</a><a>2</a>`, or `<a><item>1</item><item>2</item></a>`
---@field attribute_prefix? string  keys that are attributes begin with it ('@'); '': there are none
---@field attribute_group? string  the key of an object of attributes
---@field text_key? string  the text of an element ('#text')
---@field cdata_key? string  text that is written as CDATA
---@field children_key? string  mixed content in its order ('#children')
---@field comments_key? string  a comment or a list of them
---@field pi_key? string  processing instructions: 'target data'
---@field mixed? 'text'|'children'|'jsonml'  the last: the value is JsonML
---@field namespaces? table<string, string>|'badgerfish'  prefixes to declare on the root ('' is the
--- default namespace), or BadgerFish's "@xmlns" objects
---@field order? table  names of elements in the order that a sequence wants; lists by the name of
--- the element around; or both
---@field declaration? boolean  begin with `<?xml version="1.0" encoding="UTF-8"?>`
---@field indent? integer  blanks for each level, 0 to 16 (0: one line)
---@field invalid_name? 'escape'|'error'|'replace'  a key that is no XML name: `_xHHHH_`, an error, '_'
---@field control_chars? 'error'|'drop'|'replace'  characters that XML doesn't have
---@field null? 'nil'|'empty'|'omit'  `xsi:nil="true"`, an empty element, nothing
---@field empty_array? 'omit'|'empty'  nothing, or an empty element
---@field duplicate_keys? 'repeat'|'error'  a key that comes twice in JSON text
---@field input? integer|string  limit: bytes of JSON (8 MB)
---@field depth? integer  limit: objects and arrays in each other (256)
---@field key? integer|string  limit: bytes of a key (1024)
---@field attributes? integer  limit: attributes of one element (256)
---@field elements? integer  limit: elements (1 000 000)
---@field output? integer|string  limit: bytes of XML (32 MB)

--- `tg.xml(value, opts)` is a response with a value as XML, by the mirror of the convention that
--- `tg.xml.decode` reads. `opts.xml` says how. Plain tables go in the order of their bytes.
---@class tidegate.xml
---@overload fun(value: any, opts?: { status?: integer, headers?: table, xml?: tidegate.XmlWriteOptions }): tidegate.Response
tg.xml = {}

--- Reads XML text as a Lua value, by the convention of conversion.
---@param text string
---@param opts? tidegate.XmlOptions
---@return any value
---@return tidegate.Error? err
function tg.xml.decode(text, opts) end

--- Writes a value as XML text. What has no XML raises, with the path to it.
---@param value any
---@param opts? tidegate.XmlWriteOptions
---@return string xml
function tg.xml.encode(value, opts) end

--- Limits of a tree: as with tidegate.XmlOptions, but `depth` is 256 at most and `attributes` 1024.
---@class tidegate.DocumentOptions: tidegate.XmlOptions
---@field operations? integer  limit: steps of one evaluation (10 000 000)

--- Reads XML text as a document, to ask by XPath and to edit. Its memory counts as the script's.
---@param text string
---@param opts? tidegate.DocumentOptions
---@return tidegate.Document? document
---@return tidegate.Error? err
function tg.xml.parse(text, opts) end

--- A schema of XML Schema 1.0, to check documents by and to convert them. It is named while the
--- script loads, as a file of the site's folder; what it includes and imports must lie there, too.
--- A schema that is wrong, or needs anything else, fails the load with its file and line. All threads
--- share it.
---@param path string  of an .xsd file, or of a WSDL document with schemas in it; from the site's folder
---@return tidegate.Schema schema
function tg.xml.schema(path) end

---@class tidegate.SchemaOptions
---@field element? string  the root element: 'name' or '{namespace}name'; any that is declared globally
---@field bare? boolean  the value is that of the element, without a table around it; needs `element`
---@field input? tidegate.Size  limits, as with tidegate.XmlOptions
---@field output? tidegate.Size
---@field depth? integer
---@field elements? integer
---@field attributes? integer
---@field names? integer

--- A schema, ready for use. Its errors have the code `invalid` for what it does not allow, and
--- `parse` for what can't be read at all.
---@class tidegate.Schema
local Schema = {}

--- Checks XML text by libxml2, identity constraints and all.
---@param text string
---@param opts? tidegate.SchemaOptions
---@return true? valid
---@return tidegate.Error? err  with `line`
function Schema:validate(text, opts) end

--- XML text as a value of Lua: lists, numbers, booleans and null as the schema has them.
---@param text string
---@param opts? tidegate.SchemaOptions
---@return any value
---@return tidegate.Error? err
function Schema:decode(text, opts) end

--- A value as XML text, in the order and the namespaces of the schema.
---@param value any
---@param opts? tidegate.SchemaOptions
---@return string? text
---@return tidegate.Error? err  its message has the path to what is wrong: `.order.line[0].qty`
function Schema:encode(value, opts) end

--- XML text to JSON text, as `decode` has it, without values of Lua between; numbers keep their digits.
---@param text string
---@param opts? tidegate.SchemaOptions
---@return string? json
---@return tidegate.Error? err
function Schema:to_json(text, opts) end

--- JSON text to XML text, as `encode` has it.
---@param json string
---@param opts? tidegate.SchemaOptions
---@return string? text
---@return tidegate.Error? err
function Schema:to_xml(json, opts) end

--- What the values of an element are in JSON, as a document of JSON Schema (2020-12).
---@param opts? tidegate.SchemaOptions  `element` and `bare` count
---@return string json
function Schema:json_schema(opts) end

--- XML as a tree. `tostring(document)` is its text.
---@class tidegate.Document
local Document = {}

--- The result of an XPath 1.0 expression: a string, number or boolean, or a list in which elements
--- are nodes and all else is text. One that is wrong raises; one that takes too many steps is an
--- error with the limit `operations`.
---@param expression string
---@param namespaces? table<string, string>  what the prefixes in the expression stand for
---@return string|number|boolean|(string|tidegate.Node)[] result
---@return tidegate.Error? err
function Document:xpath(expression, namespaces) end

--- Makes a text all that is in each of the elements, attributes or texts that are selected.
---@param expression string
---@param value string|number|boolean
---@param namespaces? table<string, string>
---@return integer? count  how many there were
---@return tidegate.Error? err
function Document:set(expression, value, namespaces) end

--- Takes out what is selected. The root element can't be removed.
---@param expression string
---@param namespaces? table<string, string>
---@return integer? count  how many there were
---@return tidegate.Error? err
function Document:remove(expression, namespaces) end

--- The document as XML text.
---@param opts? { declaration?: boolean }  declaration: begin with `<?xml version="1.0" encoding="UTF-8"?>`
---@return string xml
function Document:xml(opts) end

--- An element of a document, which lives as long as one of its nodes. `tostring(node)` is its text.
---@class tidegate.Node
local Node = {}

--- The name without its prefix.
---@return string name
function Node:name() end

---@return string? prefix
function Node:prefix() end

---@return string? namespace
function Node:namespace() end

--- All text that is in it.
---@return string text
function Node:text() end

---@param name string  without prefix
---@param namespace? string  what the attribute's prefix stands for
---@return string? value
function Node:attribute(name, namespace) end

--- The line of the text that its start tag ends in; up to 65535.
---@return integer line
function Node:line() end

--- As `Document:xpath`, from this element on.
---@param expression string
---@param namespaces? table<string, string>
---@return string|number|boolean|(string|tidegate.Node)[] result
---@return tidegate.Error? err
function Node:xpath(expression, namespaces) end

--- The element as XML text, with the namespaces that are in force there.
---@return string xml
function Node:xml() end

--- The same as a Lua value: what `tg.xml.decode` makes of it.
---@param opts? tidegate.XmlOptions
---@return any value
---@return tidegate.Error? err
function Node:value(opts) end

---@class tidegate.convert
tg.convert = {}

--- JSON text to XML text, bytes to bytes: members in their order, numbers digit by digit.
---@param json string
---@param opts? tidegate.XmlWriteOptions
---@return string? xml
---@return tidegate.Error? err
function tg.convert.json_to_xml(json, opts) end

--- XML text to JSON text, bytes to bytes.
---@param xml string
---@param opts? tidegate.XmlOptions
---@return string? json
---@return tidegate.Error? err
function tg.convert.xml_to_json(xml, opts) end

--- Percent-encodes a text for one segment of a path, or for a query; '.' and '..' too.
---@param text string
---@return string escaped
function tg.escape(text) end

--- Decodes percent-escapes.
---@param text string
---@return string plain
function tg.unescape(text) end

---@class tidegate.base64
tg.base64 = {}

---@param bytes string
---@param opts? { url?: boolean, pad?: boolean }  url: the alphabet for URLs, then without padding
---@return string text
function tg.base64.encode(bytes, opts) end

---@param text string
---@param opts? { url?: boolean, pad?: boolean }
---@return string? bytes
---@return tidegate.Error? err
function tg.base64.decode(text, opts) end

--- Digests. The format is 'hex' (lower case) when absent.
---@class tidegate.hash
tg.hash = {}

---@param bytes string
---@param opts? { format?: 'hex'|'base64'|'raw' }
---@return string digest
function tg.hash.sha256(bytes, opts) end

---@param bytes string
---@param opts? { format?: 'hex'|'base64'|'raw' }
---@return string digest
function tg.hash.sha384(bytes, opts) end

---@param bytes string
---@param opts? { format?: 'hex'|'base64'|'raw' }
---@return string digest
function tg.hash.sha512(bytes, opts) end

--- For old services only: SHA-1 is broken.
---@param bytes string
---@param opts? { format?: 'hex'|'base64'|'raw' }
---@return string digest
function tg.hash.sha1(bytes, opts) end

--- For old services only: MD5 is broken.
---@param bytes string
---@param opts? { format?: 'hex'|'base64'|'raw' }
---@return string digest
function tg.hash.md5(bytes, opts) end

--- A keyed digest (RFC 2104).
---@param algorithm 'sha256'|'sha384'|'sha512'|'sha1'|'md5'
---@param key string
---@param bytes string
---@param opts? { format?: 'hex'|'base64'|'raw' }
---@return string digest
function tg.hash.hmac(algorithm, key, bytes, opts) end

--- Compares two strings in a time that does not tell where they differ.
---@param a string
---@param b string
---@return boolean same
function tg.hash.equal(a, b) end

--- Seconds since 1970, with fractions.
---@return number seconds
function tg.time() end

--- A random UUID (version 4).
---@return string uuid
function tg.uuid() end

--- Lines in the operator's log, with the request's id: `tg.log.info('stock_low', { item = 7 })`.
---@class tidegate.log
tg.log = {}

---@param event string
---@param fields? table<string, any>
function tg.log.debug(event, fields) end

---@param event string
---@param fields? table<string, any>
function tg.log.info(event, fields) end

---@param event string
---@param fields? table<string, any>
function tg.log.warn(event, fields) end

---@param event string
---@param fields? table<string, any>
function tg.log.error(event, fields) end

--- What a SOAP call sends.
---@class tidegate.SoapEnvelopeOptions
---@field version? '1.1'|'1.2'  '1.1' when absent
---@field action? string  what is called: SOAPAction, or `action=` of the content type
---@field namespaces? table<string, string>  prefixes that the body and the header blocks use
---@field order? table  names of elements in the order that a sequence wants, as for `tg.xml.encode`
---@field header? table<string, any>|string  the application's header blocks: elements, or XML text
---@field addressing? boolean|{ to?: string, reply_to?: string, id?: string }  WS-Addressing: Action,
--- MessageID and, when given, To and ReplyTo
---@field security? tidegate.SoapSecurity  WS-Security

---@class tidegate.SoapSecurity
---@field username? string  a UsernameToken
---@field password? string
---@field type? 'text'|'digest'  how the password is sent; 'text' when absent
---@field timestamp? boolean|number  a Timestamp: seconds until it expires; `true`: 300

---@class tidegate.SoapCallOptions: tidegate.SoapEnvelopeOptions
---@field body? table|string  one element: a table with one member, or XML text
---@field path? string  '/' when absent
---@field headers? table<string, string>  HTTP header fields
---@field xml? tidegate.XmlOptions  how the answer is read; prefixes are stripped unless it says more
---@field timeout? number|string
---@field connect_timeout? number|string
---@field retries? integer

--- What an envelope held. `value` is that of the element in the body; with several, of the body.
---@class tidegate.SoapAnswer
---@field name? string  of the element in the body
---@field value? any
---@field header? any
---@field fault? tidegate.Error

--- What came with the value of an answer.
---@class tidegate.SoapMore
---@field name? string  of the element in the body
---@field header? any  the envelope's header: a value, or XML text from a client
---@field response tidegate.BackendResponse
---@field attachments? table<string, string>  of a message with attachments (MTOM): bytes by Content-ID

---@class tidegate.soap
tg.soap = {}

--- Calls a SOAP service: wraps the body, sends it, and unwraps the answer. A fault is an error
--- whose `code`, `subcode`, `string`, `actor` and `detail` are the fault's; `tg.problem` shows it.
---@param backend tidegate.Backend
---@param opts tidegate.SoapCallOptions
---@return any value  of the element in the answer's body
---@return tidegate.Error|tidegate.SoapMore more
function tg.soap.call(backend, opts) end

--- What a script says of itself: returned behind its function, it goes into `tidegate openapi`.
---@class tidegate.About
---@field id? string  operationId; made of method and path when absent
---@field summary? string
---@field description? string
---@field tags? string[]
---@field deprecated? boolean
---@field request? tidegate.AboutBody|table  or a JSON Schema
---@field response? tidegate.AboutBody|table  or a JSON Schema
---@field status? integer  of the answer; 200 when absent
---@field query? table<string, table>  JSON Schemas of parameters of the query, by name
---@field params? table<string, table>  those of the path; strings when absent
---@field errors? table<integer, string>  what statuses from 400 mean

---@class tidegate.AboutBody
---@field schema? tidegate.Schema
---@field element? string  of the schema
---@field bare? boolean  the JSON is the element's value, without an object around it
---@field content? string  a media type, where it is not JSON

---@class tidegate.SoapClientOptions
---@field backend string|tidegate.Backend  where calls go; the address in the WSDL document is not used
---@field path? string  at the backend; '/' when absent
---@field service? string  when the document has several
---@field port? string  when the document has several that differ in more than the version of SOAP
---@field version? '1.1'|'1.2'  the first that the document has when absent
---@field operations? string[]  those to load; all when absent
---@field headers? table<string, string>  of every call, as those that follow; a call's own go before
---@field header? table<string, any>|string
---@field security? tidegate.SoapSecurity
---@field addressing? boolean|{ to?: string, reply_to?: string, id?: string }
---@field timeout? number|string
---@field connect_timeout? number|string
---@field retries? integer

--- A client from a WSDL 1.1 document: SOAP 1.1 or 1.2, document or rpc style, literal. It is made
--- while a script loads, from a file of the site's folder; what the document imports must lie there,
--- too. What can't be done fails the load, with file and line.
---@param path string
---@param opts tidegate.SoapClientOptions
---@return tidegate.SoapClient client
function tg.soap.client(path, opts) end

--- Each operation is a function: `client:GetQuote({ symbol = 'X' }, opts)`. It takes the value of the
--- message's element and gives that of the answer's, by the schemas of the document; or nil and an
--- error: a fault, `invalid` (of a value: 400, of an answer: 502), or one of calls.
---@class tidegate.SoapClient
local SoapClient = {}

--- What there is to call.
---@return { name: string, action: string, input?: string, output?: string, style: string, documentation?: string }[] operations
function SoapClient:operations() end

--- What a script that calls the operation says of itself, to be returned behind its function.
---@param name string
---@return tidegate.About about
function SoapClient:describe(name) end

--- Calls an operation by its name.
---@param name string
---@param value? any  of the element that is sent
---@param opts? { path?: string, headers?: table<string, string>, header?: table<string, any>|string, security?: tidegate.SoapSecurity, addressing?: boolean|table, timeout?: number|string, connect_timeout?: number|string, retries?: integer }
---@return any value  of the element in the answer; true when the operation has none
---@return tidegate.Error|tidegate.SoapMore more
function SoapClient:call(name, value, opts) end

--- An envelope as XML text. Plain tables with several children have no order, so they raise: use
--- tg.ordered, the option `order`, or XML text.
---@param body? table|string
---@param opts? tidegate.SoapEnvelopeOptions
---@return string xml
function tg.soap.envelope(body, opts) end

--- Takes an envelope of either version apart.
---@param xml string
---@param opts? { xml?: tidegate.XmlOptions }
---@return tidegate.SoapAnswer? answer
---@return tidegate.Error? err
function tg.soap.parse(xml, opts) end

--- Values that last longer than a request, shared by all threads, and with `cache.redis` by several
--- tidegates; see caching.md. A string is kept byte by byte, any other value as its JSON says it:
--- what comes back is a copy, and what JSON can't say exactly raises. Each process has a cache of its
--- own; it begins empty, and what is not asked for may go when there is no room.
---@class tidegate.cache
tg.cache = {}

---@class tidegate.CacheGetOptions
---@field ttl? tidegate.Duration  what was loaded is fresh so long; absent: until there is no room
---@field stale? tidegate.Duration  then, so long, it is given to all but the one that loads anew
---@field stale_if_error? tidegate.Duration  then, so long, it is given when the load fails
---@field negative? tidegate.Duration  so long it is remembered that the load gave nil
---@field tags? string[]

---@class tidegate.CacheSetOptions
---@field ttl? tidegate.Duration  absent: until there is no room
---@field tags? string[]

--- The value under the key; without one, what `load` gives, which is kept. Of all who ask for the
--- same key at a time, in whatever thread, one loads and the others wait. `load` may wait; it fails
--- by an error, or by nil and an error: then a stale value is given if there is one, else the next one
--- of those that wait loads, and when that fails too, all of them. It must not ask for the key that
--- it loads. With `cache.redis` what is not in the memory is looked for there first.
---@async
---@param key string  1 to 1024 bytes
---@param opts? tidegate.CacheGetOptions
---@param load? fun(): any, any
---@return any value
---@return any err
function tg.cache:get(key, opts, load) end

--- Keeps the value instead of what is there, in Redis too if there is one.
---@param key string
---@param value any  not nil
---@param opts? tidegate.CacheSetOptions
---@return boolean kept  false when it is bigger than `cache.object`
function tg.cache:set(key, value, opts) end

--- Keeps the value unless there is one in this tidegate.
---@param key string
---@param value any  not nil
---@param opts? tidegate.CacheSetOptions
---@return boolean added
function tg.cache:add(key, value, opts) end

--- Adds to the number under the key, which begins at 0, in one step. The time of the first one stays.
--- Each tidegate counts for itself.
---@param key string
---@param by? number  1 when absent
---@param opts? tidegate.CacheSetOptions
---@return number sum
function tg.cache:incr(key, by, opts) end

--- Takes the value out, of Redis and other tidegates too if there are any.
---@param key string
---@return boolean found  in this tidegate
function tg.cache:delete(key) end

--- Takes out of the cache, or with `soft` makes stale, all answers and values with a tag, all answers
--- to a URL ('/path' with any query, '/path?query', or with 'http://host' in front) or to all paths
--- that begin with a prefix, or everything.
---@param what { tag?: string, url?: string, prefix?: string, all?: boolean, soft?: boolean }
function tg.cache:purge(what) end

return tg
