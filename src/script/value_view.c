#include "script/value_view.h"

#include <lauxlib.h>
#include <sys/uio.h>
#include <unistd.h>

const struct tg_view_layout tg_view_layout = {
    .table_array = offsetof(struct tg_view_table, array),
    .table_metatable = offsetof(struct tg_view_table, metatable),
    .table_node = offsetof(struct tg_view_table, node),
    .table_asize = offsetof(struct tg_view_table, asize),
    .table_hmask = offsetof(struct tg_view_table, hmask),
    .node_value = offsetof(struct tg_view_node, value),
    .node_key = offsetof(struct tg_view_node, key),
    .node_next = offsetof(struct tg_view_node, next),
    .node_size = sizeof(struct tg_view_node),
    .string_id = offsetof(struct tg_view_string, id),
    .string_len = offsetof(struct tg_view_string, len),
    .string_bytes = offsetof(struct tg_view_string, bytes),
    .block_metatable = offsetof(struct tg_view_block, metatable),
    .block_bytes = offsetof(struct tg_view_block, bytes),
};

/* What the samples have at most. */
enum { MOST_VALUES = 64, LONGEST = 64 };

enum { PAGE = 4096, PAGES = 8 };

struct probe {
    lua_State *L;
    const struct tg_view_layout *at;
    uint64_t number[PAGES]; /* of the page that is here: a call of the kernel for each is enough */
    char page[PAGES][PAGE];
};

/* A table as the probe read it. */
struct shape {
    uint64_t array, metatable, node;
    uint32_t asize, hmask;
};

static bool is_same(struct probe *p, int index, tg_view_value value);

/* The page of an address that may be none. */
static const char *read_page(struct probe *p, uint64_t number)
{
    uint64_t slot = number % PAGES;
    struct iovec to = {p->page[slot], PAGE}, from = {(void *)(uintptr_t)(number * PAGE), PAGE};

    if (p->number[slot] == number && number != 0)
        return p->page[slot];
    p->number[slot] = 0;
    if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != PAGE)
        return NULL;
    p->number[slot] = number;
    return p->page[slot];
}

static bool peek(struct probe *p, uint64_t address, size_t offset, void *into, size_t n)
{
    char *out = into;

    address += offset;
    while (n != 0) {
        const char *page = read_page(p, address / PAGE);
        size_t at = address % PAGE, most = n < PAGE - at ? n : PAGE - at;
        if (page == NULL)
            return false;
        memcpy(out, page + at, most);
        out += most;
        address += most;
        n -= most;
    }
    return true;
}

static uint64_t address_of(struct probe *p, int index)
{
    return (uint64_t)(uintptr_t)lua_topointer(p->L, index);
}

static bool is_same_string(struct probe *p, int index, uint64_t object)
{
    size_t len;
    const char *want = lua_tolstring(p->L, index, &len);
    char bytes[LONGEST + 1];
    uint32_t n;

    return object == address_of(p, index) && peek(p, object, p->at->string_len, &n, sizeof(n)) &&
           n == len && len <= LONGEST && peek(p, object, p->at->string_bytes, bytes, len + 1) &&
           memcmp(bytes, want, len + 1) == 0;
}

static bool has_metatable(struct probe *p, int index, uint64_t metatable)
{
    uint64_t want = 0;

    if (lua_getmetatable(p->L, index)) {
        want = address_of(p, -1);
        lua_pop(p->L, 1);
    }
    return metatable == want;
}

static bool is_same_block(struct probe *p, int index, uint64_t object)
{
    uint64_t metatable, byte = p->at->block_bytes;

    return object + byte == address_of(p, index) &&
           peek(p, object, p->at->block_metatable, &metatable, sizeof(metatable)) &&
           has_metatable(p, index, metatable);
}

static bool read_shape(struct probe *p, uint64_t object, struct shape *shape)
{
    return peek(p, object, p->at->table_array, &shape->array, sizeof(shape->array)) &&
           peek(p, object, p->at->table_metatable, &shape->metatable, sizeof(shape->metatable)) &&
           peek(p, object, p->at->table_node, &shape->node, sizeof(shape->node)) &&
           peek(p, object, p->at->table_asize, &shape->asize, sizeof(shape->asize)) &&
           peek(p, object, p->at->table_hmask, &shape->hmask, sizeof(shape->hmask)) &&
           shape->asize <= MOST_VALUES && shape->hmask < MOST_VALUES;
}

/* The value follows the one before, whose key is on top, in the table at the index. */
static bool is_next(struct probe *p, int index, tg_view_value key, tg_view_value value)
{
    lua_State *L = p->L;
    int top = lua_gettop(L);

    if (!lua_next(L, index) || !is_same(p, top, key) || !is_same(p, top + 1, value))
        return false;
    lua_settop(L, top);
    return true;
}

static bool are_items_same(struct probe *p, int index, const struct shape *shape)
{
    for (uint32_t i = 0; i < shape->asize; i++) {
        tg_view_value value, key;
        double number = i;
        memcpy(&key, &number, sizeof(key));
        if (!peek(p, shape->array, i * sizeof(value), &value, sizeof(value)) ||
            (tg_view_type(value) != TG_VIEW_NIL && !is_next(p, index, key, value)))
            return false;
    }
    return true;
}

