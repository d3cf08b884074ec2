/* JSON read into nodes, for its members come in any order. */

#include "codec/schema_xml_parts.h"

static struct tg_text keep(struct writer *w, struct tg_text text, struct tg_text json)
{
    if (text.base >= json.base && text.base < json.base + json.len)
        return text;
    char *copy = tg_xml_arena_take(&w->arena, text.len + 1);
    memcpy(copy, text.base, text.len);
    return tg_text(copy, text.len);
}

struct level {
    struct node *node, *last;
};

bool tg_sxml_read_nodes(struct writer *w, struct tg_text json, size_t depth, struct node **root,
                        struct tg_parse_error *error)
{
    struct level levels[TG_JSON_MAX_DEPTH + 1], *level = levels;
    struct tg_json_reader reader;
    struct tg_text key = {NULL, 0};

    *level = (struct level){NULL, NULL};
    tg_json_begin(&reader, json, depth, w->tools->scratch, error);
    for (;;) {
        enum tg_json_event event = tg_json_next_plain(&reader);
        if (event == TG_JSON_ERROR)
            return false;
        if (event == TG_JSON_DONE)
            return true;
        if (event == TG_JSON_END) {
            level--;
            continue;
        }
        if (event == TG_JSON_KEY) {
            key = keep(w, reader.text, json);
            continue;
        }
        struct node *node = tg_xml_arena_take(&w->arena, sizeof(*node));
        *node = (struct node){.kind = event, .key = key};
        if (event == TG_JSON_STRING)
            node->text = keep(w, reader.text, json);
        else if (event == TG_JSON_NUMBER)
            node->text = reader.number.text;
        if (level->node == NULL)
            *root = node;
        else if (level->last == NULL)
            level->node->first = node;
        else
            level->last->next = node;
        level->last = node;
        if (level->node != NULL)
            level->node->count++;
        if (event == TG_JSON_OBJECT || event == TG_JSON_ARRAY)
            *++level = (struct level){node, NULL};
    }
}
