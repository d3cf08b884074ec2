#include "api/fields.h"

#include <lauxlib.h>

#include "base/text.h"
#include "http/strict.h"
#include "api/host.h"
#include "script/args.h"

static const char metatable[] = "tidegate.fields";

struct value {
    struct tg_handle_ref ref; /* while its object is there, so is the list */
    struct tg_fields fields;
    enum tg_fields_kind kind;
    struct tg_fields *open; /* where the list stands when it may be changed, else NULL */
    h2o_mem_pool_t *pool;
};

static struct tg_text text_of(h2o_iovec_t v)
{
    return tg_text(v.base, v.len);
}

static bool same(enum tg_fields_kind kind, h2o_iovec_t a, struct tg_text b)
{
    return kind == TG_FIELDS_HEADERS ? tg_text_is_nocase(text_of(a), b) : tg_text_is(text_of(a), b);
}

const struct tg_field *tg_fields_find(struct tg_fields fields, struct tg_text name)
{
    for (size_t i = 0; i < fields.count; i++)
        if (same(TG_FIELDS_HEADERS, fields.list[i].name, name))
            return &fields.list[i];
    return NULL;
}

struct tg_field tg_fields_copy(h2o_mem_pool_t *pool, struct tg_text name, struct tg_text value)
{
    char *text = h2o_mem_alloc_pool(pool, name.len + value.len + 1);

    memcpy(text, name.base, name.len);
    memcpy(text + name.len, value.base, value.len);
    return (struct tg_field){h2o_iovec_init(text, name.len),
                             h2o_iovec_init(text + name.len, value.len)};
}

size_t tg_fields_count(lua_State *L)
{
    size_t count = 0;

    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        count += lua_istable(L, -1) ? lua_objlen(L, -1) : 1;
        lua_pop(L, 1);
    }
    return count;
}

static struct tg_fields list_of(lua_State *L, struct value *value)
{
    if (tg_handle_object(value->ref) == NULL)
        tg_raise(L, "the request is over: what it held can't be read any more");
    if (value->open != NULL)
        value->fields = *value->open;
    return value->fields;
}

/* Set-Cookie can't be joined: its values have commas of their own. */
static bool is_joined(const struct value *value, struct tg_text name)
{
    return value->kind == TG_FIELDS_HEADERS && !tg_text_is_nocase(name, TG_TEXT("set-cookie"));
}

/* Pushes what the name stands for, seen from its first place; the name is there. */
static void push_value(lua_State *L, const struct value *value, size_t first)
{
    struct tg_fields fields = value->fields;
    struct tg_text name = text_of(fields.list[first].name);

    lua_pushlstring(L, fields.list[first].value.base, fields.list[first].value.len);
    if (!is_joined(value, name))
        return;
    for (size_t i = first + 1; i < fields.count; i++)
        if (same(value->kind, fields.list[i].name, name)) {
            lua_pushliteral(L, ", ");
            lua_pushlstring(L, fields.list[i].value.base, fields.list[i].value.len);
            lua_concat(L, 3);
        }
}

/* fields:all(name): the list of its values. */
static int all(lua_State *L)
{
    struct value *value = luaL_checkudata(L, 1, metatable);
    struct tg_text name = tg_args_text(L, "all", 2);
    struct tg_fields fields = list_of(L, value);
    int n = 0;

    lua_newtable(L);
    for (size_t i = 0; i < fields.count; i++)
        if (same(value->kind, fields.list[i].name, name)) {
            lua_pushlstring(L, fields.list[i].value.base, fields.list[i].value.len);
            lua_rawseti(L, -2, ++n);
        }
    return 1;
}

static int get(lua_State *L)
{
    struct value *value = lua_touserdata(L, 1);
    struct tg_fields fields = list_of(L, value);
    struct tg_text name;

    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    name.base = lua_tolstring(L, 2, &name.len);
    if (tg_text_is(name, TG_TEXT("all"))) {
        lua_pushcfunction(L, all);
        return 1;
    }
    for (size_t i = 0; i < fields.count; i++)
        if (same(value->kind, fields.list[i].name, name)) {
            push_value(L, value, i);
            return 1;
        }
    return 0;
}

static bool is_first(const struct value *value, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (same(value->kind, value->fields.list[i].name, text_of(value->fields.list[at].name)))
            return false;
    return true;
}

