/* How XML is read: limits and the convention. All zero is the default of everything. */
#ifndef TG_CODEC_XML_OPTIONS_H
#define TG_CODEC_XML_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Crossing one is an error that names it. 0 stands for the default, given at the right. */
struct tg_xml_limits {
    size_t input;      /* bytes of the document: 8 MB */
    size_t depth;      /* elements in elements, 100 000 at most: 256 */
    size_t attributes; /* of one element, without xmlns: 256 */
    size_t xmlns;      /* namespace declarations of one element: 64 */
    size_t name;       /* bytes of a name, or of a namespace's: 1024 */
    size_t names;      /* different names and namespaces of a document: 10 000 */
    size_t elements;   /* of a document: 1 000 000 */
    size_t output;     /* bytes of JSON: 32 MB */
};

enum tg_xml_namespaces {
    TG_XML_KEEP,  /* prefixes and declarations stay as they are */
    TG_XML_STRIP, /* local names only, no declarations */
};

/* What an element without attributes and content becomes. */
enum tg_xml_empty {
    TG_XML_EMPTY_STRING,
    TG_XML_EMPTY_NULL,
    TG_XML_EMPTY_OBJECT,
};

struct tg_xml_options {
    struct tg_xml_limits limits;
    enum tg_xml_namespaces namespaces;
    enum tg_xml_empty empty;

    /* Elements that become arrays even alone: paths such as /order/item, or //item for any depth.
     * Their names are written as the keys are: without prefixes under TG_XML_STRIP. */
    const struct tg_text *force_array;
    size_t force_array_count;
};

#endif
