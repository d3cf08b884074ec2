/* tg.xml.schema: documents checked and converted by XML Schema. */
#include <lauxlib.h>
#include <string.h>

#include "api/api.h"
#include "api/host.h"
#include "api/site_file.h"
#include "codec/schema_outline.h"
#include "codec/schema_store.h"
#include "script/args.h"
#include "script/fail.h"
#include "script/json_value.h"
#include "script/options.h"
#include "script/value.h"
#include "script/vm.h"
#include "script/xml_value.h"

/* The block of a schema, which belongs to the site. */
struct handle {
    const struct tg_schema *schema;
};

/* ---- loading */

static bool read_source(void *self, const char *path, struct tg_buffer *out, const char **why)
{
    return tg_site_file_read(self, path, out, why);
}

/* The texts of the list at `arg`, in a userdata that is left on the stack. */
static const struct tg_text *read_more(lua_State *L, int arg, size_t *count)
{
    *count = lua_istable(L, arg) ? lua_objlen(L, arg) : 0;
    struct tg_text *more = lua_newuserdata(L, (*count + 1) * sizeof(*more));

    for (size_t i = 0; i < *count; i++) {
        lua_rawgeti(L, arg, (int)i + 1);
        more[i].base = lua_tolstring(L, -1, &more[i].len);
        lua_pop(L, 1);
    }
    return more;
}

/* The schema of the file at index 1; `more` is the index of a list of texts, or 0. */
static int load(lua_State *L, const char *name, int more_arg)
{
    struct tg_host *host = tg_host_of(L);
    struct tg_text path = tg_args_text(L, name, 1);
    struct tg_schema_error error = {.text = ""};
    size_t count = 0;

    if (host->loaded)
        return tg_raise(L, "'%s' works only while a script loads", name);
    if (strlen(path.base) != path.len)
        return tg_args_fail(L, name, 1, "a path has no NUL");
    const struct tg_text *more = read_more(L, more_arg, &count);
    const char *root = tg_vm_of(L)->options.root;
    struct tg_schema_source source = {read_source, (void *)(uintptr_t)root};
    const struct tg_schema *schema =
        tg_schema_store_get(host->schemas, &source, path.base, more, count, &error);
    if (schema == NULL)
        return tg_raise(L, "%s", error.text);
    struct handle *handle = lua_newuserdata(L, sizeof(*handle));
    handle->schema = schema;
    tg_kind_set(L, TG_KIND_SCHEMA);
    return 1;
}

static int schema_call(lua_State *L)
{
    lua_settop(L, 1);
    return load(L, "tg.xml.schema", 0);
}

/* schema_load(path, texts): the same for what a WSDL names. */
static int load_call(lua_State *L)
{
    lua_settop(L, 2);
    return load(L, "tg.soap.client", 2);
}

/* `element` is the name of the root, '{namespace}name' or 'name'; `bare` leaves it out of values.
 */
struct call_options {
    struct tg_text element;
    bool bare;
    struct tg_xml_limits limits;
};

static struct tg_schema_root root_of(const struct call_options *options)
{
    struct tg_text text = options->element;
    struct tg_schema_root root = {.bare = options->bare, .name = text};
    const char *brace =
        text.len != 0 && text.base[0] == '{' ? memchr(text.base, '}', text.len) : NULL;

    if (brace == NULL)
        return root;
    root.namespace = tg_text(text.base + 1, (size_t)(brace - text.base) - 1);
    root.name = tg_text(brace + 1, text.len - root.namespace.len - 2);
    return root;
}

/* schema_knows(schema, element, file): raises when it can't convert, or has no such element. */
static int knows_call(lua_State *L)
{
    const struct handle *handle = tg_kind_at(L, 1, TG_KIND_SCHEMA);
    struct call_options options = {.element = tg_args_text(L, "schema_knows", 2)};
    struct tg_schema_root root = root_of(&options);
    const char *refusal = tg_schema_refusal(handle->schema);

    if (refusal != NULL)
        return tg_raise(L, "%s", refusal);
    if (!tg_schema_declares(handle->schema, &root))
        return tg_raise(L, "%s:1: there is no element '%s' in its schemas", luaL_checkstring(L, 3),
                        options.element.base);
    return 0;
}

