#include "codec/xml_tree.h"

#include "codec/xml_paths.h"

struct reader {
    struct tg_xml *xml;
    const struct tg_xml_options *options;
    struct tg_xml_node *root;
    bool strips;
};

/* Text of the document stays where it is; what was decoded is copied. */
static struct tg_text keep(struct tg_xml *xml, struct tg_text text)
{
    if (text.len == 0 || (text.base >= xml->start && text.base < xml->end))
        return text;
    char *copy = tg_xml_arena_take(&xml->arena, text.len);
    memcpy(copy, text.base, text.len);
    return tg_text(copy, text.len);
}

/* The nodes that are open, in xml->frames. */
static struct tg_xml_node *innermost(const struct tg_xml *xml)
{
    struct tg_xml_node **open = (struct tg_xml_node **)(void *)xml->frames.base;
    size_t count = xml->frames.len / sizeof(struct tg_xml_node *);

    return count != 0 ? open[count - 1] : NULL;
}

static struct tg_xml_node *add(struct reader *r, enum tg_xml_node_kind kind, const char *at)
{
    struct tg_xml_node *parent = innermost(r->xml);
    struct tg_xml_node *node = tg_xml_arena_take(&r->xml->arena, sizeof(*node));

    node->kind = kind;
    node->at = at;
    if (parent == NULL)
        r->root = node;
    else if (parent->last == NULL)
        parent->first = node;
    else
        parent->last->next = node;
    if (parent != NULL)
        parent->last = node;
    return node;
}

static void on_start(struct reader *r, const char *at)
{
    struct tg_xml *xml = r->xml;
    struct tg_xml_node *node = add(r, TG_XML_NODE_ELEMENT, at);

    node->name = xml->name;
    node->nil = xml->attribute_count != 0 && xml->nil && xml->only_nil;
    node->marks = tg_xml_paths_match(xml, r->strips ? xml->name->local : xml->name, r->strips);
    node->attribute_count = xml->attribute_count;
    if (xml->attribute_count != 0)
        node->attributes =
            tg_xml_arena_take(&xml->arena, xml->attribute_count * sizeof(*node->attributes));
    for (size_t i = 0; i < xml->attribute_count; i++) {
        struct tg_xml_name *name = xml->attributes[i].name;
        struct tg_xml_name *key = r->strips ? name->local : name;
        node->attributes[i].name = name;
        node->attributes[i].value = keep(xml, xml->attributes[i].value);
        node->attributes[i].marks = tg_xml_paths_match_attribute(xml, key, r->strips);
    }
    tg_buffer_append(&xml->frames, (const void *)&node, sizeof(struct tg_xml_node *));
}

static void on_text(struct reader *r, enum tg_xml_node_kind kind, const char *at)
{
    if (kind == TG_XML_NODE_CDATA && r->options->cdata_key.len == 0)
        kind = TG_XML_NODE_TEXT;
    add(r, kind, at)->text = keep(r->xml, r->xml->text);
}

struct tg_xml_node *tg_xml_tree_read(struct tg_xml *xml, const struct tg_xml_options *options)
{
    struct reader r = {
        .xml = xml, .options = options, .strips = options->namespaces == TG_XML_STRIP};

    xml->frames.len = 0;
    xml->markup = options->comments_key.len != 0 || options->pi_key.len != 0;
    tg_xml_paths_begin(xml, options);
    for (;;) {
        const char *at = xml->at;
        switch (tg_xml_next(xml)) {
        case TG_XML_START:
            on_start(&r, at);
            break;
        case TG_XML_TEXT:
            on_text(&r, xml->cdata ? TG_XML_NODE_CDATA : TG_XML_NODE_TEXT, at);
            break;
        case TG_XML_COMMENT:
            if (options->comments_key.len != 0)
                on_text(&r, TG_XML_NODE_COMMENT, at);
            break;
        case TG_XML_INSTRUCTION:
            if (options->pi_key.len != 0)
                on_text(&r, TG_XML_NODE_PI, at);
            break;
        case TG_XML_END:
            xml->frames.len -= sizeof(struct tg_xml_node *);
            break;
        case TG_XML_DONE:
            return r.root;
        case TG_XML_ERROR:
            return NULL;
        }
    }
}
