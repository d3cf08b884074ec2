/* tg.xml.parse: documents that are asked by XPath and edited; req:xpath and res:xpath. */
#include <lauxlib.h>

#include "api/api.h"
#include "api/body.h"
#include "codec/xml_document.h"
#include "script/args.h"
#include "script/fail.h"
#include "script/options.h"
#include "script/value.h"
#include "script/vm.h"
#include "script/xml_value.h"

static const char document_metatable[] = "tidegate.document", node_metatable[] = "tidegate.node";
static const char expression_metatable[] = "tidegate.xpath";
static const char expressions_key[] = "tidegate.xpaths", trees_key[] = "tidegate.trees";

enum { EXPRESSIONS = 64 }; /* so many, twice, stay compiled */

/* The block of a document; its environment holds itself, for its nodes have the same one. */
struct document {
    struct tg_document *tree; /* NULL: none yet */
    size_t held;              /* bytes that the state counts for it */
    size_t operations;        /* 0: the default */
};

/* The block of a node; its environment keeps the document alive. */
struct node {
    struct document *document;
    struct tg_node *node;
};

/* ---- documents */

static int collect_document(lua_State *L)
{
    struct document *document = lua_touserdata(L, 1);

    if (document->tree != NULL)
        tg_document_destroy(document->tree);
    document->tree = NULL;
    tg_vm_release(tg_vm_of(L), document->held);
    document->held = 0;
    return 0;
}

/* Counts what the tree has grown by. */
static void account(lua_State *L, struct document *document)
{
    size_t size = tg_document_size(document->tree), more = size - document->held;

    tg_vm_hold(L, more);
    document->held = size;
}

static struct document *push_document(lua_State *L)
{
    struct document *document = lua_newuserdata(L, sizeof(*document));

