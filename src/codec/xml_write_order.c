/* The order of an element's children, when a sequence wants one. */
#include <stdlib.h>

#include "codec/xml_write_parts.h"

static size_t rank_in(const struct tg_xml_order *order, struct tg_text child)
{
    for (size_t i = 0; i < order->names.count; i++) {
        if (tg_text_is(order->names.list[i], child))
            return i;
    }
    return SIZE_MAX;
}

/* The order of this parent, else that of every element, else NULL. */
static const struct tg_xml_order *order_of(const struct tg_xml_writer *w, struct tg_text parent)
{
    const struct tg_xml_order *found = NULL;

    for (size_t i = 0; i < w->options->order_count; i++) {
        const struct tg_xml_order *order = &w->options->orders[i];
        if (order->parent.len != 0 && tg_text_is(order->parent, parent))
            return order;
        if (order->parent.len == 0)
            found = order;
    }
    return found;
}

bool tg_xml_write_is_ordered(const struct tg_xml_writer *w, struct tg_text parent)
{
    return order_of(w, parent) != NULL;
}

size_t tg_xml_write_rank(const struct tg_xml_writer *w, struct tg_text parent, struct tg_text child)
{
    const struct tg_xml_order *order = order_of(w, parent);

    return order != NULL ? rank_in(order, child) : SIZE_MAX;
}

static int by_rank(const void *a, const void *b)
{
    const struct tg_xml_child *x = a, *y = b;

    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* A child ends where the next one begins: text between them goes with the one before it. */
static void set_ends(struct tg_xml_child *children, size_t count, size_t end)
{
    for (size_t i = 0; i < count; i++) {
        children[i].end = i + 1 < count ? children[i + 1].start : end;
        children[i].place = i;
    }
}

static bool is_sorted(const struct tg_xml_child *children, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (children[i].rank < children[i - 1].rank)
            return false;
    }
    return true;
}

bool tg_xml_write_sort(struct tg_xml_writer *w, const struct tg_xml_frame *frame)
{
    struct tg_xml_child *children =
        (struct tg_xml_child *)(void *)(w->children.base + frame->children);
    size_t count = (w->children.len - frame->children) / sizeof(*children);

    if (count < 2 || is_sorted(children, count))
        return true;
    size_t start = children[0].start, end = w->out->len;
    set_ends(children, count, end);
    qsort(children, count, sizeof(*children), by_rank);
    w->scratch.len = 0;
    for (size_t i = 0; i < count; i++)
        tg_buffer_append(&w->scratch, w->out->base + children[i].start,
                         children[i].end - children[i].start);
    memcpy(w->out->base + start, w->scratch.base, end - start);
    return true;
}