/* schema_outline(schema): JSON that says what is in it. */
static int outline_call(lua_State *L)
{
    enum { MOST = 64 << 20 };
    const struct handle *handle = tg_kind_at(L, 1, TG_KIND_SCHEMA);
    struct tg_buffer *out = tg_values_buffer(L);
    const char *refusal = tg_schema_refusal(handle->schema);

    if (refusal != NULL)
        return tg_raise(L, "%s", refusal);
    out->limit = MOST;
    bool good = tg_schema_outline(handle->schema, out);
    out->limit = 0;
    out->full = false;
    if (!good)
        return tg_raise(L, "what is in the schema takes more than %d bytes to say", MOST);
    lua_pushlstring(L, out->base, out->len);
    return 1;
}

/* file_read(path): the text of a file of the site; or nil and why. */
static int file_call(lua_State *L)
{
    struct tg_buffer *out = tg_values_buffer(L);
    const char *why = NULL;

    out->limit = TG_SCHEMA_BYTES;
    bool good = tg_site_file_read(tg_vm_of(L)->options.root, luaL_checkstring(L, 1), out, &why);
    out->limit = 0;
    out->full = false;
    if (good) {
        lua_pushlstring(L, out->base != NULL ? out->base : "", out->len);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, why);
    return 2;
}

/* file_path(base, location): the path that the location in the file means; nil: none inside. */
static int path_call(lua_State *L)
{
    char path[TG_SCHEMA_PATH];

    if (tg_schema_path(path, luaL_checkstring(L, 1), luaL_checkstring(L, 2)))
        lua_pushstring(L, path);
    else
        lua_pushnil(L);
    return 1;
}

/* ---- using */

static const struct tg_schema *check(lua_State *L, const char *name)
{
    const struct handle *handle = tg_kind_at(L, 1, TG_KIND_SCHEMA);

    if (handle == NULL)
        tg_raise(L, "'%s' is a method of a schema: call it with a colon, schema:%s(…)", name, name);
    return handle->schema;
}

static const struct tg_schema *check_converts(lua_State *L, const char *name)
{
    const struct tg_schema *schema = check(L, name);
    const char *refusal = tg_schema_refusal(schema);

    if (refusal != NULL)
        tg_raise(L, "schema:%s: %s", name, refusal);
    return schema;
}

static struct tg_schema_tools tools_of(lua_State *L)
{
    struct tg_vm *vm = tg_vm_of(L);

    tg_vm_glance(vm);
    return (struct tg_schema_tools){tg_values_xml(L), &tg_values_get(L)->text, tg_vm_room(vm)};
}

static int fail(lua_State *L, const struct tg_parse_error *error, const char *code)
{
    tg_fail_parse(L, error);
    lua_pushstring(L, code);
    lua_setfield(L, -2, "code");
    return 2;
}

static const struct tg_option option_table[] = {
    {"element", TG_OPTION_TEXT, offsetof(struct call_options, element), NULL, NULL},
    {"bare", TG_OPTION_FLAG, offsetof(struct call_options, bare), NULL, NULL},
    {"input", TG_OPTION_SIZE, offsetof(struct call_options, limits.input), NULL, NULL},
    {"output", TG_OPTION_SIZE, offsetof(struct call_options, limits.output), NULL, NULL},
    {"depth", TG_OPTION_COUNT, offsetof(struct call_options, limits.depth), NULL, NULL},
    {"elements", TG_OPTION_COUNT, offsetof(struct call_options, limits.elements), NULL, NULL},
    {"attributes", TG_OPTION_COUNT, offsetof(struct call_options, limits.attributes), NULL, NULL},
    {"names", TG_OPTION_COUNT, offsetof(struct call_options, limits.names), NULL, NULL},
    {NULL, TG_OPTION_OTHER, 0, NULL, NULL},
};

static void read_options(lua_State *L, const char *name, struct call_options *options)
{
    lua_settop(L, 3);
    *options = (struct call_options){.bare = false};
    tg_options_read(L, name, 3, option_table, options, NULL);
    if (options->bare && options->element.len == 0)
        tg_options_fail(L, name, 3, "bare", "for an element that is named, with element = '…'");
}

static int validate_call(lua_State *L)
{
    const struct tg_schema *schema = check(L, "validate");
    struct tg_text text = tg_args_text(L, "schema:validate", 2);
    struct tg_schema_tools tools = tools_of(L);
    struct call_options options;
    struct tg_parse_error error;
    const char *code;

    read_options(L, "schema:validate", &options);
    const struct tg_xml_options how = {.limits = options.limits};
    if (!tg_schema_validate(schema, &tools, text, &how, &error, &code))
        return fail(L, &error, code);
    lua_pushboolean(L, 1);
    return 1;
}

