/* Members of objects that are children, in the order of the schema. */

#include "codec/schema_xml_parts.h"

/* What the object has for each member of the type. */
static bool fill_queues(struct writer *w, const struct tg_schema_type *type,
                        const struct node *object, struct queue *queues)
{
    uint32_t guess = 0;

    for (const struct node *at = object->first; at != NULL; at = at->next) {
        uint32_t found = NONE;
        if (at->key.len != 0 && at->key.base[0] == '@')
            continue;
        for (size_t i = 0; i < type->member_count && found == NONE; i++, guess++) {
            guess = guess < type->member_count ? guess : 0;
            if (tg_text_is(type->members[guess].name, at->key))
                found = guess;
        }
        if (found == NONE) {
            tg_sxml_refuse(w, "the schema has no such member");
            return tg_sxml_fail_in_member(w, at->key);
        }
        struct queue *queue = &queues[found];
        if (queue->next != NULL || queue->array) {
            tg_sxml_refuse(w, "the member is there twice");
            return tg_sxml_fail_in_member(w, at->key);
        }
        bool wants = type->members[found].array;
        bool is_list = type->members[found].element != NULL &&
                       type->members[found].element->type->simple != NULL &&
                       type->members[found].element->type->simple->class == TG_SCHEMA_LIST;
        if (wants != (at->kind == TG_JSON_ARRAY) && !(is_list && !wants)) {
            tg_sxml_refuse(w,
                           wants ? "%s, but the schema wants an array"
                                 : "%s, but the schema wants one value",
                           tg_sxml_kind_of(at));
            return tg_sxml_fail_in_member(w, at->key);
        }
        *queue =
            wants ? (struct queue){at->first, at->count, 0, true} : (struct queue){at, 1, 0, false};
    }
    return true;
}

static bool put_next(struct writer *w, const struct tg_schema_type *type,
                     const struct tg_schema_position *position, struct queue *queue)
{
    const struct node *node = queue->next;
    const struct tg_schema_member *member = &type->members[position->member];

    queue->next = node->next;
    queue->left--;
    queue->item++;
    bool good = position->element != NULL ? tg_sxml_put_element(w, position->element, node)
                                          : tg_sxml_put_raw(w, node, NULL, position->wildcard);
    if (good)
        return true;
    if (queue->array)
        tg_sxml_fail_in_item(w, queue->item - 1);
    return tg_sxml_fail_in_member(w, member->name);
}

static bool put_all(struct writer *w, const struct tg_schema_type *type, struct queue *queues,
                    bool empty)
{
    if (empty && type->nullable)
        return true;
    for (size_t i = 0; i < type->position_count; i++) {
        const struct tg_schema_position *position = &type->positions[i];
        struct queue *queue = &queues[position->member];
        if (queue->left == 0 && !position->optional) {
            tg_sxml_refuse(w, "it is missing");
            return tg_sxml_fail_in_member(w, type->members[position->member].name);
        }
        if (queue->left != 0 && !put_next(w, type, position, queue))
            return false;
    }
    return true;
}

/* Among places, the first for which there is a value. */
static uint32_t choose(const struct tg_schema_type *type, const uint16_t *list, size_t count,
                       const struct queue *queues)
{
    for (size_t i = 0; i < count; i++)
        if (queues[type->positions[list[i]].member].left != 0)
            return list[i];
    return NONE;
}

static bool refuse_rest(struct writer *w, const struct tg_schema_type *type,
                        const struct queue *queues)
{
    for (uint32_t i = 0; i < type->member_count; i++)
        if (queues[i].left != 0) {
            tg_sxml_refuse(w, "more of it than the schema allows beside the others");
            return tg_sxml_fail_in_member(w, type->members[i].name);
        }
    return true;
}

static bool refuse_missing(struct writer *w, const struct tg_schema_type *type,
                           const uint16_t *list, size_t count)
{
    if (count == 0)
        return tg_sxml_refuse(w, "it is not complete");
    tg_sxml_refuse(w, "it is missing");
    return tg_sxml_fail_in_member(w, type->members[type->positions[list[0]].member].name);
}

/* Goes through the places of the content as long as there are values for them. */
static bool put_sequence(struct writer *w, const struct tg_schema_type *type, struct queue *queues)
{
    const struct tg_schema_position *now = NULL;
    const uint16_t *list = type->first;
    size_t count = type->first_count;
    uint32_t times = 0;

    for (;;) {
        if (now != NULL && times < now->max && queues[now->member].left != 0) {
            times++;
        } else {
            if (now != NULL && times < now->min) {
                tg_sxml_refuse(w, "%u of it, but at least %u are wanted", times, now->min);
                return tg_sxml_fail_in_member(w, type->members[now->member].name);
            }
            uint32_t place = choose(type, list, count, queues);
            if (place == NONE)
                break;
            now = &type->positions[place];
            list = now->next;
            count = now->next_count;
            times = 1;
        }
        if (!put_next(w, type, now, &queues[now->member]))
            return false;
    }
    bool complete = now != NULL ? now->last : type->nullable;
    if (!complete)
        return refuse_missing(w, type, list, count);
    return refuse_rest(w, type, queues);
}

bool tg_sxml_put_children(struct writer *w, const struct tg_schema_type *type,
                          const struct node *object)
{
    struct tg_xml_arena_mark mark = tg_xml_arena_mark(&w->arena);
    struct queue *queues = tg_xml_arena_take(&w->arena, (type->member_count + 1) * sizeof(*queues));
    bool good = fill_queues(w, type, object, queues), empty = true;

    for (size_t i = 0; i < type->member_count; i++)
        empty = empty && queues[i].left == 0;
    if (good)
        good = type->all ? put_all(w, type, queues, empty) : put_sequence(w, type, queues);
    tg_xml_arena_release(&w->arena, mark);
    return good;
}
