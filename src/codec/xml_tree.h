/* A document as a tree, for conventions that have to look ahead. It lies in the scanner's arena. */
#ifndef TG_CODEC_XML_TREE_H
#define TG_CODEC_XML_TREE_H

#include "codec/xml_scan.h"

enum tg_xml_node_kind {
    TG_XML_NODE_ELEMENT,
    TG_XML_NODE_TEXT, /* a piece: others may stand next to it */
    TG_XML_NODE_CDATA,
    TG_XML_NODE_COMMENT,
    TG_XML_NODE_PI,
};

struct tg_xml_node_attribute {
    struct tg_xml_name *name;
    struct tg_text value;
    unsigned marks;
};

struct tg_xml_node {
    enum tg_xml_node_kind kind;
    unsigned marks; /* enum tg_xml_mark: what the paths say of an element */
    bool nil;       /* xsi:nil="true" and no attribute that is not of xsi or xmlns */
    const char *at; /* where it begins in the document */
    struct tg_xml_name *name;
    struct tg_text text; /* of all but elements */
    struct tg_xml_node_attribute *attributes;
    size_t attribute_count;
    struct tg_xml_node *first, *last, *next;
};

/* Reads the document that was begun to its end. NULL: see xml->error. The tree lives until the
 * scanner rests. CDATA is text unless a key for it is among the options. */
struct tg_xml_node *tg_xml_tree_read(struct tg_xml *xml, const struct tg_xml_options *options);

#endif
