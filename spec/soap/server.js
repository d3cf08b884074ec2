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

// The same service by SOAP 1.2, which has its action in the content type.
function levels12(request, callback, headers, req) {
  if (!/action="urn:example:stock#Levels"/.test(req.headers['content-type'])) throw new Error('no action');
  const items = [].concat(request.item);
  const unknown = items.find((item) => !(item in counts));
  if (unknown !== undefined) {
    throw {
      Fault: {
        Code: { Value: 'soap:Sender', Subcode: { Value: 'NoItem' } },
        Reason: { Text: 'no such item: ' + unknown },
        statusCode: 400,
      },
    };
  }
  return { level: items.map((item) => ({ item, count: counts[item] })) };
}

// Its rpc/literal puts the parts of an answer into the namespace of the operation, where none belong.
function convert(request) {
  return { result: { currency: request.to, amount: '12.50' } };
}

server.listen(0, '127.0.0.1', () => {
  soap.listen(server, {
    path: '/stock12',
    services: { StockService: { StockPort: { Levels: levels12 } } },
    xml: wsdl.replace('wsdl/soap/', 'wsdl/soap12/').replace('1/stock"', '1/stock12"'),
    forceSoap12Headers: true,
  });
  soap.listen(server, '/stock', { StockService: { StockPort: { Levels: levels } } }, wsdl);
  soap.listen(server, '/secure', { StockService: { StockPort: { Levels: levels } } }, wsdl).authenticate = isKnown;
  const rates = fs.readFileSync(path.join(__dirname, 'rates.wsdl'), 'utf8');
  soap.listen(server, '/rates', { RatesService: { Rates: { Convert: convert } } }, rates);
  console.log(server.address().port);
});
