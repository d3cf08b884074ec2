/* What encoders ask of a table: its members in the order of their bytes, and whether it is a list;
 * and of a userdata the table that it stands for. */
#ifndef TG_SCRIPT_VALUE_MEMBERS_H
#define TG_SCRIPT_VALUE_MEMBERS_H

#include "script/value.h"

struct tg_value_member {
    struct tg_text key;
    int index; /* of the key in the list of keys */
};

/* The text of the key at the index, a string or a number literal; NULL base: it is neither. */
struct tg_text tg_value_key_text(lua_State *L, int index);

/* On top are the first key and value of lua_next over `table`; they are replaced by a list of all
 * keys. The members are appended to values->names, sorted by their bytes. False: the key at -2 has
 * no text. */
bool tg_value_members(lua_State *L, struct tg_values *values, int table, int *count);

/* Whether the keys of the table are 1 to *items; if not, *what says why. */
bool tg_value_is_list(lua_State *L, int table, int *items, const char **what);

/* Pushes what the C function __totable makes of the userdata on top, which is no userdata but null.
 * Otherwise gives what is wrong, and what is above the userdata is of no use. */
const char *tg_value_to_table(lua_State *L);

#endif
