-- The service of wsdl/library.wsdl: its operations as functions, by its schemas.
-- A header of WS-Security would stand here: security = { username = …, password = … }.
local tg = require 'tidegate'

return tg.soap.client('wsdl/library.wsdl', { backend = 'library', path = '/LibraryService' })
