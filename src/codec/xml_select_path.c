#include "codec/xml_select_path.h"

#include "codec/xml_options.h"
#include "codec/xml_parts.h"
#include "codec/xml_slice.h"

enum { STEPS = 32 };

struct step {
    struct tg_text name;  /* without a base: any */
    struct tg_text space; /* without a base: any */
};

struct path {
    struct step steps[STEPS];
    size_t count;
};

/* Where the reading is: the elements that are open match so many steps. */
struct search {
    struct tg_xml *xml;
    const struct path *path;
    size_t matched;
    struct tg_xml_name *spaces[STEPS + 1]; /* of names without prefix, inside of each */
};

static bool find_space(const struct tg_options_pairs *spaces, struct tg_text prefix,
                       struct tg_text *space)
{
    for (size_t i = 0; i < spaces->count; i++) {
        if (tg_text_is(spaces->list[i].name, prefix)) {
            *space = spaces->list[i].value;
            return space->len != 0;
        }
    }
    return false;
}

/* A name or a star at p; returns what follows, NULL when neither is there. */
static const char *read_name(const char *p, const char *end, struct tg_text *name)
{
    size_t len = tg_xml_ncname(p, end);

    *name = tg_text(len != 0 ? p : NULL, len);
    if (len == 0 && (p == end || *p != '*'))
        return NULL;
    return p + (len != 0 ? len : 1);
}

/* The step behind a slash; returns what follows, NULL for one of another kind. */
static const char *read_step(const char *p, const char *end, const struct tg_xml_options *options,
                             struct step *step)
{
    p = read_name(p, end, &step->name);
    if (p == NULL)
        return NULL;
    step->space = step->name.base != NULL ? tg_text("", 0) : tg_text(NULL, 0);
    if (p == end || *p != ':')
        return p;
    struct tg_text prefix = step->name;
    if (prefix.base == NULL || !find_space(&options->select_namespaces, prefix, &step->space))
        return NULL;
    return read_name(p + 1, end, &step->name);
}

static bool read_path(const struct tg_xml_options *options, struct path *path)
{
    const char *p = options->select.base, *end = p + options->select.len;

    for (path->count = 0; p != NULL && p < end && path->count < STEPS; path->count++) {
        if (*p != '/')
            return false;
        p = read_step(p + 1, end, options, &path->steps[path->count]);
    }
    return p == end && path->count != 0;
}

static bool is_step(const struct search *s, const struct step *step,
                    const struct tg_xml_name *space)
{
    const struct tg_xml_name *name = s->xml->name, *prefix = name->prefix;
    const struct tg_xml_name *own = prefix != NULL ? prefix->namespace : space;

    if (step->name.base != NULL && !tg_text_is(step->name, tg_xml_name_text(name->local)))
        return false;
    return step->space.base == NULL ||
           tg_text_is(step->space, own != NULL ? tg_xml_name_text(own) : tg_text("", 0));
}

/* At a START: whether it is the element that is looked for. */
static bool enter(struct search *s)
{
    if (s->xml->depth != s->matched + 1)
        return false;
    struct tg_xml_name *space = tg_xml_default_space(s->xml, s->spaces[s->matched]);
    if (!is_step(s, &s->path->steps[s->matched], space))
        return false;
    s->spaces[++s->matched] = space;
    return s->matched == s->path->count;
}

/* What is behind the element is read too: the document may be none. */
static enum tg_xml_select search(struct search *s, struct tg_buffer *out)
{
    struct tg_xml *xml = s->xml;
    bool found = false;

    for (;;) {
        switch (tg_xml_next(xml)) {
        case TG_XML_START:
            if (found || !enter(s))
                break;
            found = true;
            if (!tg_xml_slice_whole(xml, s->spaces[s->matched - 1], &xml->runs, out))
                return TG_XML_SELECT_ERROR;
            break;
        case TG_XML_END:
            if (s->matched > xml->depth)
                s->matched = xml->depth;
            break;
        case TG_XML_DONE:
            return found ? TG_XML_SELECT_FOUND : TG_XML_SELECT_NONE;
        case TG_XML_ERROR:
            return TG_XML_SELECT_ERROR;
        case TG_XML_TEXT:
        case TG_XML_COMMENT:
        case TG_XML_INSTRUCTION:
            break;
        }
    }
}

enum tg_xml_select tg_xml_select_path(struct tg_xml *xml, struct tg_text input,
                                      const struct tg_xml_options *options, struct tg_buffer *out,
                                      struct tg_parse_error *error)
{
    struct path path;
    struct search s = {.xml = xml, .path = &path};
    enum tg_xml_select outcome = TG_XML_SELECT_ERROR;

    if (!read_path(options, &path))
        return TG_XML_SELECT_OTHER;
    if (tg_xml_begin_as(xml, input, options))
        outcome = search(&s, out);
    if (outcome == TG_XML_SELECT_ERROR)
        *error = xml->error;
    tg_xml_rest(xml);
    return outcome;
}
