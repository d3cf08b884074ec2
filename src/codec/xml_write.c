#include "codec/xml_write_parts.h"

#include <stdarg.h>
#include <stdio.h>

/* Failing */

bool tg_xml_write_fail(struct tg_xml_writer *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(w->what, sizeof(w->what), format, args);
    va_end(args);
    return false;
}

bool tg_xml_write_fail_limit(struct tg_xml_writer *w, const char *limit, size_t most,
                             const char *unit)
{
    w->limit = limit;
    return tg_xml_write_fail(w, "more than %zu %s (limit %s)", most, unit, limit);
}

bool tg_xml_write_full(struct tg_xml_writer *w)
{
    return tg_xml_write_fail_limit(w, "output", w->limits.output, "bytes of XML");
}

const char *tg_xml_writer_error(const struct tg_xml_writer *writer, const char **limit)
{
    *limit = writer->limit;
    return writer->what;
}

/* Frames */

static struct tg_xml_frame *push(struct tg_xml_writer *w, enum tg_xml_frame_kind kind)
{
    size_t index = w->frames.len / sizeof(struct tg_xml_frame);
    size_t element = index != 0 ? w->frame->element : 0;

    tg_buffer_reserve(&w->frames, sizeof(struct tg_xml_frame));
    w->frames.len += sizeof(struct tg_xml_frame);
    w->frame = tg_xml_frames(w) + index;
    *w->frame = (struct tg_xml_frame){
        .kind = kind, .element = element, .names = w->names.len, .late = w->late.len};
    w->frame->children = w->children.len;
    w->frame->serial = ++w->serial;
    return w->frame;
}

static void pop(struct tg_xml_writer *w)
{
    w->frames.len -= sizeof(struct tg_xml_frame);
    w->frame--;
}

void tg_xml_write_begin(struct tg_xml_writer *w)
{
    push(w, TG_XML_FRAME_TOP);
}

static bool open_element(struct tg_xml_writer *w, struct tg_xml_span name)
{
    return tg_xml_write_open(w, push(w, TG_XML_FRAME_ELEMENT), name);
}

/* What a value becomes depends on the frame and, in an object, on the key */

static enum tg_xml_role role_of_next(const struct tg_xml_writer *w)
{
    switch (w->frame->kind) {
    case TG_XML_FRAME_LIST:
        return w->frame->role;
    case TG_XML_FRAME_CHILDREN:
        return TG_XML_ROLE_TEXT;
    case TG_XML_FRAME_GROUP:
    case TG_XML_FRAME_XMLNS:
        return TG_XML_ROLE_ATTRIBUTE;
    default:
        return w->role;
    }
}

static struct tg_xml_span name_of_next(const struct tg_xml_writer *w)
{
    return w->frame->kind == TG_XML_FRAME_LIST ? w->frame->name : w->name;
}

static bool misfit(struct tg_xml_writer *w, const char *value)
{
    static const char *const names[] = {
        [TG_XML_ROLE_ELEMENT] = "an element",
        [TG_XML_ROLE_ATTRIBUTE] = "an attribute",
        [TG_XML_ROLE_TEXT] = "text",
        [TG_XML_ROLE_CDATA] = "CDATA",
        [TG_XML_ROLE_COMMENT] = "a comment",
        [TG_XML_ROLE_PI] = "an instruction",
        [TG_XML_ROLE_GROUP] = "attributes",
        [TG_XML_ROLE_XMLNS] = "namespaces",
        [TG_XML_ROLE_CHILDREN] = "mixed content",
    };

    return tg_xml_write_fail(w, "%s can't be %s", value, names[role_of_next(w)]);
}

static bool is_document(const struct tg_xml_writer *w)
{
    return w->frame->kind == TG_XML_FRAME_TOP && !w->is_object;
}

/* The document's value, when it is no object, has the root's name. */
static bool expect_root(struct tg_xml_writer *w)
{
    w->role = TG_XML_ROLE_ELEMENT;
    return tg_xml_write_name(w, tg_xml_write_or(w->options->root, TG_TEXT("root")), &w->name);
}

