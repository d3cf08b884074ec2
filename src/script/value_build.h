/* Builds tables from a run of values on the Lua stack, when their number is known: a table made in
 * its size at once costs a third of one that grows. */
#ifndef TG_SCRIPT_VALUE_BUILD_H
#define TG_SCRIPT_VALUE_BUILD_H

#include "script/value.h"

/* An array or object that is being read. Its values, or keys and values, stand on the stack from
 * `base` on; those that became too many are in a table at `base`, and the others follow it. */
struct tg_level {
    int base;
    int done; /* items or pairs that are in the table already */
    bool object;
    bool has_table;
    bool is_mixed;   /* an array whose objects are no run any more */
    bool is_unknown; /* an array that had an object without a shape */
    /* Of an object: while it has a shape, only its values are on the stack. Of an array: that of
     * the objects whose values are all that is on the stack. */
    uint16_t shape;
    uint16_t around; /* the shape whose last key's value this is, or is in */
    int run;         /* the number of those objects */
};

struct tg_builder {
    lua_State *L;
    struct tg_values *values;
    int refs;               /* index of the table of references */
    int top;                /* of the stack, counted here: asking costs a call */
    int room;               /* the top that the stack has room for */
    int crowded;            /* the top from which on values go into tables at once */
    struct tg_level *level; /* the innermost, in values->levels */
    bool ordered;
    bool shapes; /* objects have one as long as each of their keys has a place in it */
};

/* Pushes the table of references; an error unwinds to where the caller's stack was. */
void tg_builder_init(struct tg_builder *b, lua_State *L, bool ordered);

/* The same with values of its own, whose table of references is on top. */
void tg_builder_init_apart(struct tg_builder *b, lua_State *L, struct tg_values *values,
                           bool ordered);

void tg_builder_grow(struct tg_builder *b);

/* Call before each push: at least a few slots are free. */
static inline void tg_builder_room(struct tg_builder *b)
{
    if (b->top + 8 > b->room)
        tg_builder_grow(b);
}

/* A new level; its items follow on the stack. */
void tg_builder_open(struct tg_builder *b, bool object);

/* The next key of an object that has a shape. False: it has none any more, and its keys and values
 * are on the stack, where this key comes next. */
bool tg_builder_key(struct tg_builder *b, struct tg_text key, bool is_plain);

/* Puts what was read of a run into the array, which goes on without one. */
void tg_builder_end_run(struct tg_builder *b);

/* Call before a value that is no object is pushed, or its level opened. */
static inline void tg_builder_other(struct tg_builder *b)
{
    if (b->level->run != 0)
        tg_builder_end_run(b);
}

/* Moves the items of the level into its table. */
void tg_builder_flush(struct tg_builder *b);

/* Call after each item or pair. */
static inline void tg_builder_settle(struct tg_builder *b)
{
    if (b->top - b->level->base >= 1024 || b->top > b->crowded)
        tg_builder_flush(b);
}

/* Ends the level: its table is on top, and counts as a value of the level around. */
void tg_builder_close(struct tg_builder *b);

/* Ends the level and drops what is in it. */
void tg_builder_drop(struct tg_builder *b);

/* Makes an array of the n values on top, which are replaced by it. */
void tg_builder_array(struct tg_builder *b, int n);

#endif
