/* JSON to XML by a schema: in a single pass, by schema_xml_pass.h; what that gives up is read into
 * nodes and then written in the order of the schema, or refused. */
#include <assert.h>

#include "codec/schema_xml_parts.h"

bool tg_sxml_refuse_limit(struct writer *w, const char *limit, size_t most)
{
    w->limit_name = limit;
    return tg_sxml_refuse(w, "more than %zu (limit %s)", most, limit);
}

int tg_sxml_shown(struct tg_text text)
{
    return text.len < 50 ? (int)text.len : 50;
}

/* The prefix xml is declared everywhere. */
void tg_sxml_use(struct writer *w, size_t namespace)
{
    if (namespace != 0 && strcmp(w->model->namespaces[namespace], TG_SCHEMA_XML_NAMESPACE) != 0)
        w->used[namespace] = true;
}

const struct tg_schema_element *
tg_sxml_find_root(struct writer *w, const struct tg_schema_root *root, struct tg_text name)
{
    struct tg_text namespace = {NULL, 0};
    bool many;

    if (root != NULL && root->name.len != 0) {
        if (!root->bare && !tg_text_is(name, root->name)) {
            tg_sxml_refuse(w, "the element is '%.*s', not '%.*s'", tg_sxml_shown(name), name.base,
                           tg_sxml_shown(root->name), root->name.base);
            return NULL;
        }
        name = root->name;
        namespace = root->namespace;
    }
    const struct tg_schema_element *element =
        tg_schema_model_element(w->model, namespace, name, &many);
    if (element != NULL && !many && !element->abstract)
        return element;
    tg_sxml_refuse(w,
                   many ? "'%.*s' is declared in several namespaces: say which"
                        : "'%.*s' is no element that the schema declares",
                   tg_sxml_shown(name), name.base);
    return NULL;
}

void tg_sxml_declare(struct writer *w, size_t at)
{
    struct tg_buffer text = {.limit = 0};

    for (size_t i = 1; i < w->model->namespace_count; i++) {
        if (!w->used[i])
            continue;
        struct tg_buffer *out = w->out;
        w->out = &text;
        tg_buffer_printf(&text, " xmlns:n%zu=\"", i);
        tg_sxml_escape(w, tg_text_of(w->model->namespaces[i]), true);
        tg_buffer_put(&text, '"');
        w->out = out;
    }
    if (text.len != 0 && tg_buffer_reserve(w->out, text.len) != NULL) {
        memmove(w->out->base + at + text.len, w->out->base + at, w->out->len - at);
        memcpy(w->out->base + at, text.base, text.len);
        w->out->len += text.len;
    }
    tg_buffer_dispose(&text);
}

static bool write_document(struct writer *w, const struct tg_schema_root *root,
                           const struct node *node)
{
    bool bare = root != NULL && root->bare;
    struct tg_text name = {NULL, 0};

    if (!bare && (node->kind != TG_JSON_OBJECT || node->count != 1))
        return tg_sxml_refuse(w, "an object with one member, the element, is wanted");
    if (!bare) {
        node = node->first;
        assert(node != NULL);
        name = node->key;
    }
    const struct tg_schema_element *element = tg_sxml_find_root(w, root, name);
    if (element == NULL)
        return false;
    size_t at = w->out->len + element->open.len;
    if (!tg_sxml_put_element(w, element, node))
        return bare ? false : tg_sxml_fail_in_member(w, element->name);
    if (!element->type->raw || node->kind == TG_JSON_NULL)
        tg_sxml_declare(w, at);
    return w->out->len - w->base <= w->limit || tg_sxml_refuse_limit(w, "output", w->limit);
}

static bool set_error(const struct writer *w, struct tg_parse_error *error)
{
    *error = (struct tg_parse_error){.line = 1, .column = 1, .limit = w->limit_name};
    snprintf(error->text, sizeof(error->text), "json: %s%s%.100s", w->path,
             w->path[0] != '\0' ? ": " : "", w->reason);
    return false;
}

static size_t limit_or(size_t limit, size_t usual)
{
    return limit != 0 ? limit : usual;
}

static bool check_input(struct tg_text json, size_t limit, struct tg_parse_error *error)
{
    if (json.len <= limit)
        return true;
    *error = (struct tg_parse_error){.line = 1, .column = 1, .limit = "input"};
    snprintf(error->text, sizeof(error->text), "json: more than %zu bytes (limit input)", limit);
    return false;
}

/* Nothing is written so far. */
static void begin(struct writer *w)
{
    w->out->len = w->base;
    w->elements = 0;
    w->deep = false;
    w->reason[0] = w->path[0] = '\0';
    w->limit_name = NULL;
    memset(w->used, 0, (w->model->namespace_count + 1) * sizeof(*w->used));
}

static bool put_nodes(struct writer *w, const struct tg_schema_root *root, struct tg_text json,
                      size_t depth, struct tg_parse_error *error, const char **code)
{
    struct node *node = NULL;

    *code = "parse";
    if (!tg_sxml_read_nodes(w, json, depth, &node, error))
        return false;
    *code = "invalid";
    assert(node != NULL); /* JSON is a value */
    return write_document(w, root, node) || set_error(w, error);
}

static bool put_document(enum tg_schema_way way, struct writer *w,
                         const struct tg_schema_root *root, struct tg_text json, size_t depth,
                         struct tg_parse_error *error, const char **code)
{
    begin(w);
    if (way != TG_SCHEMA_BY_NODES && tg_sxml_pass(w, root, json, depth))
        return true;
    begin(w);
    if (way != TG_SCHEMA_IN_A_PASS)
        return put_nodes(w, root, json, depth, error, code);
    *code = "invalid";
    return set_error(w, error);
}

bool tg_schema_to_xml_by(enum tg_schema_way way, const struct tg_schema *schema,
                         const struct tg_schema_tools *tools, const struct tg_schema_root *root,
                         struct tg_text json, const struct tg_xml_limits *limits,
                         struct tg_buffer *out, struct tg_parse_error *error, const char **code)
{
    struct writer w = {.model = &schema->model,
                       .tools = tools,
                       .out = out,
                       .base = out->len,
                       .limit = limit_or(limits->output, TG_XML_OUTPUT),
                       .most = limit_or(limits->elements, 1000000)};

    assert(tg_schema_refusal(schema) == NULL);
    *code = "parse";
    if (!check_input(json, limit_or(limits->input, (size_t)8 << 20), error))
        return false;
    w.used = malloc((schema->model.namespace_count + 1) * sizeof(*w.used));
    assert(w.used != NULL);
    bool good = put_document(way, &w, root, json, limits->depth, error, code);
    free(w.used);
    tg_xml_arena_dispose(&w.arena);
    if (good && (w.deep || schema->model.deep)) {
        struct tg_xml_options options = {.limits = *limits};
        options.limits.input = SIZE_MAX;
        good = tg_schema_validate(schema, tools, tg_text(out->base + w.base, out->len - w.base),
                                  &options, error, code);
    }
    if (!good)
        out->len = w.base;
    return good;
}

bool tg_schema_to_xml(const struct tg_schema *schema, const struct tg_schema_tools *tools,
                      const struct tg_schema_root *root, struct tg_text json,
                      const struct tg_xml_limits *limits, struct tg_buffer *out,
                      struct tg_parse_error *error, const char **code)
{
    return tg_schema_to_xml_by(TG_SCHEMA_ANY_WAY, schema, tools, root, json, limits, out, error,
                               code);
}
