/* Lua values to JSON straight from the state's memory: what is plain. */
#include <math.h>

#include "codec/json_write.h"
#include "codec/utf8.h"
#include "script/json_encode.h"

struct walk {
    const struct tg_values *values;
    struct tg_buffer *out;
    size_t depth; /* levels that may still open */
};

static bool write_table(struct walk *w, const struct tg_view_table *table);

/* ---- text */

static inline bool put(struct walk *w, char c)
{
    char *room = tg_buffer_reserve(w->out, 1);

    if (room == NULL)
        return false;
    *room = c;
    w->out->len++;
    return true;
}

static bool write_bytes(struct walk *w, struct tg_text text)
{
    return tg_buffer_append(w->out, text.base, text.len);
}

static __attribute__((noinline)) bool write_text(struct walk *w, struct tg_text text)
{
    uint64_t high = 0;

    return tg_json_write_string(w->out, text, &high) &&
           (high == 0 || tg_utf8_check(text) == text.len);
}

static inline bool put_text(struct walk *w, struct tg_text text)
{
    return tg_json_write_short(w->out, text) || write_text(w, text);
}

static __attribute__((noinline)) bool write_key(struct walk *w, struct tg_text key)
{
    return put(w, ',') && write_text(w, key) && put(w, ':');
}

static inline bool put_key(struct walk *w, struct tg_text key)
{
    return tg_json_write_short_key(w->out, key) || write_key(w, key);
}

/* ---- scalars */

static __attribute__((noinline)) bool write_fraction(struct walk *w, double number)
{
    return isfinite(number) && tg_json_write_number(w->out, number);
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

static __attribute__((noinline)) bool write_other(struct walk *w, tg_view_value value)
{
    struct tg_text text;

    switch (tg_view_type(value)) {
    case TG_VIEW_FALSE:
        return write_bytes(w, TG_TEXT("false"));
    case TG_VIEW_TRUE:
        return write_bytes(w, TG_TEXT("true"));
    case TG_VIEW_LIGHT:
        return value == w->values->view.null && write_bytes(w, TG_TEXT("null"));
    case TG_VIEW_BLOCK:
        return block_text(w, value, false, &text) && write_bytes(w, text);
    }
    return false;
}

/* Most are texts and whole numbers. */
static inline bool put_value(struct walk *w, tg_view_value value)
{
    int64_t type = tg_view_type(value);

    if (type == TG_VIEW_STRING)
        return put_text(w, tg_view_text(value));
    if (tg_view_is_number(value)) {
        double number = tg_view_number(value);
        return tg_json_write_whole(w->out, number) || write_fraction(w, number);
    }
    if (type == TG_VIEW_TABLE)
        return write_table(w, tg_view_object(value));
    return write_other(w, value);
}

/* ---- tables */

static inline bool is_nil(tg_view_value value)
{
    return tg_view_type(value) == TG_VIEW_NIL;
}

/* Ends what was written from `start` on: its first comma becomes the bracket that opens it. */
static bool end_table(struct walk *w, size_t start, char open, char close)
{
    if (w->out->len == start && !put(w, open))
        return false;
    w->out->base[start] = open;
    return put(w, close);
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

/* Items up to the first nil; none may follow, nor come before. */
static bool write_list(struct walk *w, const struct tg_view_table *table)
{
    uint32_t i = 1;
    size_t start = w->out->len;

    for (; i < table->asize && !is_nil(table->array[i]); i++) {
        if (!put(w, ',') || !put_value(w, table->array[i]))
            return false;
    }
    return is_empty(table, i) && (table->asize == 0 || is_nil(table->array[0])) &&
           !has_members(table) && end_table(w, start, '[', ']');
}

static __attribute__((noinline)) bool write_literal_key(struct walk *w, tg_view_value key)
{
    struct tg_text text;

    return tg_view_type(key) == TG_VIEW_BLOCK && block_text(w, key, true, &text) &&
           put_key(w, text);
}

static bool write_object(struct walk *w, const struct tg_view_table *table)
{
    size_t start = w->out->len;

    if (!is_empty(table, 0))
        return false;
    for (uint32_t i = 0; i <= table->hmask; i++) {
        const struct tg_view_node *node = &table->node[i];
        if (is_nil(node->value))
            continue;
        if (!(tg_view_type(node->key) == TG_VIEW_STRING ? put_key(w, tg_view_text(node->key))
                                                        : write_literal_key(w, node->key)) ||
            !put_value(w, node->value))
            return false;
    }
    return end_table(w, start, '{', '}');
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

static bool write_ordered(struct walk *w, const struct tg_view_table *table)
{
    const struct tg_view_table *order = order_of(w, table);
    size_t start = w->out->len;
    tg_view_value key;

    if (order == NULL)
        return false;
    for (uint32_t i = 1; !is_nil(key = key_at(order, i)); i++) {
        const struct tg_view_node *node =
            tg_view_type(key) == TG_VIEW_STRING ? tg_view_find(table, key) : NULL;
        if (node != NULL && (!put_key(w, tg_view_text(key)) || !put_value(w, node->value)))
            return false;
    }
    return end_table(w, start, '{', '}');
}

static bool write_table(struct walk *w, const struct tg_view_table *table)
{
    const void *const *metatables = w->values->metatables;
    bool good;

    if (w->depth == 0)
        return false;
    w->depth--;
    if (table->metatable == metatables[TG_VALUE_ORDERED])
        good = write_ordered(w, table);
    else if (table->metatable == metatables[TG_VALUE_ARRAY] ||
             (table->asize > 1 && !is_nil(table->array[1])))
        good = write_list(w, table);
    else
        good = write_object(w, table);
    w->depth++;
    return good;
}

bool tg_json_encode_direct(const struct tg_values *values, const void *table, size_t depth,
                           struct tg_buffer *out)
{
    return write_table(&(struct walk){values, out, depth}, table);
}
