/* Keys as they were written: objects have the same ones again and again. */
#ifndef TG_SCRIPT_JSON_KEYS_H
#define TG_SCRIPT_JSON_KEYS_H

#include "codec/block.h"
#include "script/value.h"

enum { TG_JSON_KEY_ROOM = 3 * TG_BLOCK };

/* A key by the address of its string, which lies in the table of references so that no other gets
 * it. That is done for a key that comes again, which most do at once or never. */
struct tg_json_key {
    const void *string;
    const void *latest; /* the last one that was not `string` */
    uint32_t len;
    char json[TG_JSON_KEY_ROOM]; /* ,"name": */
};

/* Those of the state, TG_VALUE_KEYS. */
struct tg_json_key *tg_json_keys_of(struct tg_values *values);

/* The place of the string that lua_topointer gives. */
static inline struct tg_json_key *tg_json_key_of(struct tg_json_key *keys, const void *string)
{
    uint64_t mixed = (uint64_t)(uintptr_t)string * UINT64_C(0x9e3779b97f4a7c15);

    return &keys[mixed >> 56 & (TG_VALUE_KEYS - 1)];
}

/* Writes the key and the comma before it. False: it is not known, or there is no room. */
static inline bool tg_json_key_write(const struct tg_json_key *key, const void *string,
                                     struct tg_buffer *out)
{
    char *room = tg_buffer_reserve(out, TG_JSON_KEY_ROOM);

    if (key->string != string || string == NULL || room == NULL)
        return false;
    for (size_t i = 0; i < TG_JSON_KEY_ROOM; i += TG_BLOCK)
        tg_block_store(room + i, tg_block_load(key->json + i));
    out->len += key->len;
    return true;
}

/* The key at the index was written as the JSON: when it is a string that was the last here before,
 * it is remembered. `place` is its place among the keys, `refs` the index of the references. */
void tg_json_key_met(lua_State *L, int refs, int place, struct tg_json_key *key, int index,
                     struct tg_text json);

#endif
