/* Keys as XML names: what can't stand in a name is escaped, refused or replaced. */
#include <stdio.h>
#include <stdlib.h>

#include "codec/utf8.h"
#include "codec/xml_parts.h"
#include "codec/xml_write_parts.h"

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Whether an underscore is written there: it stands there, or begins the escape of what does. */
static bool becomes_underscore(const char *p)
{
    size_t n;

    return *p == '_' || !tg_xml_is_name_char(tg_utf8_read(p, &n), false);
}

/* Whether what is written for the n bytes at p would read like an escape: _xHHHH_, _xHHHHHHHH_, or
 * _x_ for no name at all. */
static bool is_escape(const char *p, size_t n)
{
    size_t digits = 0;

    if (n < 3 || p[0] != '_' || p[1] != 'x')
        return false;
    while (2 + digits < n && digits <= 8 && is_hex(p[2 + digits]))
        digits++;
    return 2 + digits < n && (digits == 0 || digits == 4 || digits == 8) &&
           becomes_underscore(p + 2 + digits);
}

static bool put_odd(struct tg_xml_writer *w, struct tg_text key, uint32_t code)
{
    switch (w->options->invalid_name) {
    case TG_XML_NAME_ESCAPE:
        tg_buffer_printf(&w->names, code > 0xffff ? "_x%08X_" : "_x%04X_", (unsigned)code);
        return true;
    case TG_XML_NAME_REPLACE:
        tg_buffer_put(&w->names, '_');
        return true;
    case TG_XML_NAME_ERROR:
        break;
    }
    return tg_xml_write_fail(w, "\"%.*s\" is no XML name (option invalid_name)", tg_xml_shown(key),
                             key.base);
}

/* Appends a part of a name, which has no colon, or whose colons are escaped too. */
static bool put_part(struct tg_xml_writer *w, struct tg_text key, struct tg_text part)
{
    const char *p = part.base, *end = p + part.len;
    bool escapes = w->options->invalid_name == TG_XML_NAME_ESCAPE;

    while (p < end) {
        size_t n;
        uint32_t code = tg_utf8_read(p, &n);
        bool good = tg_xml_is_name_char(code, p == part.base);
        if (good && !(escapes && code == '_' && is_escape(p, (size_t)(end - p))))
            tg_buffer_append(&w->names, p, n);
        else if (!put_odd(w, key, code))
            return false;
        p += n;
    }
    return true;
}

/* What a key mostly is: ASCII, and a name without colon that doesn't read like an escape. */
static bool is_plain(struct tg_text key)
{
    if (key.len == 0 || !tg_xml_is_name_char((unsigned char)*key.base & 0x7fU, true))
        return false;
    for (size_t i = 0; i < key.len; i++) {
        unsigned char c = (unsigned char)key.base[i];
        if (c >= 0x80 || !tg_xml_is_name_char(c, false) ||
            (c == '_' && i + 1 < key.len && key.base[i + 1] == 'x'))
            return false;
    }
    return true;
}

static bool put_nothing(struct tg_xml_writer *w)
{
    switch (w->options->invalid_name) {
    case TG_XML_NAME_ESCAPE:
        return tg_buffer_append(&w->names, "_x_", 3);
    case TG_XML_NAME_REPLACE:
        return tg_buffer_put(&w->names, '_');
    case TG_XML_NAME_ERROR:
        break;
    }
    return tg_xml_write_fail(w, "an empty key is no XML name (option invalid_name)");
}

static bool put_name(struct tg_xml_writer *w, struct tg_text key)
{
    if (key.len == 0)
        return put_nothing(w);
    size_t colon = tg_xml_colon(key);
    if (colon == 0)
        return put_part(w, key, key);
    w->verify = true;
    return put_part(w, key, tg_text(key.base, colon)) && tg_buffer_put(&w->names, ':') &&
           put_part(w, key, tg_text(key.base + colon + 1, key.len - colon - 1));
}

bool tg_xml_write_name(struct tg_xml_writer *w, struct tg_text key, struct tg_xml_span *name)
{
    size_t start = w->names.len;

    if (is_plain(key))
        tg_buffer_append(&w->names, key.base, key.len);
    else if (!put_name(w, key))
        return false;
    *name = (struct tg_xml_span){start, w->names.len - start};
    return true;
}

bool tg_xml_write_prefix(struct tg_xml_writer *w, struct tg_text prefix, struct tg_xml_span *name)
{
    size_t start = w->names.len;

    tg_buffer_append(&w->names, "xmlns:", 6);
    if (!put_part(w, prefix, prefix))
        return false;
    *name = (struct tg_xml_span){start, w->names.len - start};
    return true;
}

static void grow(struct tg_xml_writer *w)
{
    size_t slots = w->seen == NULL ? 64 : (w->seen_mask + 1) * 2;
    uint64_t *before = w->seen;
    size_t count = w->seen == NULL ? 0 : w->seen_mask + 1;

    w->seen = calloc(slots, sizeof(*w->seen));
    if (w->seen == NULL)
        abort();
    w->seen_mask = slots - 1;
    for (size_t i = 0; i < count; i++) {
        if (before[i] == 0)
            continue;
        size_t slot = before[i] & w->seen_mask;
        while (w->seen[slot] != 0)
            slot = (slot + 1) & w->seen_mask;
        w->seen[slot] = before[i];
    }
    free(before);
}

/* Others choose the names, so the hash is seeded. Two of them in one document are the same for
 * different names once in 10^19 pairs: nobody else compares the names. */
static uint64_t hash_of(const struct tg_xml_writer *w, uint64_t serial, struct tg_text name)
{
    uint64_t hash = tg_xml_names_mix(w->seed ^ serial, UINT64_C(0x9e3779b97f4a7c15) ^ name.len);

    for (size_t i = 0; i < name.len; i += 8) {
        uint64_t word = 0;
        memcpy(&word, name.base + i, name.len - i < 8 ? name.len - i : 8);
        hash = tg_xml_names_mix(hash ^ word, w->seed | 1);
    }
    return hash != 0 ? hash : 1;
}

bool tg_xml_write_seen(struct tg_xml_writer *w, uint64_t serial, struct tg_text name)
{
    uint64_t hash = hash_of(w, serial, name);

    if (w->seen == NULL || w->seen_count * 2 > w->seen_mask)
        grow(w);
    size_t slot = hash & w->seen_mask;
    for (; w->seen[slot] != 0; slot = (slot + 1) & w->seen_mask) {
        if (w->seen[slot] == hash)
            return true;
    }
    w->seen[slot] = hash;
    w->seen_count++;
    return false;
}
