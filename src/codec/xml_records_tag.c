/* Tags around the records of xml_records.h: what they are called, and what they declare. */
#include <stdio.h>

#include "codec/place.h"
#include "codec/xml_records_parts.h"

enum { DEPTH = 256 };

static bool is_end_of_name(char c)
{
    return tg_xml_is_blank(c) || c == '/' || c == '>' || c == '=';
}

static struct tg_text name_of(struct tg_text tag, size_t from)
{
    size_t n = 0;

    while (from + n < tag.len && !is_end_of_name(tag.base[from + n]))
        n++;
    return tg_text(tag.base + from, n);
}

static struct tg_text local_of(struct tg_text name)
{
    const char *colon = memchr(name.base, ':', name.len);

    if (colon == NULL)
        return name;
    return tg_text(colon + 1, name.len - (size_t)(colon + 1 - name.base));
}

/* ---- the path */

static struct tg_xml_around *around(const struct tg_xml_records *r, size_t depth)
{
    return (struct tg_xml_around *)(void *)r->opens.base + depth;
}

/* The name of an open element, or of the one that begins. */
static struct tg_text open_name(const struct tg_xml_records *r, size_t depth, struct tg_text first)
{
    if (depth == r->depth)
        return first;
    size_t start = around(r, depth)->name;
    size_t end = depth + 1 < r->depth ? around(r, depth + 1)->name : r->names.len;
    return tg_text(r->names.base + start, end - start);
}

/* From the last step and the innermost element upwards. */
static bool is_record(const struct tg_xml_records *r, struct tg_text name)
{
    bool strips = r->options->namespaces == TG_XML_STRIP;
    const char *end = r->path.base + r->path.len;

    for (size_t depth = r->depth + 1; depth > 0; depth--) {
        const char *step = end;
        while (step > r->path.base && step[-1] != '/')
            step--;
        struct tg_text open = open_name(r, depth - 1, name);
        if (!tg_text_is(strips ? local_of(open) : open, tg_text(step, (size_t)(end - step))))
            return false;
        end = step - 1;
        if (end == r->path.base)
            return depth == 1;
        if (end == r->path.base + 1 && end[-1] == '/')
            return true;
    }
    return false;
}

/* ---- namespaces */

/* Whether a start tag has the attribute. */
static bool has_attribute(struct tg_text tag, struct tg_text wanted)
{
    size_t at = 1 + name_of(tag, 1).len;

    while (at < tag.len) {
        while (at < tag.len && is_end_of_name(tag.base[at]))
            at++;
        struct tg_text name = name_of(tag, at);
        if (tg_text_is(name, wanted))
            return true;
        at += name.len;
        while (at < tag.len && tag.base[at] != '"' && tag.base[at] != '\'')
            at++;
        if (at == tag.len)
            return false;
        const char *end = memchr(tag.base + at + 1, tag.base[at], tag.len - at - 1);
        if (end == NULL)
            return false;
        at = (size_t)(end - tag.base) + 1;
    }
    return false;
}

static bool next_binding(const struct tg_buffer *bindings, size_t *at, struct tg_text *binding)
{
    if (*at == bindings->len)
        return false;
    memcpy(&binding->len, bindings->base + *at, sizeof(size_t));
    binding->base = bindings->base + *at + sizeof(size_t);
    *at += sizeof(size_t) + binding->len;
    return true;
}

/* Whether an inner element declares the prefix anew. */
static bool is_hidden(const struct tg_buffer *bindings, size_t at, struct tg_text name)
{
    struct tg_text other;

    while (next_binding(bindings, &at, &other))
        if (tg_text_is(name_of(other, 1), name))
            return true;
    return false;
}

/* Appends the tag, with what is in force around it. */
static void append_tag(struct tg_xml_records *r, struct tg_text tag)
{
    struct tg_buffer *out = &r->record;
    size_t name = 1 + name_of(tag, 1).len, at = 0;
    struct tg_text binding;

    tg_buffer_append(out, tag.base, name);
    r->inserted_at = name;
    while (next_binding(&r->bindings, &at, &binding)) {
        struct tg_text prefix = name_of(binding, 1);
        if (!is_hidden(&r->bindings, at, prefix) && !has_attribute(tag, prefix))
            tg_buffer_append(out, binding.base, binding.len);
    }
    r->inserted = out->len - name;
    tg_buffer_append(out, tag.base + name, tag.len - name);
}

static void append_escaped(struct tg_buffer *out, struct tg_text value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.base[i];
        if (c == '&')
            tg_buffer_append(out, "&amp;", 5);
        else if (c == '<')
            tg_buffer_append(out, "&lt;", 4);
        else if (c == '"')
            tg_buffer_append(out, "&quot;", 6);
        else
            tg_buffer_put(out, c);
    }
}

