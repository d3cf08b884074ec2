#include "test/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <lauxlib.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "test/methods.h"
#include "test/peer.h"

static const char kind[] = "tidegate.test.listener";

enum { BACKLOG = 256, FILLERS = 8, FDS = 4096, CONNECT_MS = 5000 };

enum mode { OPEN, REFUSING, SILENT };

static const char *const mode_names[] = {"open", "refuse", "timeout", NULL};

/* A refusing one is bound and does not listen: the port stays ours. A silent one has a backlog that
 * is full: the kernel drops what wants in. */
struct listener {
    int fd; /* -1: closed */
    enum mode mode;
    struct sockaddr_storage address;
    socklen_t len;
    int fillers[FILLERS];
    size_t filler_count;
};

/* ---- addresses */

static bool read_address(const char *host, uint16_t port, struct sockaddr_storage *storage,
                         socklen_t *len)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;

    *storage = (struct sockaddr_storage){0};
    if (strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *len = sizeof(*v4);
        return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
        return false;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    *len = sizeof(*v6);
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static int fail(lua_State *L, int reason)
{
    lua_pushnil(L);
    lua_pushstring(L, strerror(reason));
    return 2;
}

static int make_socket(int family)
{
    return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* ---- listeners */

static struct listener *check(lua_State *L)
{
    struct listener *listener = luaL_checkudata(L, 1, kind);

    luaL_argcheck(L, listener->fd >= 0, 1, "it is closed");
    return listener;
}

static void empty(struct listener *listener)
{
    for (size_t i = 0; i < listener->filler_count; i++)
        close(listener->fillers[i]);
    listener->filler_count = 0;
    for (int fd; (fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
        close(fd);
}

/* Connects until somebody is left outside. */
static bool fill(struct listener *listener)
{
    while (listener->filler_count < FILLERS) {
        int fd = make_socket(listener->address.ss_family);
        if (fd < 0)
            return false;
        listener->fillers[listener->filler_count++] = fd;
        if (connect(fd, (struct sockaddr *)&listener->address, listener->len) < 0) {
            struct pollfd waited = {.fd = fd, .events = POLLOUT};
            if (poll(&waited, 1, 20) == 0)
                return true;
        }
    }
    return false;
}

static bool change(struct listener *listener, enum mode mode)
{
    empty(listener);
    if (mode == REFUSING)
        return shutdown(listener->fd, SHUT_RD) == 0;
    if (listener->mode == REFUSING || mode == SILENT || listener->mode == SILENT)
        if (listen(listener->fd, mode == SILENT ? 0 : BACKLOG) < 0)
            return false;
    return mode != SILENT || fill(listener);
}

/* listener:set(mode): what becomes of those who connect from now on. */
static int set(lua_State *L)
{
    struct listener *listener = check(L);
    enum mode mode = (enum mode)luaL_checkoption(L, 2, NULL, mode_names);

    if (mode != listener->mode && !change(listener, mode))
        return luaL_error(L, "a listener can't be changed: %s", strerror(errno));
    listener->mode = mode;
    return 0;
}

/* listener:accept(): a peer, or nil when nobody waits. */
static int accept_peer(lua_State *L)
{
    struct listener *listener = check(L);

    if (listener->mode != OPEN)
        return 0;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return 0;
    tg_peer_push(L, fd);
    return 1;
}

static int port(lua_State *L)
{
    const struct listener *listener = check(L);

    lua_pushinteger(L, ntohs(((const struct sockaddr_in *)&listener->address)->sin_port));
    return 1;
}

static int listener_fd(lua_State *L)
{
    lua_pushinteger(L, check(L)->fd);
    return 1;
}

static int close_listener(lua_State *L)
{
    struct listener *listener = luaL_checkudata(L, 1, kind);

    if (listener->fd < 0)
        return 0;
    empty(listener);
    close(listener->fd);
    listener->fd = -1;
    return 0;
}

/* A socket at the listener's address, which is known whole afterwards; or -1. */
static int bind_one(struct listener *listener)
{
    struct sockaddr *address = (struct sockaddr *)&listener->address;
    int on = 1, fd = make_socket(listener->address.ss_family);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, address, listener->len) == 0 && getsockname(fd, address, &listener->len) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

/* Bound twice: the second one has asked for its port by number, so it keeps it while it refuses. */
static bool begin(struct listener *listener)
{
    int first = bind_one(listener);

    if (first < 0)
        return false;
    listener->fd = bind_one(listener);
    int reason = errno;
    close(first);
    errno = reason;
    return listener->fd >= 0 && listen(listener->fd, BACKLOG) == 0;
}

/* listen(host, port): a listener on loopback, or nil and why not. */
static int listen_at(lua_State *L)
{
    const char *host = luaL_checkstring(L, 1);
    uint16_t number = (uint16_t)luaL_checkint(L, 2);
    struct listener *listener = lua_newuserdata(L, sizeof(*listener));

    *listener = (struct listener){.fd = -1};
    luaL_getmetatable(L, kind);
    lua_setmetatable(L, -2);
    if (!read_address(host, number, &listener->address, &listener->len))
        return fail(L, EADDRNOTAVAIL);
    return begin(listener) ? 1 : fail(L, errno);
}

/* ---- clients */

static bool finish_connecting(int fd)
{
    struct pollfd waited = {.fd = fd, .events = POLLOUT};
    int reason = 0;
    socklen_t len = sizeof(reason);

    if (poll(&waited, 1, CONNECT_MS) <= 0) {
        errno = ETIMEDOUT;
        return false;
    }
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &len);
    errno = reason;
    return reason == 0;
}

/* connect(host, port, from): a peer, or nil and why not. */
static int connect_client(lua_State *L)
{
    const char *host = luaL_checkstring(L, 1), *from = luaL_optstring(L, 3, NULL);
    struct sockaddr_storage to, own;
    socklen_t len, own_len;

    if (!read_address(host, (uint16_t)luaL_checkint(L, 2), &to, &len) ||
        (from != NULL && !read_address(from, 0, &own, &own_len)))
        return fail(L, EADDRNOTAVAIL);
    int fd = make_socket(to.ss_family);
    if (fd < 0)
        return fail(L, errno);
    bool well = (from == NULL || own.ss_family != to.ss_family ||
                 bind(fd, (struct sockaddr *)&own, own_len) == 0) &&
                (connect(fd, (struct sockaddr *)&to, len) == 0 ||
                 (errno == EINPROGRESS && finish_connecting(fd)));
    if (well) {
        tg_peer_push(L, fd);
        return 1;
    }
    int reason = errno;
    close(fd);
    return fail(L, reason);
}

/* ---- waiting */

static nfds_t collect(lua_State *L, int list, short events, struct pollfd *fds, nfds_t count)
{
    int most = (int)lua_objlen(L, list);

    for (int i = 1; i <= most && count < FDS; i++) {
        lua_rawgeti(L, list, i);
        fds[count++] = (struct pollfd){.fd = lua_tointeger(L, -1), .events = events};
        lua_pop(L, 1);
    }
    return count;
}

/* wait(readers, writers, ms): until one of the descriptors is ready, or the time is over. */
static int wait_any(lua_State *L)
{
    struct pollfd fds[FDS];
    double ms = luaL_checknumber(L, 3);

    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    nfds_t count = collect(L, 1, POLLIN, fds, 0);
    count = collect(L, 2, POLLOUT, fds, count);
    lua_pushboolean(L, poll(fds, count, ms < 0 ? -1 : ms > 1e6 ? 1000000 : (int)ms) > 0);
    return 1;
}

/* now(): milliseconds since an unnamed start. */
static int now(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)tg_clock_monotonic_ns() / 1e6);
    return 1;
}

static const luaL_Reg methods[] = {
    {"set", set},        {"accept", accept_peer},   {"port", port},
    {"fd", listener_fd}, {"close", close_listener}, {"__gc", close_listener},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"listen", listen_at}, {"connect", connect_client}, {"wait", wait_any}, {"now", now},
    {NULL, NULL},
};

void tg_wire_open(lua_State *L)
{
    tg_methods_open(L, kind, methods);
    lua_newtable(L);
    luaL_register(L, NULL, functions);
}
