/* Sites and worlds as specs have them: userdata under lua/tidegate/test.lua. */
#ifndef TG_TEST_SITE_H
#define TG_TEST_SITE_H

#include <lua.h>

/* Pushes the table of what lua/tidegate/test.lua calls. */
void tg_test_site_open(lua_State *L);

#endif