/* Counts a value; false where none can be. */
static bool take_place(struct tg_xml_writer *w, const char *value)
{
    if (w->frame->kind == TG_XML_FRAME_JSONML && w->frame->count == 0)
        return tg_xml_write_fail(w, "%s where the name of an element is due", value);
    if (w->options->mixed == TG_XML_WRITE_JSONML && is_document(w))
        return tg_xml_write_fail(w, "JsonML is an array");
    w->frame->count++;
    return !is_document(w) || expect_root(w);
}

/* Plain values */

static bool write_scalar(struct tg_xml_writer *w, struct tg_text text, bool escape)
{
    if (!take_place(w, "a value"))
        return false;
    if (w->frame->kind == TG_XML_FRAME_JSONML)
        return tg_xml_write_text(w, text, escape);
    enum tg_xml_role role = role_of_next(w);
    switch (role) {
    case TG_XML_ROLE_ELEMENT:
        return tg_xml_write_simple(w, name_of_next(w), text, escape);
    case TG_XML_ROLE_XMLNS: /* one namespace, the default one */
    case TG_XML_ROLE_ATTRIBUTE:
        return tg_xml_write_attribute(w, w->name, text, escape);
    case TG_XML_ROLE_TEXT:
        return tg_xml_write_text(w, text, escape);
    case TG_XML_ROLE_CDATA:
    case TG_XML_ROLE_COMMENT:
    case TG_XML_ROLE_PI:
        return tg_xml_write_markup(w, role, text);
    case TG_XML_ROLE_GROUP:
    case TG_XML_ROLE_CHILDREN:
        break;
    }
    return misfit(w, "a plain value");
}

bool tg_xml_write_plain(struct tg_xml_writer *writer, struct tg_text text)
{
    return write_scalar(writer, text, false);
}

bool tg_xml_write_string(struct tg_xml_writer *writer, struct tg_text text)
{
    struct tg_xml_frame *frame = writer->frame;
    struct tg_xml_span name;

    if (frame->kind != TG_XML_FRAME_JSONML || frame->count != 0)
        return write_scalar(writer, text, true);
    if (!tg_xml_write_name(writer, text, &name))
        return false;
    frame->count = 1;
    frame->names = writer->names.len;
    return tg_xml_write_open(writer, frame, name);
}

bool tg_xml_write_null(struct tg_xml_writer *writer)
{
    if (!take_place(writer, "null"))
        return false;
    if (writer->frame->kind == TG_XML_FRAME_JSONML)
        return true;
    enum tg_xml_role role = role_of_next(writer);
    if (role == TG_XML_ROLE_ELEMENT)
        return tg_xml_write_nothing(writer, name_of_next(writer));
    if (role == TG_XML_ROLE_ATTRIBUTE && writer->options->null == TG_XML_NULL_EMPTY)
        return tg_xml_write_attribute(writer, writer->name, tg_text(NULL, 0), false);
    return true;
}

/* Objects */

/* ["name", {attributes}, ...] */
static bool open_jsonml_attributes(struct tg_xml_writer *w)
{
    if (w->frame->count++ != 1 || !w->frame->open)
        return tg_xml_write_fail(w, "an object where a child is due");
    push(w, TG_XML_FRAME_GROUP);
    return true;
}

static bool open_document(struct tg_xml_writer *w)
{
    if (w->options->mixed == TG_XML_WRITE_JSONML)
        return tg_xml_write_fail(w, "JsonML is an array");
    w->is_object = true;
    if (!w->wrapped) {
        push(w, TG_XML_FRAME_PART);
        return true;
    }
    return expect_root(w) && open_element(w, w->name);
}

bool tg_xml_write_object(struct tg_xml_writer *writer)
{
    if (writer->frame->kind == TG_XML_FRAME_JSONML)
        return open_jsonml_attributes(writer);
    if (is_document(writer))
        return open_document(writer);
    writer->frame->count++;
    if (writer->frame->kind == TG_XML_FRAME_CHILDREN) {
        push(writer, TG_XML_FRAME_PART);
        return true;
    }
    switch (role_of_next(writer)) {
    case TG_XML_ROLE_ELEMENT:
        return open_element(writer, name_of_next(writer));
    case TG_XML_ROLE_GROUP:
        push(writer, TG_XML_FRAME_GROUP);
        return true;
    case TG_XML_ROLE_XMLNS:
        push(writer, TG_XML_FRAME_XMLNS);
        return true;
    default:
        return misfit(writer, "an object");
    }
}

