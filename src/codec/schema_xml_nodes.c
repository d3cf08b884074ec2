/* JSON read into nodes, for its members come in any order. */

#include "codec/schema_xml_parts.h"

static struct tg_text keep(struct writer *w, const struct tg_json_reader *reader)
{
    struct tg_text text = reader->text;

    if (text.base >= reader->start && text.base < reader->end)
        return text;
    char *copy = tg_xml_arena_take(&w->arena, text.len + 1);
    memcpy(copy, text.base, text.len);
    return tg_text(copy, text.len);
}

struct level {
    struct node *node, *last;
};

static struct node *make_node(struct writer *w, const struct tg_json_reader *reader,
                              enum tg_json_event event)
{
    struct node *node = tg_xml_arena_take(&w->arena, sizeof(*node));

    *node = (struct node){.kind = event};
    if (event == TG_JSON_STRING)
        node->text = keep(w, reader);
    else if (event == TG_JSON_NUMBER)
        node->text = reader->number.text;
    return node;
}

bool tg_sxml_read_value(struct writer *w, struct tg_json_reader *reader, struct node **root)
{
    struct level levels[TG_JSON_MAX_DEPTH + 1], *level = levels;
    struct tg_text key = {NULL, 0};

    *level = (struct level){NULL, NULL};
    *root = NULL;
    do {
        enum tg_json_event event = tg_json_next_plain(reader);
        if (event == TG_JSON_ERROR)
            return false;
        if (event == TG_JSON_END) {
            level--;
            continue;
        }
        if (event == TG_JSON_KEY) {
            key = keep(w, reader);
            continue;
        }
        struct node *node = make_node(w, reader, event);
        node->key = key;
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
    } while (level != levels);
    return true;
}

bool tg_sxml_read_nodes(struct writer *w, struct tg_text json, size_t depth, struct node **root,
                        struct tg_parse_error *error)
{
    struct tg_json_reader reader;

    tg_json_begin(&reader, json, depth, w->tools->scratch, error);
    return tg_sxml_read_value(w, &reader, root) && tg_json_next_plain(&reader) == TG_JSON_DONE;
}
