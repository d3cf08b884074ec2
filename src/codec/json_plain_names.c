/* Keys and the names that are written for them: each is looked at once. */
#include <stdlib.h>

#include "codec/json_plain_parts.h"
#include "codec/uri.h"
#include "codec/xml_parts.h"

/* What is kept between documents, and the most that one may have. */
#define KEEP_NAMES 4096
#define KEEP_BYTES ((size_t)512 * 1024)
#define KEEP_BUFFER ((size_t)256 * 1024)
#define MOST_NAMES 10000

#define XML_NAMESPACE "http://www.w3.org/XML/1998/namespace"
#define XMLNS_NAMESPACE "http://www.w3.org/2000/xmlns/"

struct tg_json_plain *tg_json_plain_create(void)
{
    struct tg_json_plain *plain = calloc(1, sizeof(*plain));

    if (plain == NULL)
        abort();
    tg_xml_names_init(&plain->keys);
    tg_xml_names_init(&plain->names);
    tg_xml_names_init(&plain->uris);
    return plain;
}

void tg_json_plain_destroy(struct tg_json_plain *plain)
{
    if (plain == NULL)
        return;
    tg_xml_names_dispose(&plain->keys);
    tg_xml_names_dispose(&plain->names);
    tg_xml_names_dispose(&plain->uris);
    tg_buffer_dispose(&plain->naming);
    tg_buffer_dispose(&plain->frames);
    tg_buffer_dispose(&plain->bindings);
    free(plain);
}

/* Names as they are written */

static struct tg_xml_name *intern_part(struct tg_json_plain *q, const char *p, size_t len)
{
    bool added;
    struct tg_xml_name *name = tg_xml_names_intern(&q->names, tg_text(p, len), &added);

    if (added)
        name->kind = tg_xml_kind_of(tg_text(p, len));
    return name;
}

/* A name has one colon at most: others were escaped. */
static struct tg_xml_name *intern_name(struct tg_json_plain *q, struct tg_text text)
{
    const char *colon = memchr(text.base, ':', text.len);
    struct tg_xml_name *name = intern_part(q, text.base, text.len);

    if (colon != NULL && name->prefix == NULL) {
        size_t first = (size_t)(colon - text.base);
        name->prefix = intern_part(q, text.base, first);
        name->local = intern_part(q, colon + 1, text.len - first - 1);
    }
    return name;
}

/* The name of a key without its attribute prefix; NULL: it can't be written. */
static struct tg_xml_name *name_of(struct tg_json_plain *q, struct tg_text key)
{
    struct tg_xml_writer *w = q->writer;
    struct tg_xml_span span;

    w->names.len = 0;
    if (!tg_xml_write_name(w, key, &span))
        return NULL;
    return intern_name(q, tg_xml_span_text(w, span));
}

/* The tables depend on the options */

static void append(struct tg_buffer *to, struct tg_text text)
{
    tg_buffer_append(to, &text.len, sizeof(text.len));
    tg_buffer_append(to, text.base, text.len);
}

static void forget(struct tg_json_plain *q)
{
    tg_xml_names_clear(&q->keys);
    tg_xml_names_clear(&q->names);
    tg_xml_names_clear(&q->uris);
    q->naming.len = 0;
}

static bool fill(struct tg_json_plain *q)
{
    const struct tg_xml_write_options *options = q->writer->options;

    intern_part(q, "xml", 3)->namespace = intern_part(q, XML_NAMESPACE, strlen(XML_NAMESPACE));
    q->root = name_of(q, tg_xml_write_or(options->root, TG_TEXT("root")));
    q->item = name_of(q, tg_xml_write_or(options->item, TG_TEXT("item")));
    return q->root != NULL && q->item != NULL;
}

static bool is_much(const struct tg_json_plain *q)
{
    return q->keys.count + q->names.count + q->uris.count > KEEP_NAMES ||
           q->keys.bytes + q->names.bytes + q->uris.bytes > KEEP_BYTES;
}

bool tg_json_plain_name_by(struct tg_json_plain *q)
{
    const struct tg_xml_write_options *options = q->writer->options;
    struct tg_buffer *wanted = &q->writer->scratch;

    wanted->len = 0;
    append(wanted, tg_xml_write_or(options->attribute_prefix, TG_TEXT("@")));
    append(wanted, tg_xml_write_or(options->text_key, TG_TEXT("#text")));
    append(wanted, tg_xml_write_or(options->children_key, TG_TEXT("#children")));
    append(wanted, tg_xml_write_or(options->root, TG_TEXT("root")));
    append(wanted, tg_xml_write_or(options->item, TG_TEXT("item")));
    tg_buffer_put(wanted, (char)options->invalid_name);
    tg_buffer_clear(&q->frames, KEEP_BUFFER);
    tg_buffer_clear(&q->bindings, KEEP_BUFFER);
    if (!is_much(q) &&
        tg_text_is(tg_text(wanted->base, wanted->len), tg_text(q->naming.base, q->naming.len)))
        return true;
    forget(q);
    if (!fill(q))
        return false;
    tg_buffer_append(&q->naming, wanted->base, wanted->len);
    return true;
}

