/* Names: what may stand in them is checked when a name is met for the first time. */
#include "codec/utf8.h"
#include "codec/xml_parts.h"

struct range {
    uint32_t from, to;
};

/* XML 1.0, fifth edition; ASCII is answered before, without the colon. */
static const struct range starts[] = {
    {0xc0, 0xd6},     {0xd8, 0xf6},     {0xf8, 0x2ff},    {0x370, 0x37d},
    {0x37f, 0x1fff},  {0x200c, 0x200d}, {0x2070, 0x218f}, {0x2c00, 0x2fef},
    {0x3001, 0xd7ff}, {0xf900, 0xfdcf}, {0xfdf0, 0xfffd}, {0x10000, 0xeffff},
};
static const struct range others[] = {{0xb7, 0xb7}, {0x300, 0x36f}, {0x203f, 0x2040}};

static bool is_in(uint32_t code, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (code >= ranges[i].from && code <= ranges[i].to)
            return true;
    }
    return false;
}

static bool is_start(uint32_t code)
{
    if (code < 0x80)
        return ((code | 0x20) >= 'a' && (code | 0x20) <= 'z') || code == '_';
    return is_in(code, starts, sizeof(starts) / sizeof(*starts));
}

static bool is_part(uint32_t code)
{
    if (code < 0x80)
        return is_start(code) || (code >= '0' && code <= '9') || code == '-' || code == '.';
    return is_start(code) || is_in(code, others, sizeof(others) / sizeof(*others));
}

bool tg_xml_is_name_char(uint32_t code, bool first)
{
    return first ? is_start(code) : is_part(code);
}

size_t tg_xml_ncname(const char *p, const char *end)
{
    const char *start = p;

    while (p < end) {
        size_t n;
        uint32_t code = tg_utf8_read(p, &n);
        if (p == start ? !is_start(code) : !is_part(code))
            break;
        p += n;
    }
    return (size_t)(p - start);
}

size_t tg_xml_colon(struct tg_text key)
{
    const char *end = key.base + key.len;
    const char *colon = key.len != 0 ? memchr(key.base, ':', key.len) : NULL;
    size_t n;

    if (colon == NULL || colon == key.base || colon + 1 == end ||
        memchr(colon + 1, ':', (size_t)(end - colon - 1)) != NULL)
        return 0;
    if (!is_start(tg_utf8_read(key.base, &n)) || !is_start(tg_utf8_read(colon + 1, &n)))
        return 0;
    return (size_t)(colon - key.base);
}

enum tg_xml_kind tg_xml_kind_of(struct tg_text text)
{
    if (text.len < 5 || memcmp(text.base, "xmlns", 5) != 0)
        return TG_XML_PLAIN;
    if (text.len == 5)
        return TG_XML_XMLNS;
    return text.base[5] == ':' ? TG_XML_XMLNS_PREFIX : TG_XML_PLAIN;
}

static struct tg_xml_name *intern_part(struct tg_xml *xml, const char *p, size_t len)
{
    bool added;
    struct tg_xml_name *name = tg_xml_names_intern(&xml->names, tg_text(p, len), &added);

    if (added)
        name->kind = tg_xml_kind_of(tg_text(p, len));
    return name;
}

void tg_xml_bind_xml(struct tg_xml *xml)
{
    bool added;
    struct tg_xml_name *prefix = intern_part(xml, "xml", 3);

    xml->before = prefix;
    prefix->namespace =
        tg_xml_names_intern(&xml->uris, TG_TEXT("http://www.w3.org/XML/1998/namespace"), &added);
    prefix->namespace->kind = TG_XML_URI_XML;
    xml->xmlns_uri =
        tg_xml_names_intern(&xml->uris, TG_TEXT("http://www.w3.org/2000/xmlns/"), &added);
    xml->xmlns_uri->kind = TG_XML_URI_XMLNS;
}

/* Adds a text that is not in the table; NULL when it is no name, with *bad where and *why. */
static struct tg_xml_name *make(struct tg_xml *xml, struct tg_text text, uint64_t hash,
                                const char **bad, const char **why)
{
    const char *end = text.base + text.len;
    size_t first = tg_xml_ncname(text.base, end), second = 0;
    bool prefixed = first != 0 && first < text.len && text.base[first] == ':';

    if (prefixed)
        second = tg_xml_ncname(text.base + first + 1, end);
    *bad = text.base + first + prefixed + second;
    *why = "a character that a name may not have";
    if (first == 0 || (prefixed && second == 0)) {
        *why = "expected a name";
        return NULL;
    }
    if (*bad != end)
        return NULL;
    struct tg_xml_name *name = tg_xml_names_add(&xml->names, text, hash);
    name->kind = tg_xml_kind_of(text);
    if (prefixed) {
        name->prefix = intern_part(xml, text.base, first);
        name->local = intern_part(xml, text.base + first + 1, second);
    }
    return name;
}

