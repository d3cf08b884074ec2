/* Texts against simple types. */

#include "codec/schema_model.h"
#include "codec/utf8.h"
#include "codec/xml_scan.h"

/* ---- white space */

/* Whether a byte is no more than a space. */
static bool has_low(struct tg_text text)
{
    const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
    const char *p = text.base, *end = p + text.len;

    for (; end - p >= 8; p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        if (((word - ones * 0x21) & ~word & high) != 0)
            return true;
    }
    for (; p < end; p++)
        if ((unsigned char)*p <= ' ')
            return true;
    return false;
}

static bool is_normal(struct tg_text text, enum tg_schema_space space)
{
    bool blank = true; /* before the text */

    if (space == TG_SCHEMA_PRESERVE || !has_low(text))
        return true;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.base[i];
        if (c == '\n' || c == '\t' || c == '\r')
            return false;
        if (space == TG_SCHEMA_COLLAPSE && c == ' ' && blank)
            return false;
        blank = c == ' ';
    }
    return space == TG_SCHEMA_REPLACE || text.len == 0 || !blank;
}

static struct tg_text normalise(struct tg_text text, enum tg_schema_space space,
                                struct tg_buffer *scratch)
{
    if (space == TG_SCHEMA_COLLAPSE)
        text = tg_xml_trim_end(tg_xml_trim_start(text));
    if (is_normal(text, space))
        return text;
    size_t before = scratch->len;
    char *out = tg_buffer_reserve(scratch, text.len), *start = out;
    for (size_t i = 0; i < text.len; i++) {
        char c = tg_xml_is_blank(text.base[i]) ? ' ' : text.base[i];
        if (space == TG_SCHEMA_REPLACE || c != ' ' || out[-1] != ' ')
            *out++ = c;
    }
    scratch->len = before + (size_t)(out - start);
    return tg_text(start, (size_t)(out - start));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- what libxml2 knows */

static bool is_date(const char *p, size_t len)
{
    static const char digits[] = "dddd-dd-dd";
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (len != 10)
        return false;
    for (size_t i = 0; i < 10; i++)
        if (digits[i] == 'd' ? !is_digit(p[i]) : p[i] != digits[i])
            return false;
    int year = (p[0] - '0') * 1000 + (p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0');
    int month = (p[5] - '0') * 10 + (p[6] - '0'), day = (p[8] - '0') * 10 + (p[9] - '0');
    return year > 0 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

static bool is_time(const char *p, size_t len)
{
    static const char digits[] = "dd:dd:dd";

    if (len < 8 || len > 9 || (len == 9 && p[8] != 'Z'))
        return false;
    for (size_t i = 0; i < 8; i++)
        if (digits[i] == 'd' ? !is_digit(p[i]) : p[i] != digits[i])
            return false;
    return p[0] * 10 + p[1] <= '2' * 10 + '3' && p[0] <= '2' && p[3] <= '5' && p[6] <= '5';
}

/* Letters and digits of ASCII, and what else may stand in any token. */
static bool is_token(struct tg_text text, bool name)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.base[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool other = is_digit(c) || c == '-' || c == '.';
        if (!letter && (!other || (name && i == 0)))
            return false;
    }
    return text.len != 0;
}

/* Most dates and times are so plain that nobody has to be asked. */
static bool is_plain(const struct tg_schema_simple *type, struct tg_text text)
{
    switch (type->builtin->builtInType) {
    case XML_SCHEMAS_DATE:
        return is_date(text.base, text.len);
    case XML_SCHEMAS_DATETIME:
        return text.len > 11 && text.base[10] == 'T' && is_date(text.base, 10) &&
               is_time(text.base + 11, text.len - 11);
    case XML_SCHEMAS_TIME:
        return is_time(text.base, text.len);
    case XML_SCHEMAS_NMTOKEN:
        return is_token(text, false);
    case XML_SCHEMAS_NAME:
    case XML_SCHEMAS_NCNAME:
    case XML_SCHEMAS_ID:
    case XML_SCHEMAS_IDREF:
        return is_token(text, true);
    default:
        return false;
    }
}

/* libxml2 wants a NUL behind. */
static const char *terminate(struct tg_text text, struct tg_buffer *scratch)
{
    size_t before = scratch->len;

    tg_buffer_append(scratch, text.base, text.len);
    tg_buffer_put(scratch, '\0');
    scratch->len = before;
    return scratch->base + before;
}

static const char *compare_values(const struct tg_schema_simple *type, xmlSchemaVal *value)
{
    if (type->low.set) {
        int order = xmlSchemaCompareValues(value, type->low.value);
        if (order != 1 && (order != 0 || type->low.exclusive))
            return "is too small for";
    }
    if (type->high.set) {
        int order = xmlSchemaCompareValues(value, type->high.value);
        if (order != -1 && (order != 0 || type->high.exclusive))
            return "is too big for";
    }
    bool found = type->enumeration_count == 0;
    for (size_t i = 0; i < type->enumeration_count && !found; i++)
        found = xmlSchemaCompareValues(value, type->enumeration[i].value) == 0;
    return found ? NULL : "is none of the values of";
}

static const char *check_by_library(const struct tg_schema_simple *type, struct tg_text text,
                                    struct tg_buffer *scratch)
{
    bool compares = type->low.set || type->high.set || type->enumeration_count != 0;
    xmlSchemaVal *value = NULL;

    if (!compares && is_plain(type, text))
        return NULL;
    /* What a QName or NOTATION stands for is not known here. */
    xmlSchemaValType kind = (xmlSchemaValType)type->builtin->builtInType;
    if (kind == XML_SCHEMAS_QNAME || kind == XML_SCHEMAS_NOTATION)
        return xmlValidateQName((const xmlChar *)terminate(text, scratch), 0) == 0
                   ? NULL
                   : "is not a value of";
    int result = xmlSchemaValidatePredefinedType(
        type->builtin, (const xmlChar *)terminate(text, scratch), compares ? &value : NULL);
    if (result != 0)
        return "is not a value of";
    const char *reason = compares ? compare_values(type, value) : NULL;
    xmlSchemaFreeValue(value);
    return reason;
}

/* ---- facets */

static size_t count_items(struct tg_text text)
{
    size_t count = text.len != 0;

    for (size_t i = 0; i < text.len; i++)
        count += text.base[i] == ' ';
    return count;
}

static size_t count_base64(struct tg_text text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += !tg_xml_is_blank(text.base[i]) && text.base[i] != '=';
    return count * 3 / 4;
}

static size_t length_of(const struct tg_schema_simple *type, struct tg_text text)
{
    size_t count = 0;

    if (type->class == TG_SCHEMA_LIST)
        return count_items(text);
    if (type->builtin->builtInType == XML_SCHEMAS_HEXBINARY)
        return text.len / 2;
    if (type->builtin->builtInType == XML_SCHEMAS_BASE64BINARY)
        return count_base64(text);
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.base[i] & 0xc0) != 0x80;
    return count;
}

static bool is_enumerated(const struct tg_schema_simple *type, struct tg_text text)
{
    for (size_t i = 0; i < type->enumeration_count; i++) {
        struct tg_text one = type->enumeration[i].text;
        if (tg_text_is(one, text) ||
            (type->class == TG_SCHEMA_DECIMAL && tg_schema_same_decimal(one, text)))
            return true;
    }
    return false;
}

static const char *check_facets(const struct tg_schema_simple *type, struct tg_text text,
                                struct tg_buffer *scratch)
{
    if (type->min_length != 0 || type->max_length != SIZE_MAX) {
        size_t length = length_of(type, text);
        if (length < type->min_length)
            return "is too short for";
        if (length > type->max_length)
            return "is too long for";
    }
    if (type->enumeration_count != 0 && type->enumeration[0].value == NULL &&
        !is_enumerated(type, text))
        return "is none of the values of";
    for (size_t i = 0; i < type->pattern_count; i++)
        if (xmlRegexpExec(type->patterns[i], (const xmlChar *)terminate(text, scratch)) != 1)
            return "does not match the pattern of";
    return NULL;
}

/* ---- the whole */

static const char *check(const struct tg_schema_simple *type, struct tg_text text,
                         struct tg_text *normal, struct tg_buffer *scratch);

static const char *check_list(const struct tg_schema_simple *type, struct tg_text text,
                              struct tg_buffer *scratch)
{
    const char *p = text.base, *end = p + text.len, *reason = NULL;
    size_t before = scratch->len;

