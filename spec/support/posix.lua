-- Sockets, processes and files for specs, straight from libc.
local ffi = require 'ffi'
local C = ffi.C

ffi.cdef [[
typedef struct { uint16_t family; uint16_t port; uint8_t ip[4]; uint8_t zero[8]; } tg_in;
typedef struct { uint16_t family; char path[108]; } tg_un;
typedef struct { int fd; short events; short revents; } tg_pollfd;
typedef struct { long seconds; long nanoseconds; } tg_timespec;
typedef struct { long seconds; long microseconds; } tg_timeval;
int socket(int, int, int);
int bind(int, const void *, uint32_t);
int listen(int, int);
int connect(int, const void *, uint32_t);
int getsockname(int, void *, uint32_t *);
int getsockopt(int, int, int, void *, uint32_t *);
int setsockopt(int, int, int, const void *, uint32_t);
int accept4(int, void *, void *, int);
long send(int, const void *, size_t, int);
long recv(int, void *, size_t, int);
int shutdown(int, int);
int close(int);
int close_range(unsigned, unsigned, int);
int poll(tg_pollfd *, unsigned long, int);
int open(const char *, int, ...);
int dup2(int, int);
int fork(void);
int getpid(void);
int execvp(const char *, const char *const *);
int kill(int, int);
typedef struct { tg_timeval user, system; long rest[14]; } tg_usage;
int wait4(int, int *, int, tg_usage *);
int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long);
int setenv(const char *, const char *, int);
int chdir(const char *);
int mkdir(const char *, unsigned);
char *mkdtemp(char *);
char *strerror(int);
void _exit(int);
int clock_gettime(int, tg_timespec *);
]]

local AF_UNIX, AF_INET, STREAM = 1, 2, 1
local NONBLOCK, CLOEXEC, NOSIGNAL = 0x800, 0x80000, 0x4000
local EINTR, EAGAIN, EINPROGRESS = 4, 11, 115
local POLLIN, POLLOUT = 1, 4
local WNOHANG, PDEATHSIG = 1, 1

local posix = { TERM = 15, KILL = 9, INT = 2, HUP = 1, USR1 = 10, QUIT = 3, STOP = 19, CONT = 18 }

local function fail(what)
  error(what .. ': ' .. ffi.string(C.strerror(ffi.errno())), 3)
end

local function swap(port)
  return bit.bor(bit.lshift(bit.band(port, 0xff), 8), bit.rshift(port, 8))
end

-- `where` is a port of 127.0.0.1, or the path of a Unix socket.
local function address(where)
  if type(where) == 'string' then
    local un = ffi.new('tg_un', { family = AF_UNIX })
    ffi.copy(un.path, where)
    return AF_UNIX, un, ffi.sizeof(un)
  end
  local ip = { 127, 0, 0, 1 }
  return AF_INET, ffi.new('tg_in', { family = AF_INET, port = swap(where), ip = ip }), 16
end

-- Listens on a port of 127.0.0.1, a free one when none is given, or on a Unix socket; gives the
-- descriptor and the port.
function posix.listen(where, backlog)
  local family, name, size = address(where or 0)
  local fd = C.socket(family, STREAM + NONBLOCK + CLOEXEC, 0)
  if fd >= 0 then C.setsockopt(fd, 1, 2, ffi.new('int[1]', 1), 4) end -- SO_REUSEADDR
  local well = fd >= 0 and C.bind(fd, name, size) == 0 and C.listen(fd, backlog or 512) == 0
  if not well then fail('listen') end
  if type(where) == 'string' then return fd end
  C.getsockname(fd, name, ffi.new('uint32_t[1]', size))
  return fd, swap(name.port)
end

-- A Unix socket that gets datagrams.
function posix.datagrams(path)
  local family, name, size = address(path)
  local fd = C.socket(family, 2 + NONBLOCK + CLOEXEC, 0)
  if fd < 0 or C.bind(fd, name, size) ~= 0 then fail('datagrams') end
  return fd
end

