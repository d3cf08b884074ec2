/* Keys that are not the ones that were expected. */
#include "codec/json_skip.h"
#include "codec/json_steps.h"
#include "codec/schema_xml_pass.h"

struct tg_text tg_sxml_read_key(const struct pass *p, const char **in)
{
    const char *start = *in + 1;

    if (**in != '"')
        return tg_text(NULL, 0);
    const char *at = tg_json_skip_plain(start, p->flow.end);
    while (at < p->flow.end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20)
        at++;
    if (at == p->flow.end || *at != '"')
        return tg_text(NULL, 0);
    const char *colon = tg_json_skip_space(at + 1);
    if (*colon != ':')
        return tg_text(NULL, 0);
    *in = tg_json_skip_space(colon + 1);
    return tg_text(start, (size_t)(at - start));
}

const struct tg_schema_member *tg_sxml_find_key(const struct pass *p,
                                                const struct tg_schema_type *type,
                                                const struct tg_schema_member *guess,
                                                const char **in)
{
    const struct tg_schema_member *end = type->members + type->member_count;
    struct tg_text name = tg_sxml_read_key(p, in);

    for (size_t i = 0; i < type->member_count && name.base != NULL; i++, guess++) {
        guess = guess < end ? guess : type->members;
        if (tg_text_is(guess->name, name))
            return guess;
    }
    return NULL;
}

uint32_t tg_sxml_find_attribute_key(const struct pass *p, const struct tg_schema_type *type,
                                    uint32_t guess, const char **in)
{
    struct tg_text name = tg_sxml_read_key(p, in);

    for (size_t i = 0; i < type->attribute_count && name.base != NULL; i++, guess++) {
        guess = guess < type->attribute_count ? guess : 0;
        if (tg_text_is(type->attributes[guess].shown, name))
            return guess;
    }
    return NONE;
}
