/* Expressions of XPath: compiled once, and evaluated for scripts. */
#include "api/xpath_parts.h"
#include "script/args.h"
#include "script/options.h"
#include "script/vm.h"

static const char expression_metatable[] = "tidegate.xpath", expressions_key[] = "tidegate.xpaths";

enum { EXPRESSIONS = 64 }; /* so many, twice, stay compiled */

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

bool tg_xpath_evaluate(lua_State *L, const struct tg_xpath_asking *asking,
                       struct tg_xpath_result *result, struct tg_parse_error *error)
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

void tg_xpath_open_expressions(lua_State *L)
{
    tg_xpath_metatable(L, expression_metatable, NULL, NULL, collect_expression);
    lua_createtable(L, 3, 0);
    for (int generation = 1; generation <= 2; generation++) {
        lua_createtable(L, 0, 0);
        lua_rawseti(L, -2, generation);
    }
    lua_setfield(L, LUA_REGISTRYINDEX, expressions_key);
}
