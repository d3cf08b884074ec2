/* What the files of json_plain.h share; nobody else includes it. */
#ifndef TG_CODEC_JSON_PLAIN_PARTS_H
#define TG_CODEC_JSON_PLAIN_PARTS_H

#include "codec/json_flow.h"
#include "codec/json_plain.h"
#include "codec/xml_names.h"
#include "codec/xml_write_parts.h"

#define TG_JSON_PLAIN_PENDING 8

/* An array or object that is open, or an element around an array. */
struct tg_json_frame {
    struct tg_xml_name *name; /* of the element, or of an array's items; NULL: the document */
    uint32_t bindings;        /* how many there were outside of it */
    bool is_list;
    bool wraps;    /* a list: the element around it ends with it */
    bool is_empty; /* a list: no item so far */
    bool open;     /* an element: its start tag goes on */
};

struct tg_json_plain {
    /* Names have a `role`; `local` of a key is the name that is written, in `names`. */
    struct tg_xml_names keys, names, uris;
    struct tg_buffer naming; /* the options by which names were made of the keys */
    struct tg_xml_name *root, *item;
    uint64_t document; /* counts documents: stamps keys */
    uint64_t tag;      /* counts elements: stamps the names of their attributes */
    struct tg_buffer frames, bindings;

    /* Of this document. */
    struct tg_xml_writer *writer;
    struct tg_json_flow flow;
    struct tg_xml_name *key;   /* the one that was read last */
    struct tg_xml_name *value; /* the name of the value that comes next */
    enum tg_xml_role role;     /* what that value is */
    struct tg_json_frame *frame;
    struct tg_json_frame *element; /* the innermost that is one, or the document */
    size_t depth, attributes, elements, tops, distinct;
    const struct tg_xml_name *pending[TG_JSON_PLAIN_PENDING]; /* prefixes to be declared yet */
    unsigned pending_count;
};

/* json_plain_names.c: makes the tables those of the options. False: they can't be. */
bool tg_json_plain_name_by(struct tg_json_plain *q);
/* json_plain_names.c: the key that begins at p; NULL: it is not plain. */
struct tg_xml_name *tg_json_plain_find(struct tg_json_plain *q, const char *p);
/* json_plain_names.c: counts a key, once a document; false: a limit is in the way. */
bool tg_json_plain_meet(struct tg_json_plain *q, struct tg_xml_name *key);

/* json_plain_names.c: an attribute xmlns; false: it is not plain. */
bool tg_json_plain_declare(struct tg_json_plain *q, const struct tg_xml_name *name,
                           struct tg_text value);
/* json_plain_names.c: a name with a prefix stands in the open tag; false: it is not plain. */
bool tg_json_plain_use(struct tg_json_plain *q, const struct tg_xml_name *name, bool attribute);
/* json_plain_names.c: whether all prefixes of the tag are declared. */
bool tg_json_plain_settle(struct tg_json_plain *q);
/* json_plain_names.c: undoes declarations until there are so many. */
void tg_json_plain_unbind(struct tg_json_plain *q, size_t count);

/* json_plain.c: the array or object at `in` as the elements of a document. */
struct tg_json_spot tg_json_plain_convert(struct tg_json_plain *q, struct tg_json_spot s);

/* NULL: a limit is in the way. */
static inline char *tg_json_plain_put_end(struct tg_json_plain *q, char *out,
                                          const struct tg_xml_name *name)
{
    out = tg_json_put_text(&q->flow, tg_json_put(out, "</", 2), tg_xml_name_text(name));
    if (out != NULL)
        *out++ = '>';
    return out;
}

#endif
