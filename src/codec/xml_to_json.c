#include "codec/xml_to_json.h"

#include "codec/xml_json_attributes.h"
#include "codec/xml_json_sink.h"
#include "codec/xml_json_text.h"
#include "codec/xml_members.h"
#include "codec/xml_paths.h"
#include "codec/xml_select.h"
#include "codec/xml_shuffle.h"

/* An element that is open, or, below all, the object around the root element. */
struct frame {
    size_t value;     /* where its value begins in the output */
    size_t text;      /* where its text begins in xml->mixed */
    uint32_t first;   /* the first of its runs */
    uint32_t current; /* the first run of the name that its last member has */
    bool is_object;   /* it has members: the brace is written */
    bool is_written;  /* it is a string, and done */
    bool is_nil;      /* it is null when nothing comes */
    bool scattered;   /* a name came back after another one */
    bool shadows;     /* see tg_xml_run_open */
};

struct converter {
    struct tg_xml *xml;
    const struct tg_xml_options *options;
    struct tg_buffer *out;
    size_t base;         /* where our part of the output begins */
    struct frame *frame; /* the innermost */
    bool strips;
};

static bool fail_output(struct converter *c)
{
    tg_xml_fail_limit(c->xml, c->xml->at, "output", c->xml->limits.output, "bytes of JSON");
    return false;
}

static inline bool fits(const struct converter *c)
{
    return c->out->len - c->base <= c->xml->limits.output;
}

/* An element whose value begins there; it `is_object` when attributes are written. */
static void push(struct converter *c, size_t value, bool is_object)
{
    struct frame *frame =
        (struct frame *)(void *)tg_buffer_reserve(&c->xml->frames, sizeof(*frame));

    frame->value = value;
    frame->text = c->xml->mixed.len;
    frame->first = tg_xml_run_count(c->xml);
    frame->current = TG_XML_NO_RUN;
    frame->is_object = is_object;
    frame->is_written = frame->is_nil = false;
    frame->scattered = frame->shadows = false;
    c->xml->frames.len += sizeof(*frame);
    c->frame = frame;
}

static void pop(struct converter *c)
{
    c->xml->mixed.len = c->frame->text;
    c->xml->frames.len -= sizeof(struct frame);
    c->frame--;
}

static inline bool write_string(struct converter *c, struct tg_text text)
{
    return tg_xml_json_string(c->xml, c->out, text);
}

/* Members */

/* Copies ,"name": and a blank. */
static inline void write_key(struct tg_buffer *out, const struct tg_xml_name *key)
{
    size_t n = key->len + TG_XML_JSON_AROUND;

    tg_block_copy(out->base + out->len, key->json, n);
    out->len += n;
}

/* The first member's comma becomes the brace here too. */
static inline void open_object(struct converter *c)
{
    if (!c->frame->is_object) {
        c->out->base[c->frame->value] = '{';
        c->frame->is_object = true;
    }
}

static inline char *blank_of(const struct converter *c, const struct tg_xml_run *run)
{
    return c->out->base + run->start + run->key->len + TG_XML_JSON_AROUND - 1;
}

/* Ends the array that the last member may be in; later runs are joined when all is read. */
static bool end_run(struct converter *c)
{
    uint32_t current = c->frame->current;

    if (current == TG_XML_NO_RUN)
        return true;
    const struct tg_xml_run *run = &tg_xml_runs(c->xml)[current];
    if (run->last == current && *blank_of(c, run) == '[')
        return tg_buffer_put(c->out, ']');
    return true;
}

static bool begin_first(struct converter *c, struct tg_xml_name *key)
{
    if (!end_run(c) ||
        tg_buffer_reserve(c->out, key->len + TG_XML_JSON_AROUND + TG_BLOCKS_COPIED) == NULL)
        return false;
    c->frame->current = tg_xml_run_open(c->xml, key, c->out->len, &c->frame->shadows);
    write_key(c->out, key);
    open_object(c);
    if (tg_xml_paths_match(c->xml, key, c->strips))
        c->out->base[c->out->len - 1] = '[';
    return true;
}

