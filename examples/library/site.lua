-- What is served: the operations of wsdl/library.wsdl as JSON.
return {
  listen = { 'http://127.0.0.1:8080' },

  backends = {
    -- The document names http://soap.example/LibraryService
    library = { env('LIBRARY_URL', 'http://127.0.0.1:9000'), timeout = 10 },
  },

  routes = {
    { 'POST /FindBooks', 'routes/FindBooks.lua' },
    { 'POST /Reserve', 'routes/Reserve.lua' },
  },
}
