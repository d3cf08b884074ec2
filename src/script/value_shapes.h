/* Shapes: which keys an object has, in their order. Objects of one shape come again and again, and
 * what is known of a shape need not be read, compared or looked up for each of them. Of a shape
 * that comes often there are functions of Lua that make tables with its keys, one or several by one
 * call: half the work of setting them one by one. */
#ifndef TG_SCRIPT_VALUE_SHAPES_H
#define TG_SCRIPT_VALUE_SHAPES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <lua.h>

#include "base/buffer.h"
#include "base/text.h"
#include "codec/block.h"

#define TG_SHAPES 512    /* that are known at once */
#define TG_SHAPE_KEYS 64 /* of one shape */
#define TG_SHAPE_KEY 64  /* bytes of a key */
#define TG_SHAPE_RUN 8   /* objects that are made by one call */

#define TG_SHAPE_REFS 3 /* of each in the table of references: its last key, two functions */

enum {
    TG_SHAPE_EMPTY = 0, /* has no keys */
    TG_SHAPE_NONE = UINT16_MAX,
};

/* Another shape, and one more key. */
struct tg_shape {
    const char *base; /* the key; its string is in the table of references */
    uint32_t len;
    uint16_t shorter;      /* without that key */
    uint16_t longer, next; /* those with one more; the next one of the same shorter one; 0: none */
    uint16_t likely;       /* the longer one that was met last; 0: none */
    uint16_t inner;        /* the same for the first key of objects in the value of this key */
    uint8_t count;         /* of keys */
    uint8_t longer_count;
    uint8_t uses;
    bool is_made;        /* there are functions */
    uint16_t json_bits;  /* one for each byte of: */
    char json[TG_BLOCK]; /* the key with its quotes and colon, as far as that fits; nothing when
                            there is no key, or when it was written with escapes */
};

struct tg_shapes {
    struct tg_buffer list; /* of struct tg_shape; the first one is empty */
    unsigned made, refused;
};

static inline struct tg_shape *tg_shape_at(const struct tg_shapes *shapes, uint16_t shape)
{
    return (struct tg_shape *)(void *)shapes->list.base + shape;
}

/* Where the guess is kept which key comes next in an object of the shape, that lies in the value of
 * the last key of `around`. */
static inline uint16_t *tg_shape_guess(const struct tg_shapes *shapes, uint16_t shape,
                                       uint16_t around)
{
    return shape == TG_SHAPE_EMPTY ? &tg_shape_at(shapes, around)->inner
                                   : &tg_shape_at(shapes, shape)->likely;
}

/* Whether the last key is what stands at p, where a block can be read, with its colon. */
static inline bool tg_shape_key_is_at(const struct tg_shape *shape, const char *p, const char *end)
{
    unsigned same = tg_block_same(tg_block_load(p), tg_block_load(shape->json));

    if (shape->json_bits == 0 || (~same & shape->json_bits) != 0)
        return false;
    if (shape->len + 3 <= TG_BLOCK)
        return true;
    p++;
    return (size_t)(end - p) >= shape->len + 2 && memcmp(p, shape->base, shape->len) == 0 &&
           p[shape->len] == '"' && p[shape->len + 1] == ':';
}

/* When no object is being read: makes room when there has long been none. */
void tg_shapes_begin(struct tg_shapes *shapes);

/* The shape that has this key behind the others. TG_SHAPE_NONE: they have it among them, or there
 * is no room. The key is plain when it is written without escapes. `refs` is the index of the table
 * of references. */
uint16_t tg_shape_with(lua_State *L, struct tg_shapes *shapes, int refs, uint16_t shape,
                       struct tg_text key, bool is_plain);

/* Writes the shapes that add a key each, the shortest first, TG_SHAPE_KEYS at most; how many. */
int tg_shape_steps(const struct tg_shapes *shapes, uint16_t shape, uint16_t *steps);

/* Pushes the last key of the shape, which is not empty. */
void tg_shape_push_key(lua_State *L, int refs, uint16_t shape);

/* Replaces the values on top by a table that has them under the keys of the shape. */
void tg_shape_make(lua_State *L, struct tg_shapes *shapes, int refs, uint16_t shape);

/* The same for TG_SHAPE_RUN objects, of a shape that is made. */
void tg_shape_make_run(lua_State *L, const struct tg_shapes *shapes, int refs, uint16_t shape);

#endif
