/* Big values of JSON, decoded in turns: between two of them the script may be interrupted. */
#include "api/api.h"
#include "api/body.h"
#include "script/around.h"
#include "script/fail.h"
#include "script/json_value.h"

enum {
    EVENTS = 20000, /* of a turn: one to three milliseconds */
    WHOSE = 4,      /* in the environment of a decoding: whose body it is; nil: it is a text */
};

int tg_turns_begin(lua_State *L, struct tg_text text, int owner,
                   const struct tg_json_options *options, const struct tg_body *body)
{
    tg_json_turns_push(L, text, owner, options);
    if (body != NULL) {
        lua_getfenv(L, -1);
        lua_pushlightuserdata(L, (void *)(uintptr_t)body->backend);
        lua_rawseti(L, -2, WHOSE);
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    lua_insert(L, -2);
    lua_pushnil(L);
    lua_insert(L, -2);
    return 3;
}

static int fail(lua_State *L, const struct tg_parse_error *error)
{
    lua_settop(L, 1);
    lua_getfenv(L, 1);
    lua_rawgeti(L, -1, WHOSE);
    if (lua_isnil(L, -1))
        return tg_fail_parse(L, error);
    return tg_body_fail(L, (struct tg_body){.backend = lua_touserdata(L, -1)}, error);
}

/* runtime.lua's decode_step(decoding): true as long as there is more to do, then false and the
 * value, or false, nil and the error. */
static int step_call(lua_State *L)
{
    struct tg_parse_error error;

    switch (tg_json_turns_step(L, EVENTS, &error)) {
    case TG_JSON_TURN_MORE:
        tg_glance(L);
        lua_pushboolean(L, true);
        return 1;
    case TG_JSON_TURN_GOOD:
        lua_pushboolean(L, false);
        lua_insert(L, -2);
        return 2;
    case TG_JSON_TURN_BAD:
        fail(L, &error);
        lua_pushboolean(L, false);
        lua_insert(L, -3);
        return 3;
    }
    return 0;
}

/* Beside the later 'tidegate' lies what only runtime.lua uses. */
void tg_open_turns(lua_State *L)
{
    lua_pushcfunction(L, step_call);
    lua_setfield(L, lua_gettop(L) - 2, "decode_step");
}
