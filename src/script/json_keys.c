#include "script/json_keys.h"

#include <string.h>

struct tg_json_key *tg_json_keys_of(struct tg_values *values)
{
    const size_t size = TG_VALUE_KEYS * sizeof(struct tg_json_key);

    if (values->written.capacity < size)
        memset(tg_buffer_reserve(&values->written, size), 0, size);
    return (struct tg_json_key *)(void *)values->written.base;
}

void tg_json_key_met(lua_State *L, int refs, int place, struct tg_json_key *key, int index,
                     struct tg_text json)
{
    const void *string = lua_topointer(L, index);

    if (key->latest == string && json.len <= TG_JSON_KEY_ROOM &&
        lua_type(L, index) == LUA_TSTRING) {
        lua_pushvalue(L, index);
        lua_rawseti(L, refs, TG_VALUE_REF_WRITTEN + place);
        key->string = string;
        key->len = (uint32_t)json.len;
        memcpy(key->json, json.base, json.len);
    }
    key->latest = string;
}
