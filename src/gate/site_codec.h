/* The limits of conversions, of a site and of its routes. */
#ifndef TG_GATE_SITE_CODEC_H
#define TG_GATE_SITE_CODEC_H

#include "script/around.h"

/* Reads `xml` and `json` of the checked table on top; what they don't say is as in `otherwise`. */
struct tg_codec_limits tg_site_read_codec(lua_State *L, const struct tg_codec_limits *otherwise);

#endif
