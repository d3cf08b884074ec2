#include "codec/xml_shape.h"

#include "codec/xml_shape_parts.h"

static bool write_value(struct tg_xml_shaper *s, const struct tg_xml_node *node);

/* Objects and arrays of the sink */

static bool enter(struct tg_xml_shaper *s, bool object)
{
    if (s->depth == TG_XML_SHAPE_DEPTH) {
        tg_xml_fail_limit(s->xml, s->node->at, "depth", TG_XML_SHAPE_DEPTH, "levels of values");
        return false;
    }
    s->depth++;
    return (object ? s->sink->object : s->sink->array)(s->sink->self);
}

static bool leave(struct tg_xml_shaper *s)
{
    s->depth--;
    return s->sink->end(s->sink->self);
}

static bool write_key(struct tg_xml_shaper *s, struct tg_text key, bool element)
{
    return s->sink->key(s->sink->self, key, element);
}

static bool write_string(struct tg_xml_shaper *s, struct tg_text text)
{
    return s->sink->string(s->sink->self, text);
}

static bool write_empty(struct tg_xml_shaper *s)
{
    switch (s->options->empty) {
    case TG_XML_EMPTY_NULL:
        return s->sink->null(s->sink->self);
    case TG_XML_EMPTY_OBJECT:
        return enter(s, true) && leave(s);
    case TG_XML_EMPTY_STRING:
        break;
    }
    return write_string(s, tg_text("", 0));
}

/* Namespaces as BadgerFish has them */

static bool write_namespaces(struct tg_xml_shaper *s)
{
    if (!enter(s, true))
        return false;
    for (size_t i = 0; i < s->scope->count; i++) {
        const struct tg_xml_node_attribute *attribute = s->scope->declarations[i];
        const struct tg_xml_name *name = attribute->name;
        struct tg_text key = name->kind == TG_XML_XMLNS
                                 ? TG_TEXT("$")
                                 : tg_xml_name_text(tg_xml_prefix_key(s, name->local));
        if (!write_key(s, key, false) || !write_string(s, attribute->value))
            return false;
    }
    return leave(s);
}

/* Mixed content in its order */

static bool write_child_object(struct tg_xml_shaper *s, struct tg_text key,
                               const struct tg_xml_node *child)
{
    bool element = child->kind == TG_XML_NODE_ELEMENT;

    return enter(s, true) && write_key(s, key, element) &&
           (element ? write_value(s, child) : write_string(s, child->text)) && leave(s);
}

/* The text from a node on, up to what is no text; edges of the whole are trimmed by the option. */
static struct tg_text take_text(struct tg_xml_shaper *s, const struct tg_xml_node **at, bool first)
{
    struct tg_buffer *out = &s->xml->mixed;

    out->len = 0;
    for (; *at != NULL && (*at)->kind == TG_XML_NODE_TEXT; *at = (*at)->next)
        tg_buffer_append(out, (*at)->text.base, (*at)->text.len);
    struct tg_text text = tg_text(out->base, out->len);
    if (s->options->trim == TG_XML_TRIM_NONE)
        return text;
    if (first)
        text = tg_xml_trim_start(text);
    return *at == NULL ? tg_xml_trim_end(text) : text;
}

static bool write_piece(struct tg_xml_shaper *s, const struct tg_xml_node *child)
{
    const struct tg_xml_options *options = s->options;

    switch (child->kind) {
    case TG_XML_NODE_ELEMENT:
        return options->mixed == TG_XML_MIXED_JSONML
                   ? write_value(s, child)
                   : write_child_object(s, tg_xml_element_key(s, child->name), child);
    case TG_XML_NODE_CDATA:
        return options->mixed == TG_XML_MIXED_JSONML
                   ? write_string(s, child->text)
                   : write_child_object(s, options->cdata_key, child);
    case TG_XML_NODE_COMMENT:
        return options->mixed == TG_XML_MIXED_JSONML ||
               write_child_object(s, options->comments_key, child);
    case TG_XML_NODE_PI:
        return options->mixed == TG_XML_MIXED_JSONML ||
               write_child_object(s, options->pi_key, child);
    case TG_XML_NODE_TEXT:
        break;
    }
    return true;
}

