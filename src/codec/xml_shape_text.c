/* Text: what of it counts, and what value it is. */
#include <math.h>

#include "codec/json_number.h"
#include "codec/json_write.h"
#include "codec/xml_shape_parts.h"

static bool is_text(const struct tg_xml_node *node)
{
    return node->kind == TG_XML_NODE_TEXT;
}

static bool is_blank(struct tg_text text)
{
    return tg_xml_trim_start(text).len == 0;
}

/* All pieces of text in one. */
static struct tg_text join(struct tg_xml_shaper *s, const struct tg_xml_node *node)
{
    const struct tg_xml_node *only = NULL;
    size_t total = 0, pieces = 0;

    for (const struct tg_xml_node *child = node->first; child != NULL; child = child->next) {
        if (is_text(child)) {
            only = child;
            total += child->text.len;
            pieces++;
        }
    }
    if (pieces < 2)
        return only != NULL ? only->text : tg_text("", 0);
    char *joined = tg_xml_arena_take(&s->xml->arena, total), *out = joined;
    for (const struct tg_xml_node *child = node->first; child != NULL; child = child->next) {
        if (is_text(child)) {
            memcpy(out, child->text.base, child->text.len);
            out += child->text.len;
        }
    }
    return tg_text(joined, total);
}

/* One space for each run of blanks. */
static struct tg_text collapse_blanks(struct tg_xml_shaper *s, struct tg_text text)
{
    char *squeezed = tg_xml_arena_take(&s->xml->arena, text.len), *out = squeezed;

    for (size_t i = 0; i < text.len; i++) {
        bool blank = tg_xml_is_blank(text.base[i]);
        if (!blank)
            *out++ = text.base[i];
        else if (i > 0 && !tg_xml_is_blank(text.base[i - 1]))
            *out++ = ' ';
    }
    return tg_text(squeezed, (size_t)(out - squeezed));
}

static struct tg_text trim(struct tg_xml_shaper *s, struct tg_text text)
{
    switch (s->options->trim) {
    case TG_XML_TRIM_NONE:
        break;
    case TG_XML_TRIM_EDGES:
        return tg_xml_trim_end(tg_xml_trim_start(text));
    case TG_XML_TRIM_NORMALIZE:
        return text.len != 0 ? collapse_blanks(s, tg_xml_trim_end(tg_xml_trim_start(text))) : text;
    }
    return text;
}

static bool keeps_blanks(const struct tg_xml_options *options, bool is_leaf)
{
    return options->blank_text == TG_XML_BLANK_KEEP ||
           (options->blank_text == TG_XML_BLANK_LEAF && is_leaf);
}

struct tg_xml_content tg_xml_content_of(struct tg_xml_shaper *s, const struct tg_xml_node *node)
{
    struct tg_xml_content content = {.text = join(s, node)};
    bool blank = is_blank(content.text);

    for (const struct tg_xml_node *child = node->first; child != NULL; child = child->next) {
        content.elements += child->kind == TG_XML_NODE_ELEMENT;
        content.has_markup |= child->kind != TG_XML_NODE_ELEMENT && !is_text(child);
    }
    content.mixed = content.elements != 0 && !blank;
    bool is_leaf = content.elements == 0 && node->attribute_count == 0 && !content.has_markup;
    content.text = trim(s, content.text);
    if (blank && !keeps_blanks(s->options, is_leaf))
        content.text.len = 0;
    if (content.elements != 0 && s->options->mixed == TG_XML_MIXED_DROP)
        content.text.len = 0;
    content.has_text = content.text.len != 0;
    return content;
}

/* Values */

static size_t count_digits(const char *p, const char *end)
{
    const char *start = p;

    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return (size_t)(p - start);
}

/* Whether the text is a number as JSON has them. */
static bool is_number(struct tg_text text)
{
    const char *p = text.base, *end = p + text.len;

    p += p < end && *p == '-';
    size_t n = count_digits(p, end);
    if (n == 0 || (*p == '0' && n > 1))
        return false;
    p += n;
    if (p < end && *p == '.') {
        n = count_digits(p + 1, end);
        if (n == 0)
            return false;
        p += n + 1;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '+' || *p == '-');
        n = count_digits(p, end);
        if (n == 0)
            return false;
        p += n;
    }
    return p == end;
}