/* Appends the JSON of the XML at index 2; false: what to return is on the stack. */
static bool to_json(lua_State *L, const char *name, struct tg_buffer *out)
{
    const struct tg_schema *schema = check_converts(L, strchr(name, ':') + 1);
    struct tg_text text = tg_args_text(L, name, 2);
    struct tg_schema_tools tools = tools_of(L);
    struct call_options options;
    struct tg_parse_error error;
    const char *code;

    read_options(L, name, &options);
    struct tg_schema_root root = root_of(&options);
    const struct tg_xml_options how = {.limits = options.limits};
    if (tg_schema_to_json(schema, &tools, &root, text, &how, out, &error, &code))
        return true;
    fail(L, &error, code);
    return false;
}

static int to_json_call(lua_State *L)
{
    struct tg_buffer *out = tg_values_buffer(L);

    if (!to_json(L, "schema:to_json", out))
        return 2;
    lua_pushlstring(L, out->base, out->len);
    return 1;
}

static int decode_call(lua_State *L)
{
    struct tg_buffer *out = tg_values_buffer(L);
    const struct tg_json_options options = {.depth = TG_JSON_VALUE_DEPTH};
    struct tg_parse_error error;

    if (!to_json(L, "schema:decode", out))
        return 2;
    bool good = tg_json_decode(L, tg_text(out->base, out->len), &options, &error);
    tg_vm_glance(tg_vm_of(L));
    return good ? 1 : fail(L, &error, "parse");
}

/* The JSON as XML, or nil and the error. */
static int push_xml(lua_State *L, const struct tg_schema *schema, struct tg_text json,
                    const struct call_options *options)
{
    struct tg_schema_root root = root_of(options);
    struct tg_schema_tools tools = tools_of(L);
    struct tg_buffer *out = tg_values_buffer(L);
    struct tg_parse_error error;
    const char *code;

    if (!tg_schema_to_xml(schema, &tools, &root, json, &options->limits, out, &error, &code))
        return fail(L, &error, code);
    lua_pushlstring(L, out->base, out->len);
    return 1;
}

static int to_xml_call(lua_State *L)
{
    const struct tg_schema *schema = check_converts(L, "to_xml");
    struct tg_text json = tg_args_text(L, "schema:to_xml", 2);
    struct call_options options;

    read_options(L, "schema:to_xml", &options);
    return push_xml(L, schema, json, &options);
}

/* The value goes through JSON, whose text is kept on the stack. */
static int encode_call(lua_State *L)
{
    const struct tg_schema *schema = check_converts(L, "encode");
    struct tg_buffer *out = tg_values_buffer(L);
    struct call_options options;
    struct tg_parse_error error;

    read_options(L, "schema:encode", &options);
    if (!tg_json_encode(L, 2, NULL, out, &error))
        return fail(L, &error, "invalid");
    lua_pushlstring(L, out->base, out->len);
    return push_xml(L, schema, tg_args_text(L, "schema:encode", lua_gettop(L)), &options);
}

/* schema_options(schema, opts): checks what a method is called with; gives the options. */
static int options_call(lua_State *L)
{
    struct call_options options;

    check_converts(L, "json_schema");
    lua_settop(L, 2);
    lua_pushnil(L);
    lua_insert(L, 2);
    read_options(L, "schema:json_schema", &options);
    if (lua_isnil(L, 3))
        lua_newtable(L);
    return 1;
}

static const luaL_Reg methods[] = {
    {"validate", validate_call}, {"decode", decode_call}, {"encode", encode_call},
    {"to_json", to_json_call},   {"to_xml", to_xml_call}, {NULL, NULL},
};

void tg_open_schema(lua_State *L)
{
    lua_createtable(L, 0, 3);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -5, "schema_methods");
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "schema");
    lua_setfield(L, -2, "__metatable");
    tg_kind_open(L, TG_KIND_SCHEMA);
    lua_pop(L, 1);
    lua_getfield(L, -1, "xml");
    lua_pushcfunction(L, schema_call);
    lua_setfield(L, -2, "schema");
    lua_pop(L, 1);
    lua_pushcfunction(L, load_call);
    lua_setfield(L, -3, "schema_load");
    lua_pushcfunction(L, knows_call);
    lua_setfield(L, -3, "schema_knows");
    lua_pushcfunction(L, outline_call);
    lua_setfield(L, -3, "schema_outline");
    lua_pushcfunction(L, options_call);
    lua_setfield(L, -3, "schema_options");
    lua_pushcfunction(L, file_call);
    lua_setfield(L, -3, "file_read");
    lua_pushcfunction(L, path_call);
    lua_setfield(L, -3, "file_path");
}
