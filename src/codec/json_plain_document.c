/* The document as a whole: whether it is plain, and what is put around it. */
#include "codec/json_plain_parts.h"

/* <root> before what begins at `start`, and </root> behind. */
static char *put_root(struct tg_json_plain *q, char *out, size_t start)
{
    struct tg_text name = tg_xml_name_text(q->root);
    size_t n = (size_t)(out - q->flow.out->base) - start;

    out = tg_json_flow_room(&q->flow, out, 2 * name.len);
    if (out == NULL)
        return NULL;
    char *from = q->flow.out->base + start, *to = from + name.len + 2;
    memmove(to, from, n);
    *from = '<';
    memcpy(from + 1, name.base, name.len);
    to[-1] = '>';
    return tg_json_plain_put_end(q, to + n, q->root);
}

static void begin(struct tg_json_plain *q)
{
    tg_buffer_reserve(&q->frames, (q->writer->limits.depth + 1) * 2 * sizeof(struct tg_json_frame));
    q->frames.len = 0;
    q->frame = q->element = NULL;
    q->key = q->root;
    q->role = TG_XML_ROLE_ELEMENT;
    q->document++;
    q->depth = q->elements = q->tops = q->distinct = q->attributes = 0;
    q->pending_count = 0;
}

/* The end of what was written, or NULL. */
static char *put_document(struct tg_json_plain *q, struct tg_text json)
{
    static const char declaration[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    char *out;

    if (!tg_json_flow_begin(&q->flow, &json, &out))
        return NULL;
    if (q->writer->options->declaration)
        out = tg_json_put(out, declaration, sizeof(declaration) - 1);
    size_t start = (size_t)(out - q->flow.out->base);
    struct tg_json_spot s = tg_json_plain_convert(q, tg_json_at(json.base, out));
    if (s.in == NULL || q->tops == 0)
        return NULL;
    return q->tops == 1 ? s.out : put_root(q, s.out, start);
}

bool tg_json_plain_to_xml(struct tg_xml_writer *writer, struct tg_text json,
                          const struct tg_xml_write_options *options, struct tg_buffer *out)
{
    struct tg_json_plain *q = tg_xml_write_plain_of(writer);
    char *end = NULL;

    q->writer = writer;
    tg_xml_write_options_set(writer, options);
    q->flow = (struct tg_json_flow){.out = out, .base = out->len, .most = writer->limits.output};
    if (json.len <= writer->limits.input && tg_xml_write_options_are_plain(options) &&
        tg_json_plain_name_by(q)) {
        begin(q);
        end = put_document(q, json);
        tg_json_plain_unbind(q, 0);
    }
    size_t len = end != NULL ? (size_t)(end - out->base) : q->flow.base;
    bool good = end != NULL && len - q->flow.base <= writer->limits.output;
    out->len = good ? len : q->flow.base;
    return good;
}
