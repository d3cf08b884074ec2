/* tg.xml.parse: documents that are asked by XPath and edited; req:xpath and res:xpath. */
#include "api/api.h"
#include "api/body.h"
#include "api/xpath_parts.h"
#include "script/args.h"
#include "script/fail.h"
#include "script/options.h"
#include "script/value.h"
#include "script/vm.h"
#include "script/xml_value.h"

static const char document_metatable[] = "tidegate.document", trees_key[] = "tidegate.trees";

/* ---- documents */

static int collect_document(lua_State *L)
{
    struct tg_xpath_document *document = lua_touserdata(L, 1);

    if (document->tree != NULL)
        tg_document_destroy(document->tree);
    document->tree = NULL;
    tg_vm_release(tg_vm_of(L), document->held);
    document->held = 0;
    return 0;
}

/* Counts what the tree has grown by. */
static void account(lua_State *L, struct tg_xpath_document *document)
{
    size_t size = tg_document_size(document->tree), more = size - document->held;

    tg_vm_hold(L, more);
    document->held = size;
}

static struct tg_xpath_document *push_document(lua_State *L)
{
    struct tg_xpath_document *document = lua_newuserdata(L, sizeof(*document));

    *document = (struct tg_xpath_document){.tree = NULL};
    luaL_getmetatable(L, document_metatable);
    lua_setmetatable(L, -2);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, 1);
    lua_setfenv(L, -2);
    return document;
}

/* `operations` is an option of ours; those of the scanner get a table without it. */
static size_t take_operations(lua_State *L, const char *name, int arg)
{
    static const struct tg_option table[] = {{"operations", TG_OPTION_COUNT, 0, NULL, NULL},
                                             {NULL, TG_OPTION_OTHER, 0, NULL, NULL}};
    size_t operations = 0;

    if (!tg_args_optional_table(L, name, arg))
        return 0;
    lua_getfield(L, arg, "operations");
    bool given = !lua_isnil(L, -1);
    lua_pop(L, 1);
    if (!given)
        return 0;
    lua_createtable(L, 0, 4);
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, -5);
    }
    lua_createtable(L, 0, 1);
    lua_getfield(L, arg, "operations");
    lua_setfield(L, -2, "operations");
    lua_replace(L, arg);
    tg_options_read(L, name, arg, table, &operations, NULL);
    lua_pushnil(L);
    lua_setfield(L, -2, "operations");
    lua_replace(L, arg);
    return operations;
}

/* Pushes the document of the text; false: nothing is pushed. */
static bool parse(lua_State *L, const char *name, struct tg_body body, int options_arg,
                  struct tg_parse_error *error)
{
    struct tg_xml_options options;
    struct tg_vm *vm = tg_vm_of(L);
    int top = lua_gettop(L);

    size_t operations = take_operations(L, name, options_arg);
    tg_xml_options_read(L, name, options_arg, &options);
    tg_body_charset(body, &options);
    struct tg_xpath_document *document = push_document(L);
    document->operations = operations;
    tg_vm_glance(vm);
    document->tree =
        tg_document_create(tg_values_xml(L), body.bytes, &options, tg_vm_room(vm), error);
    if (document->tree == NULL) {
        lua_settop(L, top);
        return false;
    }
    account(L, document);
    lua_insert(L, top + 1);
    lua_settop(L, top + 1);
    return true;
}

static int parse_call(lua_State *L)
{
    struct tg_body body = {.bytes = tg_args_text(L, "tg.xml.parse", 1)};
    struct tg_parse_error error;

    lua_settop(L, 2);
    return parse(L, "tg.xml.parse", body, 2, &error) ? 1 : tg_fail_parse(L, &error);
}

/* ---- doc:… */

static struct tg_xpath_document *check_document(lua_State *L, const char *name)
{
    if (!lua_isuserdata(L, 1))
        tg_raise(L, "'%s' is a method of a document: call it with a colon, doc:%s(…)", name, name);
    return luaL_checkudata(L, 1, document_metatable);
}

static int document_xpath(lua_State *L)
{
    struct tg_xpath_asking asking = {"doc:xpath", check_document(L, "xpath"), NULL, 2, 1, 3};
    struct tg_xpath_result result;
    struct tg_parse_error error;

    lua_settop(L, 3);
    if (!tg_xpath_evaluate(L, &asking, &result, &error))
        return tg_fail_parse(L, &error);
    return tg_xpath_push(L, asking.document, 1, &result);
}

static struct tg_text text_of_value(lua_State *L, const char *name, int arg)
{
    if (lua_isboolean(L, arg)) {
        lua_pushstring(L, lua_toboolean(L, arg) ? "true" : "false");
        lua_replace(L, arg);
    }
    return tg_args_text(L, name, arg);
}

