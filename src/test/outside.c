#include "test/outside.h"

#include <errno.h>
#include <lauxlib.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "gate/ask.h"
#include "gate/command.h"
#include "gate/folder.h"
#include "test/methods.h"

static const char folder_kind[] = "tidegate.test.folder";

enum { ANSWER_MOST = 67108864 };

/* signals(): a descriptor that is readable once SIGINT or SIGTERM has come. */
static int signals(lua_State *L)
{
    sigset_t ends;

    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    lua_pushinteger(L, signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
    return 1;
}

/* signalled(fd): the number of the signal that has come, or nil. */
static int signalled(lua_State *L)
{
    struct signalfd_siginfo info;

    if (read(luaL_checkint(L, 1), &info, sizeof(info)) != (ssize_t)sizeof(info))
        return 0;
    lua_pushinteger(L, (lua_Integer)info.ssi_signo);
    return 1;
}

/* folder(path): sees that files in it change; or nil and why not. */
static int watch_folder(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct tg_folder **folder = lua_newuserdata(L, sizeof(*folder));

    *folder = tg_folder_watch(path);
    if (*folder == NULL) {
        lua_pushnil(L);
        lua_pushstring(L, strerror(errno));
        return 2;
    }
    luaL_getmetatable(L, folder_kind);
    lua_setmetatable(L, -2);
    return 1;
}

static struct tg_folder *check_folder(lua_State *L)
{
    struct tg_folder **folder = luaL_checkudata(L, 1, folder_kind);

    return *folder;
}

static int folder_fd(lua_State *L)
{
    lua_pushinteger(L, tg_folder_fd(check_folder(L)));
    return 1;
}

/* folder:changed(): whether something has since the last call. */
static int folder_changed(lua_State *L)
{
    lua_pushboolean(L, tg_folder_changed(check_folder(L)));
    return 1;
}

static int forget_folder(lua_State *L)
{
    tg_folder_forget(check_folder(L));
    return 0;
}

/* ask(site, admin, method, path): status and body of what the process that serves the site answers,
 * or nil and what is wrong. `admin` is an address instead of the site's, or nil. */
static int ask(lua_State *L)
{
    struct tg_question question = {.method = luaL_checkstring(L, 3),
                                   .path = luaL_checkstring(L, 4),
                                   .expected = 422,
                                   .timeout_s = 10};
    struct tg_buffer body = {.limit = ANSWER_MOST};
    int status = 0;
    const char *wrong = tg_command_question(luaL_checkstring(L, 1), luaL_optstring(L, 2, NULL),
                                            &question, &status, &body);

    if (wrong == NULL) {
        lua_pushinteger(L, status);
        lua_pushlstring(L, body.base, body.len);
    } else {
        lua_pushnil(L);
        lua_pushstring(L, wrong);
    }
    tg_buffer_dispose(&body);
    return 2;
}

static const luaL_Reg folder_methods[] = {
    {"fd", folder_fd}, {"changed", folder_changed}, {"__gc", forget_folder}, {NULL, NULL}};

static const luaL_Reg functions[] = {
    {"signals", signals}, {"signalled", signalled}, {"folder", watch_folder}, {"ask", ask},
    {NULL, NULL},
};

void tg_outside_open(lua_State *L)
{
    tg_methods_open(L, folder_kind, folder_methods);
    luaL_register(L, NULL, functions);
}
