#include "codec/xml_paths.h"

#include "codec/xml_parts.h"

#define NONE UINT32_MAX

/* The steps of a path lie one behind the other; a path is known by its last step. */
struct step {
    const struct tg_xml_name *name;
    uint32_t next;  /* the last step of another path that ends with the same name */
    unsigned mark;  /* of the path */
    bool is_first;  /* of its path */
    bool from_root; /* a first step that must be the root element */
    bool attribute; /* the last step of a path to an attribute */
};

static struct tg_text take_step(struct tg_text *rest)
{
    const char *end = memchr(rest->base, '/', rest->len);
    struct tg_text step = tg_text(rest->base, end != NULL ? (size_t)(end - rest->base) : rest->len);

    rest->base += step.len + (end != NULL);
    rest->len -= step.len + (end != NULL);
    return step;
}

/* Takes the slashes; *from_root tells of a single one. */
static bool take_slashes(struct tg_text *path, bool *from_root)
{
    if (path->len < 2 || path->base[0] != '/' || path->base[path->len - 1] == '/')
        return false;
    *from_root = path->base[1] != '/';
    path->base += *from_root ? 1 : 2;
    path->len -= *from_root ? 1 : 2;
    return path->len != 0;
}

bool tg_xml_path_is_valid(struct tg_text path)
{
    bool from_root;

    if (!take_slashes(&path, &from_root))
        return false;
    while (path.len != 0) {
        if (take_step(&path).len == 0)
            return false;
    }
    return true;
}

static uint32_t count_steps(const struct tg_xml *xml)
{
    return (uint32_t)(xml->paths.len / sizeof(struct step));
}

/* Adds the steps; a path with what can't be a name matches nothing and is left out. */
static void add_path(struct tg_xml *xml, struct tg_text path, unsigned mark)
{
    size_t before = xml->paths.len;
    struct step step = {.next = NONE, .is_first = true, .mark = mark};
    struct tg_xml_name *last = NULL;

    if (!take_slashes(&path, &step.from_root))
        return;
    while (path.len != 0) {
        struct tg_text text = take_step(&path);
        step.attribute = path.len == 0 && text.len > 1 && *text.base == '@';
        if (step.attribute)
            text = tg_text(text.base + 1, text.len - 1);
        step.name = last = tg_xml_know_name(xml, text);
        if (last == NULL) {
            xml->paths.len = before;
            return;
        }
        tg_buffer_append(&xml->paths, &step, sizeof(step));
        step.is_first = step.from_root = false;
    }
    struct step *steps = (struct step *)(void *)xml->paths.base;
    uint32_t index = count_steps(xml) - 1;
    if (last->pathed == xml->document)
        steps[index].next = last->path;
    last->pathed = xml->document;
    last->path = index;
}

void tg_xml_paths_begin(struct tg_xml *xml, const struct tg_xml_options *options)
{
    xml->paths.len = 0;
    for (size_t i = 0; i < options->force_array.count; i++)
        add_path(xml, options->force_array.list[i], TG_XML_MARK_ARRAY);
    for (size_t i = 0; i < options->type_count; i++)
        add_path(xml, options->types[i].path, options->types[i].mark);
}

/* Walks from the last step and the innermost element upwards. */
static bool match(const struct tg_xml *xml, const struct step *step, bool strip)
{
    for (size_t depth = xml->depth; depth > 0; depth--, step--) {
        const struct tg_xml_name *name = xml->open[depth - 1].name;
        if (step->name != (strip ? name->local : name))
            return false;
        if (step->is_first)
            return !step->from_root || depth == 1;
    }
    return false;
}

/* The last step is the attribute's own. */
static bool match_attribute(const struct tg_xml *xml, const struct step *step, bool strip)
{
    return step->is_first ? !step->from_root : match(xml, step - 1, strip);
}

unsigned tg_xml_paths_match_slow(const struct tg_xml *xml, const struct tg_xml_name *key,
                                 bool strip, bool attribute)
{
    const struct step *steps = (const struct step *)(const void *)xml->paths.base;
    unsigned marks = 0;

    for (uint32_t i = key->path; i != NONE; i = steps[i].next) {
        if (steps[i].attribute == attribute &&
            (attribute ? match_attribute : match)(xml, &steps[i], strip))
            marks |= steps[i].mark;
    }
    return marks;
}
