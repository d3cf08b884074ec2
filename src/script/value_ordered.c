/* Ordered objects: a table whose members are its own, and a list of their keys beside it.
 *
 * The list lies in the table itself under a key that no script can have. A member that is new comes
 * to __newindex, since a table is only asked for what it does not have. A member that was removed
 * stays in the list and is passed over; when it comes again, its old place is struck out. */
#include "script/value.h"

#include <lauxlib.h>

#include "script/args.h"

static const char order_key = 0; /* in the object: the list of keys */
static const char where_key = 0; /* in the list: positions by key, made when first needed */

const void *tg_ordered_order_key(void)
{
    return &order_key;
}

static void push_order(lua_State *L, int object)
{
    lua_pushlightuserdata(L, (void *)&order_key);
    lua_rawget(L, object);
}

static void mark(lua_State *L, int refs)
{
    lua_rawgeti(L, refs, TG_VALUE_ORDERED);
    lua_setmetatable(L, -2);
}

void tg_ordered_make(lua_State *L, int refs, int pairs)
{
    int first = lua_gettop(L) - 2 * pairs + 1;

    lua_createtable(L, 0, pairs + 1);
    lua_createtable(L, pairs, 0);
    for (int i = 0; i < pairs; i++) {
        lua_pushvalue(L, first + 2 * i);
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushlightuserdata(L, (void *)&order_key);
    lua_insert(L, -2);
    lua_rawset(L, -3);
    mark(L, refs);
    lua_insert(L, first);
    for (int i = 0; i < pairs; i++)
        lua_rawset(L, first);
}

void tg_ordered_push(lua_State *L)
{
    tg_values_push(L);
    tg_ordered_make(L, lua_gettop(L), 0);
    lua_remove(L, -2);
}

/* Pushes the positions by key of the list on top. */
static void push_where(lua_State *L)
{
    int list = lua_gettop(L), count = (int)lua_objlen(L, list);

    lua_pushlightuserdata(L, (void *)&where_key);
    lua_rawget(L, list);
    if (!lua_isnil(L, -1))
        return;
    lua_pop(L, 1);
    lua_createtable(L, 0, count);
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, list, i);
        lua_pushinteger(L, i);
        lua_rawset(L, -3);
    }
    lua_pushlightuserdata(L, (void *)&where_key);
    lua_pushvalue(L, -2);
    lua_rawset(L, list);
}

/* Puts the key at the end of the list; where it was before is struck out. */
static void append_key(lua_State *L, int object, int key)
{
    push_order(L, object);
    int list = lua_gettop(L), position = (int)lua_objlen(L, list) + 1;
    push_where(L);
    lua_pushvalue(L, key);
    lua_rawget(L, -2);
    if (!lua_isnil(L, -1)) {
        lua_pushboolean(L, false);
        lua_rawseti(L, list, (int)lua_tointeger(L, -2));
    }
    lua_pop(L, 1);
    lua_pushvalue(L, key);
    lua_pushinteger(L, position);
    lua_rawset(L, -3);
    lua_pushvalue(L, key);
    lua_rawseti(L, list, position);
    lua_settop(L, list - 1);
}

void tg_ordered_set(lua_State *L, int index)
{
    int object = tg_value_absolute(L, index), key = lua_gettop(L) - 1;

    lua_pushvalue(L, key);
    lua_rawget(L, object);
    bool is_new = lua_isnil(L, -1) && !lua_isnil(L, key + 1);
    lua_pop(L, 1);
    if (is_new)
        append_key(L, object, key);
    lua_rawset(L, object);
}

bool tg_ordered_next(lua_State *L, int index, int *at)
{
    int object = tg_value_absolute(L, index);

    push_order(L, object);
    for (;;) {
        lua_rawgeti(L, -1, ++*at);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 2);
            return false;
        }
        if (lua_isboolean(L, -1)) {
            lua_pop(L, 1);
            continue;
        }
        lua_pushvalue(L, -1);
        lua_rawget(L, object);
        if (!lua_isnil(L, -1)) {
            lua_remove(L, -3);
            return true;
        }
        lua_pop(L, 2);
    }
}

static int on_new_member(lua_State *L)
{
    lua_settop(L, 3);
    if (lua_type(L, 2) != LUA_TSTRING)
        return tg_raise(L, "a key of an ordered object is a string, not a %s", luaL_typename(L, 2));
    if (!lua_isnil(L, 3))
        tg_ordered_set(L, 1);
    return 0;
}

/* The iteration's state is an upvalue, since a key alone does not tell its place. */
static int next_member(lua_State *L)
{
    int at = (int)lua_tointeger(L, lua_upvalueindex(2));

    if (!tg_ordered_next(L, lua_upvalueindex(1), &at))
        return 0;
    lua_pushinteger(L, at);
    lua_replace(L, lua_upvalueindex(2));
    return 2;
}

static int on_pairs(lua_State *L)
{
    lua_settop(L, 1);
    if (tg_value_kind(L, tg_values_get(L), 1) != TG_VALUE_ORDERED)
        return tg_raise(L, "an ordered object expected");
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_member, 2);
    return 1;
}

int tg_ordered_call(lua_State *L)
{
    bool given = tg_args_optional_table(L, "tg.ordered", 1);
    int count = given ? (int)lua_objlen(L, 1) : 0;

    lua_settop(L, 1);
    tg_ordered_push(L);
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        if (!lua_istable(L, -1))
            return tg_args_fail(L, "tg.ordered", 1, "a list of { key, value } pairs expected");
        lua_rawgeti(L, -1, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            return tg_args_fail(L, "tg.ordered", 1, "the key of each pair is a string");
        lua_rawgeti(L, -2, 2);
        if (lua_isnil(L, -1))
            return tg_args_fail(L, "tg.ordered", 1, "a pair without a value (null is tg.null)");
        tg_ordered_set(L, 2);
        lua_settop(L, 2);
    }
    return 1;
}

void tg_ordered_metatable(lua_State *L)
{
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, on_new_member);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, on_pairs);
    lua_setfield(L, -2, "__pairs");
    lua_pushliteral(L, "ordered");
    lua_setfield(L, -2, "__metatable");
}
