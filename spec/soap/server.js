// A SOAP service on a free port of 127.0.0.1; prints the port when it serves.
const fs = require('fs');
const http = require('http');
const path = require('path');
const soap = require('soap');

const counts = { tea: 12, 'salt & "pepper"': 0 };

function levels(request, callback, headers, req) {
  if (req.headers.soapaction !== '"urn:example:stock#Levels"') throw new Error('no SOAPAction');
  const items = [].concat(request.item);
  const unknown = items.find((item) => !(item in counts));
  if (unknown !== undefined) {
    throw {
      Fault: { faultcode: 'soap:Client', faultstring: 'no such item: <' + unknown + '>', detail: { item: unknown } },
    };
  }
  return { level: items.map((item) => ({ item, count: counts[item] })) };
}

const wsdl = fs.readFileSync(path.join(__dirname, 'stock.wsdl'), 'utf8');
const server = http.createServer((req, res) => {
  res.statusCode = 404;
  res.end();
});

server.listen(0, '127.0.0.1', () => {
  soap.listen(server, '/stock', { StockService: { StockPort: { Levels: levels } } }, wsdl);
  console.log(server.address().port);
});
