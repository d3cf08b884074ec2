/* Number literals: a userdata that holds the digits of a number as they were written. */
#include "script/value.h"

#include <lauxlib.h>

struct literal {
    size_t len;
    char digits[]; /* with NUL behind them */
};

void tg_number_push(lua_State *L, int refs, struct tg_text digits)
{
    lua_rawgeti(L, refs, TG_VALUE_REF_LITERALS);
    lua_pushlstring(L, digits.base, digits.len);
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        struct literal *literal = lua_newuserdata(L, sizeof(*literal) + digits.len + 1);
        literal->len = digits.len;
        memcpy(literal->digits, digits.base, digits.len);
        literal->digits[digits.len] = '\0';
        lua_rawgeti(L, refs, TG_VALUE_NUMBER);
        lua_setmetatable(L, -2);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, -5);
    }
    lua_replace(L, -3);
    lua_pop(L, 1);
}

struct tg_text tg_number_text(const void *block)
{
    const struct literal *literal = block;

    return tg_text(literal->digits, literal->len);
}

bool tg_number_literal(lua_State *L, int index, struct tg_text *digits)
{
    if (lua_type(L, index) != LUA_TUSERDATA ||
        tg_value_kind(L, tg_values_get(L), index) != TG_VALUE_NUMBER)
        return false;
    *digits = tg_number_text(lua_touserdata(L, index));
    return true;
}

static int to_string(lua_State *L)
{
    struct tg_text digits;

    if (!tg_number_literal(L, 1, &digits))
        return luaL_error(L, "a number literal expected");
    lua_pushlstring(L, digits.base, digits.len);
    return 1;
}

static void push_operand(lua_State *L, int index)
{
    struct tg_text digits;

    if (tg_number_literal(L, index, &digits))
        lua_pushlstring(L, digits.base, digits.len);
    else if (lua_isstring(L, index))
        lua_pushvalue(L, index);
    else
        luaL_error(L, "attempt to concatenate a %s value", luaL_typename(L, index));
}

static int concat(lua_State *L)
{
    push_operand(L, 1);
    push_operand(L, 2);
    lua_concat(L, 2);
    return 1;
}

static const luaL_Reg methods[] = {
    {"__tostring", to_string},
    {"__concat", concat},
    {NULL, NULL},
};

void tg_number_metatable(lua_State *L)
{
    lua_createtable(L, 0, 3);
    for (const luaL_Reg *method = methods; method->name != NULL; method++) {
        lua_pushcfunction(L, method->func);
        lua_setfield(L, -2, method->name);
    }
    lua_pushliteral(L, "number");
    lua_setfield(L, -2, "__metatable");
}
