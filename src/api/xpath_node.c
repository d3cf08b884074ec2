/* What expressions give to scripts: nodes, with their methods, and texts. */
#include "api/xpath_parts.h"
#include "script/args.h"
#include "script/fail.h"
#include "script/vm.h"
#include "script/xml_value.h"

static const char node_metatable[] = "tidegate.node";

/* Elements are nodes, the rest is its text. `environment` is the document's. */
static void push_node(lua_State *L, struct tg_xpath_document *document, int environment,
                      struct tg_node *inner)
{
    if (!tg_node_is_element(inner)) {
        struct tg_buffer *text = tg_values_buffer(L);
        tg_node_text(inner, text);
        lua_pushlstring(L, text->base, text->len);
        return;
    }
    struct tg_xpath_node *node = lua_newuserdata(L, sizeof(*node));
    *node = (struct tg_xpath_node){document, inner};
    luaL_getmetatable(L, node_metatable);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, environment);
    lua_setfenv(L, -2);
}

static int push_nodes(lua_State *L, struct tg_xpath_document *document, int environment,
                      const struct tg_xpath_result *result)
{
    lua_createtable(L, (int)result->count, 0);
    tg_array_mark(L);
    for (size_t i = 0; i < result->count; i++) {
        push_node(L, document, environment, result->nodes[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

int tg_xpath_push(lua_State *L, struct tg_xpath_document *document, int owner,
                  const struct tg_xpath_result *result)
{
    switch (result->kind) {
    case TG_XPATH_NODES:
        lua_getfenv(L, owner);
        return push_nodes(L, document, lua_gettop(L), result);
    case TG_XPATH_STRING:
        lua_pushlstring(L, result->string.base, result->string.len);
        return 1;
    case TG_XPATH_NUMBER:
        lua_pushnumber(L, result->number);
        return 1;
    case TG_XPATH_BOOLEAN:
        lua_pushboolean(L, result->boolean);
        return 1;
    }
    return 0;
}

int tg_xpath_push_xml(lua_State *L, struct tg_xpath_document *document, struct tg_node *node,
                      bool declaration)
{
    struct tg_buffer *out = tg_values_buffer(L);

    tg_vm_glance(tg_vm_of(L));
    size_t room = tg_vm_room(tg_vm_of(L));
    out->limit = room != 0 ? room : 1;
    bool good = tg_document_write(document->tree, node, declaration, out);
    out->limit = 0;
    out->full = false;
    if (!good)
        return luaL_error(L, "not enough memory");
    lua_pushlstring(L, out->base, out->len);
    return 1;
}

static struct tg_xpath_node *check_node(lua_State *L, const char *name)
{
    if (!lua_isuserdata(L, 1))
        tg_raise(L, "'%s' is a method of a node: call it with a colon, node:%s(…)", name, name);
    return luaL_checkudata(L, 1, node_metatable);
}

static int push_some(lua_State *L, struct tg_text text)
{
    if (text.len == 0)
        lua_pushnil(L);
    else
        lua_pushlstring(L, text.base, text.len);
    return 1;
}

static int node_name(lua_State *L)
{
    return push_some(L, tg_node_name(check_node(L, "name")->node));
}

static int node_prefix(lua_State *L)
{
    return push_some(L, tg_node_prefix(check_node(L, "prefix")->node));
}

static int node_namespace(lua_State *L)
{
    return push_some(L, tg_node_namespace(check_node(L, "namespace")->node));
}

static int node_text(lua_State *L)
{
    const struct tg_xpath_node *node = check_node(L, "text");
    struct tg_buffer *text = tg_values_buffer(L);

    tg_node_text(node->node, text);
    lua_pushlstring(L, text->base, text->len);
    return 1;
}

static int node_attribute(lua_State *L)
{
    const struct tg_xpath_node *node = check_node(L, "attribute");

    lua_settop(L, 3);
    struct tg_text name = tg_args_text(L, "node:attribute", 2);
    const char *namespace = lua_isnil(L, 3) ? NULL : tg_args_text(L, "node:attribute", 3).base;
    struct tg_buffer *text = tg_values_buffer(L);
    if (!tg_node_attribute(node->node, name.base, namespace, text))
        lua_pushnil(L);
    else
        lua_pushlstring(L, text->base, text->len);
    return 1;
}

static int node_line(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)tg_node_line(check_node(L, "line")->node));
    return 1;
}

static int node_xpath(lua_State *L)
{
    const struct tg_xpath_node *node = check_node(L, "xpath");
    struct tg_xpath_asking asking = {"node:xpath", node->document, node->node, 2, 1, 3};
    struct tg_xpath_result result;
    struct tg_parse_error error;

    lua_settop(L, 3);
    if (!tg_xpath_evaluate(L, &asking, &result, &error))
        return tg_fail_parse(L, &error);
    return tg_xpath_push(L, node->document, 1, &result);
}

static int node_xml(lua_State *L)
{
    const struct tg_xpath_node *node = check_node(L, "xml");

    return tg_xpath_push_xml(L, node->document, node->node, false);
}

/* node:value(options): what tg.xml.decode makes of it. */
static int node_value(lua_State *L)
{
    const struct tg_xpath_node *node = check_node(L, "value");
    struct tg_xml_options options;
    struct tg_parse_error error;

    lua_settop(L, 2);
    tg_xml_options_read(L, "node:value", 2, &options);
    tg_xpath_push_xml(L, node->document, node->node, false);
    struct tg_text text = tg_args_text(L, "node:value", lua_gettop(L));
    if (!tg_xml_decode(L, text, &options, &error))
        return tg_fail_parse(L, &error);
    return 1;
}

static const luaL_Reg node_methods[] = {
    {"name", node_name},   {"prefix", node_prefix},       {"namespace", node_namespace},
    {"text", node_text},   {"attribute", node_attribute}, {"line", node_line},
    {"xpath", node_xpath}, {"value", node_value},         {"xml", node_xml},
    {NULL, NULL},
};

void tg_xpath_open_nodes(lua_State *L)
{
    tg_xpath_metatable(L, node_metatable, node_methods, node_text, NULL);
}
