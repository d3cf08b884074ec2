#include "script/args.h"

#include <lauxlib.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Chunks of tidegate's own library are named so; their lines tell a script's author nothing. */
static bool is_library(const lua_Debug *frame)
{
    return strncmp(frame->source, "=[tidegate", 10) == 0;
}

/* Pushes "file:line: " of the nearest frame of a script, or nothing to see: "". */
static void push_where(lua_State *L)
{
    lua_Debug frame;

    for (int level = 1; lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "Sl", &frame);
        if (frame.currentline > 0 && !is_library(&frame)) {
            lua_pushfstring(L, "%s:%d: ", frame.short_src, frame.currentline);
            return;
        }
    }
    lua_pushliteral(L, "");
}

int tg_raise(lua_State *L, const char *format, ...)
{
    va_list args;

    push_where(L);
    va_start(args, format);
    lua_pushvfstring(L, format, args);
    va_end(args);
    lua_concat(L, 2);
    lua_error(L);
    abort(); /* lua_error does not return, but its header does not say so */
}

int tg_args_fail(lua_State *L, const char *name, int arg, const char *what)
{
    tg_raise(L, "bad argument #%d to '%s' (%s)", arg, name, what);
}

int tg_args_type(lua_State *L, const char *name, int arg, const char *wanted)
{
    const char *got = lua_type(L, arg) == LUA_TNONE ? "no value" : luaL_typename(L, arg);

    tg_raise(L, "bad argument #%d to '%s' (%s expected, got %s)", arg, name, wanted, got);
}

struct tg_text tg_args_text(lua_State *L, const char *name, int arg)
{
    struct tg_text text;

    text.base = lua_tolstring(L, arg, &text.len);
    if (text.base == NULL)
        tg_args_type(L, name, arg, "string");
    return text;
}

lua_Number tg_args_number(lua_State *L, const char *name, int arg)
{
    if (!lua_isnumber(L, arg))
        tg_args_type(L, name, arg, "number");
    return lua_tonumber(L, arg);
}

void tg_args_function(lua_State *L, const char *name, int arg)
{
    if (!lua_isfunction(L, arg))
        tg_args_type(L, name, arg, "function");
}

void tg_args_table(lua_State *L, const char *name, int arg)
{
    if (!lua_istable(L, arg))
        tg_args_type(L, name, arg, "table");
}

bool tg_args_optional_table(lua_State *L, const char *name, int arg)
{
    if (lua_isnoneornil(L, arg))
        return false;
    tg_args_table(L, name, arg);
    return true;
}

/* Edit distance, for names of up to 31 bytes; more than that is far from everything. */
static size_t distance(const char *a, const char *b)
{
    size_t m = strlen(a), n = strlen(b), row[33];

    if (m > 32 || n > 32)
        return 99;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t swap = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = swap < step ? swap : step;
        }
    }
    return row[n];
}

static const char *nearest(const char *key, const char *const *known)
{
    const char *best = NULL;
    size_t least = 4;

    for (; *known != NULL; known++) {
        size_t d = distance(key, *known);
        if (d < least) {
            least = d;
            best = *known;
        }
    }
    return best;
}

static size_t check_key(lua_State *L, const char *name, int arg, const char *const *known)
{
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;

    if (key == NULL)
        tg_raise(L, "bad argument #%d to '%s' (options have names, this has the key %s)", arg, name,
                 lua_isnumber(L, -2) ? "of a list" : luaL_typename(L, -2));
    for (const char *const *k = known; *k != NULL; k++)
        if (strcmp(*k, key) == 0)
            return (size_t)(k - known);
    const char *hint = nearest(key, known);
    if (hint != NULL)
        tg_raise(L, "bad argument #%d to '%s' (unknown option '%s'; did you mean '%s'?)", arg, name,
                 key, hint);
    tg_raise(L, "bad argument #%d to '%s' (unknown option '%s')", arg, name, key);
}

uint32_t tg_args_keys(lua_State *L, const char *name, int arg, const char *const *known)
{
    uint32_t given = 0;

    lua_pushnil(L);
    while (lua_next(L, arg) != 0) {
        size_t key = check_key(L, name, arg, known);
        if (key < 32)
            given |= UINT32_C(1) << key;
        lua_pop(L, 1);
    }
    return given;
}

struct unit {
    const char *name;
    double factor;
};

/* A number with one of the units behind it; false when it is something else. */
static bool with_unit(const char *text, const struct unit *units, double *value)
{
    char *end;
    double n = strtod(text, &end);

    if (end == text || !(n >= 0) || !isfinite(n))
        return false;
    for (; units->name != NULL; units++)
        if (strcmp(end, units->name) == 0) {
            *value = n * units->factor;
            return true;
        }
    return false;
}

bool tg_args_duration(lua_State *L, int index, double *ms)
{
    static const struct unit units[] = {{"ms", 1},     {"s", 1e3},     {"m", 60e3},
                                        {"h", 3600e3}, {"d", 86400e3}, {NULL, 0}};

    if (lua_type(L, index) == LUA_TSTRING)
        return with_unit(lua_tostring(L, index), units, ms);
    *ms = lua_tonumber(L, index) * 1e3;
    return lua_type(L, index) == LUA_TNUMBER && *ms >= 0 && isfinite(*ms);
}

bool tg_args_size(lua_State *L, int index, size_t *bytes)
{
    static const struct unit units[] = {
        {"B", 1}, {"KB", 1024.0}, {"MB", 1048576.0}, {"GB", 1073741824.0}, {NULL, 0}};
    double n = lua_tonumber(L, index);

    if (lua_type(L, index) == LUA_TSTRING) {
        if (!with_unit(lua_tostring(L, index), units, &n))
            return false;
    } else if (lua_type(L, index) != LUA_TNUMBER) {
        return false;
    }
    if (!(n >= 0) || n > 9007199254740992.0)
        return false;
    *bytes = (size_t)n;
    return true;
}