-- Descriptors that are ready among those in `wanted` (fd -> 'r', 'w' or 'rw'), as a table by fd.
function posix.poll(wanted, seconds)
  local count = 0
  for _ in pairs(wanted) do count = count + 1 end
  local list = ffi.new('tg_pollfd[?]', count + 1)
  local i = 0
  for fd, want in pairs(wanted) do
    list[i].fd = fd
    list[i].events = (want:find('r') and POLLIN or 0) + (want:find('w') and POLLOUT or 0)
    i = i + 1
  end
  local ready = {}
  C.poll(list, count, math.ceil(math.max(seconds, 0) * 1000))
  for k = 0, count - 1 do
    if list[k].revents ~= 0 then ready[list[k].fd] = true end
  end
  return ready
end

-- Connects without blocking for longer than `seconds`; nil and the reason when nobody listens.
function posix.connect(where, seconds)
  local family, name, size = address(where)
  local fd = C.socket(family, STREAM + NONBLOCK + CLOEXEC, 0)
  if fd < 0 then fail('socket') end
  if C.connect(fd, name, size) == 0 then return fd end
  local code = ffi.new('int[1]', ffi.errno())
  if code[0] == EINPROGRESS then
    local ready = posix.poll({ [fd] = 'w' }, seconds or 5)
    if not ready[fd] then
      C.close(fd)
      return nil, 'timeout'
    end
    C.getsockopt(fd, 1, 4, code, ffi.new('uint32_t[1]', 4))
  end
  if code[0] == 0 then return fd end
  C.close(fd)
  return nil, ffi.string(C.strerror(code[0]))
end

-- A connection that waits to be accepted, or nil.
function posix.accept(fd)
  local conn = C.accept4(fd, nil, nil, NONBLOCK + CLOEXEC)
  return conn >= 0 and conn or nil
end

