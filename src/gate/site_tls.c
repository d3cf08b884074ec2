#include "gate/site_tls.h"

#include <lua.h>

#include "gate/site_table.h"

struct tg_tls_options tg_site_read_tls(lua_State *L, struct tg_site *site)
{
    lua_getfield(L, -1, "tls");
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
    }
    struct tg_text minimum = tg_table_text(L, site, "minimum");
    struct tg_tls_options options = {
        .ca = tg_table_text(L, site, "ca").base,
        .cert = tg_table_text(L, site, "cert").base,
        .key = tg_table_text(L, site, "key").base,
        .name = tg_table_text(L, site, "name").base,
        .unverified = tg_table_false(L, "verify"),
        .only_1_3 = minimum.base != NULL && tg_text_is(minimum, TG_TEXT("1.3")),
    };
    lua_pop(L, 1);
    return options;
}