/* doc:set(expression, value, namespaces): how many nodes it changed. */
static int document_set(lua_State *L)
{
    struct tg_xpath_asking asking = {"doc:set", check_document(L, "set"), NULL, 2, 1, 4};
    struct tg_xpath_result result;
    struct tg_parse_error error;

    lua_settop(L, 4);
    struct tg_text text = text_of_value(L, "doc:set", 3);
    if (!tg_xpath_evaluate(L, &asking, &result, &error))
        return tg_fail_parse(L, &error);
    if (result.kind != TG_XPATH_NODES)
        return tg_args_fail(L, "doc:set", 1, "an expression that selects nodes");
    for (size_t i = 0; i < result.count; i++) {
        if (!tg_node_set(asking.document->tree, result.nodes[i], text))
            return tg_args_fail(L, "doc:set", 2, "this text can't stand there");
        account(L, asking.document);
    }
    lua_pushinteger(L, (lua_Integer)result.count);
    return 1;
}

/* doc:remove(expression, namespaces): how many nodes it took out. */
static int document_remove(lua_State *L)
{
    struct tg_xpath_asking asking = {"doc:remove", check_document(L, "remove"), NULL, 2, 1, 3};
    struct tg_xpath_result result;
    struct tg_parse_error error;

    lua_settop(L, 3);
    if (!tg_xpath_evaluate(L, &asking, &result, &error))
        return tg_fail_parse(L, &error);
    if (result.kind != TG_XPATH_NODES)
        return tg_args_fail(L, "doc:remove", 1, "an expression that selects nodes");
    for (size_t i = 0; i < result.count; i++)
        if (!tg_node_remove(asking.document->tree, result.nodes[i]))
            return tg_args_fail(L, "doc:remove", 1, "the root element has to stay");
    account(L, asking.document);
    lua_pushinteger(L, (lua_Integer)result.count);
    return 1;
}

static int document_xml(lua_State *L)
{
    static const struct tg_option table[] = {{"declaration", TG_OPTION_FLAG, 0, NULL, NULL},
                                             {NULL, TG_OPTION_OTHER, 0, NULL, NULL}};
    struct tg_xpath_document *document = check_document(L, "xml");
    bool declaration = false;

    lua_settop(L, 2);
    tg_options_read(L, "doc:xml", 2, table, &declaration, NULL);
    return tg_xpath_push_xml(L, document, NULL, declaration);
}

static int document_tostring(lua_State *L)
{
    return tg_xpath_push_xml(L, check_document(L, "xml"), NULL, false);
}

/* ---- req:xpath, res:xpath */

/* Pushes the tree of the body whose value is at index 1, made at the first call. */
static bool push_tree(lua_State *L, const char *name, struct tg_body body,
                      struct tg_parse_error *error)
{
    lua_getfield(L, LUA_REGISTRYINDEX, trees_key);
    int trees = lua_gettop(L);
    lua_pushvalue(L, 1);
    lua_rawget(L, trees);
    if (!lua_isnil(L, -1))
        return true;
    if (!parse(L, name, body, 4, error))
        return false;
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, trees);
    return true;
}

int tg_body_xpath(lua_State *L, const char *name, struct tg_body body)
{
    struct tg_xpath_asking asking = {.name = name, .expression = 2, .shown = 1, .namespaces = 3};
    struct tg_xpath_result result;
    struct tg_parse_error error;

    lua_settop(L, 4);
    if (!push_tree(L, name, body, &error))
        return tg_body_fail(L, body, &error);
    int tree = lua_gettop(L);
    asking.document = lua_touserdata(L, tree);
    if (!tg_xpath_evaluate(L, &asking, &result, &error))
        return tg_body_fail(L, body, &error);
    return tg_xpath_push(L, asking.document, tree, &result);
}

static const luaL_Reg document_methods[] = {
    {"xpath", document_xpath}, {"set", document_set}, {"remove", document_remove},
    {"xml", document_xml},     {NULL, NULL},
};

void tg_xpath_metatable(lua_State *L, const char *name, const luaL_Reg *methods,
                        lua_CFunction tostring, lua_CFunction collect)
{
    luaL_newmetatable(L, name);
    if (methods != NULL) {
        lua_newtable(L);
        luaL_register(L, NULL, methods);
        lua_setfield(L, -2, "__index");
    }
    if (tostring != NULL) {
        lua_pushcfunction(L, tostring);
        lua_setfield(L, -2, "__tostring");
    }
    if (collect != NULL) {
        lua_pushcfunction(L, collect);
        lua_setfield(L, -2, "__gc");
    }
    lua_pushstring(L, strchr(name, '.') + 1);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

void tg_open_xpath(lua_State *L)
{
    tg_xpath_metatable(L, document_metatable, document_methods, document_tostring,
                       collect_document);
    tg_xpath_open_nodes(L);
    tg_xpath_open_expressions(L);
    lua_createtable(L, 0, 0);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, trees_key);
    lua_getfield(L, -1, "xml");
    lua_pushcfunction(L, parse_call);
    lua_setfield(L, -2, "parse");
    lua_pop(L, 1);
}