static bool is_blank(struct tg_text text)
{
    return tg_xml_trim_start(text).len == 0;
}

/* `all`: blank text counts too, since there is other text around it. */
static bool write_pieces(struct tg_xml_shaper *s, const struct tg_xml_node *node, bool all)
{
    all |= s->options->blank_text == TG_XML_BLANK_KEEP;
    for (const struct tg_xml_node *child = node->first; child != NULL;) {
        if (child->kind != TG_XML_NODE_TEXT) {
            if (!write_piece(s, child))
                return false;
            child = child->next;
            continue;
        }
        struct tg_text text = take_text(s, &child, child == node->first);
        if (text.len != 0 && (all || !is_blank(text)) && !write_string(s, text))
            return false;
    }
    return true;
}

/* Members */

static bool write_members(struct tg_xml_shaper *s, const struct tg_xml_members *members);

static bool write_item(struct tg_xml_shaper *s, const struct tg_xml_item *item)
{
    switch (item->kind) {
    case TG_XML_ITEM_ELEMENT:
        return write_value(s, item->node);
    case TG_XML_ITEM_VALUE:
        return tg_xml_shape_scalar(s, item->text, item->marks);
    case TG_XML_ITEM_STRING:
        return write_string(s, item->text);
    case TG_XML_ITEM_CHILDREN:
        return enter(s, false) && write_pieces(s, item->node, true) && leave(s);
    case TG_XML_ITEM_GROUP:
        return enter(s, true) && write_members(s, item->members) && leave(s);
    case TG_XML_ITEM_NAMESPACES:
        return write_namespaces(s);
    }
    return false;
}

static bool write_members(struct tg_xml_shaper *s, const struct tg_xml_members *members)
{
    for (const struct tg_xml_member *m = members->first; m != NULL; m = m->next) {
        bool array = m->is_array || m->first != m->last;
        if (!write_key(s, tg_xml_name_text(m->key), m->element) || (array && !enter(s, false)))
            return false;
        for (const struct tg_xml_item *item = m->first; item != NULL; item = item->next) {
            if (!write_item(s, item))
                return false;
        }
        if (array && !leave(s))
            return false;
    }
    return true;
}

/* Elements */

static bool is_among(const struct tg_options_list *list, struct tg_text name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (tg_text_is(list->list[i], name))
            return true;
    }
    return false;
}

/* Whether the children are the items of a list, and the node is nothing else. */
static bool is_list(const struct tg_xml_shaper *s, const struct tg_xml_node *node,
                    const struct tg_xml_content *content)
{
    const struct tg_options_list *names = &s->options->collapse;
    const struct tg_xml_name *first = NULL;
    bool listed = true, same = true;

    if (names->count == 0 || content->elements == 0 || content->has_text || content->has_markup)
        return false;
    for (const struct tg_xml_node *child = node->first; child != NULL; child = child->next) {
        if (child->kind != TG_XML_NODE_ELEMENT)
            continue;
        const struct tg_xml_name *name = s->strips ? child->name->local : child->name;
        first = first != NULL ? first : name;
        same &= name == first;
        listed &= is_among(names, tg_xml_name_text(name));
    }
    return listed || (same && content->elements > 1 && is_among(names, TG_TEXT("*")));
}

static bool write_list(struct tg_xml_shaper *s, const struct tg_xml_node *node)
{
    if (!enter(s, false))
        return false;
    for (const struct tg_xml_node *child = node->first; child != NULL; child = child->next) {
        if (child->kind == TG_XML_NODE_ELEMENT && !write_value(s, child))
            return false;
    }
    return leave(s);
}

static bool write_jsonml(struct tg_xml_shaper *s, const struct tg_xml_node *node)
{
    const struct tg_xml_members *attributes;
    struct tg_xml_content content = tg_xml_content_of(s, node);
    bool leaf = content.elements == 0 && s->options->trim == TG_XML_TRIM_NONE;

    if (!enter(s, false) || !write_string(s, tg_xml_element_key(s, node->name)))
        return false;
    attributes = tg_xml_attributes_of(s, node);
    if (attributes->first != NULL &&
        (!enter(s, true) || !write_members(s, attributes) || !leave(s)))
        return false;
    return write_pieces(s, node, content.mixed || leaf) && leave(s);
}