/* Arrays */

static struct tg_text item_name(const struct tg_xml_writer *w, struct tg_text of)
{
    for (size_t i = 0; i < w->options->item_names.count; i++) {
        if (tg_text_is(w->options->item_names.list[i].name, of))
            return w->options->item_names.list[i].value;
    }
    return tg_xml_write_or(w->options->item, TG_TEXT("item"));
}

static bool push_list(struct tg_xml_writer *w, enum tg_xml_role role, struct tg_xml_span name)
{
    struct tg_xml_frame *list = push(w, TG_XML_FRAME_LIST);

    list->role = role;
    list->name = name;
    return true;
}

/* An element around the items, each of which has a name of its own. */
static bool open_wrapper(struct tg_xml_writer *w, struct tg_xml_span around)
{
    struct tg_xml_span name;

    if (!open_element(w, around) ||
        !tg_xml_write_name(w, item_name(w, tg_xml_span_text(w, around)), &name))
        return false;
    push_list(w, TG_XML_ROLE_ELEMENT, name);
    w->frame->wraps = true;
    return true;
}

static bool open_jsonml(struct tg_xml_writer *w)
{
    if (w->frame->kind == TG_XML_FRAME_JSONML && w->frame->count++ == 0)
        return tg_xml_write_fail(w, "an array where the name of an element is due");
    w->is_object = true;
    push(w, TG_XML_FRAME_JSONML);
    return true;
}

bool tg_xml_write_array(struct tg_xml_writer *writer)
{
    struct tg_xml_frame *frame = writer->frame;
    bool nested = frame->kind == TG_XML_FRAME_LIST || is_document(writer);

    if (frame->kind == TG_XML_FRAME_JSONML ||
        (writer->options->mixed == TG_XML_WRITE_JSONML && is_document(writer)))
        return open_jsonml(writer);
    if (!take_place(writer, "an array"))
        return false;
    if (frame->kind == TG_XML_FRAME_CHILDREN)
        return misfit(writer, "an array");
    enum tg_xml_role role = role_of_next(writer);
    switch (role) {
    case TG_XML_ROLE_ELEMENT:
        if (nested || writer->options->arrays == TG_XML_ARRAYS_WRAP)
            return open_wrapper(writer, name_of_next(writer));
        return push_list(writer, role, writer->name);
    case TG_XML_ROLE_TEXT:
    case TG_XML_ROLE_CDATA:
    case TG_XML_ROLE_COMMENT:
    case TG_XML_ROLE_PI:
        return nested ? misfit(writer, "an array") : push_list(writer, role, writer->name);
    case TG_XML_ROLE_CHILDREN:
        push(writer, TG_XML_FRAME_CHILDREN);
        return true;
    default:
        return misfit(writer, "an array");
    }
}

static bool end_list(struct tg_xml_writer *w)
{
    bool wraps = w->frame->wraps,
         keeps = w->frame->count == 0 && w->options->empty_array == TG_XML_EMPTY_ARRAY_EMPTY;
    bool is_element = w->frame->role == TG_XML_ROLE_ELEMENT;
    struct tg_xml_span name = w->frame->name;

    pop(w);
    if (wraps) {
        bool good = tg_xml_write_close(w);
        pop(w);
        return good;
    }
    return !keeps || !is_element || tg_xml_write_simple(w, name, tg_text(NULL, 0), false);
}

bool tg_xml_write_end(struct tg_xml_writer *writer)
{
    bool good = true;

    switch (writer->frame->kind) {
    case TG_XML_FRAME_LIST:
        return end_list(writer);
    case TG_XML_FRAME_JSONML:
        if (writer->frame->count == 0)
            return tg_xml_write_fail(writer, "JsonML without the name of an element");
        good = tg_xml_write_close(writer);
        break;
    case TG_XML_FRAME_ELEMENT:
        good = tg_xml_write_close(writer);
        break;
    default:
        break;
    }
    pop(writer);
    return good;
}
