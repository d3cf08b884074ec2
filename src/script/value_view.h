/* Tables and strings as LuaJIT has them in memory, to be read without a call for each value.
 *
 * Whoever walks them calls nothing of Lua's meanwhile: so nothing is allocated or collected there,
 * no hook runs, and every pointer stays good. Nothing is ever written.
 *
 * The layout is that of LuaJIT 2.1 with references of 64 bits and numbers that are all doubles.
 * Nobody promises it: tg_view_open finds out whether the library at hand has it, and who asks for a
 * view can do without. There is none either where the kernel refuses process_vm_readv. */
#ifndef TG_SCRIPT_VALUE_VIEW_H
#define TG_SCRIPT_VALUE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <lua.h>

#include "base/text.h"

/* A value: a double, or a tag in the upper 17 bits above a pointer of 47. */
typedef uint64_t tg_view_value;

struct tg_view_node {
    tg_view_value value, key; /* without a value there is no member, whatever the key */
    const struct tg_view_node *next;
};

struct tg_view_table {
    uint64_t header[2];
    const tg_view_value *array; /* keys 0 to asize - 1 */
    uint64_t gray;
    const void *metatable; /* as lua_topointer has it; NULL: none */
    const struct tg_view_node *node;
    uint32_t asize;
    uint32_t hmask; /* the number of nodes less one */
};

struct tg_view_string {
    uint64_t header;
    uint32_t flags;
    uint32_t id; /* says where in a table it is */
    uint32_t hash;
    uint32_t len;
    char bytes[];
};

struct tg_view_block {
    uint64_t header[4];
    const void *metatable;
    uint64_t align;
    char bytes[];
};

/* The tags, as they are shifted down with their sign. */
enum tg_view_type {
    TG_VIEW_NIL = -1,
    TG_VIEW_FALSE = -2,
    TG_VIEW_TRUE = -3,
    TG_VIEW_LIGHT = -4, /* a light userdata; its pointer is another one in each state */
    TG_VIEW_STRING = -5,
    TG_VIEW_TABLE = -12,
    TG_VIEW_BLOCK = -13, /* a userdata */
    TG_VIEW_LAST = -14,  /* all that is below is a number */
};

#define TG_VIEW_TAG_BIT 47

static inline int64_t tg_view_type(tg_view_value value)
{
    return (int64_t)value >> TG_VIEW_TAG_BIT;
}

static inline bool tg_view_is_number(tg_view_value value)
{
    return value < (uint64_t)TG_VIEW_LAST << TG_VIEW_TAG_BIT;
}

static inline double tg_view_number(tg_view_value value)
{
    double number;

    memcpy(&number, &value, sizeof(number));
    return number;
}

/* What string, table or userdata it is. */
static inline const void *tg_view_object(tg_view_value value)
{
    return (const void *)(uintptr_t)(value & (((uint64_t)1 << TG_VIEW_TAG_BIT) - 1));
}

static inline struct tg_text tg_view_text(tg_view_value string)
{
    const struct tg_view_string *s = tg_view_object(string);

    return tg_text(s->bytes, s->len);
}

/* The member of a key that is a string; NULL: there is none. */
static inline const struct tg_view_node *tg_view_find(const struct tg_view_table *table,
                                                      tg_view_value key)
{
    const struct tg_view_string *s = tg_view_object(key);
    const struct tg_view_node *node = table->node + (s->id & table->hmask);

    while (node != NULL && node->key != key)
        node = node->next;
    return node != NULL && tg_view_type(node->value) != TG_VIEW_NIL ? node : NULL;
}

/* Where the library at hand would have to have all that. */
struct tg_view_layout {
    size_t table_array, table_metatable, table_node, table_asize, table_hmask;
    size_t node_value, node_key, node_next, node_size;
    size_t string_id, string_len, string_bytes;
    size_t block_metatable, block_bytes;
};

/* The layout of the structs above. */
extern const struct tg_view_layout tg_view_layout;

/* Whether values that it makes lie in the state's memory by the layout. The memory is read through
 * the kernel, so that any other layout is found out, and harms nothing. */
bool tg_view_probe(lua_State *L, const struct tg_view_layout *layout);

/* The view of a state. */
struct tg_view {
    bool good;           /* otherwise there is none */
    tg_view_value null;  /* the light userdata of NULL */
    tg_view_value order; /* and that of the key of ordered objects */
};

void tg_view_open(lua_State *L, struct tg_view *view, const void *order_key);

#endif