static bool begin_again(struct converter *c, uint32_t index)
{
    struct tg_xml_run *run = &tg_xml_runs(c->xml)[index];

    if (index == c->frame->current) {
        if (run->last == index)
            *blank_of(c, run) = '[';
        return tg_buffer_put(c->out, ',');
    }
    if (!end_run(c))
        return false;
    tg_xml_run_again(c->xml, index, c->out->len);
    c->frame->current = index;
    c->frame->scattered = true;
    return tg_buffer_put(c->out, ',');
}

static bool begin_member(struct converter *c, struct tg_xml_name *key)
{
    uint32_t index = tg_xml_run_find(c->xml, key, c->frame->first);

    return index == TG_XML_NO_RUN ? begin_first(c, key) : begin_again(c, index);
}

/* Events */

static bool write_empty(struct converter *c)
{
    static const struct tg_text values[] = {
        [TG_XML_EMPTY_STRING] = {"\"\"", 2},
        [TG_XML_EMPTY_NULL] = {"null", 4},
        [TG_XML_EMPTY_OBJECT] = {"{}", 2},
    };
    struct tg_text value = values[c->options->empty];

    return tg_buffer_append(c->out, value.base, value.len);
}

static bool write_text_member(struct converter *c, struct tg_text text)
{
    return tg_buffer_append(c->out, ",\"#text\":", 9) && write_string(c, text);
}

/* The first member's comma becomes the brace. */
static bool write_attributes(struct converter *c)
{
    size_t value = c->out->len;

    if (!tg_xml_json_attributes(c->xml, c->out, c->strips))
        return fail_output(c);
    if (c->out->len != value)
        c->out->base[value] = '{';
    return true;
}

static bool write_null(struct converter *c, size_t value)
{
    c->out->len = value;
    return tg_buffer_append(c->out, "null", 4);
}

/* An element of text only, whose value begins there. */
static bool write_leaf(struct converter *c, struct tg_text text, size_t value)
{
    struct tg_xml *xml = c->xml;
    const char *behind = xml->at;
    bool is_object = c->out->len != value, written;

    xml->at = text.base + text.len;
    text = tg_xml_trim_end(tg_xml_trim_start(text));
    if (text.len != 0 && !(is_object ? write_text_member(c, text) : write_string(c, text)))
        return fail_output(c);
    xml->at = behind;
    if (text.len != 0)
        written = !is_object || tg_buffer_put(c->out, '}');
    else if (!is_object)
        written = write_empty(c);
    else
        written = xml->nil && xml->only_nil ? write_null(c, value) : tg_buffer_put(c->out, '}');
    return (written && fits(c)) || fail_output(c);
}

static bool on_start(struct converter *c)
{
    struct tg_xml *xml = c->xml;

    if (!begin_member(c, c->strips ? xml->name->local : xml->name) || !fits(c))
        return fail_output(c);
    size_t value = c->out->len;
    if (xml->attribute_count != 0 && !write_attributes(c))
        return false;
    struct tg_text text = tg_xml_leaf(xml);
    if (text.base != NULL)
        return write_leaf(c, text, value);
    push(c, value, c->out->len != value);
    c->frame->is_nil = xml->attribute_count != 0 && xml->nil && xml->only_nil;
    return true;
}

/* Text is held back: whether elements follow is known at the end. Most often that is next. */
static bool on_text(struct converter *c)
{
    struct tg_buffer *mixed = &c->xml->mixed;
    struct frame *frame = c->frame;
    struct tg_text text = c->xml->text;

    if (c->xml->blank && mixed->len == frame->text)
        return true;
    if (mixed->len == frame->text) {
        text = tg_xml_trim_start(text);
        if (text.len == 0)
            return true;
        if (frame->current == TG_XML_NO_RUN && tg_xml_ends(c->xml)) {
            text = tg_xml_trim_end(text);
            frame->is_written = true;
            return (frame->is_object ? write_text_member(c, text) : write_string(c, text)) ||
                   fail_output(c);
        }
    }
    return tg_buffer_append(mixed, text.base, text.len);
}

