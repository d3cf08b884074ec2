/* What a backend call sends, out of its options: the target, the body, the header fields. */
#include <lauxlib.h>
#include <stdlib.h>

#include "api/backend_parts.h"
#include "http/query.h"
#include "http/strict.h"
#include "script/args.h"
#include "script/json_value.h"
#include "script/value.h"
#include "script/xml_value.h"

h2o_iovec_t tg_backend_keep(struct tg_backend_reading *r, struct tg_text text)
{
    return h2o_strdup(r->pool, text.base, text.len);
}

/* A member of a table; its texts live as long as the table. */
struct member {
    struct tg_text name;
    struct tg_text value; /* when that is a string, else base is NULL */
};

static int compare(const void *a, const void *b)
{
    const struct tg_text *x = &((const struct member *)a)->name;
    const struct tg_text *y = &((const struct member *)b)->name;
    size_t least = x->len < y->len ? x->len : y->len;
    int order = memcmp(x->base, y->base, least);

    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* The members of the table on top, in the order of their names' bytes. Where a value is a list, its
 * items are added to *items, else one. */
static struct member *sorted_members(lua_State *L, struct tg_backend_reading *r, const char *what,
                                     size_t *count, size_t *items)
{
    H2O_VECTOR(struct member) members = {NULL, 0, 0};

    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        if (lua_type(L, -2) != LUA_TSTRING)
            tg_raise(L, "%s: %s must have names, not a list", r->name, what);
        h2o_vector_reserve(r->pool, &members, members.size + 1);
        struct member *member = &members.entries[members.size++];
        int type = lua_type(L, -1);
        *items += type == LUA_TTABLE ? lua_objlen(L, -1) : 1;
        member->value = tg_text(NULL, 0);
        if (type == LUA_TSTRING)
            member->value.base = lua_tolstring(L, -1, &member->value.len);
        lua_pop(L, 1);
        member->name.base = lua_tolstring(L, -1, &member->name.len);
    }
    if (members.size > 1)
        qsort(members.entries, members.size, sizeof(*members.entries), compare);
    *count = members.size;
    return members.entries;
}

static void put_pair(lua_State *L, struct tg_backend_reading *r, struct tg_buffer *out,
                     struct tg_text name, const char *what)
{
    struct tg_text value;

    if (lua_isboolean(L, -1))
        value = lua_toboolean(L, -1) ? TG_TEXT("true") : TG_TEXT("false");
    else if (lua_isstring(L, -1))
        value.base = lua_tolstring(L, -1, &value.len);
    else {
        tg_raise(L, "%s: %s.%s is a %s; a string, a number, a boolean or a list of them is right",
                 r->name, what, name.base, luaL_typename(L, -1));
        return;
    }
    if (out->len > 0)
        tg_buffer_put(out, '&');
    tg_query_encode(out, name);
    tg_buffer_put(out, '=');
    tg_query_encode(out, value);
}

/* Encodes the table on top as name=value&… into the scratch buffer. */
static struct tg_text encode_pairs(lua_State *L, struct tg_backend_reading *r, const char *what)
{
    struct tg_buffer *out = tg_values_buffer(L);
    size_t count, items = 0;

    if (luaL_getmetafield(L, -1, "__totable")) {
        lua_pushvalue(L, -2);
        lua_call(L, 1, 1);
        lua_replace(L, -2);
    }
    if (!lua_istable(L, -1))
        tg_raise(L, "%s: %s must be a table", r->name, what);
    struct member *members = sorted_members(L, r, what, &count, &items);
    for (size_t i = 0; i < count; i++) {
        struct tg_text name = members[i].name;
        lua_pushlstring(L, name.base, name.len);
        lua_rawget(L, -2);
        if (lua_istable(L, -1)) {
            int values = (int)lua_objlen(L, -1);
            for (int n = 1; n <= values; n++) {
                lua_rawgeti(L, -1, n);
                put_pair(L, r, out, name, what);
                lua_pop(L, 1);
            }
        } else {
            put_pair(L, r, out, name, what);
        }
        lua_pop(L, 1);
    }
    return tg_text(out->base, out->len);
}

static void check_path(lua_State *L, struct tg_backend_reading *r, struct tg_text path)
{
    if (path.len == 0 || path.base[0] != '/')
        tg_raise(L, "%s: the path must begin with '/'", r->name);
    for (size_t i = 0; i < path.len; i++)
        if ((unsigned char)path.base[i] <= ' ' || (unsigned char)path.base[i] >= 0x7f)
            tg_raise(L, "%s: the path has a character that must be escaped (tg.escape)", r->name);
}

void tg_backend_read_target(lua_State *L, struct tg_backend_reading *r, int opts,
                            struct tg_text path)
{
    struct tg_text query = {NULL, 0};

    check_path(L, r, path);
    if (opts != 0) {
        lua_getfield(L, opts, "query");
        if (!lua_isnil(L, -1))
            query = encode_pairs(L, r, "query");
    }
    if (query.len == 0) {
        r->call->call.target = tg_backend_keep(r, path);
        return;
    }
    char *target = h2o_mem_alloc_pool(r->pool, path.len + 1 + query.len);
    memcpy(target, path.base, path.len);
    target[path.len] = memchr(path.base, '?', path.len) != NULL ? '&' : '?';
    memcpy(target + path.len + 1, query.base, query.len);
    r->call->call.target = h2o_iovec_init(target, path.len + 1 + query.len);
}

static void set_body(struct tg_backend_reading *r, struct tg_text body, const char *content_type)
{
    r->call->call.body = tg_backend_keep(r, body);
    r->call->call.has_body = true;
    r->content_type = content_type;
}

