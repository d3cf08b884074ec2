#include "codec/json_escape.h"

#include <string.h>

/* Four hexadecimal digits; above 0xffff when they are not there. */
static uint32_t read_unit(const char *p, const char *end)
{
    uint32_t unit = 0;

    if (end - p < 4)
        return UINT32_MAX;
    for (int i = 0; i < 4; i++) {
        char c = p[i], low = (char)(c | 0x20);
        if (c >= '0' && c <= '9')
            unit = unit << 4 | (uint32_t)(c - '0');
        else if (low >= 'a' && low <= 'f')
            unit = unit << 4 | (uint32_t)(low - 'a' + 10);
        else
            return UINT32_MAX;
    }
    return unit;
}

/* Behind "\u". A surrogate must have its other half; NULL: there is no such character. */
static const char *read_unicode(const char *p, const char *end, uint32_t *code)
{
    uint32_t unit = read_unit(p, end);

    p += 4;
    *code = unit;
    if (unit < 0xd800 || (unit > 0xdfff && unit <= 0xffff))
        return p;
    if (unit > 0xdbff || end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return NULL;
    uint32_t low = read_unit(p + 2, end);
    if (low < 0xdc00 || low > 0xdfff)
        return NULL;
    *code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    return p + 6;
}

const char *tg_json_read_escape(const char *p, const char *end, uint32_t *code)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";

    if (end - p < 2)
        return NULL;
    if (p[1] == 'u')
        return read_unicode(p + 2, end, code);
    const char *found = memchr(from, p[1], sizeof(from) - 1);
    if (found == NULL)
        return NULL;
    *code = (unsigned char)to[found - from];
    return p + 2;
}
