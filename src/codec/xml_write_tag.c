/* Tags, attributes and text, each to its place in the document. */
#include "codec/xml_write_parts.h"

static bool put(struct tg_xml_writer *w, const char *bytes, size_t n)
{
    if (w->out->len - w->base + n > w->limits.output || !tg_buffer_append(w->out, bytes, n))
        return tg_xml_write_full(w);
    return true;
}

static int shown(struct tg_text text)
{
    return text.len < 60 ? (int)text.len : 60;
}

/* Tags */

static bool close_tag(struct tg_xml_writer *w, struct tg_xml_frame *element)
{
    if (!element->open)
        return true;
    element->open = false;
    element->tag_end = w->out->len;
    return put(w, ">", 1);
}

static bool put_line(struct tg_xml_writer *w, size_t level)
{
    size_t n = level * w->options->indent;

    if (w->out->len == w->base)
        return true;
    if (!put(w, "\n", 1) || w->out->len - w->base + n > w->limits.output)
        return tg_xml_write_full(w);
    char *room = tg_buffer_reserve(w->out, n);
    if (room == NULL)
        return tg_xml_write_full(w);
    memset(room, ' ', n);
    w->out->len += n;
    return true;
}

static void note_child(struct tg_xml_writer *w, const struct tg_xml_frame *parent,
                       struct tg_text name)
{
    struct tg_text of = tg_xml_span_text(w, parent->name);
    struct tg_xml_child child = {tg_xml_write_rank(w, of, name), w->out->len, 0, 0};

    tg_buffer_append(&w->children, &child, sizeof(child));
}

/* "<name"; what follows is up to the caller. */
static bool begin_tag(struct tg_xml_writer *w, struct tg_xml_span name)
{
    struct tg_xml_frame *parent = tg_xml_write_element(w);

    if (!close_tag(w, parent))
        return false;
    if (++w->elements > w->limits.elements)
        return tg_xml_write_fail_limit(w, "elements", w->limits.elements, "elements");
    if (parent->ordered)
        note_child(w, parent, tg_xml_span_text(w, name));
    if (w->options->indent != 0 && !parent->has_text && !put_line(w, w->level))
        return false;
    parent->has_child = true;
    w->tops += parent->kind == TG_XML_FRAME_TOP;
    char *room = tg_buffer_reserve(w->out, name.len + 1);
    if (room == NULL || w->out->len - w->base + name.len + 1 > w->limits.output)
        return tg_xml_write_full(w);
    *room = '<';
    memcpy(room + 1, w->names.base + name.start, name.len);
    w->out->len += name.len + 1;
    return true;
}

static bool put_end_tag(struct tg_xml_writer *w, struct tg_xml_span name)
{
    char *room = tg_buffer_reserve(w->out, name.len + 3);

    if (room == NULL || w->out->len - w->base + name.len + 3 > w->limits.output)
        return tg_xml_write_full(w);
    room[0] = '<';
    room[1] = '/';
    memcpy(room + 2, w->names.base + name.start, name.len);
    room[name.len + 2] = '>';
    w->out->len += name.len + 3;
    return true;
}

bool tg_xml_write_open(struct tg_xml_writer *w, struct tg_xml_frame *frame, struct tg_xml_span name)
{
    if (!begin_tag(w, name))
        return false;
    frame->element = (size_t)(frame - tg_xml_frames(w));
    frame->open = true;
    frame->children = w->children.len;
    frame->name = name;
    frame->ordered =
        w->options->order_count != 0 && tg_xml_write_is_ordered(w, tg_xml_span_text(w, name));
    w->level++;
    return true;
}

/* Puts bytes where they should have been. */
bool tg_xml_write_insert(struct tg_xml_writer *w, size_t at, const char *bytes, size_t n)
{
    if (n == 0)
        return true;
    if (w->out->len - w->base + n > w->limits.output || tg_buffer_reserve(w->out, n) == NULL)
        return tg_xml_write_full(w);
    memmove(w->out->base + at + n, w->out->base + at, w->out->len - at);
    memcpy(w->out->base + at, bytes, n);
    w->out->len += n;
    return true;
}

bool tg_xml_write_close(struct tg_xml_writer *w)
{
    struct tg_xml_frame *frame = w->frame;
    bool empty = frame->open;

    w->level--;
    if (empty)
        frame->tag_end = w->out->len;
    else if (frame->ordered)
        tg_xml_write_sort(w, frame);
    if (!empty && w->options->indent != 0 && frame->has_child && !frame->has_text &&
        !put_line(w, w->level))
        return false;
    if (!(empty ? put(w, "/>", 2) : put_end_tag(w, frame->name)))
        return false;
    if (w->late.len != frame->late &&
        !tg_xml_write_insert(w, frame->tag_end, w->late.base + frame->late,
                             w->late.len - frame->late))
        return false;
    w->late.len = frame->late;
    w->children.len = frame->children;
    if (tg_xml_frames(w)[(frame - 1)->element].kind == TG_XML_FRAME_TOP)
        w->root_tag_end = frame->tag_end;
    return true;
}

