// A SOAP service on a free port of 127.0.0.1; prints the port when it serves.
const fs = require('fs');
const http = require('http');
const path = require('path');
const soap = require('soap');

const crypto = require('crypto');

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

// /secure wants a UsernameToken with a digest, as WS-Security's profile says, that has not expired.
function isKnown(security) {
  const token = security && security.UsernameToken;
  if (!token || !security.Timestamp || Date.parse(security.Timestamp.Expires) < Date.now()) return false;
  const nonce = Buffer.from(token.Nonce.$value, 'base64');
  const digest = crypto.createHash('sha1').update(nonce).update(token.Created + 'open sesame').digest('base64');
  return token.Username === 'ada & co' && token.Password.$value === digest;
}

server.listen(0, '127.0.0.1', () => {
  soap.listen(server, '/stock', { StockService: { StockPort: { Levels: levels } } }, wsdl);
  soap.listen(server, '/secure', { StockService: { StockPort: { Levels: levels } } }, wsdl).authenticate = isKnown;
  console.log(server.address().port);
});
