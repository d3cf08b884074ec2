/* Keys: what the value that follows is going to be. */
#include "codec/xml_write_parts.h"

enum tg_xml_role tg_xml_write_role(const struct tg_xml_writer *w, struct tg_text key)
{
    const struct tg_xml_write_options *options = w->options;

    if (tg_text_is(key, tg_xml_write_or(options->text_key, TG_TEXT("#text"))))
        return TG_XML_ROLE_TEXT;
    if (tg_text_is(key, tg_xml_write_or(options->children_key, TG_TEXT("#children"))))
        return TG_XML_ROLE_CHILDREN;
    if (options->cdata_key.len != 0 && tg_text_is(key, options->cdata_key))
        return TG_XML_ROLE_CDATA;
    if (options->comments_key.len != 0 && tg_text_is(key, options->comments_key))
        return TG_XML_ROLE_COMMENT;
    if (options->pi_key.len != 0 && tg_text_is(key, options->pi_key))
        return TG_XML_ROLE_PI;
    if (options->attribute_group.len != 0 && tg_text_is(key, options->attribute_group))
        return TG_XML_ROLE_GROUP;
    return TG_XML_ROLE_ELEMENT;
}

/* {"$": "urn:default", "p": "urn:p"} */
static bool take_prefix(struct tg_xml_writer *w, struct tg_text prefix)
{
    if (prefix.len == 0 || tg_text_is(prefix, TG_TEXT("$")))
        return tg_xml_write_name(w, TG_TEXT("xmlns"), &w->name);
    return tg_xml_write_prefix(w, prefix, &w->name);
}

bool tg_xml_write_key(struct tg_xml_writer *writer, struct tg_text key)
{
    struct tg_text prefix = tg_xml_write_or(writer->options->attribute_prefix, TG_TEXT("@"));
    struct tg_xml_frame *frame = writer->frame;
    bool has_prefix =
        prefix.len != 0 && key.len > prefix.len && memcmp(key.base, prefix.base, prefix.len) == 0;

    writer->names.len = frame->names;
    if (key.len > writer->limits.key)
        return tg_xml_write_fail_limit(writer, "key", writer->limits.key, "bytes of a key");
    if (writer->options->duplicate_keys == TG_XML_DUPLICATE_ERROR &&
        tg_xml_write_seen(writer, ~frame->serial, key))
        return tg_xml_write_fail(writer, "the key comes twice");
    if (frame->kind == TG_XML_FRAME_XMLNS)
        return take_prefix(writer, key);
    if (frame->kind == TG_XML_FRAME_GROUP)
        return tg_xml_write_name(writer, key, &writer->name);
    if (!has_prefix) {
        writer->role = tg_xml_write_role(writer, key);
        return writer->role != TG_XML_ROLE_ELEMENT || tg_xml_write_name(writer, key, &writer->name);
    }
    key = tg_text(key.base + prefix.len, key.len - prefix.len);
    bool is_xmlns = writer->options->xmlns == TG_XML_WRITE_XMLNS_BADGERFISH &&
                    tg_text_is(key, TG_TEXT("xmlns"));
    writer->role = is_xmlns ? TG_XML_ROLE_XMLNS : TG_XML_ROLE_ATTRIBUTE;
    return tg_xml_write_name(writer, key, &writer->name);
}
