-- The legacy service that the example asks: SOAP, and nothing but SOAP.
return {
  listen = { 'http://127.0.0.1:9000' },
  routes = {
    { 'POST /LibraryService', 'soap.lua' },
  },
}
