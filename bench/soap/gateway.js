// The same gateway with npm's soap: a client of the WSDL document, JSON in and out.
const http = require('http')
const soap = require('../../spec/soap/node_modules/soap')

const agent = new http.Agent({ keepAlive: true })

async function main() {
  const client = await soap.createClientAsync('spec/soap/stock.wsdl')
  client.setEndpoint(`http://127.0.0.1:${process.argv[2]}/stock`)
  const server = http.createServer((request, response) => {
    let text = ''
    request.on('data', piece => { text += piece })
    request.on('end', async () => {
      try {
        const [answer] = await client.LevelsAsync(JSON.parse(text), { httpAgent: agent })
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(answer))
      } catch (error) {
        response.writeHead(502)
        response.end(String(error))
      }
    })
  })
  server.listen(0, '127.0.0.1', () => console.log(server.address().port))
}

main()
