/* Contents: particles of a type, as an automaton of the places where elements may stand. A schema
 * says at each element which place it takes without looking ahead, so one walk is enough. */
#include <assert.h>
#include <stdlib.h>

#include "codec/schema_model.h"

enum { FOLLOWS = 4 * 1000 * 1000 }; /* entries of `next` in a model */

/* ---- members */

/* How often an element, or what wildcards allow, can be there. */
static uint64_t most(const struct tg_schema_part *part, const struct tg_schema_element *element)
{
    uint64_t sum = 0;

    if (part->kind == TG_SCHEMA_LEAF)
        sum = part->element == element || (element != NULL && part->element != NULL &&
                                           element->namespace == part->element->namespace &&
                                           tg_text_is(element->name, part->element->name))
                  ? 1
                  : 0;
    for (size_t i = 0; i < part->count; i++) {
        uint64_t inner = most(part->parts[i], element);
        if (part->kind != TG_SCHEMA_CHOICE)
            sum += inner;
        else if (inner > sum)
            sum = inner;
    }
    sum *= part->max;
    return sum > TG_SCHEMA_UNBOUNDED ? TG_SCHEMA_UNBOUNDED : sum;
}

static bool is_same(const struct tg_schema_element *a, const struct tg_schema_element *b)
{
    return a->namespace == b->namespace && tg_text_is(a->name, b->name);
}

static bool fail(struct tg_schema_model *model, const struct tg_schema_part *part,
                 const char *format, const char *name)
{
    return tg_schema_fail_at(model->error, part->document, part->node, format, name);
}

/* The member that the leaf's element is; a new one when there is none yet. */
static bool find_member(struct tg_schema_model *model, struct tg_schema_type *type,
                        const struct tg_schema_part *part, uint32_t *found)
{
    const struct tg_schema_element *element = part->element;

    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct tg_schema_element *other = type->members[i].element;
        *found = i;
        if (element == NULL || other == NULL) {
            if (element == other)
                return true;
            continue;
        }
        if (!tg_text_is(element->name, other->name))
            continue;
        if (!is_same(element, other))
            return fail(model, part, "two elements '%.80s' of different namespaces in one type",
                        element->name.base);
        if (element->type != other->type)
            return fail(model, part, "two elements '%.80s' of different types in one type",
                        element->name.base);
        return true;
    }
    *found = (uint32_t)type->member_count;
    type->members[type->member_count++] = (struct tg_schema_member){
        .name = element != NULL ? element->name : TG_TEXT("#any"),
        .key = element != NULL ? element->key : tg_schema_key(model, "#", "any"),
        .element = element,
        .array = element == NULL || most(type->part, element) > 1,
    };
    return true;
}

/* ---- the automaton */

/* What a part is in it. */
struct span {
    uint16_t *first, *last;
    size_t first_count, last_count;
    bool nullable;
};

struct follow {
    uint16_t *list;
    size_t count, capacity;
};

struct builder {
    struct tg_schema_model *model;
    struct tg_schema_type *type;
    struct follow *follows; /* by position */
    uint8_t *seen;          /* a bit for each pair of positions: one follows the other */
};

static bool is_small(const struct builder *b, const struct tg_schema_part *at)
{
    if (b->model->follows <= FOLLOWS)
        return true;
    return fail(b->model, at, "the content of '%.80s' is too big", (const char *)at->node->name);
}

static bool add_follow(struct builder *b, uint16_t from, uint16_t to,
                       const struct tg_schema_part *at)
{
    struct follow *follow = &b->follows[from];
    size_t bit = (size_t)from * TG_SCHEMA_PARTICLES + to;

    if (b->seen[bit / 8] & 1U << bit % 8)
        return true;
    b->seen[bit / 8] |= (uint8_t)(1U << bit % 8);
    if (follow->count == follow->capacity) {
        follow->capacity = follow->capacity * 2 + 4;
        follow->list = realloc(follow->list, follow->capacity * sizeof(*follow->list));
        assert(follow->list != NULL);
    }
    follow->list[follow->count++] = to;
    b->model->follows++;
    return is_small(b, at);
}

static bool connect(struct builder *b, const struct span *from, const struct span *to,
                    const struct tg_schema_part *at)
{
    for (size_t i = 0; i < from->last_count; i++)
        for (size_t k = 0; k < to->first_count; k++)
            if (!add_follow(b, from->last[i], to->first[k], at))
                return false;
    return true;
}

