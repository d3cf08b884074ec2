/* Values in a single pass: texts of simple types, and what is left to nodes. */
#include "codec/json_skip.h"
#include "codec/schema_xml_pass.h"

/* ---- by nodes */

struct tg_json_spot tg_sxml_resume(struct pass *p, const char *in)
{
    const struct tg_buffer *out = p->w->out;
    char *end = tg_json_flow_room(&p->flow, out->base + out->len, 0);

    return end != NULL ? tg_json_at(in, end) : tg_json_given_up;
}

struct node *tg_sxml_take_node(struct pass *p, const char **in)
{
    struct tg_text json = tg_text(*in, (size_t)(p->flow.end - *in));
    struct tg_parse_error error;
    struct tg_json_reader reader;
    struct node *node;

    if ((**in == '{' || **in == '[') && p->depth == p->most)
        return NULL;
    /* A scalar opens nothing, but no depth stands for the usual one. */
    tg_json_begin(&reader, json, p->most - p->depth, p->w->tools->scratch, &error);
    if (!tg_sxml_read_value(p->w, &reader, &node))
        return NULL;
    *in = reader.at;
    return node;
}

/* What writes a node. */
struct job {
    const struct tg_schema_element *element;
    const struct tg_schema_attribute *attribute; /* or NULL: */
    const struct tg_schema_simple *text;         /* or NULL: the element */
    const struct tg_schema_simple *value;        /* or NULL: one of the others */
    bool in_attribute;
};

static bool put_node(struct writer *w, const struct job *job, const struct node *node)
{
    if (job->value != NULL)
        return tg_sxml_put_simple(w, job->value, node, job->in_attribute);
    if (job->attribute != NULL)
        return tg_sxml_put_attribute(w, job->attribute, node);
    if (job->text != NULL)
        return tg_sxml_put_text(w, job->element, job->text, node);
    return tg_sxml_put_element(w, job->element, node);
}

static struct tg_json_spot by_nodes(struct pass *p, struct tg_json_spot s, struct job job)
{
    struct writer *w = p->w;
    struct tg_xml_arena_mark mark = tg_xml_arena_mark(&w->arena);

    w->out->len = (size_t)(s.out - w->out->base);
    w->elements = w->most - p->left;
    const struct node *node = tg_sxml_take_node(p, &s.in);
    bool ends = s.in == p->flow.end && p->depth != 0;
    bool good = node != NULL && !ends && put_node(w, &job, node);
    p->left = w->most - w->elements;
    tg_xml_arena_release(&w->arena, mark);
    return good ? tg_sxml_resume(p, s.in) : tg_json_given_up;
}

struct tg_json_spot tg_sxml_element_by_nodes(struct pass *p, struct tg_json_spot s,
                                             const struct tg_schema_element *element)
{
    return by_nodes(p, s, (struct job){.element = element});
}

struct tg_json_spot tg_sxml_text_by_nodes(struct pass *p, struct tg_json_spot s,
                                          const struct tg_schema_element *element,
                                          const struct tg_schema_simple *type)
{
    return by_nodes(p, s, (struct job){.element = element, .text = type});
}

struct tg_json_spot tg_sxml_attribute_by_nodes(struct pass *p, struct tg_json_spot s,
                                               const struct tg_schema_attribute *attribute)
{
    return by_nodes(p, s, (struct job){.attribute = attribute});
}

static struct tg_json_spot value_by_nodes(struct pass *p, struct tg_json_spot s,
                                          const struct tg_schema_simple *type, bool attribute)
{
    return by_nodes(p, s, (struct job){.value = type, .in_attribute = attribute});
}

/* ---- at once */

static bool is_value(struct pass *p, const struct tg_schema_simple *type, struct tg_text text)
{
    struct tg_text normal;

    if (type->class == TG_SCHEMA_LIST)
        return false;
    p->w->tools->scratch->len = 0;
    return tg_schema_check_value(type, text, &normal, p->w->tools->scratch) == NULL;
}

/* A string whose text is the same in XML is checked where it stands. */
struct tg_json_spot tg_sxml_pass_string(struct pass *p, struct tg_json_spot s,
                                        const struct tg_schema_simple *type, bool attribute)
{
    size_t start = (size_t)(s.out - p->flow.out->base);
    struct tg_json_spot behind =
        tg_json_put_string(&p->flow, tg_json_at(s.in + 1, s.out), attribute);

    if (behind.in == NULL)
        return behind;
    char *text = p->flow.out->base + start;
    size_t len = (size_t)(behind.out - text);
    if ((size_t)(behind.in - s.in) != len + 2 || memcmp(text, s.in + 1, len) != 0)
        return value_by_nodes(p, tg_json_at(s.in, text), type, attribute);
    return is_value(p, type, tg_text(s.in + 1, len)) ? behind : tg_json_given_up;
}

static const char *skip_bare(struct pass *p, const struct tg_schema_simple *type, const char *in)
{
    const char *end = tg_json_skip_bare(in, p->flow.end);

    if (end == NULL || *in == 'n')
        return NULL;
    if (*in == 't' || *in == 'f')
        return type->class == TG_SCHEMA_BOOLEAN && !type->faceted ? end : NULL;
    return is_value(p, type, tg_text(in, (size_t)(end - in))) ? end : NULL;
}

struct tg_json_spot tg_sxml_pass_bare(struct pass *p, struct tg_json_spot s,
                                      const struct tg_schema_simple *type, bool attribute)
{
    const char *end = skip_bare(p, type, s.in);
    size_t len = end != NULL ? (size_t)(end - s.in) : 0;

    if (end == NULL)
        return value_by_nodes(p, s, type, attribute);
    s.out = tg_json_flow_long(&p->flow, s.out, tg_text(s.in, len));
    return s.out != NULL ? tg_json_at(end, s.out) : tg_json_given_up;
}