static bool write_element(struct tg_xml_shaper *s, const struct tg_xml_node *node)
{
    struct tg_xml_content content = tg_xml_content_of(s, node);

    if (node->nil && s->options->nil == TG_XML_NIL_NULL && content.elements == 0 &&
        content.text.len == 0 && !content.has_markup)
        return s->sink->null(s->sink->self);
    if (is_list(s, node, &content) && tg_xml_attributes_of(s, node)->first == NULL)
        return write_list(s, node);
    const struct tg_xml_members *members = tg_xml_members_of(s, node, &content);
    if (members->first != NULL)
        return enter(s, true) && write_members(s, members) && leave(s);
    return content.has_text ? tg_xml_shape_scalar(s, content.text, node->marks) : write_empty(s);
}

static bool write_value(struct tg_xml_shaper *s, const struct tg_xml_node *node)
{
    const struct tg_xml_scope *before = s->scope;
    struct tg_xml_arena_mark mark = tg_xml_arena_mark(&s->xml->arena);

    s->node = node;
    s->scope = tg_xml_scope_of(s, node);
    bool good =
        s->options->mixed == TG_XML_MIXED_JSONML ? write_jsonml(s, node) : write_element(s, node);
    s->scope = before;
    tg_xml_arena_release(&s->xml->arena, mark);
    return good;
}

/* The document */

/* The one element in the node; NULL: it has none, or several. */
static const struct tg_xml_node *only_element(const struct tg_xml_node *node)
{
    const struct tg_xml_node *only = NULL;

    for (const struct tg_xml_node *child = node->first; child != NULL; child = child->next) {
        if (child->kind != TG_XML_NODE_ELEMENT)
            continue;
        if (only != NULL)
            return NULL;
        only = child;
    }
    return only;
}

static bool write_without_root(struct tg_xml_shaper *s, const struct tg_xml_node *root)
{
    for (unsigned level = 1; level < s->options->strip_levels; level++) {
        const struct tg_xml_node *inner = only_element(root);
        if (inner == NULL)
            break;
        s->scope = tg_xml_scope_of(s, root);
        root = inner;
    }
    return write_value(s, root);
}

static bool write_document(struct tg_xml_shaper *s, const struct tg_xml_node *root)
{
    const struct tg_xml_options *options = s->options;
    bool array = (root->marks & TG_XML_MARK_ARRAY) != 0;

    s->node = root;
    if (options->mixed == TG_XML_MIXED_JSONML || options->drop_root || options->strip_levels != 0)
        return write_without_root(s, root);
    struct tg_text key =
        options->root.base != NULL ? options->root : tg_xml_element_key(s, root->name);
    return enter(s, true) && write_key(s, key, true) && (!array || enter(s, false)) &&
           write_value(s, root) && (!array || leave(s)) && leave(s);
}

static struct tg_text or_else(struct tg_text given, struct tg_text otherwise)
{
    return given.base != NULL ? given : otherwise;
}

bool tg_xml_shape(struct tg_xml *xml, struct tg_text input, const struct tg_xml_options *options,
                  const struct tg_xml_sink *sink)
{
    struct tg_xml_shaper s = {
        .xml = xml,
        .options = options,
        .sink = sink,
        .prefix = or_else(options->attribute_prefix,
                          options->attribute_group.len != 0 || options->mixed == TG_XML_MIXED_JSONML
                              ? tg_text("", 0)
                              : TG_TEXT("@")),
        .text_key = or_else(options->text_key, TG_TEXT("#text")),
        .children_key = or_else(options->children_key, TG_TEXT("#children")),
        .separator = or_else(options->ns_separator, TG_TEXT(":")),
        .strips = options->namespaces == TG_XML_STRIP,
    };
    const struct tg_xml_node *root =
        tg_xml_begin_as(xml, input, options) ? tg_xml_tree_read(xml, options) : NULL;

    if (root == NULL)
        return false;
    s.keeps_prefixes = options->unescape_names && tg_xml_prefixes_collide(&s);
    if (write_document(&s, root))
        return true;
    if (xml->state != TG_XML_FAILED)
        tg_xml_fail_limit(xml, s.node->at, "output", xml->limits.output, "bytes of JSON");
    return false;
}
