#include "script/options.h"

#include <lauxlib.h>

#include "script/args.h"

enum { OPTIONS = 64, SMALLEST = 0, SMALL = 16 };

#define LARGEST ((lua_Number)(1 << 30))

int tg_options_fail(lua_State *L, const char *name, int arg, const char *option, const char *wanted)
{
    lua_pushfstring(L, "%s is %s", option, wanted);
    tg_args_fail(L, name, arg, lua_tostring(L, -1));
}

static bool is_text(lua_State *L, struct tg_text *text)
{
    if (lua_type(L, -1) != LUA_TSTRING)
        return false;
    text->base = lua_tolstring(L, -1, &text->len);
    return true;
}

/* "'a', 'b' or 'c'" of "a|b|c". */
static int fail_choice(lua_State *L, const char *name, int arg, const struct tg_option *option)
{
    const char *p = option->choices;
    luaL_Buffer text;

    luaL_buffinit(L, &text);
    for (;;) {
        size_t n = strcspn(p, "|");
        luaL_addchar(&text, '\'');
        luaL_addlstring(&text, p, n);
        luaL_addchar(&text, '\'');
        if (p[n] == '\0')
            break;
        p += n + 1;
        luaL_addstring(&text, strchr(p, '|') != NULL ? ", " : " or ");
    }
    luaL_pushresult(&text);
    return tg_options_fail(L, name, arg, option->name, lua_tostring(L, -1));
}

static int read_choice(lua_State *L, const char *name, int arg, const struct tg_option *option)
{
    struct tg_text text = {NULL, 0};
    int place = is_text(L, &text) ? tg_option_choice(option, text) : -1;

    return place >= 0 ? place : fail_choice(L, name, arg, option);
}

static struct tg_text read_text(lua_State *L, const char *name, int arg,
                                const struct tg_option *option)
{
    struct tg_text text = {NULL, 0};

    if (!is_text(L, &text) || (option->is_valid != NULL && !option->is_valid(text)))
        tg_options_fail(L, name, arg, option->name,
                        option->choices != NULL ? option->choices : "a text");
    return text;
}

static size_t read_number(lua_State *L, const char *name, int arg, const struct tg_option *option,
                          lua_Number least, lua_Number most, const char *wanted)
{
    lua_Number number = lua_tonumber(L, -1);

    if (lua_type(L, -1) != LUA_TNUMBER || !(number >= least) || number > most)
        tg_options_fail(L, name, arg, option->name, wanted);
    return (size_t)number;
}

static size_t read_size(lua_State *L, const char *name, int arg, const struct tg_option *option)
{
    size_t bytes = 0;

    if (!tg_args_size(L, -1, &bytes) || bytes == 0 || bytes > (size_t)LARGEST)
        tg_options_fail(L, name, arg, option->name, "a size above 0, such as 65536 or '8MB'");
    return bytes;
}

static bool read_flag(lua_State *L, const char *name, int arg, const struct tg_option *option)
{
    if (!lua_isboolean(L, -1))
        tg_options_fail(L, name, arg, option->name, "true or false");
    return lua_toboolean(L, -1);
}

void tg_options_take_list(lua_State *L, const char *name, int arg, const struct tg_option *option,
                          struct tg_options_list *list)
{
    const char *wanted = option->choices != NULL ? option->choices : "a list of texts";

    if (!lua_istable(L, -1))
        tg_options_fail(L, name, arg, option->name, wanted);
    size_t count = lua_objlen(L, -1);
    struct tg_text *items = lua_newuserdata(L, (count + 1) * sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -2, (int)i + 1);
        if (!is_text(L, &items[i]) || (option->is_valid != NULL && !option->is_valid(items[i])))
            tg_options_fail(L, name, arg, option->name, wanted);
        lua_pop(L, 1);
    }
    lua_remove(L, -2);
    *list = (struct tg_options_list){items, count};
}

static size_t count_pairs(lua_State *L)
{
    size_t count = 0;

    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        count++;
    return count;
}

void tg_options_take_pairs(lua_State *L, const char *name, int arg, const struct tg_option *option,
                           struct tg_options_pairs *pairs)
{
    const char *wanted = option->choices != NULL ? option->choices : "a table of names and texts";
    size_t i = 0;

    if (!lua_istable(L, -1))
        tg_options_fail(L, name, arg, option->name, wanted);
    size_t count = count_pairs(L);
    struct tg_options_pair *items = lua_newuserdata(L, (count + 1) * sizeof(*items));
    for (lua_pushnil(L); lua_next(L, -3); lua_pop(L, 1), i++) {
        if (lua_type(L, -2) != LUA_TSTRING || !is_text(L, &items[i].value))
            tg_options_fail(L, name, arg, option->name, wanted);
        items[i].name.base = lua_tolstring(L, -2, &items[i].name.len);
    }
    lua_remove(L, -2);
    *pairs = (struct tg_options_pairs){items, count};
}

/* The value is on top; what must stay takes its place, all else is popped. */
static void read_option(lua_State *L, const char *name, int arg, const struct tg_option *option,
                        void *field)
{
    switch (option->kind) {
    case TG_OPTION_FLAG:
        *(bool *)field = read_flag(L, name, arg, option);
        break;
    case TG_OPTION_CHOICE:
        *(unsigned *)field = (unsigned)read_choice(L, name, arg, option);
        break;
    case TG_OPTION_TEXT:
        *(struct tg_text *)field = read_text(L, name, arg, option);
        break;
    case TG_OPTION_COUNT:
        *(size_t *)field = read_number(L, name, arg, option, 1, LARGEST, "a number above 0");
        break;
    case TG_OPTION_SIZE:
        *(size_t *)field = read_size(L, name, arg, option);
        break;
    case TG_OPTION_SMALL:
        *(unsigned *)field =
            (unsigned)read_number(L, name, arg, option, SMALLEST, SMALL, "a number from 0 to 16");
        break;
    case TG_OPTION_LIST:
        tg_options_take_list(L, name, arg, option, field);
        return;
    case TG_OPTION_PAIRS:
        tg_options_take_pairs(L, name, arg, option, field);
        return;
    case TG_OPTION_OTHER:
        return;
    }
    lua_pop(L, 1);
}

void tg_options_read(lua_State *L, const char *name, int arg, const struct tg_option *table,
                     void *into,
                     void (*other)(lua_State *L, const char *name, int arg,
                                   const struct tg_option *option, void *into))
{
    const char *known[OPTIONS] = {NULL};

    if (!tg_args_optional_table(L, name, arg))
        return;
    luaL_checkstack(L, OPTIONS + 8, "too many options");
    for (size_t i = 0; i + 1 < OPTIONS && table[i].name != NULL; i++)
        known[i] = table[i].name;
    tg_args_keys(L, name, arg, known);
    for (const struct tg_option *option = table; option->name != NULL; option++) {
        lua_getfield(L, arg, option->name);
        if (lua_isnil(L, -1))
            lua_pop(L, 1);
        else if (option->kind == TG_OPTION_OTHER)
            other(L, name, arg, option, into);
        else
            read_option(L, name, arg, option, (char *)into + option->offset);
    }
}
