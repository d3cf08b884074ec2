/* The members of an element: keys, and the values that have one key together. */
#include "codec/utf8.h"
#include "codec/xml_parts.h"
#include "codec/xml_shape_parts.h"

/* Keys */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The escape at p of xml_write_name.c, _xHHHH_ or _xHHHHHHHH_; its length, 0 when it is none. */
static size_t read_escape(const char *p, size_t left, uint32_t *code)
{
    size_t digits = 0;

    if (left < 7 || p[0] != '_' || p[1] != 'x')
        return 0;
    *code = 0;
    for (int d; 2 + digits < left && digits < 8 && (d = hex_digit(p[2 + digits])) >= 0; digits++)
        *code = *code << 4 | (uint32_t)d;
    if (2 + digits >= left || p[2 + digits] != '_' || (digits != 4 && digits != 8))
        return 0;
    if (*code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
        return 0;
    return digits + 3;
}

bool tg_xml_is_reserved(struct tg_text prefix)
{
    return tg_text_is(prefix, TG_TEXT("xml")) || tg_text_is(prefix, TG_TEXT("xmlns"));
}

/* Whether the key would be written as a declaration or with a prefix that the name has not. */
static bool says_more(struct tg_text name, struct tg_text key, bool colon)
{
    size_t at = tg_xml_colon(key), was = tg_xml_colon(name);

    if (tg_text_is(key, TG_TEXT("xmlns")))
        return true;
    if (at == 0 || colon)
        return at != 0;
    struct tg_text prefix = tg_text(key.base, at);
    struct tg_text local = tg_text(key.base + at + 1, key.len - at - 1);
    if (at != was)
        return tg_xml_is_reserved(prefix);
    return key.len != name.len && tg_text_is(prefix, TG_TEXT("xmlns")) && tg_xml_is_reserved(local);
}

/* What the writer made of a key, made the key again: _x_ alone is the empty one. A name stays as it
 * is where the writer would make another of the key: it never wrote that. */
static void put_unescaped(struct tg_buffer *out, struct tg_text name)
{
    size_t before = out->len;
    bool colon = false, any = false;

    if (before == 0 && tg_text_is(name, TG_TEXT("_x_")))
        return;
    for (size_t i = 0; i < name.len;) {
        uint32_t code;
        size_t n = read_escape(name.base + i, name.len - i, &code);
        if (n == 0) {
            tg_buffer_put(out, name.base[i++]);
            continue;
        }
        char *room = tg_buffer_reserve(out, 4);
        out->len = (size_t)(tg_utf8_write(room, code) - out->base);
        colon |= code == ':';
        any = true;
        i += n;
    }
    if (any && says_more(name, tg_text(out->base + before, out->len - before), colon)) {
        out->len = before;
        tg_buffer_append(out, name.base, name.len);
    }
}

/* The name as a key, behind what the assembly buffer has. */
static void put_name(struct tg_xml_shaper *s, const struct tg_xml_name *name)
{
    struct tg_buffer *out = &s->xml->assembly;
    struct tg_text text = tg_xml_name_text(s->strips ? name->local : name);
    const char *colon = memchr(text.base, ':', text.len);

    if (s->options->unescape_names && !s->keeps_escapes) {
        put_unescaped(out, text);
    } else if (colon == NULL) {
        tg_buffer_append(out, text.base, text.len);
    } else {
        size_t before = (size_t)(colon - text.base);
        tg_buffer_append(out, text.base, before);
        tg_buffer_append(out, s->separator.base, s->separator.len);
        tg_buffer_append(out, colon + 1, text.len - before - 1);
    }
}

struct tg_xml_name *tg_xml_key_name(struct tg_xml_shaper *s, struct tg_text key)
{
    bool added;

    return tg_xml_names_intern(&s->xml->keys, key, &added);
}

static struct tg_xml_name *key_of(struct tg_xml_shaper *s, struct tg_text prefix,
                                  const struct tg_xml_name *name)
{
    struct tg_buffer *out = &s->xml->assembly;

    out->len = 0;
    tg_buffer_append(out, prefix.base, prefix.len);
    put_name(s, name);
    return tg_xml_key_name(s, tg_text(out->base, out->len));
}

struct tg_text tg_xml_element_key(struct tg_xml_shaper *s, const struct tg_xml_name *name)
{
    return tg_xml_name_text(key_of(s, tg_text("", 0), name));
}

struct tg_xml_name *tg_xml_element_name(struct tg_xml_shaper *s, const struct tg_xml_name *name)
{
    return key_of(s, tg_text("", 0), name);
}

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
        struct tg_xml_name *key = key_of(s, s->prefix, node->attributes[i].name);
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
        const struct tg_xml_name *key = key_of(s, s->prefix, attribute->name);
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
        const struct tg_xml_name *key = key_of(s, tg_text("", 0), child->name);
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
