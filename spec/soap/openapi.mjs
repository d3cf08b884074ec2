// Checks each OpenAPI document that is named; writes a line for each thing that is wrong, and
// compiles all of its schemas.
import { readFileSync } from 'fs'
import { Validator } from '@seriousme/openapi-schema-validator'
import Ajv from 'ajv/dist/2020.js'

for (const path of process.argv.slice(2)) {
  const document = JSON.parse(readFileSync(path, 'utf8'))
  const result = await new Validator().validate(document)
  if (!result.valid) console.log(path + ': ' + JSON.stringify(result.errors))
  const ajv = new Ajv({ strict: false, validateFormats: false })
  ajv.addSchema({ $id: 'http://127.0.0.1/document', components: document.components })
  for (const name of Object.keys(document.components.schemas)) {
    try {
      ajv.compile({ $ref: 'http://127.0.0.1/document#/components/schemas/' + name })
    } catch (error) {
      console.log(path + ': ' + name + ': ' + error.message)
    }
  }
}
console.log('checked ' + (process.argv.length - 2))
