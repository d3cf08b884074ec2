/* tg.soap: most of it is lua/tidegate/soap.lua, mtom.lua, wsdl.lua and soap_client.lua. */
#include <lauxlib.h>

#include "api/api.h"
#include "codec/soap_envelope.h"
#include "script/args.h"
#include "script/fail.h"
#include "script/value.h"
#include "script/vm.h"

/* soap_fail(code, message): an error table. */
static int make_error(lua_State *L)
{
    tg_fail_push(L, luaL_checkstring(L, 1), luaL_checkstring(L, 2));
    return 1;
}

struct opened {
    struct tg_text text, charset;
    struct tg_soap_envelope envelope;
    struct tg_parse_error error;
    bool good;
};

static void set_text(lua_State *L, const char *name, const struct tg_buffer *text)
{
    lua_pushlstring(L, text->base != NULL ? text->base : "", text->len);
    lua_setfield(L, -2, name);
}

/* What it pushes may raise for want of memory: the parts are freed outside. */
static int push_opened(lua_State *L)
{
    const struct opened *opened = lua_touserdata(L, 1);
    const struct tg_soap_envelope *envelope = &opened->envelope;

    if (!opened->good)
        return tg_fail_parse(L, &opened->error);
    if (!envelope->is_envelope)
        return 0;
    lua_createtable(L, 0, 6);
    set_text(L, "body", &envelope->body);
    set_text(L, "header", &envelope->header);
    set_text(L, "namespace", &envelope->namespace);
    set_text(L, "name", &envelope->name);
    lua_pushinteger(L, (lua_Integer)envelope->count);
    lua_setfield(L, -2, "count");
    lua_pushboolean(L, envelope->is_fault);
    lua_setfield(L, -2, "fault");
    return 1;
}

/* soap_open(text, charset): the parts of an envelope; nothing when it is none; or nil and why. */
static int open_call(lua_State *L)
{
    struct opened opened = {.text = tg_args_text(L, "soap_open", 1)};
    struct tg_xml *xml = tg_values_xml(L);

    lua_settop(L, 2);
    if (lua_isstring(L, 2))
        opened.charset = tg_args_text(L, "soap_open", 2);
    luaL_checkstack(L, 8, "soap_open");
    lua_pushcfunction(L, push_opened);
    lua_pushlightuserdata(L, &opened);
    tg_vm_glance(tg_vm_of(L));
    opened.good = tg_soap_open(
        xml, opened.text, &(struct tg_xml_options){.charset = opened.charset}, &opened.envelope);
    opened.error = xml->error;
    int result = lua_pcall(L, 1, LUA_MULTRET, 0);
    tg_soap_dispose(&opened.envelope);
    if (result != 0)
        return lua_error(L);
    return lua_gettop(L) - 2;
}

/* Pushes what the file of the library gives for the arguments at 1 to 3 and what is on top. */
static void run(lua_State *L, const char *name, int more)
{
    tg_vm_push_library(L, name);
    lua_insert(L, -1 - more);
    for (int i = 1; i <= 3; i++) {
        lua_pushvalue(L, i);
        lua_insert(L, -1 - more);
    }
    lua_call(L, 3 + more, 1);
}

/* soap(native, tg, sandbox): the table of calls. */
static int load(lua_State *L)
{
    lua_settop(L, 3);
    run(L, "mtom", 0);
    run(L, "soap", 1); /* 4 */
    lua_pushvalue(L, 4);
    run(L, "wsdl", 0);
    run(L, "soap_client", 2);
    lua_pushvalue(L, 4);
    return 1;
}

void tg_open_soap(lua_State *L)
{
    lua_pushcfunction(L, make_error);
    lua_setfield(L, -3, "soap_fail");
    lua_pushcfunction(L, open_call);
    lua_setfield(L, -3, "soap_open");
    lua_pushcfunction(L, load);
    lua_setfield(L, -3, "soap");
}