/* The iterator of pairs(): each name once, where it first stands. Its state is an upvalue. */
static int next_name(lua_State *L)
{
    struct value *value = lua_touserdata(L, lua_upvalueindex(1));
    struct tg_fields fields = list_of(L, value);
    size_t i = (size_t)lua_tointeger(L, lua_upvalueindex(2));

    while (i < fields.count && !is_first(value, i))
        i++;
    if (i >= fields.count)
        return 0;
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_replace(L, lua_upvalueindex(2));
    lua_pushlstring(L, fields.list[i].name.base, fields.list[i].name.len);
    push_value(L, value, i);
    return 2;
}

static int pairs_of(lua_State *L)
{
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_name, 2);
    return 1;
}

/* As a table, for encoders. */
static int to_table(lua_State *L)
{
    struct value *value = lua_touserdata(L, 1);
    struct tg_fields fields = list_of(L, value);

    lua_createtable(L, 0, (int)fields.count);
    for (size_t i = 0; i < fields.count; i++) {
        if (!is_first(value, i))
            continue;
        lua_pushlstring(L, fields.list[i].name.base, fields.list[i].name.len);
        push_value(L, value, i);
        lua_rawset(L, -3);
    }
    return 1;
}

static struct tg_text check_value(lua_State *L, struct tg_text name)
{
    struct tg_text value;

    value.base = lua_tolstring(L, -1, &value.len);
    if (value.base == NULL)
        tg_raise(L, "the header '%s' gets a %s; a string, a list of strings or nil is right",
                 name.base, luaL_typename(L, -1));
    if (tg_strict_field_value(value) != NULL)
        tg_raise(L, "the value of the header '%s' has characters that can't be sent", name.base);
    return value;
}

/* The value at index 3 takes the place of all fields of that name. */
static void replace(lua_State *L, struct value *value, struct tg_text name)
{
    struct tg_fields old = list_of(L, value);
    int type = lua_type(L, 3);
    size_t count = type == LUA_TTABLE ? lua_objlen(L, 3) : 1, n = 0;
    struct tg_field *list = h2o_mem_alloc_pool(value->pool, (old.count + count) * sizeof(*list));

    for (size_t i = 0; i < old.count; i++)
        if (!same(TG_FIELDS_HEADERS, old.list[i].name, name))
            list[n++] = old.list[i];
    for (size_t i = 1; type == LUA_TTABLE && i <= count; i++) {
        lua_rawgeti(L, 3, (int)i);
        list[n++] = tg_fields_copy(value->pool, name, check_value(L, name));
        lua_pop(L, 1);
    }
    if (type != LUA_TTABLE && type != LUA_TNIL)
        list[n++] = tg_fields_copy(value->pool, name, check_value(L, name));
    *value->open = (struct tg_fields){list, n};
}

static int set(lua_State *L)
{
    struct value *value = lua_touserdata(L, 1);
    struct tg_text name;

    if (value->open != NULL) {
        if (lua_type(L, 2) != LUA_TSTRING)
            return tg_raise(L, "the names of headers are strings");
        name.base = lua_tolstring(L, 2, &name.len);
        if (tg_strict_field_name(name) != NULL)
            return tg_raise(L, "'%s' can't be the name of a header", name.base);
        replace(L, value, name);
        return 0;
    }
    return tg_raise(L, "what was received can't be changed; build a table of your own");
}

static const luaL_Reg metamethods[] = {
    {"__index", get},        {"__newindex", set}, {"__pairs", pairs_of},
    {"__totable", to_table}, {NULL, NULL},
};

void tg_fields_open(lua_State *L)
{
    luaL_newmetatable(L, metatable);
    tg_kind_open(L, TG_KIND_FIELDS);
    tg_kind_fill(L, metamethods, "fields");
    lua_pop(L, 1);
}

static void push(lua_State *L, struct value content)
{
    struct value *value = lua_newuserdata(L, sizeof(*value));

    *value = content;
    tg_kind_set(L, TG_KIND_FIELDS);
}

void tg_fields_push(lua_State *L, struct tg_handle_ref ref, struct tg_fields fields,
                    enum tg_fields_kind kind)
{
    push(L, (struct value){.ref = ref, .fields = fields, .kind = kind});
}

void tg_fields_push_open(lua_State *L, struct tg_handle_ref ref, struct tg_fields *fields,
                         h2o_mem_pool_t *pool)
{
    push(L, (struct value){.ref = ref, .open = fields, .pool = pool});
}

void tg_fields_hold(lua_State *L, int owner)
{
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, owner);
    lua_rawseti(L, -2, 1);
    lua_setfenv(L, -2);
}
