/* Texts as values of JSON, by their simple types. */
#include <stdarg.h>
#include <stdio.h>

#include "codec/schema_json_parts.h"

bool tg_sjson_refuse(struct converter *c, const char *format, ...)
{
    char text[200];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    tg_xml_fail(c->xml, c->at, "%s", text);
    c->invalid = true;
    return false;
}

/* A decimal as JSON has it: no plus, no zeros before it, digits on both sides of the point. */
static void put_odd_number(struct tg_buffer *out, struct tg_text text)
{
    const char *p = text.base, *end = p + text.len;

    if (p < end && (*p == '+' || *p == '-')) {
        if (*p == '-')
            tg_buffer_put(out, '-');
        p++;
    }
    while (p + 1 < end && *p == '0' && p[1] >= '0' && p[1] <= '9')
        p++;
    if (p < end && *p == '.')
        tg_buffer_put(out, '0');
    for (; p < end; p++) {
        bool lone = *p == '.' && (p + 1 == end || p[1] < '0' || p[1] > '9');
        if (!lone)
            tg_buffer_put(out, *p);
    }
}

static bool put_number(struct tg_buffer *out, const struct tg_schema_simple *type,
                       struct tg_text text)
{
    char first = text.base[0], last = text.base[text.len - 1];

    if (type->class == TG_SCHEMA_DECIMAL && first >= '1' && first <= '9' && last != '.')
        return tg_buffer_append(out, text.base, text.len);
    put_odd_number(out, text);
    return true;
}

static bool put_boolean(struct tg_buffer *out, struct tg_text text)
{
    bool is_true = text.base[0] == 't' || text.base[0] == '1';

    return is_true ? tg_buffer_append(out, "true", 4) : tg_buffer_append(out, "false", 5);
}

static inline __attribute__((always_inline)) bool
put_scalar(struct converter *c, const struct tg_schema_simple *type, struct tg_text text)
{
    uint64_t high = 0;
    char last = text.len != 0 ? text.base[text.len - 1] : ' ';

    switch (type->json) {
    case TG_SCHEMA_JSON_NUMBER:
        if ((last >= '0' && last <= '9') || last == '.')
            return put_number(c->out, type, text);
        break; /* INF, NaN */
    case TG_SCHEMA_JSON_BOOLEAN:
        return put_boolean(c->out, text);
    case TG_SCHEMA_JSON_STRING:
        break;
    }
    return tg_json_write_string(c->out, text, &high);
}

static bool put_list(struct converter *c, const struct tg_schema_simple *type, struct tg_text text)
{
    const char *p = text.base, *end = p + text.len;

    tg_buffer_put(c->out, '[');
    while (p < end) {
        const char *blank = memchr(p, ' ', (size_t)(end - p));
        const char *stop = blank != NULL ? blank : end;
        if (p != text.base)
            tg_buffer_put(c->out, ',');
        if (!put_scalar(c, type->item, tg_text(p, (size_t)(stop - p))))
            return false;
        p = stop + 1;
    }
    return tg_buffer_put(c->out, ']');
}

const char *tg_sjson_put_value(struct converter *c, const struct tg_schema_simple *type,
                               struct tg_text text)
{
    struct tg_text normal;
    uint64_t high = 0;

    if (type->free) {
        tg_json_write_string(c->out, text, &high);
        return NULL;
    }
    c->tools->scratch->len = 0;
    const char *reason = tg_schema_check_value(type, text, &normal, c->tools->scratch);
    if (reason != NULL)
        return reason;
    if (type->class == TG_SCHEMA_LIST)
        put_list(c, type, normal);
    else
        put_scalar(c, type, normal);
    return NULL;
}

bool tg_sjson_refuse_value(struct converter *c, const struct tg_schema_simple *type,
                           struct tg_text text, const char *reason, const char *what,
                           struct tg_text name)
{
    return tg_sjson_refuse(c, "%s '%.*s': \"%.*s\" %s %s", what, tg_sjson_shown(name), name.base,
                           tg_sjson_shown(text), text.base, reason, type->name);
}

bool tg_sjson_is_fixed_value(struct tg_text value, struct tg_text text,
                             const struct tg_schema_simple *type)
{
    struct tg_text trimmed = tg_xml_trim_end(tg_xml_trim_start(text));

    if (tg_text_is(value, text))
        return true;
    return type->space == TG_SCHEMA_COLLAPSE && tg_text_is(value, trimmed);
}

bool tg_sjson_put_raw(struct converter *c)
{
    const struct tg_xml_name *space = c->frame != NULL ? c->frame->space : NULL;
    uint64_t high = 0;

    c->moved.len = 0;
    if (!tg_xml_slice(c->xml, space, &c->prefixes, &c->moved))
        return false;
    c->deep = true;
    return tg_json_write_string(c->out, tg_text(c->moved.base, c->moved.len), &high);
}
