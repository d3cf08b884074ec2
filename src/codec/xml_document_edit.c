/* Small edits of a document in place. */
#include <assert.h>
#include <stdlib.h>

#include "codec/utf8.h"
#include "codec/xml_document_parts.h"

static void put_aside(struct tg_document *document, xmlNode *node)
{
    if (document->removed_count == document->removed_capacity) {
        size_t capacity = document->removed_capacity * 2 + 8;
        document->removed = realloc(document->removed, capacity * sizeof(*document->removed));
        assert(document->removed != NULL);
        document->size += (capacity - document->removed_capacity) * sizeof(*document->removed);
        document->removed_capacity = capacity;
    }
    xmlUnlinkNode(node);
    document->removed[document->removed_count++] = node;
}

static bool is_parent(const xmlNode *node)
{
    return node->type == XML_ELEMENT_NODE || node->type == XML_ATTRIBUTE_NODE;
}

/* The text of an attribute hangs below it just as that of an element does. */
static void adopt(xmlNode *parent, xmlNode *text)
{
    text->parent = parent;
    parent->children = parent->last = text;
}

static bool replace(struct tg_document *document, xmlNode *old, struct tg_text text)
{
    xmlNode *made =
        old->type == XML_COMMENT_NODE
            ? xmlNewDocComment(document->doc, (const xmlChar *)text.base)
            : xmlNewDocTextLen(document->doc, (const xmlChar *)text.base, (int)text.len);

    assert(made != NULL);
    xmlReplaceNode(old, made);
    put_aside(document, old);
    return true;
}

static bool is_text_for(const xmlNode *node, struct tg_text text)
{
    bool cr = false;

    if (text.len > INT32_MAX / 2 || tg_utf8_check_xml(text, &cr) != text.len)
        return false;
    if (node->type != XML_COMMENT_NODE)
        return true;
    return memmem(text.base, text.len, "--", 2) == NULL &&
           (text.len == 0 || text.base[text.len - 1] != '-');
}

bool tg_node_set(struct tg_document *document, struct tg_node *node, struct tg_text text)
{
    xmlNode *n = tg_node_inside(node);

    if (n->type == XML_NAMESPACE_DECL || !is_text_for(n, text))
        return false;
    document->size += sizeof(xmlNode) + text.len + (size_t)2 * TG_DOCUMENT_AROUND;
    if (is_parent(n)) {
        while (n->children != NULL)
            put_aside(document, n->children);
        if (text.len != 0)
            adopt(n, xmlNewDocTextLen(document->doc, (const xmlChar *)text.base, (int)text.len));
        return true;
    }
    if (n->type != XML_TEXT_NODE && n->type != XML_CDATA_SECTION_NODE &&
        n->type != XML_COMMENT_NODE)
        return false;
    return n->parent != NULL && replace(document, n, text);
}

bool tg_node_remove(struct tg_document *document, struct tg_node *node)
{
    xmlNode *n = tg_node_inside(node);

    if (n->type == XML_NAMESPACE_DECL || n->type == XML_DOCUMENT_NODE ||
        n == xmlDocGetRootElement(document->doc))
        return false;
    if (n->parent != NULL)
        put_aside(document, n);
    return true;
}
