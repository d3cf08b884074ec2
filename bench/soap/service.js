// A service that always gives the same answer, of 5 KB.
const http = require('http')

let levels = ''
for (let i = 0; levels.length < 4800; i++) {
  levels += `<level><item>item number ${i}</item><count>${i * 7}</count></level>`
}
const answer = Buffer.from('<?xml version="1.0" encoding="utf-8"?><soap:Envelope ' +
  'xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><LevelsResponse ' +
  `xmlns="urn:example:stock">${levels}</LevelsResponse></soap:Body></soap:Envelope>`)

const server = http.createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'text/xml; charset=utf-8', 'content-length': answer.length })
    response.end(answer)
  })
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
