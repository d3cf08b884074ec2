/* Lua values to JSON straight from the state's memory: what is plain. */
#include <math.h>

#include "codec/json_write.h"
#include "codec/utf8.h"
#include "script/json_encode.h"

/* Each step takes where it writes and gives where it has written to; NULL: that is not plain. The
 * length of `out` is only right where somebody else writes to it. */
struct walk {
    const struct tg_values *values;
    struct tg_buffer *out;
    const char *end; /* of its memory */
    size_t depth;    /* levels that may still open */
};

/* A member or an item whose key and value are short. */
#define ROOM ((size_t)TG_JSON_SHORT_ROOM + TG_JSON_NUMBER_ROOM)

static char *write_table(struct walk *w, char *at, const struct tg_view_table *table);

/* ---- room */

static inline void sync(struct walk *w, const char *at)
{
    w->out->len = (size_t)(at - w->out->base);
}

/* Where it goes on when somebody else has written. */
static inline char *resume(struct walk *w)
{
    w->end = w->out->base + w->out->capacity;
    return w->out->base + w->out->len;
}

static __attribute__((noinline)) char *make_room(struct walk *w, const char *at)
{
    sync(w, at);
    return tg_buffer_reserve(w->out, ROOM) != NULL ? resume(w) : NULL;
}

static inline char *have_room(struct walk *w, char *at)
{
    return (size_t)(w->end - at) > ROOM ? at : make_room(w, at);
}

/* ---- text: where there is room for short text */

static char *write_bytes(struct walk *w, const char *at, struct tg_text text)
{
    sync(w, at);
    return tg_buffer_append(w->out, text.base, text.len) ? resume(w) : NULL;
}

static __attribute__((noinline)) char *write_text(struct walk *w, const char *at,
                                                  struct tg_text text)
{
    uint64_t high = 0;

    sync(w, at);
    if (!tg_json_write_string(w->out, text, &high) ||
        (high != 0 && tg_utf8_check(text) != text.len))
        return NULL;
    return resume(w);
}

static inline char *put_text(struct walk *w, char *at, struct tg_text text)
{
    char *end = tg_json_put_string(at, text);

    return end != NULL ? end : write_text(w, at, text);
}

/* Then there is room for a short value. */
static __attribute__((noinline)) char *write_key(struct walk *w, char *at, struct tg_text key)
{
    *at++ = ',';
    at = write_text(w, at, key);
    return at != NULL ? write_bytes(w, at, TG_TEXT(":")) : NULL;
}

static inline char *put_key(struct walk *w, char *at, struct tg_text key)
{
    char *end = tg_json_put_key(at, key);

    if (end != NULL)
        return end;
    end = write_key(w, at, key);
    return end != NULL ? have_room(w, end) : NULL;
}

/* ---- scalars */

static __attribute__((noinline)) char *write_fraction(struct walk *w, const char *at, double number)
{
    sync(w, at);
    return isfinite(number) && tg_json_write_number(w->out, number) ? resume(w) : NULL;
}

/* The text of a number literal or of raw JSON. */
static bool block_text(const struct walk *w, tg_view_value value, bool is_key, struct tg_text *text)
{
    const struct tg_view_block *block = tg_view_object(value);

    if (block->metatable == NULL)
        return false;
    if (block->metatable == w->values->metatables[TG_VALUE_NUMBER])
        *text = tg_number_text(block->bytes);
    else if (block->metatable == w->values->metatables[TG_VALUE_RAW] && !is_key)
        *text = tg_raw_block_text(block->bytes);
    else
        return false;
    return true;
}

static __attribute__((noinline)) char *write_other(struct walk *w, const char *at,
                                                   tg_view_value value)
{
    struct tg_text text;

    switch (tg_view_type(value)) {
    case TG_VIEW_FALSE:
        return write_bytes(w, at, TG_TEXT("false"));
    case TG_VIEW_TRUE:
        return write_bytes(w, at, TG_TEXT("true"));
    case TG_VIEW_LIGHT:
        return value == w->values->view.null ? write_bytes(w, at, TG_TEXT("null")) : NULL;
    case TG_VIEW_BLOCK:
        return block_text(w, value, false, &text) ? write_bytes(w, at, text) : NULL;
    }
    return NULL;
}

/* Most are texts and whole numbers. There is room for a short one. */
static inline char *put_value(struct walk *w, char *at, tg_view_value value)
{
    int64_t type = tg_view_type(value);

    if (type == TG_VIEW_STRING)
        return put_text(w, at, tg_view_text(value));
    if (tg_view_is_number(value)) {
        double number = tg_view_number(value);
        char *end = tg_json_put_number(at, number);
        return end != NULL ? end : write_fraction(w, at, number);
    }
    if (type == TG_VIEW_TABLE)
        return write_table(w, at, tg_view_object(value));
    return write_other(w, at, value);
}

/* ---- tables */

static inline bool is_nil(tg_view_value value)
{
    return tg_view_type(value) == TG_VIEW_NIL;
}

