/* The members of an element: keys, and the values that have one key together. */
#include "codec/xml_shape_parts.h"

/* Members */

static struct tg_xml_members *begin(struct tg_xml_shaper *s)
{
    struct tg_xml_members *members = tg_xml_arena_take(&s->xml->arena, sizeof(*members));

    members->serial = ++s->xml->tag; /* the scanner counts there too, and stamps its own names */
    s->xml->runs.len = 0;
    return members;
}

/* The member of the key. Which one a key has is looked up in xml->runs while members are added. */
static struct tg_xml_member *member_of(struct tg_xml_shaper *s, struct tg_xml_members *members,
                                       const struct tg_xml_name *interned)
{
    struct tg_xml_name *key = (struct tg_xml_name *)(uintptr_t)interned;
    struct tg_buffer *index = &s->xml->runs;

    if (key->tag == members->serial)
        return ((struct tg_xml_member **)(void *)index->base)[key->run];
    struct tg_xml_member *member = tg_xml_arena_take(&s->xml->arena, sizeof(*member));
    member->key = key;
    if (members->last != NULL)
        members->last->next = member;
    else
        members->first = member;
    members->last = member;
    key->tag = members->serial;
    key->run = (uint32_t)(index->len / sizeof(struct tg_xml_member *));
    tg_buffer_append(index, (const void *)&member, sizeof(struct tg_xml_member *));
    return member;
}

static struct tg_xml_item *add(struct tg_xml_shaper *s, struct tg_xml_members *members,
                               const struct tg_xml_name *key, enum tg_xml_item_kind kind)
{
    struct tg_xml_member *member = member_of(s, members, key);
    struct tg_xml_item *item = tg_xml_arena_take(&s->xml->arena, sizeof(*item));

    item->kind = kind;
    if (member->last != NULL)
        member->last->next = item;
    else
        member->first = item;
    member->last = item;
    member->element = kind == TG_XML_ITEM_ELEMENT;
    return item;
}

static void add_text(struct tg_xml_shaper *s, struct tg_xml_members *members, struct tg_text key,
                     enum tg_xml_item_kind kind, struct tg_text text, unsigned marks)
{
    struct tg_xml_item *item = add(s, members, tg_xml_key_name(s, key), kind);

    item->text = text;
    item->marks = marks;
}

/* Attributes */

static bool is_dropped(const struct tg_xml_shaper *s, const struct tg_xml_node_attribute *attribute)
{
    return attribute->name->kind != TG_XML_PLAIN &&
           (s->options->namespaces != TG_XML_KEEP ||
            s->options->xmlns_decl == TG_XML_DECLARATIONS_DROP);
}

/* Whether two attributes would have one key when what the writer escaped is undone. */
static bool would_collide(struct tg_xml_shaper *s, const struct tg_xml_node *node)
{
    uint64_t tag = ++s->xml->tag;

    if (!s->options->unescape_names || s->strips)
        return false;
    for (size_t i = 0; i < node->attribute_count; i++) {
        if (is_dropped(s, &node->attributes[i]))
            continue;
        struct tg_xml_name *key = tg_xml_name_key(s, s->prefix, node->attributes[i].name);
        if (key->tag == tag)
            return true;
        key->tag = tag;
    }
    return false;
}

static void add_attributes(struct tg_xml_shaper *s, struct tg_xml_members *members,
                           const struct tg_xml_node *node)
{
    for (size_t i = 0; i < node->attribute_count; i++) {
        const struct tg_xml_node_attribute *attribute = &node->attributes[i];
        if (is_dropped(s, attribute))
            continue;
        const struct tg_xml_name *key = tg_xml_name_key(s, s->prefix, attribute->name);
        struct tg_xml_item *item = add(s, members, key, TG_XML_ITEM_VALUE);
        item->text = attribute->value;
        item->marks = attribute->marks;
    }
}

static void add_namespaces(struct tg_xml_shaper *s, struct tg_xml_members *members)
{
    struct tg_buffer *out = &s->xml->assembly;

    if (s->options->namespaces != TG_XML_BADGERFISH || s->scope == NULL ||
        s->options->xmlns_decl == TG_XML_DECLARATIONS_DROP)
        return;
    out->len = 0;
    tg_buffer_append(out, s->prefix.base, s->prefix.len);
    tg_buffer_append(out, "xmlns", 5);
    add(s, members, tg_xml_key_name(s, tg_text(out->base, out->len)), TG_XML_ITEM_NAMESPACES);
}