    *document = (struct document){.tree = NULL};
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
    struct document *document = push_document(L);
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

/* ---- expressions */

static int collect_expression(lua_State *L)
{
    struct tg_xpath **xpath = lua_touserdata(L, 1);

    if (*xpath != NULL)
        tg_xpath_destroy(*xpath);
    *xpath = NULL;
    return 0;
}

static void compile(lua_State *L, const char *name, int arg, int shown)
{
    struct tg_text text = tg_args_text(L, name, arg);
    struct tg_xpath **xpath = lua_newuserdata(L, sizeof(*xpath));
    struct tg_parse_error error;

    *xpath = NULL;
    luaL_getmetatable(L, expression_metatable);
    lua_setmetatable(L, -2);
    *xpath = tg_xpath_create(text, &error);
    if (*xpath == NULL)
        tg_args_fail(L, name, shown, error.text);
}

/* Makes the expression on top one of the young; when there are enough of them they are the old. */
static void remember(lua_State *L, int expressions, int arg)
{
    lua_rawgeti(L, expressions, 3);
    int count = (int)lua_tointeger(L, -1) + 1;
    lua_pop(L, 1);
    if (count > EXPRESSIONS) {
        count = 1;
        lua_rawgeti(L, expressions, 1);
        lua_rawseti(L, expressions, 2);
        lua_createtable(L, 0, EXPRESSIONS);
        lua_rawseti(L, expressions, 1);
    }
    lua_pushinteger(L, count);
    lua_rawseti(L, expressions, 3);
    lua_rawgeti(L, expressions, 1);
    lua_pushvalue(L, arg);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

/* The expression at `arg`, compiled; left on the stack. `shown` is the argument's number as the
 * script counts. */
static struct tg_xpath *push_expression(lua_State *L, const char *name, int arg, int shown)
{
    if (lua_type(L, arg) != LUA_TSTRING)
        tg_args_type(L, name, shown, "an expression");
    lua_getfield(L, LUA_REGISTRYINDEX, expressions_key);
    int expressions = lua_gettop(L);
    for (int generation = 1; generation <= 2; generation++) {
        lua_rawgeti(L, expressions, generation);
        lua_pushvalue(L, arg);
        lua_rawget(L, -2);
        if (!lua_isnil(L, -1)) {
            if (generation == 2)
                remember(L, expressions, arg);
            return *(struct tg_xpath **)lua_touserdata(L, -1);
        }
        lua_pop(L, 2);
    }
    compile(L, name, arg, shown);
    remember(L, expressions, arg);
    return *(struct tg_xpath **)lua_touserdata(L, -1);
}

/* ---- evaluating */

static void check_pair(lua_State *L, const char *name, int shown,
                       const struct tg_options_pair *pair)
{
    if (pair->name.len == 0 || strlen(pair->name.base) != pair->name.len || pair->value.len == 0 ||
        strlen(pair->value.base) != pair->value.len)
        tg_args_fail(L, name, shown,
                     "a table of prefixes and the namespaces they stand for; XPath "
                     "has no prefix ''");
}

/* The table of prefixes at `arg`; its userdata stays on the stack. */
static struct tg_options_pairs read_namespaces(lua_State *L, const char *name, int arg, int shown)
{
    static const struct tg_option option = {"a namespace", TG_OPTION_PAIRS, 0, "a text", NULL};
    struct tg_options_pairs pairs = {NULL, 0};

    if (lua_isnoneornil(L, arg))
        return pairs;
    if (!lua_istable(L, arg))
        tg_args_type(L, name, shown, "a table of prefixes and namespaces");
    lua_pushvalue(L, arg);
    tg_options_take_pairs(L, name, shown, &option, &pairs);
    for (size_t i = 0; i < pairs.count; i++)
        check_pair(L, name, shown, &pairs.list[i]);
    return pairs;
}

struct asking {
    const char *name; /* of the call */
    struct document *document;
    struct tg_node *node; /* NULL: the document */
    int expression;       /* index of the expression; */
    int shown;            /* its number as the script counts */
    int namespaces;       /* index of their table */
};

/* Raises for what is wrong with the expression; false: it took too long. */
static bool evaluate(lua_State *L, const struct asking *asking, struct tg_xpath_result *result,
                     struct tg_parse_error *error)
{
    struct tg_xpath *xpath = push_expression(L, asking->name, asking->expression, asking->shown);
    struct tg_options_pairs namespaces =
        read_namespaces(L, asking->name, asking->namespaces,
                        asking->shown + asking->namespaces - asking->expression);

    tg_vm_glance(tg_vm_of(L));
    if (tg_document_evaluate(asking->document->tree, asking->node, xpath, &namespaces,
                             asking->document->operations, result, error))
        return true;
    if (error->limit == NULL)
        tg_args_fail(L, asking->name, asking->shown, error->text);
    return false;
}

/* Elements are nodes, the rest is its text. `environment` is the document's. */
static void push_node(lua_State *L, struct document *document, int environment,
                      struct tg_node *inner)
{
    if (!tg_node_is_element(inner)) {
        struct tg_buffer *text = tg_values_buffer(L);
        tg_node_text(inner, text);
        lua_pushlstring(L, text->base, text->len);
        return;
    }
    struct node *node = lua_newuserdata(L, sizeof(*node));
    *node = (struct node){document, inner};
    luaL_getmetatable(L, node_metatable);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, environment);
    lua_setfenv(L, -2);
}

static int push_nodes(lua_State *L, struct document *document, int environment,
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

/* The result of an expression; `owner` is the index of the document or of one of its nodes. */
static int push_result(lua_State *L, struct document *document, int owner,
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

/* ---- doc:… */

static struct document *check_document(lua_State *L, const char *name)
{
    if (!lua_isuserdata(L, 1))
        tg_raise(L, "'%s' is a method of a document: call it with a colon, doc:%s(…)", name, name);
    return luaL_checkudata(L, 1, document_metatable);
}

static int document_xpath(lua_State *L)
{
    struct asking asking = {"doc:xpath", check_document(L, "xpath"), NULL, 2, 1, 3};
    struct tg_xpath_result result;
    struct tg_parse_error error;

    lua_settop(L, 3);
    if (!evaluate(L, &asking, &result, &error))
        return tg_fail_parse(L, &error);
    return push_result(L, asking.document, 1, &result);
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
    struct asking asking = {"doc:set", check_document(L, "set"), NULL, 2, 1, 4};
    struct tg_xpath_result result;
    struct tg_parse_error error;

    lua_settop(L, 4);
    struct tg_text text = text_of_value(L, "doc:set", 3);
    if (!evaluate(L, &asking, &result, &error))
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
    struct asking asking = {"doc:remove", check_document(L, "remove"), NULL, 2, 1, 3};
    struct tg_xpath_result result;
    struct tg_parse_error error;

    lua_settop(L, 3);
    if (!evaluate(L, &asking, &result, &error))
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

static int push_xml(lua_State *L, struct document *document, struct tg_node *node, bool declaration)
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

static int document_xml(lua_State *L)
{
    static const struct tg_option table[] = {{"declaration", TG_OPTION_FLAG, 0, NULL, NULL},
                                             {NULL, TG_OPTION_OTHER, 0, NULL, NULL}};
    struct document *document = check_document(L, "xml");
    bool declaration = false;

    lua_settop(L, 2);
    tg_options_read(L, "doc:xml", 2, table, &declaration, NULL);
    return push_xml(L, document, NULL, declaration);
}

static int document_tostring(lua_State *L)
{
    return push_xml(L, check_document(L, "xml"), NULL, false);
}

/* ---- node:… */

static struct node *check_node(lua_State *L, const char *name)
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
    const struct node *node = check_node(L, "text");
    struct tg_buffer *text = tg_values_buffer(L);

    tg_node_text(node->node, text);
    lua_pushlstring(L, text->base, text->len);
    return 1;
}

static int node_attribute(lua_State *L)
{
    const struct node *node = check_node(L, "attribute");

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
    const struct node *node = check_node(L, "xpath");
    struct asking asking = {"node:xpath", node->document, node->node, 2, 1, 3};
    struct tg_xpath_result result;
    struct tg_parse_error error;

    lua_settop(L, 3);
    if (!evaluate(L, &asking, &result, &error))
        return tg_fail_parse(L, &error);
    return push_result(L, node->document, 1, &result);
}

static int node_xml(lua_State *L)
{
    const struct node *node = check_node(L, "xml");

    return push_xml(L, node->document, node->node, false);
}

/* node:value(options): what tg.xml.decode makes of it. */
static int node_value(lua_State *L)
{
    const struct node *node = check_node(L, "value");
    struct tg_xml_options options;
    struct tg_parse_error error;

    lua_settop(L, 2);
    tg_xml_options_read(L, "node:value", 2, &options);
    push_xml(L, node->document, node->node, false);
    struct tg_text text = tg_args_text(L, "node:value", lua_gettop(L));
    if (!tg_xml_decode(L, text, &options, &error))
        return tg_fail_parse(L, &error);
    return 1;
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
    struct asking asking = {.name = name, .expression = 2, .shown = 1, .namespaces = 3};
    struct tg_xpath_result result;
    struct tg_parse_error error;

    lua_settop(L, 4);
    if (!push_tree(L, name, body, &error))
        return tg_body_fail(L, body, &error);
    int tree = lua_gettop(L);
    asking.document = lua_touserdata(L, tree);
    if (!evaluate(L, &asking, &result, &error))
        return tg_body_fail(L, body, &error);
    return push_result(L, asking.document, tree, &result);
}

static const luaL_Reg document_methods[] = {
    {"xpath", document_xpath}, {"set", document_set}, {"remove", document_remove},
    {"xml", document_xml},     {NULL, NULL},
};

static const luaL_Reg node_methods[] = {
    {"name", node_name},   {"prefix", node_prefix},       {"namespace", node_namespace},
    {"text", node_text},   {"attribute", node_attribute}, {"line", node_line},
    {"xpath", node_xpath}, {"value", node_value},         {"xml", node_xml},
    {NULL, NULL},
};

static void make_metatable(lua_State *L, const char *name, const luaL_Reg *methods,
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
    make_metatable(L, document_metatable, document_methods, document_tostring, collect_document);
    make_metatable(L, node_metatable, node_methods, node_text, NULL);
    make_metatable(L, expression_metatable, NULL, NULL, collect_expression);
    lua_createtable(L, 3, 0);
    for (int generation = 1; generation <= 2; generation++) {
        lua_createtable(L, 0, 0);
        lua_rawseti(L, -2, generation);
    }
    lua_setfield(L, LUA_REGISTRYINDEX, expressions_key);
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
