/* Values of JSON as texts by their simple types, and where in the JSON something is wrong. */
#include <stdarg.h>

#include "codec/schema_xml_parts.h"

bool tg_sxml_refuse(struct writer *w, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(w->reason, sizeof(w->reason), format, arguments);
    va_end(arguments);
    return false;
}

/* On the way out of a member or item that could not be written. */
static bool fail_in(struct writer *w, const char *step, size_t len)
{
    size_t have = strlen(w->path);

    if (have + len + 1 > sizeof(w->path))
        return false;
    memmove(w->path + len, w->path, have + 1);
    memcpy(w->path, step, len);
    return false;
}

bool tg_sxml_fail_in_member(struct writer *w, struct tg_text name)
{
    char step[80];
    int n = snprintf(step, sizeof(step), ".%.*s", name.len < 60 ? (int)name.len : 60, name.base);

    return fail_in(w, step, (size_t)n);
}

bool tg_sxml_fail_in_item(struct writer *w, size_t item)
{
    char step[32];
    int n = snprintf(step, sizeof(step), "[%zu]", item);

    return fail_in(w, step, (size_t)n);
}

void tg_sxml_escape(struct writer *w, struct tg_text text, bool attribute)
{
    const char *p = text.base, *end = p + text.len, *from = p;

    for (; p < end; p++) {
        const char *reference = *p == '&'                 ? "&amp;"
                                : *p == '<'               ? "&lt;"
                                : *p == '>'               ? "&gt;"
                                : *p == '\r'              ? "&#13;"
                                : attribute && *p == '"'  ? "&quot;"
                                : attribute && *p == '\n' ? "&#10;"
                                : attribute && *p == '\t' ? "&#9;"
                                                          : NULL;
        if (reference == NULL)
            continue;
        tg_buffer_append(w->out, from, (size_t)(p - from));
        tg_buffer_append(w->out, reference, strlen(reference));
        from = p + 1;
    }
    tg_buffer_append(w->out, from, (size_t)(end - from));
}

struct tg_text tg_sxml_scalar(const struct node *node)
{
    switch (node->kind) {
    case TG_JSON_STRING:
    case TG_JSON_NUMBER:
        return node->text;
    case TG_JSON_TRUE:
        return TG_TEXT("true");
    case TG_JSON_FALSE:
        return TG_TEXT("false");
    default:
        return tg_text(NULL, 0);
    }
}

const char *tg_sxml_kind_of(const struct node *node)
{
    switch (node->kind) {
    case TG_JSON_OBJECT:
        return "an object";
    case TG_JSON_ARRAY:
        return "an array";
    case TG_JSON_NULL:
        return "null";
    default:
        return "a scalar";
    }
}

static const char *kind_wanted(const struct tg_schema_simple *type)
{
    if (type->class == TG_SCHEMA_LIST)
        return "an array";
    return type->json == TG_SCHEMA_JSON_NUMBER    ? "a number"
           : type->json == TG_SCHEMA_JSON_BOOLEAN ? "true or false"
                                                  : "a string";
}

static bool is_wrong_kind(const struct tg_schema_simple *type, const struct node *node)
{
    bool is_boolean = node->kind == TG_JSON_TRUE || node->kind == TG_JSON_FALSE;

    return is_boolean && type->json != TG_SCHEMA_JSON_BOOLEAN;
}

/* What there is in a text: characters to be escaped, and others than those of ASCII. */
struct look {
    bool escapes, odd;
};

static struct look look_at(struct tg_text text)
{
    const char *p = text.base;
    char rest[TG_BLOCK];
    unsigned escapes = 0, odd = 0;