-- How many bytes of text[from..] the socket took; nil and 'again' or 'closed' when none.
function posix.send(fd, text, from)
  local start = (from or 1) - 1
  local n = tonumber(C.send(fd, ffi.cast('const char *', text) + start, #text - start, NOSIGNAL))
  if n >= 0 then return n end
  local code = ffi.errno()
  return nil, (code == EAGAIN or code == EINTR) and 'again' or 'closed'
end

local room = ffi.new('char[65536]')

-- The bytes that are there; nil and 'again', 'closed' or 'reset' when none.
function posix.receive(fd, most)
  local n = tonumber(C.recv(fd, room, math.min(most or 65536, 65536), 0))
  if n > 0 then return ffi.string(room, n) end
  if n == 0 then return nil, 'closed' end
  local code = ffi.errno()
  return nil, (code == EAGAIN or code == EINTR) and 'again' or 'reset'
end

function posix.close(fd) C.close(fd) end

-- Says that no more bytes will be sent.
function posix.shutdown(fd) C.shutdown(fd, 1) end

-- Closes with a reset instead of an orderly end.
function posix.reset(fd)
  C.setsockopt(fd, 1, 13, ffi.new('int[2]', { 1, 0 }), 8)
  C.close(fd)
end

-- Makes the kernel hold few bytes for a socket, so that a slow reader is felt soon.
function posix.small_buffers(fd, bytes)
  local size = ffi.new('int[1]', bytes)
  C.setsockopt(fd, 1, 7, size, 4)
  C.setsockopt(fd, 1, 8, size, 4)
end

-- Sends what is short at once, also when what was sent before has not been acknowledged.
function posix.no_delay(fd) C.setsockopt(fd, 6, 1, ffi.new('int[1]', 1), 4) end

-- Monotonic seconds.
function posix.now()
  local now = ffi.new('tg_timespec')
  C.clock_gettime(1, now)
  return tonumber(now.seconds) + tonumber(now.nanoseconds) / 1e9
end

-- Lets others run for a moment; for polling loops only.
function posix.pause(seconds) C.poll(nil, 0, math.ceil(seconds * 1000)) end

local function redirect(path, flags, to)
  local fd = C.open(path, flags, ffi.cast('int', tonumber('640', 8)))
  if fd < 0 or C.dup2(fd, to) < 0 then C._exit(126) end
end

local function become(argv, opts)
  local WRITE = 0x1 + 0x40 + 0x400 -- O_WRONLY | O_CREAT | O_APPEND
  redirect('/dev/null', 0, 0)
  redirect(opts.stdout or '/dev/null', WRITE, 1)
  redirect(opts.stderr or opts.stdout or '/dev/null', WRITE, 2)
  if opts.listen then
    C.dup2(opts.listen, 3)
    C.setenv('LISTEN_FDS', '1', 1)
    C.setenv('LISTEN_PID', tostring(C.getpid()), 1)
  end
  C.close_range(opts.listen and 4 or 3, 0xffffffff, 0)
  for name, value in pairs(opts.env or {}) do C.setenv(name, value, 1) end
  if opts.dir and C.chdir(opts.dir) ~= 0 then C._exit(126) end
  local list = ffi.new('const char *[?]', #argv + 1)
  for i, word in ipairs(argv) do list[i - 1] = word end
  C.execvp(argv[1], list)
  C._exit(127)
end

local function split()
  io.stdout:flush()
  io.stderr:flush()
  local pid = C.fork()
  if pid < 0 then fail('fork') end
  if pid == 0 then C.prctl(PDEATHSIG, posix.KILL, 0, 0, 0) end
  return pid
end

-- Starts a program; it dies with us. opts: stdout and stderr (paths), env, dir, and listen, a
-- descriptor that it gets as systemd hands sockets over.
function posix.spawn(argv, opts)
  local pid = split()
  if pid == 0 then become(argv, opts or {}) end
  return pid
end

-- Runs fn in a child that holds no descriptor of ours but `keep`.
function posix.fork(fn, keep)
  local pid = split()
  if pid ~= 0 then return pid end
  if keep > 3 then C.close_range(3, keep - 1, 0) end
  C.close_range(keep + 1, 0xffffffff, 0)
  local well, reason = xpcall(fn, debug.traceback)
  if not well then io.stderr:write('spec child: ' .. tostring(reason) .. '\n') end
  io.stderr:flush()
  C._exit(well and 0 or 1)
end

function posix.kill(pid, signal) return C.kill(pid, signal or posix.TERM) == 0 end

local function seconds_of(time)
  return tonumber(time.seconds) + tonumber(time.microseconds) / 1e6
end

-- How a child ended: 'exit 0', 'signal 9'; nil while it runs; 'gone' when that was told before.
-- Then the seconds of CPU time that it and its own children used.
function posix.ended(pid)
  local status, usage = ffi.new('int[1]'), ffi.new('tg_usage')
  local who = C.wait4(pid, status, WNOHANG, usage)
  if who < 0 then return 'gone' end
  if who ~= pid then return nil end
  local cpu = seconds_of(usage.user) + seconds_of(usage.system)
  local signal = bit.band(status[0], 0x7f)
  if signal ~= 0 then return 'signal ' .. signal, cpu end
  return 'exit ' .. bit.band(bit.rshift(status[0], 8), 0xff), cpu
end

-- Ends a child: TERM, and KILL when it does not go. Gives how it ended.
function posix.stop(pid, seconds)
  posix.kill(pid, posix.TERM)
  local deadline = posix.now() + (seconds or 10)
  while true do
    local how = posix.ended(pid)
    if how then return how end
    if posix.now() > deadline then
      posix.kill(pid, posix.KILL)
      deadline = deadline + 3600
    end
    posix.pause(0.002)
  end
end

-- A new empty folder that is ours.
function posix.folder()
  local name = (os.getenv('TMPDIR') or '/tmp') .. '/tidegate.XXXXXX'
  local path = ffi.new('char[?]', #name + 1, name)
  if C.mkdtemp(path) == nil then fail('mkdtemp') end
  return ffi.string(path)
end

-- Writes a file, making the folders on its way.
function posix.write(path, text)
  for at in path:gmatch('()/') do
    if at > 1 then C.mkdir(path:sub(1, at - 1), tonumber('755', 8)) end
  end
  local file = assert(io.open(path, 'wb'))
  file:write(text)
  file:close()
end

-- The bytes of a file, '' when it does not exist.
function posix.read(path)
  local file = io.open(path, 'rb')
  if not file then return '' end
  local text = file:read('*a')
  file:close()
  return text
end

-- Removes a folder made by posix.folder.
function posix.remove(path)
  assert(path:match('/tidegate%.%w+$'), 'not a folder of a spec: ' .. path)
  os.execute("rm -rf '" .. path .. "'")
end

return posix
