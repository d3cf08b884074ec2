#include "test/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/channel.h"
#include "test/methods.h"
#include "test/outside.h"

static const char child_kind[] = "tidegate.test.child";
static const char writer_kind[] = "tidegate.test.writer";
static const char counter_kind[] = "tidegate.test.counter";

enum { PIECE = 65536, WORDS = 256, PROGRAM_FAILED = 126 };

struct child {
    pid_t pid; /* 0: it was waited for */
    int fd;    /* what it says; -1: closed */
};

/* ---- children */

static struct child *check_child(lua_State *L)
{
    return luaL_checkudata(L, 1, child_kind);
}

static struct child *push_child(lua_State *L)
{
    struct child *child = lua_newuserdata(L, sizeof(*child));

    *child = (struct child){.fd = -1};
    luaL_getmetatable(L, child_kind);
    lua_setmetatable(L, -2);
    return child;
}

/* child:read(): bytes, '' when there are none now; nil at the end. */
static int read_child(lua_State *L)
{
    struct child *child = check_child(L);
    char piece[PIECE];
    ssize_t n;

    if (child->fd < 0)
        return 0;
    do
        n = read(child->fd, piece, sizeof(piece));
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return 0;
    lua_pushlstring(L, piece, n > 0 ? (size_t)n : 0);
    return 1;
}

/* child:reap(): nil while it runs; then its exit status, or minus the signal that ended it. */
static int reap(lua_State *L)
{
    struct child *child = check_child(L);
    int status = 0;

    luaL_argcheck(L, child->pid != 0, 1, "it was waited for");
    if (waitpid(child->pid, &status, WNOHANG) != child->pid)
        return 0;
    child->pid = 0;
    lua_pushinteger(L, WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status));
    return 1;
}

/* child:kill(signal, group): it, or all that it has started as well. */
static int kill_child(lua_State *L)
{
    struct child *child = check_child(L);
    int number = luaL_checkint(L, 2);

    if (child->pid != 0)
        kill(lua_toboolean(L, 3) ? -child->pid : child->pid, number);
    return 0;
}

static int child_fd(lua_State *L)
{
    lua_pushinteger(L, check_child(L)->fd);
    return 1;
}

static int end_child(lua_State *L)
{
    struct child *child = check_child(L);

    if (child->pid != 0) {
        kill(child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
    }
    if (child->fd >= 0)
        close(child->fd);
    *child = (struct child){.fd = -1};
    return 0;
}

/* What a child gets: no signal is blocked, and it ends with its parent. */
static void settle_in(pid_t parent)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(PROGRAM_FAILED);
}

/* fork(own_group): in the parent a child that can be read from; in the child nil and a writer. */
static int fork_self(lua_State *L)
{
    struct child *child = push_child(L);
    int *writer = lua_newuserdata(L, sizeof(*writer)), ends[2];
    pid_t parent = getpid();

    *writer = -1;
    luaL_getmetatable(L, writer_kind);
    lua_setmetatable(L, -2);
    fflush(NULL);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return luaL_error(L, "no pipe: %s", strerror(errno));
    child->pid = fork();
    if (child->pid < 0) {
        int reason = errno;
        child->pid = 0;
        close(ends[0]);
        close(ends[1]);
        return luaL_error(L, "no process: %s", strerror(reason));
    }
    if (child->pid == 0) {
        settle_in(parent);
        if (lua_toboolean(L, 1))
            setpgid(0, 0);
        close(ends[0]);
        *writer = ends[1];
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    if (lua_toboolean(L, 1))
        setpgid(child->pid, child->pid);
    close(ends[1]);
    child->fd = ends[0];
    fcntl(child->fd, F_SETFL, O_NONBLOCK);
    lua_pop(L, 1);
    return 1;
}

/* What is different in the site that it serves; NULL: it does something else, and says all of what
 * it prints. */
static void run_program(char **words, const char *changes, int says, pid_t parent)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    settle_in(parent);
    dup2(nothing, STDIN_FILENO);
    dup2(changes != NULL ? nothing : says, STDOUT_FILENO);
    dup2(says, STDERR_FILENO);
    if (changes != NULL)
        setenv(TG_PROCESS_CHANGES, changes, 1);
    unsetenv(TG_CHANNEL_VARIABLE);
    execv("/proc/self/exe", words);
    _exit(PROGRAM_FAILED);
}

static int start_program(lua_State *L, char **words, const char *changes)
{
    struct child *child = push_child(L);
    pid_t parent = getpid();
    int ends[2];

    fflush(NULL);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return luaL_error(L, "no pipe: %s", strerror(errno));
    child->pid = fork();
    if (child->pid == 0)
        run_program(words, changes, ends[1], parent);
    close(ends[1]);
    child->fd = ends[0];
    fcntl(child->fd, F_SETFL, O_NONBLOCK);
    if (child->pid > 0)
        return 1;
    child->pid = 0;
    return luaL_error(L, "no process: %s", strerror(errno));
}

