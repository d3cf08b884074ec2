/* The openers of the modules that scripts can call; core.c lists them. */
#ifndef TG_API_API_H
#define TG_API_API_H

#include <lua.h>

/* Each adds its functions to the table on top of the stack, the later `require 'tidegate'`. */
void tg_open_values(lua_State *L);  /* tg.null array ordered raw */
void tg_open_json(lua_State *L);    /* tg.json.decode encode */
void tg_open_xml(lua_State *L);     /* tg.xml.decode encode */
void tg_open_convert(lua_State *L); /* tg.convert */
void tg_open_xpath(lua_State *L);   /* tg.xml.parse */
void tg_open_turns(lua_State *L);   /* what runtime.lua decodes big values by */
void tg_open_schema(lua_State *L);  /* tg.xml.schema */
void tg_open_text(lua_State *L);    /* tg.escape base64 hash */
void tg_open_time(lua_State *L);    /* tg.time uuid */
void tg_open_log(lua_State *L);     /* tg.log */
void tg_open_wait(lua_State *L);    /* sleep */
void tg_open_gather(lua_State *L);  /* gather race */
void tg_open_later(lua_State *L);   /* after every */
void tg_open_produce(lua_State *L);
void tg_open_request(lua_State *L);
void tg_open_response(lua_State *L);   /* json text html redirect problem response try */
void tg_open_backend(lua_State *L);    /* backend */
void tg_open_soap(lua_State *L);       /* soap */
void tg_open_cache(lua_State *L);      /* cache */
void tg_open_cache_load(lua_State *L); /* what runtime.lua makes its `get` of */

#endif
