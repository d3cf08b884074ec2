-- For wrk: each request another object, of 500 to 64,500 bytes, 16 KB in the mean.
local sizes = { 500, 2000, 4500, 9000, 20000, 64500 }
local n, begun = 0, os.time()

function request()
  n = n + 1
  return wrk.format('GET', ('/%d/%d-%d'):format(sizes[n % #sizes + 1], begun, n))
end

function done(summary) io.write(('RESULT requests=%d\n'):format(summary.requests)) end