/* Keys */

static struct tg_xml_name *add(struct tg_json_plain *q, struct tg_text text, uint64_t hash)
{
    struct tg_text prefix = tg_xml_write_or(q->writer->options->attribute_prefix, TG_TEXT("@"));
    struct tg_xml_name *name = q->root;
    enum tg_xml_role role = TG_XML_ROLE_ATTRIBUTE;

    if (prefix.len != 0 && text.len > prefix.len && memcmp(text.base, prefix.base, prefix.len) == 0)
        name = name_of(q, tg_text(text.base + prefix.len, text.len - prefix.len));
    else if ((role = tg_xml_write_role(q->writer, text)) == TG_XML_ROLE_ELEMENT)
        name = name_of(q, text);
    if (name == NULL)
        return NULL;
    struct tg_xml_name *key = tg_xml_names_add(&q->keys, text, hash);
    key->local = name;
    key->role = role;
    return key;
}

struct tg_xml_name *tg_json_plain_find(struct tg_json_plain *q, const char *p)
{
    const char *end = p;

    while (end < q->flow.end && *end != '"' && *end != '\\' && (unsigned char)*end >= 0x20)
        end++;
    if (end == q->flow.end || *end != '"')
        return NULL;
    struct tg_text text = tg_text(p, (size_t)(end - p));
    uint64_t hash = tg_xml_names_hash(&q->keys, text);
    struct tg_xml_name *key = tg_xml_names_find(&q->keys, text, hash);
    return key != NULL ? key : add(q, text, hash);
}

bool tg_json_plain_meet(struct tg_json_plain *q, struct tg_xml_name *key)
{
    key->document = q->document;
    return key->len <= q->writer->limits.key && ++q->distinct <= MOST_NAMES;
}

/* Namespaces: what the reader would have nothing against */

static bool is_namespace(struct tg_json_plain *q, struct tg_text text, struct tg_xml_name **found)
{
    bool added;
    struct tg_xml_name *uri = tg_xml_names_intern(&q->uris, text, &added);

    if (added)
        uri->kind = text.len == 0 || tg_text_is(text, TG_TEXT(XML_NAMESPACE)) ||
                            tg_text_is(text, TG_TEXT(XMLNS_NAMESPACE)) || !tg_uri_is_reference(text)
                        ? TG_XML_URI_BAD
                        : TG_XML_PLAIN;
    *found = uri;
    return uri->kind == TG_XML_PLAIN;
}

bool tg_json_plain_declare(struct tg_json_plain *q, const struct tg_xml_name *name,
                           struct tg_text value)
{
    struct tg_xml_name *uri, *prefix = name->local;

    if (++q->distinct > MOST_NAMES || !is_namespace(q, value, &uri))
        return false;
    if (name->kind == TG_XML_XMLNS)
        return true;
    if (prefix->kind != TG_XML_PLAIN || tg_text_is(tg_xml_name_text(prefix), TG_TEXT("xml")))
        return false;
    struct tg_xml_binding binding = {prefix, prefix->namespace};
    tg_buffer_append(&q->bindings, &binding, sizeof(binding));
    prefix->namespace = uri;
    return true;
}

bool tg_json_plain_use(struct tg_json_plain *q, const struct tg_xml_name *name, bool attribute)
{
    /* Two attributes of one local name may be of one namespace. */
    if (attribute && name->local->merged == q->tag)
        return false;
    if (attribute)
        name->local->merged = q->tag;
    if (name->prefix->namespace != NULL)
        return true;
    if (q->pending_count == TG_JSON_PLAIN_PENDING)
        return false;
    q->pending[q->pending_count++] = name->prefix;
    return true;
}

bool tg_json_plain_settle(struct tg_json_plain *q)
{
    for (; q->pending_count > 0; q->pending_count--) {
        if (q->pending[q->pending_count - 1]->namespace == NULL)
            return false;
    }
    return true;
}

void tg_json_plain_unbind(struct tg_json_plain *q, size_t count)
{
    const struct tg_xml_binding *bindings = (const void *)q->bindings.base;
    size_t n = q->bindings.len / sizeof(*bindings);

    while (n > count) {
        n--;
        bindings[n].prefix->namespace = bindings[n].before;
    }
    q->bindings.len = n * sizeof(*bindings);
}
