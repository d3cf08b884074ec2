/* What is around a call that converts: scripts that wait for their turn, and a route with limits.
 * In the module for any LuaJIT there is neither. */
#ifndef TG_SCRIPT_AROUND_H
#define TG_SCRIPT_AROUND_H

#include <stdbool.h>
#include <lua.h>

#include "codec/xml_options.h"
#include "codec/xml_write.h"

/* What a call's options don't say; 0 stands for the default. */
struct tg_codec_limits {
    struct tg_xml_limits xml;
    struct tg_xml_write_limits json; /* its depth is that of JSON to values too */
};

/* When the slice of the running script is over, others go first as soon as it is back in Lua. */
void tg_glance(lua_State *L);

/* Whether the caller can be interrupted between two instructions: what takes long had better come
 * in parts then. */
bool tg_has_turns(lua_State *L);

/* Those of the route whose script runs; NULL: the defaults. */
const struct tg_codec_limits *tg_codec_limits_of(lua_State *L);

#endif
