/* What the files of a document share; nobody else includes it. */
#ifndef TG_CODEC_XML_DOCUMENT_PARTS_H
#define TG_CODEC_XML_DOCUMENT_PARTS_H

#include <libxml/parser.h>
#include <libxml/xpath.h>

#include "codec/xml_document.h"

/* What malloc adds to a block. */
enum { TG_DOCUMENT_AROUND = 16 };

struct tg_document {
    xmlDoc *doc;
    xmlXPathContext *context;
    xmlXPathObject *object; /* of the last evaluation */
    xmlNode **removed;      /* out of the tree; somebody may still look at them */
    size_t removed_count, removed_capacity;
    size_t size;
    bool escapes; /* names of namespaces need some when they are written */
};

static inline xmlNode *tg_node_inside(const struct tg_node *node)
{
    return (xmlNode *)(uintptr_t)node;
}

static inline struct tg_text tg_node_text_of(const xmlChar *text)
{
    return text != NULL ? tg_text_of((const char *)text) : tg_text("", 0);
}

/* Sets the names of namespaces at `root` and below right, once after parsing; whether some of them
 * need escapes when they are written. */
bool tg_document_names_read(xmlNode *root);

/* Makes of the names what is written: only of a copy that goes when it was. */
void tg_document_names_escape(xmlNode *root);

/* Takes an error of libxml2 and says nothing: it stays in the context. */
void tg_document_swallow(void *unused, xmlError *error);

#endif
