// A TLS backend for specs: prints its port, answers each request with what it saw of TLS.
//   node tls_server.js '{"cert": PATH, "key": PATH, "ca": PATH, "options": {…}}'
const fs = require('fs'), net = require('net'), tls = require('tls');
const config = JSON.parse(process.argv[2]);
const read = (path) => path && fs.readFileSync(path);
const secureContext = tls.createSecureContext({
  cert: read(config.cert), key: read(config.key), ca: read(config.ca),
  sessionIdContext: 'spec', ...config.options });
let connections = 0;

function respond(body, more) {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${more || ''}\r\n${body}`;
}

function answer(socket, raw, head, body, state) {
  const [method, path] = head.split(' ');
  if (path === '/cut') {
    socket.write('HTTP/1.1 200 OK\r\n\r\nhalf of it', () => setTimeout(() => raw.destroy(), 50));
  } else if (path === '/end') {
    socket.end('HTTP/1.1 200 OK\r\n\r\nall of it');
  } else if (path === '/close') {
    socket.end(respond('bye', 'connection: close\r\n'));
  } else if (path === '/big') {
    socket.write(respond('0123456789abcdef'.repeat(327680)));
  } else if (path === '/trickle') {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc');
    setTimeout(() => socket.write('def'), 20);
  } else {
    const cert = socket.getPeerCertificate();
    socket.write(respond(JSON.stringify({ method, bytes: body, connection: state.number,
      requests: ++state.requests, reused: socket.isSessionReused(), alpn: socket.alpnProtocol,
      name: socket.servername || '', version: socket.getProtocol(),
      peer: cert && cert.subject ? cert.subject.CN : '',
      host: (/^host: *(.*)$/im.exec(head) || [])[1] })));
  }
}

net.createServer((raw) => {
  const socket = new tls.TLSSocket(raw, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'],
    requestCert: config.ask === true, rejectUnauthorized: false });
  const state = { number: ++connections, requests: 0 };
  let text = Buffer.alloc(0);
  socket.on('secure', () => {
    if (config.ask && socket.ssl.verifyError()) socket.destroy();
  });
  socket.on('data', (bytes) => {
    text = Buffer.concat([text, bytes]);
    for (;;) {
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = text.subarray(0, end).toString('latin1');
      const length = Number((/^content-length: *(\d+)/im.exec(head) || [0, 0])[1]);
      if (text.length < end + 4 + length) return;
      text = text.subarray(end + 4 + length);
      answer(socket, raw, head, length, state);
    }
  });
  socket.on('error', () => raw.destroy());
  raw.on('error', () => {});
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