static uint16_t *both(struct tg_schema_model *model, const uint16_t *a, size_t n, const uint16_t *b,
                      size_t m)
{
    uint16_t *list = tg_schema_take(model, (n + m + 1) * sizeof(*list));

    model->follows += n + m;
    if (n != 0)
        memcpy(list, a, n * sizeof(*list));
    if (m != 0)
        memcpy(list + n, b, m * sizeof(*list));
    return list;
}

/* `next` follows `span`, which becomes both. */
static bool append(struct builder *b, struct span *span, const struct span *next,
                   const struct tg_schema_part *at)
{
    struct span all = {.nullable = span->nullable && next->nullable};
    size_t more = span->nullable ? next->first_count : 0;
    size_t kept = next->nullable ? span->last_count : 0;

    if (!connect(b, span, next, at))
        return false;
    all.first = both(b->model, span->first, span->first_count, next->first, more);
    all.first_count = span->first_count + more;
    all.last = both(b->model, span->last, kept, next->last, next->last_count);
    all.last_count = kept + next->last_count;
    *span = all;
    return true;
}

static void offer(struct builder *b, struct span *span, const struct span *other)
{
    span->first = both(b->model, span->first, span->first_count, other->first, other->first_count);
    span->first_count += other->first_count;
    span->last = both(b->model, span->last, span->last_count, other->last, other->last_count);
    span->last_count += other->last_count;
    span->nullable = span->nullable || other->nullable;
}

static bool build_leaf(struct builder *b, const struct tg_schema_part *part, struct span *span)
{
    struct tg_schema_type *type = b->type;
    uint32_t member;

    *span = (struct span){.nullable = part->min == 0 || part->max == 0};
    if (part->max == 0)
        return true;
    if (type->position_count == TG_SCHEMA_PARTICLES)
        return fail(b->model, part, "more than 5000 places in one type, at '%.80s'",
                    (const char *)part->node->name);
    if (!find_member(b->model, type, part, &member))
        return false;
    uint16_t at = (uint16_t)type->position_count;
    type->positions[type->position_count++] = (struct tg_schema_position){
        .element = part->element,
        .wildcard = part->wildcard,
        .min = part->min != 0 ? part->min : 1,
        .max = part->max,
        .optional = part->min == 0,
        .member = member,
    };
    span->first = both(b->model, &at, 1, NULL, 0);
    span->last = both(b->model, &at, 1, NULL, 0);
    span->first_count = span->last_count = 1;
    return true;
}

static bool build(struct builder *b, const struct tg_schema_part *part, struct span *span);

/* The part, once. */
static bool build_once(struct builder *b, const struct tg_schema_part *part, struct span *span)
{
    struct span inner;

    *span = (struct span){.nullable = part->kind != TG_SCHEMA_CHOICE || part->count == 0};
    for (size_t i = 0; i < part->count; i++) {
        if (!build(b, part->parts[i], &inner) || !is_small(b, part))
            return false;
        if (part->kind == TG_SCHEMA_CHOICE)
            offer(b, span, &inner);
        else if (!append(b, span, &inner, part))
            return false;
    }
    return true;
}

/* As often as it may occur: copies one behind the other, of which the last goes round. */
static bool build(struct builder *b, const struct tg_schema_part *part, struct span *span)
{
    if (part->kind == TG_SCHEMA_LEAF)
        return build_leaf(b, part, span);
    uint32_t least = part->min != 0 ? part->min : 1;
    uint32_t copies = part->max == TG_SCHEMA_UNBOUNDED ? least : part->max;
    *span = (struct span){.nullable = true};
    for (uint32_t i = 0; i < copies; i++) {
        struct span one;
        size_t before = b->type->position_count;
        if (!build_once(b, part, &one))
            return false;
        if (part->max == TG_SCHEMA_UNBOUNDED && i + 1 == copies && !connect(b, &one, &one, part))
            return false;
        one.nullable = one.nullable || i >= part->min;
        if (!append(b, span, &one, part))
            return false;
        if (b->type->position_count == before)
            break;
    }
    return true;
}

static void finish(struct builder *b, const struct span *span)
{
    struct tg_schema_type *type = b->type;

    for (size_t i = 0; i < type->position_count; i++) {
        struct tg_schema_position *position = &type->positions[i];
        position->next = both(b->model, b->follows[i].list, b->follows[i].count, NULL, 0);
        position->next_count = (uint32_t)b->follows[i].count;
    }
    for (size_t i = 0; i < span->last_count; i++)
        type->positions[span->last[i]].last = true;
    type->first = span->first;
    type->first_count = span->first_count;
    type->nullable = span->nullable;
}