static bool end_object(struct converter *c, struct tg_text text)
{
    struct frame *frame = c->frame;

    if (frame->is_nil && frame->current == TG_XML_NO_RUN && text.len == 0 && !frame->is_written) {
        return write_null(c, frame->value);
    }
    if (!end_run(c))
        return false;
    if (frame->scattered)
        tg_xml_shuffle_note(c->xml, c->out, frame->first);
    tg_xml_run_close(c->xml, frame->first, frame->shadows);
    if (text.len != 0 && !write_text_member(c, text))
        return false;
    return tg_buffer_put(c->out, '}');
}

static bool on_end(struct converter *c)
{
    struct frame *frame = c->frame;
    const struct tg_buffer *mixed = &c->xml->mixed;
    struct tg_text text = {NULL, 0};
    bool written = true;

    if (mixed->len != frame->text)
        text = tg_xml_trim_end(tg_text(mixed->base + frame->text, mixed->len - frame->text));
    if (frame->is_object)
        written = end_object(c, text);
    else if (text.len != 0)
        written = write_string(c, text);
    else if (!frame->is_written)
        written = write_empty(c);
    if (!written || !fits(c))
        return fail_output(c);
    pop(c);
    return true;
}

static bool on_done(struct converter *c)
{
    if (!end_object(c, tg_text(NULL, 0)) || !tg_xml_shuffle_apply(c->xml, c->out, c->base) ||
        !fits(c))
        return fail_output(c);
    return true;
}

static bool convert(struct converter *c)
{
    for (;;) {
        bool good = true;
        if (c->xml->mixed.len == c->frame->text)
            tg_xml_skip_blank(c->xml);
        switch (tg_xml_next(c->xml)) {
        case TG_XML_START:
            good = on_start(c);
            break;
        case TG_XML_TEXT:
            good = on_text(c);
            break;
        case TG_XML_END:
            good = on_end(c);
            break;
        case TG_XML_DONE:
            return on_done(c);
        case TG_XML_ERROR:
            return false;
        case TG_XML_COMMENT:
        case TG_XML_INSTRUCTION:
            break;
        }
        if (!good)
            return false;
    }
}

/* JSON is most often shorter than the XML it came from, and hardly ever longer by half. */
static void presize(struct tg_buffer *out, size_t input, size_t limit)
{
    size_t wanted = input + input / 4 + 256;

    if (wanted <= limit && (out->limit == 0 || wanted <= out->limit - out->len))
        tg_buffer_reserve(out, wanted);
}

static bool convert_plainly(struct converter *c, struct tg_text input)
{
    if (!tg_xml_begin_as(c->xml, input, c->options))
        return false;
    presize(c->out, input.len, c->xml->limits.output);
    tg_xml_paths_begin(c->xml, c->options);
    push(c, c->out->len, false);
    return convert(c);
}

static bool finish(struct converter *c, bool good, struct tg_parse_error *error)
{
    if (!good) {
        c->out->len = c->base;
        *error = c->xml->error;
    }
    tg_xml_rest(c->xml);
    return good;
}

bool tg_xml_to_json_by_tree(struct tg_xml *xml, struct tg_text input,
                            const struct tg_xml_options *options, struct tg_buffer *out,
                            struct tg_parse_error *error)
{
    size_t limit = options->limits.output;
    struct tg_xml_json_sink json = {.out = out, .base = out->len, .limit = limit};
    struct tg_xml_sink sink = tg_xml_json_sink_of(&json);
    struct converter c = {.xml = xml, .out = out, .base = out->len};

    if (limit == 0)
        json.limit = TG_XML_OUTPUT;
    return finish(&c, tg_xml_shape(xml, input, options, &sink), error);
}

bool tg_xml_to_json(struct tg_xml *xml, struct tg_text input, const struct tg_xml_options *options,
                    struct tg_buffer *out, struct tg_parse_error *error)
{
    struct converter c = {
        .xml = xml,
        .options = options,
        .out = out,
        .base = out->len,
        .strips = options->namespaces == TG_XML_STRIP,
    };

    if (options->select.base != NULL)
        return tg_xml_select_to_json(xml, input, options, out, error);
    if (!tg_xml_options_are_plain(options))
        return tg_xml_to_json_by_tree(xml, input, options, out, error);
    return finish(&c, convert_plainly(&c, input), error);
}