static void add_all_attributes(struct tg_xml_shaper *s, struct tg_xml_members *members,
                               const struct tg_xml_node *node)
{
    add_namespaces(s, members);
    add_attributes(s, members, node);
}

struct tg_xml_members *tg_xml_attributes_of(struct tg_xml_shaper *s, const struct tg_xml_node *node)
{
    s->keeps_escapes = would_collide(s, node);
    struct tg_xml_members *members = begin(s);

    if (!s->options->drop_attributes)
        add_all_attributes(s, members, node);
    s->keeps_escapes = false;
    return members;
}

/* Attributes and, before them, namespaces; in an object of their own when that has a key. */
static void take_attributes(struct tg_xml_shaper *s, struct tg_xml_members **members,
                            const struct tg_xml_node *node)
{
    if (s->options->attribute_group.len == 0) {
        *members = tg_xml_attributes_of(s, node);
        return;
    }
    struct tg_xml_members *group = tg_xml_attributes_of(s, node);
    *members = begin(s);
    if (group->first != NULL)
        add(s, *members, tg_xml_key_name(s, s->options->attribute_group), TG_XML_ITEM_GROUP)
            ->members = group;
}

/* Content */

static void add_child(struct tg_xml_shaper *s, struct tg_xml_members *members,
                      const struct tg_xml_node *child)
{
    const struct tg_xml_options *options = s->options;

    switch (child->kind) {
    case TG_XML_NODE_ELEMENT: {
        const struct tg_xml_name *key = tg_xml_name_key(s, tg_text("", 0), child->name);
        add(s, members, key, TG_XML_ITEM_ELEMENT)->node = child;
        member_of(s, members, key)->is_array |=
            options->force_all || (child->marks & TG_XML_MARK_ARRAY) != 0;
        break;
    }
    case TG_XML_NODE_CDATA:
        add_text(s, members, options->cdata_key, TG_XML_ITEM_STRING, child->text, 0);
        break;
    case TG_XML_NODE_COMMENT:
        add_text(s, members, options->comments_key, TG_XML_ITEM_STRING, child->text, 0);
        break;
    case TG_XML_NODE_PI:
        add_text(s, members, options->pi_key, TG_XML_ITEM_STRING, child->text, 0);
        break;
    case TG_XML_NODE_TEXT:
        break;
    }
}

static void add_content(struct tg_xml_shaper *s, struct tg_xml_members *members,
                        const struct tg_xml_node *node, const struct tg_xml_content *content)
{
    if (content->mixed && s->options->mixed == TG_XML_MIXED_CHILDREN) {
        add(s, members, tg_xml_key_name(s, s->children_key), TG_XML_ITEM_CHILDREN)->node = node;
        return;
    }
    for (const struct tg_xml_node *child = node->first; child != NULL; child = child->next)
        add_child(s, members, child);
    if (content->has_text && (members->first != NULL || s->options->text_always))
        add_text(s, members, s->text_key, TG_XML_ITEM_VALUE, content->text, node->marks);
}

struct tg_xml_members *tg_xml_members_of(struct tg_xml_shaper *s, const struct tg_xml_node *node,
                                         const struct tg_xml_content *content)
{
    struct tg_xml_members *members, *inner;

    take_attributes(s, &members, node);
    if (s->options->content_key.len == 0 || members->first == NULL) {
        add_content(s, members, node, content);
        return members;
    }
    /* A list of the text and of an object of the others, as Abdera has it. */
    struct tg_xml_member *list = member_of(s, members, tg_xml_key_name(s, s->options->content_key));
    list->is_array = true;
    if (content->has_text)
        add_text(s, members, s->options->content_key, TG_XML_ITEM_VALUE, content->text,
                 node->marks);
    struct tg_xml_content others = *content;
    others.has_text = false;
    inner = begin(s);
    add_content(s, inner, node, &others);
    struct tg_xml_item *item = tg_xml_arena_take(&s->xml->arena, sizeof(*item));
    *item = (struct tg_xml_item){.kind = TG_XML_ITEM_GROUP, .members = inner};
    if (inner->first == NULL)
        return members;
    if (list->last != NULL)
        list->last->next = item;
    else
        list->first = item;
    list->last = item;
    return members;
}
