/* The document as a whole: what comes before its value, and what is put around it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "codec/json_plain.h"
#include "codec/xml_write_parts.h"

enum { KEEP = 1 << 20 }; /* bytes of memory that stay from one document to the next */

struct tg_xml_writer *tg_xml_writer_create(void)
{
    struct tg_xml_writer *writer = calloc(1, sizeof(*writer));

    if (writer == NULL)
        abort();
    if (getrandom(&writer->seed, sizeof(writer->seed), 0) < 0)
        writer->seed = (uintptr_t)writer;
    return writer;
}

void tg_xml_writer_destroy(struct tg_xml_writer *writer)
{
    if (writer == NULL)
        return;
    tg_buffer_dispose(&writer->frames);
    tg_buffer_dispose(&writer->names);
    tg_buffer_dispose(&writer->late);
    tg_buffer_dispose(&writer->children);
    tg_buffer_dispose(&writer->scratch);
    tg_json_plain_destroy(writer->plain);
    free(writer->seen);
    free(writer);
}

struct tg_json_plain *tg_xml_write_plain_of(struct tg_xml_writer *w)
{
    if (w->plain == NULL)
        w->plain = tg_json_plain_create();
    return w->plain;
}

static size_t or_limit(size_t given, size_t otherwise, size_t most)
{
    size_t limit = given != 0 ? given : otherwise;

    return limit < most ? limit : most;
}

void tg_xml_write_options_set(struct tg_xml_writer *w, const struct tg_xml_write_options *options)
{
    const struct tg_xml_write_limits *given = &options->limits;

    w->options = options;
    w->limits = (struct tg_xml_write_limits){
        .input = or_limit(given->input, (size_t)8 << 20, SIZE_MAX),
        .depth = or_limit(given->depth, 256, 1024),
        .key = or_limit(given->key, 1024, SIZE_MAX),
        .attributes = or_limit(given->attributes, 256, SIZE_MAX),
        .elements = or_limit(given->elements, 1000000, SIZE_MAX),
        .output = or_limit(given->output, (size_t)32 << 20, SIZE_MAX / 2),
    };
}

static void forget_seen(struct tg_xml_writer *w)
{
    if (w->seen_mask >= KEEP / sizeof(*w->seen)) {
        free(w->seen);
        w->seen = NULL;
        w->seen_mask = 0;
    } else if (w->seen_count != 0) {
        memset(w->seen, 0, (w->seen_mask + 1) * sizeof(*w->seen));
    }
    w->seen_count = 0;
}

void tg_xml_writer_begin(struct tg_xml_writer *writer, const struct tg_xml_write_options *options,
                         struct tg_buffer *out)
{
    bool again = writer->wrapped && writer->options == options && writer->again;

    tg_xml_write_options_set(writer, options);
    writer->out = out;
    writer->base = out->len;
    tg_buffer_clear(&writer->frames, KEEP);
    tg_buffer_clear(&writer->names, KEEP);
    tg_buffer_clear(&writer->late, KEEP);
    tg_buffer_clear(&writer->children, KEEP);
    tg_buffer_clear(&writer->scratch, KEEP);
    forget_seen(writer);
    writer->level = writer->elements = writer->tops = writer->root_tag_end = 0;
    writer->declared = 0;
    writer->is_object = writer->verify = writer->again = false;
    writer->wrapped = again;
    writer->limit = NULL;
    *writer->what = '\0';
    tg_xml_write_begin(writer);
}

/* ` xmlns:p="urn:p"` for those that the root has not declared itself. */
static bool put_namespaces(struct tg_xml_writer *w, struct tg_buffer *to)
{
    for (size_t i = 0; i < w->options->namespaces.count; i++) {
        const struct tg_options_pair *pair = &w->options->namespaces.list[i];
        if (i < 64 && (w->declared >> i & 1) != 0)
            continue;
        w->verify = true;
        tg_buffer_append(to, " xmlns", 6);
        if (pair->name.len != 0)
            tg_buffer_put(to, ':');
        tg_buffer_append(to, pair->name.base, pair->name.len);
        tg_buffer_append(to, "=\"", 2);
        if (!tg_xml_write_escaped(w, to, pair->value, true))
            return false;
        tg_buffer_put(to, '"');
    }
    return true;
}

/* <root …> before all that is there, and </root> behind. */
static bool put_root(struct tg_xml_writer *w)
{
    struct tg_buffer tag = {.limit = w->limits.output};
    struct tg_xml_span name;
    bool empty = w->out->len == w->base, good;

    w->names.len = 0;
    if (!tg_xml_write_name(w, tg_xml_write_or(w->options->root, TG_TEXT("root")), &name))
        return false;
    struct tg_text text = tg_xml_span_text(w, name);
    good = tg_buffer_put(&tag, '<') && tg_buffer_append(&tag, text.base, text.len) &&
           tg_buffer_append(&tag, w->late.base, w->late.len) && put_namespaces(w, &tag) &&
           tg_buffer_append(&tag, empty ? "/>" : ">", empty ? 2 : 1);
    good = (good || *w->what != '\0' || tg_xml_write_full(w)) && *w->what == '\0' &&
           tg_xml_write_insert(w, w->base, tag.base, tag.len);
    tg_buffer_dispose(&tag);
    if (!good || empty)
        return good;
    tg_buffer_clear(&w->scratch, KEEP);
    tg_buffer_append(&w->scratch, "</", 2);
    tg_buffer_append(&w->scratch, text.base, text.len);
    tg_buffer_put(&w->scratch, '>');
    return tg_xml_write_insert(w, w->out->len, w->scratch.base, w->scratch.len);
}

static bool put_root_namespaces(struct tg_xml_writer *w)
{
    tg_buffer_clear(&w->scratch, KEEP);
    return put_namespaces(w, &w->scratch) &&
           tg_xml_write_insert(w, w->root_tag_end, w->scratch.base, w->scratch.len);
}

static bool put_declaration(struct tg_xml_writer *w)
{
    struct tg_text line = TG_TEXT("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");

    return !w->options->declaration || tg_xml_write_insert(w, w->base, line.base, line.len);
}

/* Prefixes that nobody declared, attributes of one expanded name: the reader knows. */
static bool verify(struct tg_xml_writer *w, struct tg_xml *xml)
{
    struct tg_xml_limits limits = {
        .input = SIZE_MAX, .depth = 100000, .attributes = SIZE_MAX, .xmlns = SIZE_MAX};
    struct tg_text written = tg_text(w->out->base + w->base, w->out->len - w->base);
    enum tg_xml_event event = TG_XML_ERROR;

    limits.name = limits.names = limits.elements = SIZE_MAX;
    if (tg_xml_begin(xml, written, &limits)) {
        do
            event = tg_xml_next(xml);
        while (event != TG_XML_DONE && event != TG_XML_ERROR);
    }
    bool good = event == TG_XML_DONE;
    if (!good)
        tg_xml_write_fail(w, "the XML would not be well-formed (%.*s)", 150, xml->error.text);
    tg_xml_rest(xml);
    return good;
}

bool tg_xml_writer_finish(struct tg_xml_writer *writer, struct tg_xml *xml, bool *again)
{
    const struct tg_xml_frame *top = tg_xml_frames(writer);
    bool whole = writer->tops == 1 && !top->has_text && writer->late.len == 0;

    *again = false;
    if (!whole && writer->options->indent != 0 && !writer->wrapped) {
        writer->wrapped = writer->again = *again = true;
        return true;
    }
    return (whole ? put_root_namespaces(writer) : put_root(writer)) && put_declaration(writer) &&
           (!writer->verify || verify(writer, xml));
}
