/* Names as keys: what the writer escaped is undone where that makes the same name of the key again.
 */
#include "codec/utf8.h"
#include "codec/xml_parts.h"
#include "codec/xml_shape_parts.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The escape at p of xml_write_name.c, _xHHHH_ or _xHHHHHHHH_; its length, 0 when it is none. */
static size_t read_escape(const char *p, size_t left, uint32_t *code)
{
    size_t digits = 0;

    if (left < 7 || p[0] != '_' || p[1] != 'x')
        return 0;
    *code = 0;
    for (int d; 2 + digits < left && digits < 8 && (d = hex_digit(p[2 + digits])) >= 0; digits++)
        *code = *code << 4 | (uint32_t)d;
    if (2 + digits >= left || p[2 + digits] != '_' || (digits != 4 && digits != 8))
        return 0;
    if (*code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
        return 0;
    return digits + 3;
}

static bool is_reserved(struct tg_text prefix)
{
    return tg_text_is(prefix, TG_TEXT("xml")) || tg_text_is(prefix, TG_TEXT("xmlns"));
}

/* Appends the text with its escapes undone; *any: there were some. */
static void unescape(struct tg_buffer *out, struct tg_text text, bool *any)
{
    for (size_t i = 0; i < text.len;) {
        uint32_t code;
        size_t n = read_escape(text.base + i, text.len - i, &code);
        if (n == 0) {
            tg_buffer_put(out, text.base[i++]);
            continue;
        }
        char *room = tg_buffer_reserve(out, 4);
        out->len = (size_t)(tg_utf8_write(room, code) - out->base);
        *any = true;
        i += n;
    }
}

/* Appends a name without prefix: _x_ alone is the empty one. It stays as it is where the writer
 * would make a prefix or a declaration of the key: it never wrote that. */
static void put_plain(struct tg_buffer *out, struct tg_text name)
{
    size_t before = out->len;
    bool any = false;

    if (before == 0 && tg_text_is(name, TG_TEXT("_x_")))
        return;
    unescape(out, name, &any);
    struct tg_text key = tg_text(out->base + before, out->len - before);
    if (any && (tg_xml_colon(key) != 0 || tg_text_is(key, TG_TEXT("xmlns")))) {
        out->len = before;
        tg_buffer_append(out, name.base, name.len);
    }
}

/* Appends what is behind the prefix and its colon, which stand from `start` on. */
static void put_local(struct tg_buffer *out, struct tg_text local, size_t start)
{
    size_t before = out->len;
    bool any = false;

    unescape(out, local, &any);
    if (any && tg_xml_colon(tg_text(out->base + start, out->len - start)) != before - start - 1) {
        out->len = before;
        tg_buffer_append(out, local.base, local.len);
    }
}

static void put_prefix(struct tg_xml_shaper *s, struct tg_text prefix)
{
    bool any;

    if (s->keeps_prefixes)
        tg_buffer_append(&s->xml->assembly, prefix.base, prefix.len);
    else
        unescape(&s->xml->assembly, prefix, &any);
}

static void put_unescaped(struct tg_xml_shaper *s, const struct tg_xml_name *name)
{
    struct tg_buffer *out = &s->xml->assembly;
    struct tg_text local = tg_xml_name_text(name->local);
    size_t start = out->len;

    if (s->strips || (name->prefix == NULL && name->kind != TG_XML_XMLNS_PREFIX)) {
        if (s->keeps_escapes)
            tg_buffer_append(out, local.base, local.len);
        else
            put_plain(out, local);
    } else if (name->kind == TG_XML_XMLNS_PREFIX) {
        tg_buffer_append(out, "xmlns:", 6);
        put_prefix(s, local);
    } else {
        put_prefix(s, tg_xml_name_text(name->prefix));
        tg_buffer_put(out, ':');
        if (s->keeps_escapes)
            tg_buffer_append(out, local.base, local.len);
        else
            put_local(out, local, start);
    }
}

/* The name as a key, behind what the assembly buffer has. */
static void put_name(struct tg_xml_shaper *s, const struct tg_xml_name *name)
{
    struct tg_buffer *out = &s->xml->assembly;
    struct tg_text text = tg_xml_name_text(s->strips ? name->local : name);
    const char *colon = memchr(text.base, ':', text.len);

    if (s->options->unescape_names) {
        put_unescaped(s, name);
    } else if (colon == NULL) {
        tg_buffer_append(out, text.base, text.len);
    } else {
        size_t before = (size_t)(colon - text.base);
        tg_buffer_append(out, text.base, before);
        tg_buffer_append(out, s->separator.base, s->separator.len);
        tg_buffer_append(out, colon + 1, text.len - before - 1);
    }
}

struct tg_xml_name *tg_xml_key_name(struct tg_xml_shaper *s, struct tg_text key)
{
    bool added;

    return tg_xml_names_intern(&s->xml->keys, key, &added);
}

struct tg_xml_name *tg_xml_name_key(struct tg_xml_shaper *s, struct tg_text before,
                                    const struct tg_xml_name *name)
{
    struct tg_buffer *out = &s->xml->assembly;

    out->len = 0;
    tg_buffer_append(out, before.base, before.len);
    put_name(s, name);
    return tg_xml_key_name(s, tg_text(out->base, out->len));
}

struct tg_text tg_xml_element_key(struct tg_xml_shaper *s, const struct tg_xml_name *name)
{
    return tg_xml_name_text(tg_xml_name_key(s, tg_text("", 0), name));
}

struct tg_xml_name *tg_xml_prefix_key(struct tg_xml_shaper *s, const struct tg_xml_name *prefix)
{
    struct tg_buffer *out = &s->xml->assembly;

    out->len = 0;
    if (s->options->unescape_names)
        put_prefix(s, tg_xml_name_text(prefix));
    else
        tg_buffer_append(out, tg_xml_name_text(prefix).base, prefix->len);
    return tg_xml_key_name(s, tg_text(out->base, out->len));
}

/* Whether the writer would make something else of the key of a prefix: none, the namespace without
 * a prefix, or what nobody may declare. */
static bool is_no_prefix(const struct tg_xml_name *key, const struct tg_xml_name *prefix)
{
    struct tg_text text = tg_xml_name_text(key);
    size_t n;

    if (key->len == prefix->len)
        return false;
    return text.len == 0 || memchr(text.base, ':', text.len) != NULL || is_reserved(text) ||
           !tg_xml_is_name_char(tg_utf8_read(text.base, &n), true);
}

bool tg_xml_prefixes_collide(struct tg_xml_shaper *s)
{
    const struct tg_xml_names *names = &s->xml->names;
    uint64_t tag = ++s->xml->tag;

    for (size_t i = 0; i <= names->mask && names->count != 0; i++) {
        const struct tg_xml_name *name = names->slots[i];
        if (name == NULL || name->kind != TG_XML_XMLNS_PREFIX || name->document != s->xml->document)
            continue;
        struct tg_xml_name *key = tg_xml_prefix_key(s, name->local);
        if (key->tag == tag || is_no_prefix(key, name->local))
            return true;
        key->tag = tag;
    }
    return false;
}