bool tg_xml_write_simple(struct tg_xml_writer *w, struct tg_xml_span name, struct tg_text text,
                         bool escape)
{
    if (!begin_tag(w, name))
        return false;
    if (tg_xml_write_element(w)->kind == TG_XML_FRAME_TOP)
        w->root_tag_end = w->out->len;
    if (text.len == 0)
        return put(w, "/>", 2);
    if (!put(w, ">", 1))
        return false;
    if (!(escape ? tg_xml_write_escaped(w, w->out, text, false) : put(w, text.base, text.len)))
        return false;
    return put_end_tag(w, name);
}

bool tg_xml_write_nothing(struct tg_xml_writer *w, struct tg_xml_span name)
{
    static const char nil[] =
        " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/>";

    switch (w->options->null) {
    case TG_XML_NULL_OMIT:
        return true;
    case TG_XML_NULL_EMPTY:
        return tg_xml_write_simple(w, name, tg_text(NULL, 0), false);
    case TG_XML_NULL_NIL:
        break;
    }
    if (!begin_tag(w, name))
        return false;
    if (tg_xml_write_element(w)->kind == TG_XML_FRAME_TOP)
        w->root_tag_end = w->out->len;
    return put(w, nil, sizeof(nil) - 1);
}

/* Attributes */

static void note_declaration(struct tg_xml_writer *w, const struct tg_xml_frame *element,
                             struct tg_text name)
{
    bool is_root = element->kind == TG_XML_FRAME_TOP ||
                   tg_xml_frames(w)[(element - 1)->element].kind == TG_XML_FRAME_TOP;
    struct tg_text prefix = {NULL, 0};

    w->verify = true;
    if (!is_root)
        return;
    if (name.len > 6)
        prefix = tg_text(name.base + 6, name.len - 6);
    for (size_t i = 0; i < w->options->namespaces.count && i < 64; i++) {
        if (tg_text_is(w->options->namespaces.list[i].name, prefix))
            w->declared |= UINT64_C(1) << i;
    }
}

static bool is_declaration(struct tg_text name)
{
    return name.len >= 5 && memcmp(name.base, "xmlns", 5) == 0 &&
           (name.len == 5 || name.base[5] == ':');
}

bool tg_xml_write_attribute(struct tg_xml_writer *w, struct tg_xml_span span, struct tg_text value,
                            bool escape)
{
    struct tg_xml_frame *element = tg_xml_write_element(w);
    struct tg_text name = tg_xml_span_text(w, span);
    struct tg_buffer *to = element->open ? w->out : &w->late;

    if (++element->attributes > w->limits.attributes)
        return tg_xml_write_fail_limit(w, "attributes", w->limits.attributes,
                                       "attributes of one element");
    if (tg_xml_write_seen(w, element->serial, name))
        return tg_xml_write_fail(w, "attribute \"%.*s\" twice", shown(name), name.base);
    if (is_declaration(name))
        note_declaration(w, element, name);
    if (!tg_buffer_put(to, ' ') || !tg_buffer_append(to, name.base, name.len) ||
        !tg_buffer_append(to, "=\"", 2))
        return tg_xml_write_full(w);
    if (escape ? !tg_xml_write_escaped(w, to, value, true)
               : !tg_buffer_append(to, value.base, value.len))
        return *w->what != '\0' ? false : tg_xml_write_full(w);
    if (!tg_buffer_put(to, '"') || w->out->len - w->base + w->late.len > w->limits.output)
        return tg_xml_write_full(w);
    return true;
}

/* Text and its like */

bool tg_xml_write_text(struct tg_xml_writer *w, struct tg_text text, bool escape)
{
    struct tg_xml_frame *element = tg_xml_write_element(w);

    if (text.len == 0)
        return true;
    element->has_text = true;
    if (!close_tag(w, element))
        return false;
    return escape ? tg_xml_write_escaped(w, w->out, text, false) : put(w, text.base, text.len);
}

bool tg_xml_write_markup(struct tg_xml_writer *w, enum tg_xml_role role, struct tg_text text)
{
    struct tg_xml_frame *element = tg_xml_write_element(w);

    if (!close_tag(w, element))
        return false;
    if (role == TG_XML_ROLE_CDATA) {
        element->has_text = true;
        return tg_xml_write_cdata(w, text);
    }
    if (w->options->indent != 0 && !element->has_text && !put_line(w, w->level))
        return false;
    element->has_child = true;
    return role == TG_XML_ROLE_COMMENT ? tg_xml_write_comment(w, text) : tg_xml_write_pi(w, text);
}