    while (p < end && reason == NULL) {
        const char *blank = memchr(p, ' ', (size_t)(end - p));
        const char *stop = blank != NULL ? blank : end;
        struct tg_text normal;
        reason = check(type->item, tg_text(p, (size_t)(stop - p)), &normal, scratch);
        scratch->len = before;
        p = stop + 1;
    }
    return reason;
}

static const char *check_union(const struct tg_schema_simple *type, struct tg_text text,
                               struct tg_text *normal, struct tg_buffer *scratch)
{
    size_t before = scratch->len;

    for (size_t i = 0; i < type->member_count; i++) {
        if (check(type->members[i], text, normal, scratch) == NULL)
            return NULL;
        scratch->len = before;
    }
    *normal = text;
    return "is not a value of";
}

static bool is_boolean(struct tg_text text)
{
    return tg_text_is(text, TG_TEXT("true")) || tg_text_is(text, TG_TEXT("false")) ||
           tg_text_is(text, TG_TEXT("1")) || tg_text_is(text, TG_TEXT("0"));
}

static const char *check_class(const struct tg_schema_simple *type, struct tg_text raw,
                               struct tg_text *normal, struct tg_buffer *scratch)
{
    switch (type->class) {
    case TG_SCHEMA_TEXT:
        return NULL;
    case TG_SCHEMA_BOOLEAN:
        return is_boolean(*normal) ? NULL : "is not a value of";
    case TG_SCHEMA_DECIMAL:
        return tg_schema_check_decimal(type, *normal);
    case TG_SCHEMA_FLOAT:
    case TG_SCHEMA_OTHER:
        return check_by_library(type, *normal, scratch);
    case TG_SCHEMA_LIST:
        return check_list(type, *normal, scratch);
    case TG_SCHEMA_UNION:
        return check_union(type, raw, normal, scratch);
    }
    return NULL;
}

static const char *check(const struct tg_schema_simple *type, struct tg_text text,
                         struct tg_text *normal, struct tg_buffer *scratch)
{
    if (type->class == TG_SCHEMA_DECIMAL || type->class == TG_SCHEMA_BOOLEAN)
        *normal = tg_xml_trim_end(tg_xml_trim_start(text)); /* they have no blanks inside */
    else
        *normal = normalise(text, type->space, scratch);
    const char *reason = check_class(type, text, normal, scratch);
    return reason != NULL || !type->faceted ? reason : check_facets(type, *normal, scratch);
}

/* All that is put into the scratch buffer has its room there now, so nothing in it moves. */
const char *tg_schema_check_value(const struct tg_schema_simple *type, struct tg_text text,
                                  struct tg_text *normal, struct tg_buffer *scratch)
{
    if (type->class == TG_SCHEMA_DECIMAL && !type->faceted) {
        *normal = tg_xml_trim_end(tg_xml_trim_start(text));
        return tg_schema_check_decimal(type, *normal);
    }
    tg_buffer_reserve(scratch, (text.len + 1) * (type->levels + 2) * 2);
    return check(type, text, normal, scratch);
}