/* Ends what was written from `start` on: its first comma becomes the bracket that opens it. */
static char *end_table(struct walk *w, char *at, size_t start, char open, char close)
{
    at = have_room(w, at);
    if (at == NULL)
        return NULL;
    char *first = w->out->base + start;
    if (at == first)
        at++;
    *first = open;
    *at = close;
    return at + 1;
}

static bool has_members(const struct tg_view_table *table)
{
    for (uint32_t i = 0; i <= table->hmask; i++) {
        if (!is_nil(table->node[i].value))
            return true;
    }
    return false;
}

/* Whether there is nothing in the array part from there on. */
static bool is_empty(const struct tg_view_table *table, uint32_t from)
{
    for (uint32_t i = from; i < table->asize; i++) {
        if (!is_nil(table->array[i]))
            return false;
    }
    return true;
}

static inline size_t offset(const struct walk *w, const char *at)
{
    return (size_t)(at - w->out->base);
}

/* Items up to the first nil; none may follow, nor come before. */
static char *write_list(struct walk *w, char *at, const struct tg_view_table *table)
{
    uint32_t i = 1;
    size_t start = offset(w, at);

    for (; i < table->asize && !is_nil(table->array[i]); i++) {
        at = have_room(w, at);
        if (at == NULL)
            return NULL;
        *at = ',';
        at = put_value(w, at + 1, table->array[i]);
        if (at == NULL)
            return NULL;
    }
    if (!is_empty(table, i) || (table->asize != 0 && !is_nil(table->array[0])) ||
        has_members(table))
        return NULL;
    return end_table(w, at, start, '[', ']');
}

static __attribute__((noinline)) char *write_literal_key(struct walk *w, char *at,
                                                         tg_view_value key)
{
    struct tg_text text;

    return tg_view_type(key) == TG_VIEW_BLOCK && block_text(w, key, true, &text)
               ? put_key(w, at, text)
               : NULL;
}

static inline char *put_member(struct walk *w, char *at, tg_view_value key, tg_view_value value)
{
    at = have_room(w, at);
    if (at == NULL)
        return NULL;
    at = tg_view_type(key) == TG_VIEW_STRING ? put_key(w, at, tg_view_text(key))
                                             : write_literal_key(w, at, key);
    return at != NULL ? put_value(w, at, value) : NULL;
}

static char *write_object(struct walk *w, char *at, const struct tg_view_table *table)
{
    size_t start = offset(w, at);

    if (!is_empty(table, 0))
        return NULL;
    for (uint32_t i = 0; i <= table->hmask; i++) {
        const struct tg_view_node *node = &table->node[i];
        if (is_nil(node->value))
            continue;
        at = put_member(w, at, node->key, node->value);
        if (at == NULL)
            return NULL;
    }
    return end_table(w, at, start, '{', '}');
}

/* The list of keys of an ordered object, or NULL. */
static const struct tg_view_table *order_of(const struct walk *w, const struct tg_view_table *table)
{
    for (uint32_t i = 0; i <= table->hmask; i++) {
        if (table->node[i].key == w->values->view.order &&
            tg_view_type(table->node[i].value) == TG_VIEW_TABLE)
            return tg_view_object(table->node[i].value);
    }
    return NULL;
}

/* The item of a list of keys, or nil. One or two of them may be beside the array part. */
static tg_view_value key_at(const struct tg_view_table *order, uint32_t at)
{
    if (at < order->asize)
        return order->array[at];
    for (uint32_t i = 0; i <= order->hmask; i++) {
        const struct tg_view_node *node = &order->node[i];
        if (tg_view_is_number(node->key) && tg_view_number(node->key) == at)
            return node->value;
    }
    return (tg_view_value)TG_VIEW_NIL;
}

static char *write_ordered(struct walk *w, char *at, const struct tg_view_table *table)
{
    const struct tg_view_table *order = order_of(w, table);
    size_t start = offset(w, at);
    tg_view_value key;

    if (order == NULL)
        return NULL;
    for (uint32_t i = 1; !is_nil(key = key_at(order, i)); i++) {
        const struct tg_view_node *node =
            tg_view_type(key) == TG_VIEW_STRING ? tg_view_find(table, key) : NULL;
        if (node != NULL && (at = put_member(w, at, key, node->value)) == NULL)
            return NULL;
    }
    return end_table(w, at, start, '{', '}');
}

static char *write_table(struct walk *w, char *at, const struct tg_view_table *table)
{
    const void *const *metatables = w->values->metatables;

    if (w->depth == 0)
        return NULL;
    w->depth--;
    if (table->metatable == metatables[TG_VALUE_ORDERED])
        at = write_ordered(w, at, table);
    else if (table->metatable == metatables[TG_VALUE_ARRAY] ||
             (table->asize > 1 && !is_nil(table->array[1])))
        at = write_list(w, at, table);
    else
        at = write_object(w, at, table);
    w->depth++;
    return at;
}

bool tg_json_encode_direct(const struct tg_values *values, const void *table, size_t depth,
                           struct tg_buffer *out)
{
    struct walk w = {.values = values, .out = out, .depth = depth};
    char *at = tg_buffer_reserve(out, ROOM) != NULL ? resume(&w) : NULL;

    if (at == NULL || (at = write_table(&w, at, table)) == NULL)
        return false;
    sync(&w, at);
    return true;
}
