// Sends so many requests to a port, four at a time over kept connections, and writes the last answer.
const http = require('http')

const [port, count] = process.argv.slice(2).map(Number)
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
const body = JSON.stringify({ item: ['tea', 'coffee'] })
let left = count, last

function ask() {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, host: '127.0.0.1', port, path: '/Levels', method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': body.length } }, response => {
      let text = ''
      response.on('data', piece => { text += piece })
      response.on('end', () => {
        if (response.statusCode !== 200) reject(new Error(text))
        last = text
        resolve()
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

async function worker() {
  while (left-- > 0) await ask()
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])]))
}

Promise.all([worker(), worker(), worker(), worker()]).then(() => {
  console.log(JSON.stringify(sorted(JSON.parse(last))))
  agent.destroy()
})
