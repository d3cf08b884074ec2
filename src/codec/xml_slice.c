#include "codec/xml_slice.h"

static bool is_used(struct tg_text slice, struct tg_text prefix)
{
    const char *p = slice.base, *end = p + slice.len;

    while ((p = memmem(p, (size_t)(end - p), prefix.base, prefix.len)) != NULL) {
        p += prefix.len;
        if (p < end && *p == ':')
            return true;
    }
    return false;
}

static bool declares(const struct tg_xml *xml, const struct tg_xml_name *prefix)
{
    for (size_t i = 0; i < xml->attribute_count; i++) {
        const struct tg_xml_name *name = xml->attributes[i].name;
        if (prefix == NULL ? name->kind == TG_XML_XMLNS
                           : name->kind == TG_XML_XMLNS_PREFIX && name->local == prefix)
            return true;
    }
    return false;
}

static void add_declaration(struct tg_buffer *out, struct tg_text prefix, struct tg_text uri)
{
    tg_buffer_printf(out, prefix.len != 0 ? " xmlns:" : " xmlns");
    tg_buffer_append(out, prefix.base, prefix.len);
    tg_buffer_append(out, "=\"", 2);
    for (size_t i = 0; i < uri.len; i++) {
        const char *reference = uri.base[i] == '&'   ? "&amp;"
                                : uri.base[i] == '<' ? "&lt;"
                                : uri.base[i] == '"' ? "&quot;"
                                                     : NULL;
        if (reference != NULL)
            tg_buffer_append(out, reference, strlen(reference));
        else
            tg_buffer_put(out, uri.base[i]);
    }
    tg_buffer_put(out, '"');
}

/* The prefixes that are declared around the element and not by it: they stand for the same again
 * when it has ended. */
static void collect_prefixes(const struct tg_xml *xml, struct tg_buffer *prefixes)
{
    size_t outside = xml->open[xml->depth - 1].bindings;

    prefixes->len = 0;
    for (size_t i = 0; i < outside; i++) {
        const struct tg_xml_name *prefix = xml->bindings[i].prefix;
        bool later = false;
        for (size_t k = i + 1; k < outside && !later; k++)
            later = xml->bindings[k].prefix == prefix;
        if (!later && !declares(xml, prefix))
            tg_buffer_append(prefixes, (const void *)&prefix, sizeof(prefix));
    }
}

static bool skip_element(struct tg_xml *xml)
{
    size_t depth = xml->depth;

    for (;;) {
        enum tg_xml_event event = tg_xml_next(xml);
        if (event == TG_XML_ERROR)
            return false;
        if (event == TG_XML_END && xml->depth < depth)
            return true;
    }
}

static bool slice_out(struct tg_xml *xml, const struct tg_xml_name *space, bool all,
                      struct tg_buffer *scratch, struct tg_buffer *out)
{
    /* No value of an attribute has a '<'. */
    const char *begin = memrchr(xml->start, '<', (size_t)(xml->at - xml->start));
    size_t name = xml->name->len + 1;

    if (space != NULL && declares(xml, NULL))
        space = NULL;
    collect_prefixes(xml, scratch);
    if (!skip_element(xml))
        return false;
    struct tg_text slice = tg_text(begin, (size_t)(xml->at - begin));
    const struct tg_xml_name **list = (const struct tg_xml_name **)(void *)scratch->base;
    tg_buffer_append(out, begin, name);
    if (space != NULL)
        add_declaration(out, tg_text("", 0), tg_xml_name_text(space));
    for (size_t i = 0; i < scratch->len / sizeof(*list); i++)
        if (all || is_used(slice, tg_xml_name_text(list[i])))
            add_declaration(out, tg_xml_name_text(list[i]), tg_xml_name_text(list[i]->namespace));
    return tg_buffer_append(out, begin + name, slice.len - name);
}

bool tg_xml_slice(struct tg_xml *xml, const struct tg_xml_name *space, struct tg_buffer *scratch,
                  struct tg_buffer *out)
{
    return slice_out(xml, space, false, scratch, out);
}

bool tg_xml_slice_whole(struct tg_xml *xml, const struct tg_xml_name *space,
                        struct tg_buffer *scratch, struct tg_buffer *out)
{
    return slice_out(xml, space, true, scratch, out);
}

struct tg_xml_name *tg_xml_default_space(const struct tg_xml *xml, struct tg_xml_name *space)
{
    for (size_t i = 0; i < xml->attribute_count; i++) {
        if (xml->attributes[i].name->kind != TG_XML_XMLNS)
            continue;
        struct tg_text text = xml->attributes[i].value;
        space = text.len == 0
                    ? NULL
                    : tg_xml_names_find(&xml->uris, text, tg_xml_names_hash(&xml->uris, text));
    }
    return space;
}
