std = 'luajit'
max_line_length = 100
exclude_files = { 'build', 'bench/peers/haproxy-lua', 'bench/vendor', '**/node_modules' }
files['spec/**/*_spec.lua'] = { std = '+busted' }
files['spec/support/malformed.lua'] = { max_line_length = 110 }
files['scripts/spec/*.lua'] = { std = '+busted' }
files['**/site.lua'] = { read_globals = { 'env', 'file' } }
files['lua/types/*.lua'] = { ignore = { '211', '212', '241', '631' } }
files['lua/types/site.lua'] = { globals = { 'env', 'file' } }
files['bench/lib/*.lua'] = { ignore = { '212', '631' }, globals = { 'done', 'init', 'request', 'response', 'wrk', 'setup', 'delay' } }
files['bench/tools/*.lua'] = { ignore = { '111', '113', '631' } }
files['bench/peers/lua/*.lua'] = { ignore = { '4..', '5..', '6..', '2..' } }