static void read_json_body(lua_State *L, struct tg_backend_reading *r)
{
    struct tg_buffer *out = tg_values_buffer(L);
    struct tg_parse_error error;

    if (!tg_json_encode(L, lua_gettop(L), NULL, out, &error))
        tg_raise(L, "%s: json: %s", r->name, error.text);
    set_body(r, tg_text(out->base, out->len), "application/json");
}

static void read_xml_body(lua_State *L, struct tg_backend_reading *r, int opts)
{
    struct tg_buffer *out = tg_values_buffer(L);
    struct tg_xml_write_options options;
    struct tg_parse_error error;
    int value = lua_gettop(L);

    lua_getfield(L, opts, "xml_options");
    tg_xml_write_options_read(L, r->name, value + 1, &options);
    if (!tg_xml_encode(L, value, &options, out, &error))
        tg_raise(L, "%s: xml: %s", r->name, error.text);
    set_body(r, tg_text(out->base, out->len), "application/xml");
}

/* At most one of body, json, xml and form. */
void tg_backend_read_body(lua_State *L, struct tg_backend_reading *r, int opts)
{
    int given = 0;

    lua_getfield(L, opts, "body");
    if (!lua_isnil(L, -1)) {
        struct tg_text body;
        body.base = lua_tolstring(L, -1, &body.len);
        if (body.base == NULL)
            tg_raise(L, "%s: body must be a string, this is a %s", r->name, luaL_typename(L, -1));
        set_body(r, body, NULL);
        given++;
    }
    lua_getfield(L, opts, "json");
    if (!lua_isnil(L, -1)) {
        read_json_body(L, r);
        given++;
    }
    lua_getfield(L, opts, "xml");
    if (!lua_isnil(L, -1)) {
        read_xml_body(L, r, opts);
        given++;
    }
    lua_getfield(L, opts, "form");
    if (!lua_isnil(L, -1)) {
        set_body(r, encode_pairs(L, r, "form"), "application/x-www-form-urlencoded");
        given++;
    }
    if (given > 1)
        tg_raise(L, "%s: only one of body, json, xml and form can be given", r->name);
}

static void add_field(lua_State *L, struct tg_backend_reading *r, struct tg_text name,
                      struct tg_text value, struct tg_field *list, size_t *n)
{
    if (tg_strict_field_name(name) != NULL)
        tg_raise(L, "%s: '%s' can't be the name of a header", r->name, name.base);
    if (tg_strict_field_value(value) != NULL)
        tg_raise(L, "%s: the value of the header '%s' has characters that can't be sent", r->name,
                 name.base);
    if (tg_strict_is_of_connection(name))
        return;
    if (tg_text_is_nocase(name, TG_TEXT("host"))) {
        r->call->call.host = tg_backend_keep(r, value);
        return;
    }
    if (tg_text_is_nocase(name, TG_TEXT("content-type")))
        r->content_type = NULL;
    list[(*n)++] = tg_fields_copy(r->pool, name, value);
}

/* The value on top, which is perhaps none. */
static void add_value(lua_State *L, struct tg_backend_reading *r, struct tg_text name,
                      struct tg_field *list, size_t *n)
{
    struct tg_text value;

    value.base = lua_tolstring(L, -1, &value.len);
    if (value.base == NULL)
        tg_raise(L, "%s: the header '%s' is a %s; a string or a list of strings is right", r->name,
                 name.base, luaL_typename(L, -1));
    add_field(L, r, name, value, list, n);
}

/* The value of the name in the table on top is no string: a list, or a number. */
static void add_values(lua_State *L, struct tg_backend_reading *r, struct tg_text name,
                       struct tg_field *list, size_t *n)
{
    lua_pushlstring(L, name.base, name.len);
    lua_rawget(L, -2);
    int values = lua_istable(L, -1) ? (int)lua_objlen(L, -1) : 0;
    for (int v = 1; v <= values; v++) {
        lua_rawgeti(L, -1, v);
        add_value(L, r, name, list, n);
        lua_pop(L, 1);
    }
    if (!lua_istable(L, -1))
        add_value(L, r, name, list, n);
    lua_pop(L, 1);
}

size_t tg_backend_read_header_table(lua_State *L, struct tg_backend_reading *r,
                                    struct tg_field **list)
{
    size_t count, items = 0, n = 0;

    if (luaL_getmetafield(L, -1, "__totable")) {
        lua_insert(L, -2);
        lua_call(L, 1, 1);
    }
    if (!lua_istable(L, -1))
        tg_raise(L, "%s: headers must be a table", r->name);
    struct member *members = sorted_members(L, r, "headers", &count, &items);
    *list = h2o_mem_alloc_pool(r->pool, (items + 1) * sizeof(**list));
    for (size_t i = 0; i < count; i++) {
        if (members[i].value.base != NULL)
            add_field(L, r, members[i].name, members[i].value, *list, &n);
        else
            add_values(L, r, members[i].name, *list, &n);
    }
    return n;
}

void tg_backend_read_headers(lua_State *L, struct tg_backend_reading *r, int opts)
{
    struct tg_field *list = NULL;
    size_t n = 0;

    lua_getfield(L, opts, "headers");
    if (!lua_isnil(L, -1))
        n = tg_backend_read_header_table(L, r, &list);
    if (r->content_type != NULL) {
        if (list == NULL)
            list = h2o_mem_alloc_pool(r->pool, sizeof(*list));
        list[n++] = (struct tg_field){h2o_iovec_init(H2O_STRLIT("content-type")),
                                      h2o_iovec_init(r->content_type, strlen(r->content_type))};
    }
    r->call->call.fields = list;
    r->call->call.field_count = n;
    r->call->call.fields_fit = true;
}
