// Node beside the codec: the same documents, the same table. Usage: node node.js FOLDER NAME...
// FOLDER has NAME.xml and NAME.json as the codec was given them. All contenders are warm: each has
// run over every document before anything is measured. Text is decoded to strings outside.
'use strict'

const fs = require('fs')
const path = require('path')
const { XMLParser } = require('fast-xml-parser')
const xml2js = require('xml2js')

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  textNodeName: '#text',
  parseTagValue: false,
  parseAttributeValue: false
})

function byXml2js(text) {
  let json
  xml2js.parseString(text, { async: false }, (error, value) => {
    if (error) throw error
    json = JSON.stringify(value)
  })
  return json
}

const contenders = [
  ['json', 'node JSON.parse', (one) => JSON.parse(one.json)],
  ['json', 'node JSON.stringify', (one) => JSON.stringify(one.value)],
  ['xml', 'fast-xml-parser', (one) => JSON.stringify(parser.parse(one.xml))],
  ['xml', 'xml2js', (one) => byXml2js(one.xml)]
]

// CPU seconds, those of the collector's and the compiler's threads too.
function now() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

// Best of many, for at least a moment: as in codec.c.
function secondsOf(run, one, atLeast) {
  const times = one.xml.length < 100000 ? 50 : 1
  const end = now() + atLeast
  let best = Infinity
  do {
    const before = now()
    for (let i = 0; i < times; i++) run(one)
    best = Math.min(best, (now() - before) / times)
  } while (now() < end)
  return best
}

const [folder, ...names] = process.argv.slice(2)
const documents = names.map((name) => {
  const xml = fs.readFileSync(path.join(folder, name + '.xml'))
  const json = fs.readFileSync(path.join(folder, name + '.json'))
  return {
    name,
    xml: xml.toString(),
    json: json.toString(),
    value: JSON.parse(json.toString()),
    bytes: { xml: xml.length, json: json.length }
  }
})

for (const [, , run] of contenders) {
  for (const one of documents) secondsOf(run, one, 0.1)
}
for (const one of documents) {
  for (const [kind, who, run] of contenders) {
    const seconds = secondsOf(run, one, 0.25)
    const rate = (one.bytes[kind] / seconds / 1e6).toFixed(1)
    console.log([one.name, kind, who, one.bytes[kind], rate].join('\t'))
  }
}