/* serve(site, changes): this program serves the site, by `test --serve`; what it logs is read from
 * the child. */
static int serve(lua_State *L)
{
    char *words[] = {"tidegate", "test", "--serve", (char *)luaL_checkstring(L, 1), NULL};

    return start_program(L, words, luaL_checkstring(L, 2));
}

/* test(site, file): this program runs one file of specs, and says a line for each that fails. */
static int test(lua_State *L)
{
    char *words[] = {
        "tidegate", "test", (char *)luaL_checkstring(L, 1), (char *)luaL_checkstring(L, 2), "-o",
        "lines",    NULL};

    return start_program(L, words, NULL);
}

/* ---- what a child says */

/* writer:write(bytes) */
static int write_bytes(lua_State *L)
{
    const int *fd = luaL_checkudata(L, 1, writer_kind);
    size_t len, at = 0;
    const char *bytes = luaL_checklstring(L, 2, &len);

    while (at < len) {
        ssize_t n = write(*fd, bytes + at, len - at);
        if (n < 0 && errno != EINTR)
            _exit(PROGRAM_FAILED); /* the parent has gone */
        at += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* exit(status): at once; nothing else of the state is ended. */
static int exit_now(lua_State *L)
{
    fflush(NULL);
    _exit(luaL_checkint(L, 1));
}

/* capture(): stdout goes to memory from now on. */
static int capture(lua_State *L)
{
    fflush(stdout);
    int fd = memfd_create("stdout", MFD_CLOEXEC);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
        return luaL_error(L, "stdout can't be kept: %s", strerror(errno));
    close(fd);
    return 0;
}

/* captured(): what was written to it since the last call. */
static int captured(lua_State *L)
{
    luaL_Buffer bytes;
    ssize_t n;

    luaL_buffinit(L, &bytes);
    fflush(stdout);
    lseek(STDOUT_FILENO, 0, SEEK_SET);
    while ((n = read(STDOUT_FILENO, luaL_prepbuffer(&bytes), LUAL_BUFFERSIZE)) > 0)
        luaL_addsize(&bytes, (size_t)n);
    luaL_pushresult(&bytes);
    if (ftruncate(STDOUT_FILENO, 0) == 0)
        lseek(STDOUT_FILENO, 0, SEEK_SET);
    return 1;
}

/* ---- what they share */

/* counter(): one number for all processes that come of this one. */
static int make_counter(lua_State *L)
{
    _Atomic int **counter = lua_newuserdata(L, sizeof(*counter));

    *counter =
        mmap(NULL, sizeof(**counter), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(*counter != MAP_FAILED);
    luaL_getmetatable(L, counter_kind);
    lua_setmetatable(L, -2);
    return 1;
}

/* counter:next(): 1, 2, … to each number one caller. */
static int next_number(lua_State *L)
{
    _Atomic int **counter = luaL_checkudata(L, 1, counter_kind);

    lua_pushinteger(L, atomic_fetch_add(*counter, 1) + 1);
    return 1;
}

static int forget_counter(lua_State *L)
{
    _Atomic int **counter = luaL_checkudata(L, 1, counter_kind);

    munmap(*counter, sizeof(**counter));
    return 0;
}

/* cores(): on how many of them this process may run. */
static int cores(lua_State *L)
{
    cpu_set_t set;

    lua_pushinteger(L, sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1);
    return 1;
}

static int own_pid(lua_State *L)
{
    lua_pushinteger(L, getpid());
    return 1;
}

/* ---- the table of it all */

static const luaL_Reg child_methods[] = {
    {"read", read_child}, {"reap", reap},      {"kill", kill_child},
    {"fd", child_fd},     {"stop", end_child}, {NULL, NULL},
};

static const luaL_Reg writer_methods[] = {{"write", write_bytes}, {NULL, NULL}};

static const luaL_Reg counter_methods[] = {
    {"next", next_number}, {"__gc", forget_counter}, {NULL, NULL}};

static const luaL_Reg functions[] = {
    {"fork", fork_self},
    {"serve", serve},
    {"test", test},
    {"exit", exit_now},
    {"capture", capture},
    {"captured", captured},
    {"counter", make_counter},
    {"cores", cores},
    {"pid", own_pid},
    {NULL, NULL},
};

void tg_process_open(lua_State *L)
{
    tg_methods_open(L, child_kind, child_methods);
    tg_methods_open(L, writer_kind, writer_methods);
    tg_methods_open(L, counter_kind, counter_methods);
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    tg_outside_open(L);
}
