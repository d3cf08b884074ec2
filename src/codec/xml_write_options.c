/* The options of JSON to XML by name. */
#include "codec/xml_write_parts.h"

#define AT(field) offsetof(struct tg_xml_write_options, field)

static bool is_some(struct tg_text text)
{
    return text.len != 0;
}

const struct tg_option tg_xml_write_option_table[] = {
    {"root", TG_OPTION_TEXT, AT(root), "a name", is_some},
    {"item", TG_OPTION_TEXT, AT(item), "a name", is_some},
    {"item_names", TG_OPTION_PAIRS, AT(item_names), NULL, NULL},
    {"arrays", TG_OPTION_CHOICE, AT(arrays), "repeat|wrap", NULL},
    {"attribute_prefix", TG_OPTION_TEXT, AT(attribute_prefix), NULL, NULL},
    {"attribute_group", TG_OPTION_TEXT, AT(attribute_group), NULL, NULL},
    {"text_key", TG_OPTION_TEXT, AT(text_key), "a key", is_some},
    {"cdata_key", TG_OPTION_TEXT, AT(cdata_key), NULL, NULL},
    {"children_key", TG_OPTION_TEXT, AT(children_key), "a key", is_some},
    {"comments_key", TG_OPTION_TEXT, AT(comments_key), NULL, NULL},
    {"pi_key", TG_OPTION_TEXT, AT(pi_key), NULL, NULL},
    {"mixed", TG_OPTION_CHOICE, AT(mixed), "text|children|jsonml", NULL},
    {"namespaces", TG_OPTION_OTHER, 0, NULL, NULL},
    {"order", TG_OPTION_OTHER, 0, NULL, NULL},
    {"declaration", TG_OPTION_FLAG, AT(declaration), NULL, NULL},
    {"indent", TG_OPTION_SMALL, AT(indent), NULL, NULL},
    {"invalid_name", TG_OPTION_CHOICE, AT(invalid_name), "escape|error|replace", NULL},
    {"control_chars", TG_OPTION_CHOICE, AT(control_chars), "error|drop|replace", NULL},
    {"null", TG_OPTION_CHOICE, AT(null), "nil|empty|omit", NULL},
    {"empty_array", TG_OPTION_CHOICE, AT(empty_array), "omit|empty", NULL},
    {"duplicate_keys", TG_OPTION_CHOICE, AT(duplicate_keys), "repeat|error", NULL},
    {"input", TG_OPTION_SIZE, AT(limits.input), NULL, NULL},
    {"depth", TG_OPTION_COUNT, AT(limits.depth), NULL, NULL},
    {"key", TG_OPTION_SIZE, AT(limits.key), NULL, NULL},
    {"attributes", TG_OPTION_COUNT, AT(limits.attributes), NULL, NULL},
    {"elements", TG_OPTION_COUNT, AT(limits.elements), NULL, NULL},
    {"output", TG_OPTION_SIZE, AT(limits.output), NULL, NULL},
    {NULL, TG_OPTION_OTHER, 0, NULL, NULL},
};

bool tg_xml_write_options_are_plain(const struct tg_xml_write_options *o)
{
    return o->attribute_group.len == 0 && o->cdata_key.len == 0 && o->comments_key.len == 0 &&
           o->pi_key.len == 0 && o->item_names.count == 0 && o->namespaces.count == 0 &&
           o->order_count == 0 && o->arrays == TG_XML_ARRAYS_REPEAT &&
           o->duplicate_keys == TG_XML_DUPLICATE_REPEAT && o->mixed == TG_XML_WRITE_TEXT &&
           o->xmlns == TG_XML_WRITE_XMLNS_KEEP && o->null == TG_XML_NULL_NIL && o->indent == 0;
}

void tg_xml_write_limits_fill(struct tg_xml_write_limits *limits,
                              const struct tg_xml_write_limits *standard)
{
    size_t *own = &limits->input;
    const size_t *other = &standard->input;

    for (size_t i = 0; i < sizeof(*limits) / sizeof(*own); i++)
        own[i] = own[i] != 0 ? own[i] : other[i];
}
