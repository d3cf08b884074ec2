#include "test/peer.h"

#include <errno.h>
#include <lauxlib.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/methods.h"

static const char kind[] = "tidegate.test.peer";

enum { PIECE = 64 * 1024 };

/* In a pair of sockets the last byte that came is left there: closing over it resets the
 * connection, as a crash of a real peer does. TCP can be told to. */
struct peer {
    int fd; /* -1: closed */
    bool is_tcp;
    bool holds_byte;
};

static struct peer *check(lua_State *L)
{
    return luaL_checkudata(L, 1, kind);
}

/* peer:send(bytes, from): how many bytes were taken, from that place on; nil when it is lost. */
static int send_bytes(lua_State *L)
{
    struct peer *peer = check(L);
    size_t len, from = (size_t)luaL_optinteger(L, 3, 1) - 1;
    const char *bytes = luaL_checklstring(L, 2, &len);
    ssize_t n;

    luaL_argcheck(L, from <= len, 3, "behind the end");
    if (peer->fd < 0)
        return 0;
    do
        n = send(peer->fd, bytes + from, len - from, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN)
        return 0;
    lua_pushinteger(L, n > 0 ? (lua_Integer)n : 0);
    return 1;
}

static bool has_gone(const struct peer *peer)
{
    struct pollfd fd = {.fd = peer->fd, .events = POLLRDHUP};

    return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* peer:receive(): bytes, '' when there are none now; nil when the other end has closed. */
static int receive(lua_State *L)
{
    struct peer *peer = check(L);
    char piece[PIECE];
    ssize_t n = -1, known = peer->holds_byte ? 1 : 0;

    if (peer->fd < 0)
        return 0;
    do
        n = recv(peer->fd, piece, sizeof(piece), MSG_PEEK | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n <= known) {
        if (n == 0 || (n < 0 && errno != EAGAIN) || (n > 0 && has_gone(peer)))
            return 0;
        lua_pushliteral(L, "");
        return 1;
    }
    lua_pushlstring(L, piece + known, (size_t)(n - known));
    peer->holds_byte = !peer->is_tcp;
    if (peer->is_tcp || n > 1)
        (void)!recv(peer->fd, piece, (size_t)n - peer->holds_byte, MSG_DONTWAIT);
    return 1;
}

/* peer:close(): in order. */
static int close_peer(lua_State *L)
{
    struct peer *peer = check(L);
    char byte;

    if (peer->fd < 0)
        return 0;
    if (peer->holds_byte)
        (void)!recv(peer->fd, &byte, 1, MSG_DONTWAIT);
    close(peer->fd);
    peer->fd = -1;
    return 0;
}

/* peer:reset(): as when a process dies, if anything was received. */
static int reset(lua_State *L)
{
    struct peer *peer = check(L);
    struct linger at_once = {.l_onoff = 1};

    if (peer->fd >= 0 && peer->is_tcp)
        setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
    return 0;
}

/* peer:fd(): for polling. */
static int peer_fd(lua_State *L)
{
    lua_pushinteger(L, check(L)->fd);
    return 1;
}

static const luaL_Reg methods[] = {
    {"send", send_bytes}, {"receive", receive}, {"close", close_peer}, {"reset", reset},
    {"fd", peer_fd},      {"__gc", reset},      {NULL, NULL},
};

void tg_peer_open(lua_State *L)
{
    tg_methods_open(L, kind, methods);
}

static int make(lua_State *L)
{
    int *fd = lua_touserdata(L, 1), family = AF_UNIX;
    struct peer *peer = lua_newuserdata(L, sizeof(*peer));
    socklen_t len = sizeof(family);

    getsockopt(*fd, SOL_SOCKET, SO_DOMAIN, &family, &len);
    *peer = (struct peer){.fd = *fd, .is_tcp = family != AF_UNIX};
    *fd = -1;
    luaL_getmetatable(L, kind);
    lua_setmetatable(L, -2);
    return 1;
}

void tg_peer_push(lua_State *L, int fd)
{
    lua_pushcfunction(L, make);
    lua_pushlightuserdata(L, &fd);
    if (lua_pcall(L, 1, 1, 0) == 0)
        return;
    if (fd >= 0)
        close(fd);
    lua_error(L);
}
