/* The pieces of an object: put in the schema's order, and held against its content. */
#include <stdlib.h>

#include "codec/schema_xml_pass.h"

enum { FEW = 16 };

static int compare(const void *a, const void *b)
{
    uint32_t one = ((const struct piece *)a)->rank, other = ((const struct piece *)b)->rank;

    return one < other ? -1 : one > other;
}

/* Mostly there are a few. */
static void sort(struct piece *list, size_t count)
{
    if (count > FEW) {
        qsort(list, count, sizeof(*list), compare);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct piece piece = list[i];
        size_t at = i;
        for (; at != 0 && list[at - 1].rank > piece.rank; at--)
            list[at] = list[at - 1];
        list[at] = piece;
    }
}

bool tg_sxml_arrange(struct pass *p, const struct object *o, const char *out)
{
    struct piece *list = p->pieces + o->first;
    size_t count = (size_t)(p->piece - list);
    size_t begin = list[0].begin, end = (size_t)(out - p->flow.out->base);
    char *to = p->flow.out->base + begin;

    if (end - begin > p->budget)
        return false;
    p->budget -= end - begin;
    for (size_t i = 0; i < count; i++)
        list[i].end = i + 1 < count ? list[i + 1].begin : end;
    sort(list, count);
    p->moved.len = 0;
    tg_buffer_append(&p->moved, to, end - begin);
    for (size_t i = 0; i < count; i++) {
        size_t len = list[i].end - list[i].begin;
        if (i != 0 && list[i].rank == list[i - 1].rank)
            return false;
        memcpy(to, p->moved.base + (list[i].begin - begin), len);
        to += len;
    }
    return true;
}

/* xs:all: each at most once. */
static bool is_all(const struct tg_schema_type *type, const struct piece *members, size_t count)
{
    size_t at = 0;
    bool complete = true, empty = true;

    for (size_t i = 0; i < type->position_count; i++) {
        bool there = at < count && members[at].rank == type->attribute_count + 1 + i;
        uint32_t times = there ? members[at].count : 0;
        at += there;
        if (times > 1)
            return false;
        complete = complete && (times != 0 || type->positions[i].optional);
        empty = empty && times == 0;
    }
    return complete || (empty && type->nullable);
}

static inline bool is_among(const uint16_t *list, size_t count, size_t place)
{
    for (const uint16_t *end = list + count; list < end; list++)
        if (*list == place)
            return true;
    return false;
}

/* Goes through the places: each takes as many values as it may. */
bool tg_sxml_is_complete(const struct tg_schema_type *type, const struct piece *members,
                         const struct piece *end)
{
    const struct tg_schema_position *now = NULL;
    const uint16_t *list = type->first;
    size_t list_count = type->first_count;

    if (type->all)
        return is_all(type, members, (size_t)(end - members));
    for (; members < end; members++) {
        size_t place = members->rank - type->attribute_count - 1;
        const struct tg_schema_position *position = &type->positions[place];
        uint32_t left = members->count;
        while (left != 0) {
            if (left < position->min || !is_among(list, list_count, place))
                return false;
            now = position;
            list = position->next;
            list_count = position->next_count;
            left -= left < position->max ? left : position->max;
        }
    }
    return now != NULL ? now->last : type->nullable;
}