static struct tg_xml_name *add(struct tg_xml *xml, struct tg_text text, uint64_t hash)
{
    const char *bad, *why;
    struct tg_xml_name *name = make(xml, text, hash, &bad, &why);

    if (name == NULL)
        tg_xml_fail(xml, bad, "%s", why);
    return name;
}

struct tg_xml_name *tg_xml_know_name(struct tg_xml *xml, struct tg_text text)
{
    const char *bad, *why;
    uint64_t hash = tg_xml_names_hash(&xml->names, text);
    struct tg_xml_name *name = tg_xml_names_find(&xml->names, text, hash);

    return name != NULL ? name : make(xml, text, hash, &bad, &why);
}

static __attribute__((noinline, cold)) struct tg_xml_name *
refuse(struct tg_xml *xml, const struct tg_xml_name *name, const char *at)
{
    if (name->len > xml->limits.name)
        tg_xml_fail_limit(xml, at, "name", xml->limits.name, "bytes in a name");
    else
        tg_xml_fail_limit(xml, at, "names", xml->limits.names, "different names");
    return NULL;
}

/* The limits look at each name once a document. */
static inline struct tg_xml_name *count(struct tg_xml *xml, struct tg_xml_name *name,
                                        const char *at)
{
    if (name->len > xml->limits.name || xml->distinct == xml->limits.names)
        return refuse(xml, name, at);
    xml->distinct++;
    name->document = xml->document;
    return name;
}

static inline unsigned name_stops(struct tg_block block)
{
    struct tg_block ends =
        tg_block_or(tg_block_either(block, '>', '/'), tg_block_equals(block, '='));

    return tg_block_mask(tg_block_or(ends, tg_block_most(block, ' ')));
}

static bool stops(char c)
{
    return (unsigned char)c <= ' ' || c == '>' || c == '/' || c == '=';
}

/* Sixteen bytes of ones and as many zeros: the mask of n bytes begins at 16 - n. */
static const char mask_bytes[2 * TG_BLOCK] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                              -1, -1, -1, -1, -1, -1, -1, -1};

static inline struct tg_xml_name *find_short(struct tg_xml *xml, const char *p, size_t len)
{
    uint64_t words[2], mask[2];
    char first[TG_BLOCK];

    memcpy(words, p, sizeof(words));
    memcpy(mask, mask_bytes + TG_BLOCK - len, sizeof(mask));
    words[0] &= mask[0];
    words[1] &= mask[1];
    memcpy(first, words, sizeof(first));
    uint64_t hash = tg_xml_names_hash_short(&xml->names, first, len);
    struct tg_xml_name *name = tg_xml_names_find_short(&xml->names, first, len, hash);
    return name != NULL ? name : add(xml, tg_text(p, len), hash);
}

/* A long name, or one near the end of the document. */
static struct tg_xml_name *find_long(struct tg_xml *xml, const char *p)
{
    const char *end = p;

    while (!stops(*end))
        end++;
    struct tg_text text = tg_text(p, (size_t)(end - p));
    uint64_t hash = tg_xml_names_hash(&xml->names, text);
    struct tg_xml_name *name = tg_xml_names_find(&xml->names, text, hash);
    return name != NULL ? name : add(xml, text, hash);
}

/* Looks the name up, and remembers it as what follows the name before it. Not inline: its registers
 * are not to be saved for a name that needs no look. */
static __attribute__((noinline)) struct tg_xml_name *look_up(struct tg_xml *xml, const char *p)
{
    unsigned mask = xml->end - p >= TG_BLOCK ? name_stops(tg_block_load(p)) : 0;
    struct tg_xml_name *name =
        mask != 0 ? find_short(xml, p, tg_block_first(mask)) : find_long(xml, p);

    if (name == NULL)
        return NULL;
    xml->before->follower = name;
    xml->before = name;
    return name->document == xml->document ? name : count(xml, name, p);
}

/* Whether the name, and nothing more, stands at p. */
static inline bool is_here(const struct tg_xml *xml, const struct tg_xml_name *name, const char *p)
{
    size_t left = (size_t)(xml->end - p);

    if (name->len <= TG_BLOCK)
        return left > TG_BLOCK && tg_xml_name_is_at(name, p) && stops(p[name->len]);
    return left > name->len && memcmp(p, tg_xml_name_text(name).base, name->len) == 0 &&
           stops(p[name->len]);
}

/* Documents repeat themselves: the name that followed last time is tried first. */
struct tg_xml_name *tg_xml_read_name(struct tg_xml *xml, const char *p)
{
    struct tg_xml_name *name = xml->before->follower;

    if (name == NULL || !is_here(xml, name, p))
        return look_up(xml, p);
    xml->before = name;
    return name->document == xml->document ? name : count(xml, name, p);
}
