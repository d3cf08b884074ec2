#include "codec/xml_json_attributes.h"

#include "codec/xml_json_text.h"

/* With the colon behind it, and a bracket for a list. */
static bool write_key(struct tg_buffer *out, const struct tg_xml_name *name, bool list)
{
    static const char before[] = {',', '"', '@'};
    char *room = tg_buffer_reserve(out, name->len + 8 + TG_BLOCKS_COPIED);

    if (room == NULL)
        return false;
    memcpy(room, before, sizeof(before));
    tg_block_copy(room + sizeof(before), name->json + TG_XML_JSON_BEFORE, name->len + 3);
    room += name->len + 5;
    *room = '[';
    out->len = (size_t)(room + list - out->base);
    return true;
}

/* With its quotes. */
static bool write_namespace(struct tg_buffer *out, const struct tg_xml_name *uri)
{
    char *room = tg_buffer_reserve(out, uri->len + 2 + TG_BLOCKS_COPIED);

    if (room == NULL)
        return false;
    tg_block_copy(room, uri->json + 1, uri->len + 2);
    out->len += uri->len + 2;
    return true;
}

static bool write_value(struct tg_xml *xml, struct tg_buffer *out,
                        const struct tg_xml_attribute *attribute)
{
    const struct tg_xml_name *name = attribute->name;

    return name->kind != TG_XML_PLAIN && name->declared->literal
               ? write_namespace(out, name->declared)
               : tg_xml_json_string(xml, out, attribute->value);
}

static bool write_kept(struct tg_xml *xml, struct tg_buffer *out)
{
    for (size_t i = 0; i < xml->attribute_count; i++) {
        const struct tg_xml_attribute *attribute = &xml->attributes[i];
        if (!write_key(out, attribute->name, false) || !write_value(xml, out, attribute))
            return false;
    }
    return true;
}

/* Without prefixes two attributes can have one name: then their values are an array. */
static bool write_stripped(struct tg_xml *xml, struct tg_buffer *out)
{
    const struct tg_xml_attribute *attributes = xml->attributes;

    tg_xml_merge_attributes(xml);
    for (size_t i = 0; i < xml->attribute_count; i++) {
        const struct tg_xml_attribute *first = &attributes[i];
        if (first->merged)
            continue;
        bool list = first->next != 0;
        if (!write_key(out, first->name->local, list) ||
            !tg_xml_json_string(xml, out, first->value))
            return false;
        for (size_t next = first->next; next != 0; next = attributes[next].next) {
            if (!tg_buffer_put(out, ',') || !tg_xml_json_string(xml, out, attributes[next].value))
                return false;
        }
        if (list && !tg_buffer_put(out, ']'))
            return false;
    }
    return true;
}

bool tg_xml_json_attributes(struct tg_xml *xml, struct tg_buffer *out, bool strips)
{
    return strips ? write_stripped(xml, out) : write_kept(xml, out);
}