    for (size_t left = text.len; left != 0; p += TG_BLOCK) {
        size_t n = left < TG_BLOCK ? left : TG_BLOCK;
        if (n < TG_BLOCK) {
            memset(rest, 'x', sizeof(rest));
            memcpy(rest, p, n);
        }
        struct tg_block block = tg_block_load(n < TG_BLOCK ? rest : p);
        odd |= tg_block_mask(tg_block_or(block, tg_block_most(block, 0x1f)));
        escapes |= tg_block_mask(
            tg_block_or(tg_block_either(block, '<', '>'), tg_block_either(block, '&', '"')));
        left -= n;
    }
    return (struct look){escapes != 0, odd != 0};
}

/* JSON's exponents are none of a decimal's. */
static bool put_checked(struct writer *w, const struct tg_schema_simple *type, struct tg_text text,
                        bool attribute)
{
    struct tg_text normal;
    bool cr;

    w->tools->scratch->len = 0;
    const char *reason =
        type->free ? NULL : tg_schema_check_value(type, text, &normal, w->tools->scratch);
    if (reason != NULL)
        return tg_sxml_refuse(w, "\"%.*s\" %s %s", tg_sxml_shown(text), text.base, reason,
                              type->name);
    struct look look = look_at(text);
    if (!look.escapes && !look.odd)
        return tg_buffer_append(w->out, text.base, text.len);
    if (look.odd && tg_utf8_check_xml(text, &cr) != text.len)
        return tg_sxml_refuse(w, "a character that XML does not allow");
    tg_sxml_escape(w, text, attribute);
    return true;
}

static bool put_list(struct writer *w, const struct tg_schema_simple *type, const struct node *node,
                     bool attribute)
{
    struct tg_buffer text = {.limit = 0};
    size_t item = 0;
    bool good = true;

    for (const struct node *at = node->first; at != NULL && good; at = at->next, item++) {
        struct tg_text one = tg_sxml_scalar(at), normal;
        if (one.base == NULL || is_wrong_kind(type->item, at)) {
            tg_sxml_refuse(w, "%s, but the schema wants %s", tg_sxml_kind_of(at),
                           kind_wanted(type->item));
            good = tg_sxml_fail_in_item(w, item);
            break;
        }
        w->tools->scratch->len = 0;
        const char *reason = tg_schema_check_value(type->item, one, &normal, w->tools->scratch);
        bool blank = memchr(normal.base, ' ', normal.len) != NULL || normal.len == 0;
        if (reason != NULL || blank) {
            tg_sxml_refuse(w, "\"%.*s\" %s %s", tg_sxml_shown(one), one.base,
                           reason != NULL ? reason : "can't be an item of a list of",
                           type->item->name);
            good = tg_sxml_fail_in_item(w, item);
        }
        if (item != 0)
            tg_buffer_put(&text, ' ');
        tg_buffer_append(&text, one.base, one.len);
    }
    good = good &&
           put_checked(w, type, tg_text(text.base != NULL ? text.base : "", text.len), attribute);
    tg_buffer_dispose(&text);
    return good;
}

bool tg_sxml_put_simple(struct writer *w, const struct tg_schema_simple *type,
                        const struct node *node, bool attribute)
{
    struct tg_text text = tg_sxml_scalar(node);

    if (type->class == TG_SCHEMA_LIST && node->kind == TG_JSON_ARRAY)
        return put_list(w, type, node, attribute);
    if (text.base == NULL || type->class == TG_SCHEMA_LIST || is_wrong_kind(type, node))
        return tg_sxml_refuse(w, "%s, but the schema wants %s", tg_sxml_kind_of(node),
                              kind_wanted(type));
    return put_checked(w, type, text, attribute);
}

bool tg_sxml_is_same_value(const struct node *node, struct tg_text value)
{
    struct tg_text text = tg_sxml_scalar(node);

    return text.base != NULL && tg_text_is(text, value);
}

struct node *tg_sxml_find_member(const struct node *object, struct tg_text key)
{
    for (struct node *at = object->first; at != NULL; at = at->next)
        if (tg_text_is(at->key, key))
            return at;
    return NULL;
}
