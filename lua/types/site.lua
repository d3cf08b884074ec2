---@meta

--- The value of an environment variable, which no log will show. Without it and without
--- `otherwise` the site is not well.
---@param name string
---@param otherwise? string
---@return string
function env(name, otherwise) end

--- The content of a file without the newline at its end, which no log will show.
---@param path string  relative to the site's folder
---@return string
function file(path) end
