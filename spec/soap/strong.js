// The same service by strong-soap, and one of rpc/literal for SOAP 1.1 and 1.2, on a free port of
// 127.0.0.1; prints the port when it serves.
const fs = require('fs');
const http = require('http');
const path = require('path');
const soap = require('strong-soap').soap;

const counts = { tea: 12, 'salt & "pepper"': 0 };

function levels(request) {
  const items = [].concat(request.item);
  return { LevelsResponse: { level: items.map((item) => ({ item, count: counts[item] })) } };
}

function convert(request) {
  const amount = (Number(request.money.amount) * 1.25).toFixed(2);
  return { result: { currency: request.to, amount } };
}

const rates = { RatesService: { Rates: { Convert: convert }, Rates12: { Convert: convert } } };
const ratesWsdl = fs.readFileSync(path.join(__dirname, 'rates.wsdl'), 'utf8');
const wsdl = fs.readFileSync(path.join(__dirname, 'stock.wsdl'), 'utf8');
const server = http.createServer((req, res) => {
  res.statusCode = 404;
  res.end();
});

server.listen(0, '127.0.0.1', () => {
  soap.listen(server, '/stock', { StockService: { StockPort: { Levels: levels } } }, wsdl);
  soap.listen(server, '/rates', rates, ratesWsdl);
  soap.listen(server, '/rates12', rates, ratesWsdl);
  console.log(server.address().port);
});
