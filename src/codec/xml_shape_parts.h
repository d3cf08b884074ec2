/* The parts of the shaper that its files share; nobody else includes it. */
#ifndef TG_CODEC_XML_SHAPE_PARTS_H
#define TG_CODEC_XML_SHAPE_PARTS_H

#include "codec/xml_shape.h"
#include "codec/xml_tree.h"

/* The namespaces in force, of those that BadgerFish repeats. */
struct tg_xml_scope {
    const struct tg_xml_node_attribute **declarations; /* the latest of each prefix */
    size_t count;
};

enum tg_xml_item_kind {
    TG_XML_ITEM_ELEMENT,
    TG_XML_ITEM_VALUE,      /* text that may become a number and the like */
    TG_XML_ITEM_STRING,     /* text as it is */
    TG_XML_ITEM_CHILDREN,   /* mixed content of the node in its order */
    TG_XML_ITEM_GROUP,      /* members */
    TG_XML_ITEM_NAMESPACES, /* what is in scope */
};

struct tg_xml_item {
    enum tg_xml_item_kind kind;
    unsigned marks;
    const struct tg_xml_node *node;
    struct tg_text text;
    const struct tg_xml_members *members;
    struct tg_xml_item *next;
};

/* All values of one key. */
struct tg_xml_member {
    const struct tg_xml_name *key;
    struct tg_xml_item *first, *last;
    struct tg_xml_member *next;
    bool is_array; /* even with one */
    bool element;
};

struct tg_xml_members {
    struct tg_xml_member *first, *last;
    uint64_t serial; /* key->tag of the keys that are in it */
};

/* What is in an element besides its attributes. */
struct tg_xml_content {
    struct tg_text text; /* all of it, trimmed; empty when there is none that counts */
    size_t elements;
    bool has_text;   /* `text` is a value, maybe "" */
    bool mixed;      /* elements, and text that is not blank */
    bool has_markup; /* CDATA, comments or instructions that have keys */
};

struct tg_xml_shaper {
    struct tg_xml *xml;
    const struct tg_xml_options *options;
    const struct tg_xml_sink *sink;
    const struct tg_xml_scope *scope; /* of the element whose value is due */
    const struct tg_xml_node *node;   /* that is being written: where errors are */
    size_t depth;                     /* objects and arrays that are open in the sink */
    uint64_t serial;
    struct tg_text prefix, text_key, children_key, separator;
    bool strips;
    bool keeps_prefixes; /* with their escapes, for two of the document would have one key */
    bool keeps_escapes;  /* of attributes, behind their prefixes, for the same reason */
};

/* xml_shape_text.c: what is in the node. */
struct tg_xml_content tg_xml_content_of(struct tg_xml_shaper *s, const struct tg_xml_node *node);

/* xml_shape_text.c: the text as the value that options and marks make of it. */
bool tg_xml_shape_scalar(struct tg_xml_shaper *s, struct tg_text text, unsigned marks);

/* xml_shape_members.c: the members of the node, each key once. */
struct tg_xml_members *tg_xml_members_of(struct tg_xml_shaper *s, const struct tg_xml_node *node,
                                         const struct tg_xml_content *content);
/* xml_shape_members.c: the attributes alone. */
struct tg_xml_members *tg_xml_attributes_of(struct tg_xml_shaper *s,
                                            const struct tg_xml_node *node);
/* xml_shape_names.c: a text as a key. */
struct tg_xml_name *tg_xml_key_name(struct tg_xml_shaper *s, struct tg_text key);
/* xml_shape_names.c: the key of a name, which has that before it. */
struct tg_xml_name *tg_xml_name_key(struct tg_xml_shaper *s, struct tg_text before,
                                    const struct tg_xml_name *name);
/* xml_shape_names.c: the key of an element. */
struct tg_text tg_xml_element_key(struct tg_xml_shaper *s, const struct tg_xml_name *name);
/* xml_shape_names.c: the key of a prefix alone. */
struct tg_xml_name *tg_xml_prefix_key(struct tg_xml_shaper *s, const struct tg_xml_name *prefix);
/* xml_shape_names.c: whether two prefixes that the document declares would have one key, or one of
 * them one that is no prefix, when what the writer escaped is undone: it never wrote that. */
bool tg_xml_prefixes_collide(struct tg_xml_shaper *s);
/* xml_shape_scope.c: the scope of the node: that of the element around when it declares nothing. */
const struct tg_xml_scope *tg_xml_scope_of(struct tg_xml_shaper *s, const struct tg_xml_node *node);

#endif
