// Asks a SOAP service with a client of npm: client.js soap|strong-soap PORT PATH WSDL VERSION
// OPERATION VALUE. strong-soap's takes the element around the value, too. Writes { value } or { fault: { code, text, detail } } as JSON.
const soap = process.argv[2] === 'soap' ? require('soap') : require('strong-soap').soap;

const [port, path, wsdl, version, operation, value] = process.argv.slice(3);
const endpoint = `http://127.0.0.1:${port}${path}`;
const options = { forceSoap12Headers: version === '1.2', forceSoapVersion: version, endpoint };

function text(value) {
  return value && typeof value === 'object' ? value.$value : value;
}

// Both versions of a fault, as each of the libraries gives them.
function describe(error) {
  const fault = error.root && error.root.Envelope.Body.Fault;
  if (!fault) return { error: String(error) };
  const reason = fault.faultstring || text(fault.Reason.Text);
  return { fault: { code: fault.faultcode || fault.Code.Value, text: text(reason), detail: fault.detail || fault.Detail } };
}

soap.createClient(wsdl, options, (error, client) => {
  if (error) throw error;
  client.setEndpoint(endpoint);
  client[operation](JSON.parse(value), (error, result) => {
    console.log(JSON.stringify(error ? describe(error) : { value: result }));
  });
});