/* A member may come again after others when one of its places can be reached from others. */
static bool may_scatter(const struct tg_schema_type *type)
{
    if (type->all)
        return false;
    for (size_t i = 0; i < type->position_count; i++) {
        const struct tg_schema_position *position = &type->positions[i];
        if (!type->members[position->member].array)
            continue;
        for (size_t k = 0; k < type->position_count; k++)
            if (k != i && type->positions[k].member == position->member)
                return true;
        for (uint32_t k = 0; k < position->next_count; k++)
            if (position->next[k] <= i && position->next[k] != i)
                return true;
    }
    return false;
}

/* Memory of the positions is taken for as many as there may be, then kept for those that are. */
static bool build_all(struct builder *b)
{
    struct tg_schema_type *type = b->type;
    struct tg_schema_position *positions = calloc(TG_SCHEMA_PARTICLES, sizeof(*positions));
    struct tg_schema_member *members = calloc(TG_SCHEMA_PARTICLES + 1, sizeof(*members));
    struct span span;

    assert(positions != NULL && members != NULL);
    type->positions = positions;
    type->members = members;
    bool good = build(b, type->part, &span);
    type->positions = tg_schema_take(b->model, (type->position_count + 1) * sizeof(*positions));
    type->members = tg_schema_take(b->model, (type->member_count + 1) * sizeof(*members));
    memcpy(type->positions, positions, type->position_count * sizeof(*positions));
    memcpy(type->members, members, type->member_count * sizeof(*members));
    free(positions);
    free(members);
    if (good)
        finish(b, &span);
    return good;
}

bool tg_schema_compile(struct tg_schema_model *model, struct tg_schema_type *type)
{
    struct builder b = {.model = model, .type = type};

    type->nullable = true;
    if (type->part == NULL || type->raw)
        return true;
    const struct tg_schema_part *part = type->part;
    while (part->kind == TG_SCHEMA_SEQUENCE && part->count == 1 && part->max == 1)
        part = part->parts[0];
    type->all = part->kind == TG_SCHEMA_ALL;
    b.follows = calloc(TG_SCHEMA_PARTICLES, sizeof(*b.follows));
    b.seen = calloc(TG_SCHEMA_PARTICLES, TG_SCHEMA_PARTICLES / 8);
    assert(b.follows != NULL && b.seen != NULL);
    bool good = build_all(&b);
    for (size_t i = 0; i < TG_SCHEMA_PARTICLES; i++)
        free(b.follows[i].list);
    free(b.follows);
    free(b.seen);
    type->scatters = good && may_scatter(type);
    return good;
}

/* ---- a single pass */

static bool ascends(const uint16_t *list, size_t count, size_t from)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] < from)
            return false;
        from = list[i];
    }
    return true;
}

/* Members in the order of their places are then in the only order that the content allows. */
static bool is_in_order(const struct tg_schema_type *type)
{
    if (type->position_count != type->member_count ||
        (!type->all && !ascends(type->first, type->first_count, 0)))
        return false;
    for (size_t i = 0; i < type->position_count; i++) {
        const struct tg_schema_position *position = &type->positions[i];
        if (position->member != i ||
            (!type->all && !ascends(position->next, position->next_count, i)))
            return false;
    }
    return true;
}

/* The bytes of a key that are in one block. */
static unsigned mask_of(struct tg_text key)
{
    return key.len < TG_BLOCK ? (1U << key.len) - 1 : (1U << TG_BLOCK) - 1;
}

void tg_schema_plan(struct tg_schema_model *model, struct tg_schema_type *type)
{
    if (!type->complex || type->raw || type->attribute_count > 64)
        return;
    if (type->members == NULL)
        type->members = tg_schema_take(model, sizeof(*type->members));
    for (size_t i = 0; i < type->attribute_count; i++) {
        type->required |= (uint64_t)type->attributes[i].required << i;
        type->attributes[i].mask = mask_of(type->attributes[i].key);
    }
    for (size_t i = 0; i < type->member_count; i++) {
        type->members[i].rank = (uint32_t)(type->attribute_count + 1 + i);
        type->members[i].mask = mask_of(type->members[i].key);
    }
    type->streams = type->simple != NULL || is_in_order(type);
}
