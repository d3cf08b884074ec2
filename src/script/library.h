/* The runtime library in Lua, lua/tidegate/, as part of the program. */
#ifndef TG_SCRIPT_LIBRARY_H
#define TG_SCRIPT_LIBRARY_H

#include "base/text.h"

/* The text of lua/tidegate/<name>.lua; base is NULL when there is none. */
struct tg_text tg_library(const char *name);

#endif