/* Remembers what the tag at the scanner declares. */
static void bind(struct tg_xml_records *r)
{
    for (size_t i = 0; i < r->xml->attribute_count; i++) {
        const struct tg_xml_attribute *attribute = &r->xml->attributes[i];
        struct tg_text name = tg_xml_name_text(attribute->name);
        if (name.len < 5 || memcmp(name.base, "xmlns", 5) != 0 ||
            (name.len > 5 && name.base[5] != ':'))
            continue;
        size_t before = r->bindings.len, len = 0;
        tg_buffer_append(&r->bindings, &len, sizeof(len));
        tg_buffer_put(&r->bindings, ' ');
        tg_buffer_append(&r->bindings, name.base, name.len);
        tg_buffer_append(&r->bindings, "=\"", 2);
        append_escaped(&r->bindings, attribute->value);
        tg_buffer_put(&r->bindings, '"');
        len = r->bindings.len - before - sizeof(len);
        memcpy(r->bindings.base + before, &len, sizeof(len));
    }
}

/* ---- tags */

void tg_xml_records_place(struct tg_xml_records *r)
{
    struct tg_parse_error *error = r->error;

    if (error->line == 1 && error->column > r->inserted_at)
        error->column -= error->column > r->inserted_at + r->inserted
                             ? r->inserted
                             : error->column - r->inserted_at;
    tg_place_move(error, r->record_line, r->record_column);
}

/* Has the scanner read what stands in `record`, all of it, and takes its declarations. */
static bool check(struct tg_xml_records *r)
{
    struct tg_text text = tg_text(r->record.base, r->record.len);
    bool good = tg_xml_begin(r->xml, text, &r->options->limits);
    size_t before = r->bindings.len;

    while (good && tg_xml_next(r->xml) == TG_XML_START)
        bind(r);
    good = good && r->xml->state != TG_XML_FAILED;
    if (good && r->xml->recoded.len != 0)
        good =
            tg_xml_fail(r->xml, r->xml->start, "records are read from UTF-8 only") != TG_XML_ERROR;
    if (!good) {
        *r->error = r->xml->error;
        tg_xml_records_place(r);
        r->bindings.len = before;
    }
    r->record.len = 0;
    tg_xml_rest(r->xml);
    return good;
}

/* The element around stays open: its tag is checked as one of an empty element. */
static bool open_around(struct tg_xml_records *r, struct tg_text tag, struct tg_text name)
{
    bool closes = tag.base[tag.len - 2] == '/';
    struct tg_xml_around open = {r->names.len, r->bindings.len};
    size_t depth = r->options->limits.depth != 0 ? r->options->limits.depth : DEPTH;

    if (r->depth == depth)
        return tg_xml_records_fail(r, "too many elements in each other (limit depth)", "depth");
    if (!closes) {
        r->record.len--;
        tg_buffer_append(&r->record, "/>", 2);
    }
    if (!check(r))
        return false;
    if (closes) {
        r->bindings.len = open.bindings;
        return true;
    }
    tg_buffer_append(&r->opens, &open, sizeof(open));
    tg_buffer_append(&r->names, name.base, name.len);
    r->depth++;
    return true;
}

bool tg_xml_records_start(struct tg_xml_records *r, struct tg_text tag)
{
    struct tg_text name = name_of(tag, 1);

    if (r->depth == 0 && r->had_root)
        return tg_xml_records_fail(r, "a second root element", NULL);
    r->had_root = true;
    r->record_line = r->line;
    r->record_column = r->column;
    append_tag(r, tag);
    if (!is_record(r, name))
        return open_around(r, tag, name);
    r->inside = 1;
    return true;
}

bool tg_xml_records_close(struct tg_xml_records *r, struct tg_text tag)
{
    struct tg_text name = name_of(tag, 2);
    size_t rest = 2 + name.len;

    while (rest < tag.len && tg_xml_is_blank(tag.base[rest]))
        rest++;
    if (r->depth == 0 || rest != tag.len - 1 ||
        !tg_text_is(open_name(r, r->depth - 1, tg_text("", 0)), name))
        return tg_xml_records_fail(r, "an end tag that closes no element", NULL);
    const struct tg_xml_around *open = around(r, --r->depth);
    r->names.len = open->name;
    r->bindings.len = open->bindings;
    r->opens.len -= sizeof(*open);
    return true;
}

/* The scanner reads it in front of an element, and knows what it says of the encoding. */
bool tg_xml_records_declaration(struct tg_xml_records *r, struct tg_text text)
{
    if (r->line != 1 || r->column != 1)
        return tg_xml_records_fail(r, "an XML declaration that does not come first", NULL);
    r->record_line = r->record_column = 1;
    r->inserted = 0;
    tg_buffer_append(&r->record, text.base, text.len);
    tg_buffer_append(&r->record, "<a/>", 4);
    return check(r);
}
