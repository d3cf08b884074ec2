/* Beside lua-cjson: what we decode it decodes to the same, and what one encodes the other decodes
 * to the value it came from. Left out is what it does not hold: numbers beyond a double, and in
 * what it writes those of more than fourteen digits; it does not tell empty arrays from empty
 * objects. */
#include <lauxlib.h>
#include <luajit.h>
#include <lualib.h>
#include <math.h>

#include "script/json_value.h"
#include "script/value.h"
#include "fuzz.h"

static lua_State *L;

/* What stays on the stack: the functions of lua-cjson. */
enum { DECODE = 1, ENCODE };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    L = lua_newstate(allocate, NULL);
    luaL_openlibs(L);
    /* As in a server. What compiles Lua keeps pointers that the leak checker does not know. */
    luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    tg_values_open(L);
    if (luaL_dostring(L, "local cjson = require 'cjson' return cjson.decode, cjson.encode") != 0) {
        fprintf(stderr, "lua-cjson: %s\n", lua_tostring(L, -1));
        abort();
    }
    return 0;
}

/* ---- whether two values are the same; `lossy`: one of them was written by lua-cjson */

static bool is_same(int a, int b, bool lossy);

static bool is_same_number(double a, double b, bool lossy)
{
    char text[40];

    if (a == b)
        return signbit(a) == signbit(b) || lossy;
    snprintf(text, sizeof(text), "%.14g", a);
    return lossy && strtod(text, NULL) == b;
}

/* A number literal beside what lua-cjson made of it. */
static bool is_its_double(int literal, int number)
{
    struct tg_text digits;
    char text[4096];

    if (!tg_number_literal(L, literal, &digits) || lua_type(L, number) != LUA_TNUMBER)
        return false;
    if (digits.len >= sizeof(text))
        return true;
    memcpy(text, digits.base, digits.len);
    text[digits.len] = '\0';
    return strtod(text, NULL) == lua_tonumber(L, number);
}

static int members_of(int table)
{
    int count = 0;

    for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1))
        count++;
    return count;
}

static bool are_same_tables(int a, int b, bool lossy)
{
    bool same = members_of(a) == members_of(b);

    luaL_checkstack(L, 16, "depth");
    for (lua_pushnil(L); same && lua_next(L, a) != 0;) {
        int key = lua_gettop(L) - 1;
        lua_pushvalue(L, key);
        lua_rawget(L, b);
        same = is_same(key + 1, key + 2, lossy);
        lua_settop(L, same ? key : key - 1);
    }
    return same;
}

static bool is_same(int a, int b, bool lossy)
{
    int type = lua_type(L, a);

    if (type == LUA_TUSERDATA)
        return is_its_double(a, b);
    if (type != lua_type(L, b))
        return false;
    if (type == LUA_TNUMBER)
        return is_same_number(lua_tonumber(L, a), lua_tonumber(L, b), lossy);
    return type == LUA_TTABLE ? are_same_tables(a, b, lossy) : lua_rawequal(L, a, b) != 0;
}

/* ---- */

/* Calls a function of lua-cjson with the value at the index; its result is pushed. */
static void call(int function, int value, const char *what, struct tg_text text)
{
    lua_pushvalue(L, function);
    lua_pushvalue(L, value);
    if (lua_pcall(L, 1, 1, 0) == 0)
        return;
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    demand(false, what, text);
}

/* Whether it is one of the values that lua-cjson would not write, or write as another. */
static bool has_literal(int value)
{
    bool found = lua_type(L, value) == LUA_TUSERDATA;

    if (lua_type(L, value) != LUA_TTABLE)
        return found;
    luaL_checkstack(L, 8, "depth");
    for (lua_pushnil(L); lua_next(L, value) != 0; lua_pop(L, 1))
        found |= has_literal(lua_gettop(L));
    return found;
}

/* What lua-cjson writes of our value we read as that value; value is at the index. */
static void check_theirs(int value, struct tg_text text)
{
    struct tg_text json;
    struct tg_parse_error error;

    call(ENCODE, value, "lua-cjson does not encode it", text);
    json.base = lua_tolstring(L, -1, &json.len);
    demand(tg_json_decode(L, json, NULL, &error), "what lua-cjson encoded is refused", text);
    demand(is_same(value, lua_gettop(L), true), "what lua-cjson encoded is another value", text);
    lua_pop(L, 2);
}

/* What we write of our value lua-cjson reads as that value. */
static void check_ours(int value, struct tg_text text)
{
    struct tg_buffer out = {0};
    struct tg_parse_error error;

    demand(tg_json_encode(L, value, NULL, &out, &error), error.text, text);
    lua_pushlstring(L, out.base, out.len);
    tg_buffer_dispose(&out);
    call(DECODE, lua_gettop(L), "what was encoded lua-cjson refuses", text);
    demand(is_same(value, lua_gettop(L), false), "what was encoded is another value", text);
    lua_pop(L, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_text text = tg_text((const char *)data, size);
    struct tg_parse_error error;
    int value = ENCODE + 1;

    if (!tg_json_decode(L, text, NULL, &error))
        return 0;
    lua_pushlstring(L, text.base, text.len);
    call(DECODE, value + 1, "lua-cjson refuses it", text);
    demand(is_same(value, value + 2, false), "lua-cjson decodes another value", text);
    lua_settop(L, value);
    check_ours(value, text);
    if (!has_literal(value))
        check_theirs(value, text);
    lua_settop(L, ENCODE);
    return 0;
}
