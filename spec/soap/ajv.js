// Reads { schema, values } from stdin; writes for each value null, or why it is not valid.
const Ajv = require('ajv/dist/2020')

let text = ''
process.stdin.on('data', piece => { text += piece })
process.stdin.on('end', () => {
  const { schema, values } = JSON.parse(text)
  const ajv = new Ajv({ strict: false, validateFormats: false })
  const validate = ajv.compile(schema)
  console.log(JSON.stringify(values.map(value => validate(value) ? null
    : ajv.errorsText(validate.errors))))
})