/* Whether we would write it so if we had read it as a double. */
static bool is_safe(struct tg_text text)
{
    struct tg_json_number number = {.text = text};
    char written[TG_JSON_NUMBER_ROOM];

    if (text.len > TG_JSON_NUMBER_ROOM)
        return false;
    tg_json_number_weigh(&number);
    return number.exact && isfinite(number.value) &&
           tg_text_is(text, tg_text(written, tg_json_format_number(written, number.value)));
}

/* A number as XML Schema writes them, in JSON's way: no plus, no zeros before, a digit on both
 * sides of the point. A length of 0: it is none. */
static struct tg_text as_number(struct tg_xml_shaper *s, struct tg_text text, bool integer)
{
    const struct tg_text none = {NULL, 0};
    const char *p = text.base, *end = p + text.len;
    char *start = tg_xml_arena_take(&s->xml->arena, text.len + 3), *out = start;

    if (p < end && (*p == '-' || *p == '+')) {
        if (*p == '-')
            *out++ = '-';
        p++;
    }
    size_t whole = count_digits(p, end), skip = 0;
    while (skip + 1 < whole && p[skip] == '0')
        skip++;
    if (whole == 0)
        *out++ = '0';
    memcpy(out, p + skip, whole - skip);
    out += whole - skip;
    p += whole;
    if (p < end && *p == '.') {
        size_t part = count_digits(p + 1, end);
        if (integer || whole + part == 0)
            return none;
        if (part != 0)
            memcpy(out, p, part + 1);
        out += part != 0 ? part + 1 : 0;
        p += part + 1;
    } else if (whole == 0) {
        return none;
    }
    if (integer && p != end)
        return none;
    memcpy(out, p, (size_t)(end - p));
    out += end - p;
    text = tg_text(start, (size_t)(out - start));
    return is_number(text) ? text : none;
}

static bool is_word(struct tg_text text, struct tg_text word, bool nocase)
{
    return nocase ? tg_text_is_nocase(text, word) : tg_text_is(text, word);
}

/* As XML Schema has booleans. */
static bool as_boolean(struct tg_text text, bool *value)
{
    *value = tg_text_is(text, TG_TEXT("true")) || tg_text_is(text, TG_TEXT("1"));
    return *value || tg_text_is(text, TG_TEXT("false")) || tg_text_is(text, TG_TEXT("0"));
}

static bool write_guessed(struct tg_xml_shaper *s, struct tg_text text)
{
    const struct tg_xml_options *options = s->options;
    const struct tg_xml_sink *sink = s->sink;
    bool nocase = options->booleans == TG_XML_BOOLEANS_NOCASE;

    if (options->null_literal.base != NULL && tg_text_is(text, options->null_literal))
        return sink->null(sink->self);
    if (options->booleans != TG_XML_BOOLEANS_NO && text.len <= 5) {
        if (is_word(text, TG_TEXT("true"), nocase))
            return sink->boolean(sink->self, true);
        if (is_word(text, TG_TEXT("false"), nocase))
            return sink->boolean(sink->self, false);
    }
    if (options->numbers != TG_XML_NUMBERS_NONE && is_number(text) &&
        (options->numbers == TG_XML_NUMBERS_LEXICAL || is_safe(text)))
        return sink->number(sink->self, text);
    return sink->string(sink->self, text);
}

bool tg_xml_shape_scalar(struct tg_xml_shaper *s, struct tg_text text, unsigned marks)
{
    const struct tg_xml_sink *sink = s->sink;
    bool value;

    if ((marks & ~(unsigned)TG_XML_MARK_ARRAY) == 0)
        return write_guessed(s, text);
    struct tg_text plain = tg_xml_trim_end(tg_xml_trim_start(text));
    if ((marks & (TG_XML_MARK_NUMBER | TG_XML_MARK_INTEGER)) != 0 && plain.len != 0) {
        struct tg_text digits = as_number(s, plain, (marks & TG_XML_MARK_NUMBER) == 0);
        if (digits.len != 0)
            return sink->number(sink->self, digits);
    }
    if ((marks & TG_XML_MARK_BOOLEAN) != 0 && as_boolean(plain, &value))
        return sink->boolean(sink->self, value);
    return sink->string(sink->self, text);
}