/* Whether a string is found from its ID on. */
static bool is_reached(struct probe *p, const struct shape *shape, uint64_t node, tg_view_value key)
{
    uint64_t string = (uint64_t)(uintptr_t)tg_view_object(key), at;
    uint32_t id;

    if (!peek(p, string, p->at->string_id, &id, sizeof(id)))
        return false;
    at = shape->node + (id & shape->hmask) * p->at->node_size;
    for (uint32_t i = 0; at != node; i++) {
        if (i > shape->hmask || !peek(p, at, p->at->node_next, &at, sizeof(at)))
            return false;
    }
    return true;
}

static bool are_members_same(struct probe *p, int index, const struct shape *shape)
{
    for (uint32_t i = 0; i <= shape->hmask; i++) {
        uint64_t node = shape->node + i * p->at->node_size;
        tg_view_value value, key;
        if (!peek(p, node, p->at->node_value, &value, sizeof(value)) ||
            !peek(p, node, p->at->node_key, &key, sizeof(key)))
            return false;
        if (tg_view_type(value) == TG_VIEW_NIL)
            continue;
        if (!is_next(p, index, key, value) ||
            (tg_view_type(key) == TG_VIEW_STRING && !is_reached(p, shape, node, key)))
            return false;
    }
    return true;
}

/* Its values come in the order of lua_next. */
static bool is_same_table(struct probe *p, int index, uint64_t object)
{
    struct shape shape;

    if (object != address_of(p, index) || !read_shape(p, object, &shape) ||
        !has_metatable(p, index, shape.metatable))
        return false;
    lua_pushnil(p->L);
    return are_items_same(p, index, &shape) && are_members_same(p, index, &shape) &&
           !lua_next(p->L, index);
}

static bool is_same(struct probe *p, int index, tg_view_value value)
{
    uint64_t object = (uint64_t)(uintptr_t)tg_view_object(value);
    int64_t type = tg_view_type(value);

    switch (lua_type(p->L, index)) {
    case LUA_TBOOLEAN:
        return type == (lua_toboolean(p->L, index) ? TG_VIEW_TRUE : TG_VIEW_FALSE);
    case LUA_TNUMBER:
        return tg_view_is_number(value) && tg_view_number(value) == lua_tonumber(p->L, index);
    case LUA_TSTRING:
        return type == TG_VIEW_STRING && is_same_string(p, index, object);
    case LUA_TTABLE:
        return type == TG_VIEW_TABLE && is_same_table(p, index, object);
    case LUA_TUSERDATA:
        return type == TG_VIEW_BLOCK && is_same_block(p, index, object);
    case LUA_TLIGHTUSERDATA:
        return type == TG_VIEW_LIGHT;
    }
    /* A function: it must only be nothing of the above. */
    return !tg_view_is_number(value) && type < TG_VIEW_STRING && type > TG_VIEW_TABLE;
}

/* ---- samples */

/* Tables of all shapes; every eighth string falls into the same few nodes of the crowded one, so
 * that its links are followed far. It is called with null, a userdata and a table that have a
 * metatable. */
static const char samples[] =
    "local null, block, marked = ... "
    "local crowded, values = {}, { true, false, null, 1, -2147483648, 4503599627370497.5, -1 / 0, "
    "'', "
    "  'text \xc3\xa9 of some more bytes', block, marked, function() end } "
    "local grown, gone = {}, { a = 1, b = 2, c = 3, 4, 5, 6 } "
    "for i = 1, 9 do grown[i] = i / 4 grown['key' .. i] = i end "
    "for i = 0, 120 do local key = 'k' .. i if i % 8 == 0 then crowded[key] = i end end "
    "gone.b, gone[2] = nil, nil "
    "return { values, crowded, {}, { {}, { a = { b = null, c = 'd' } } }, grown, gone, "
    "  { [0] = 1, [-1] = 2, [1.5] = 3, [true] = 4, [null] = 5, [block] = 6 } }";

static void push_samples(lua_State *L)
{
    if (luaL_loadbuffer(L, samples, sizeof(samples) - 1, "=samples") != 0)
        lua_error(L);
    lua_pushlightuserdata(L, NULL);
    lua_newuserdata(L, 1);
    lua_createtable(L, 1, 0);
    for (int i = 0; i < 2; i++) {
        lua_createtable(L, 0, 0);
        lua_setmetatable(L, -3 + i);
    }
    lua_call(L, 3, 1);
}

bool tg_view_probe(lua_State *L, const struct tg_view_layout *layout)
{
    struct probe p = {.L = L, .at = layout};
    int top = lua_gettop(L);

    luaL_checkstack(L, 40, "samples");
    push_samples(L);
    bool good = is_same_table(&p, top + 1, address_of(&p, top + 1));
    lua_settop(L, top);
    return good;
}

/* The value of a light userdata in this state. */
static tg_view_value light(lua_State *L, const void *pointer)
{
    lua_createtable(L, 2, 0);
    lua_pushlightuserdata(L, (void *)pointer);
    lua_rawseti(L, -2, 1);
    const struct tg_view_table *table = lua_topointer(L, -1);
    tg_view_value value = table->array[1];
    lua_pop(L, 1);
    return value;
}

void tg_view_open(lua_State *L, struct tg_view *view, const void *order_key)
{
    *view = (struct tg_view){.good = tg_view_probe(L, &tg_view_layout)};
    if (view->good) {
        view->null = light(L, NULL);
        view->order = light(L, order_key);
    }
}
