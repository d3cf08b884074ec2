/* The options of XML to JSON by name, and the presets. */
#include "codec/xml_options.h"

#include "codec/xml_charset.h"
#include "codec/xml_paths.h"
#include "codec/xml_select.h"

#define AT(field) offsetof(struct tg_xml_options, field)

static bool is_some(struct tg_text text)
{
    return text.len != 0;
}

static const char paths[] = "true, or a list of paths such as '/order/item' or '//item'";

const struct tg_option tg_xml_option_table[] = {
    {"preset", TG_OPTION_OTHER, 0, NULL, NULL},
    {"attribute_prefix", TG_OPTION_OTHER, AT(attribute_prefix), "a text, or false", NULL},
    {"attribute_group", TG_OPTION_TEXT, AT(attribute_group), NULL, NULL},
    {"text_key", TG_OPTION_TEXT, AT(text_key), "a key", is_some},
    {"text_always", TG_OPTION_FLAG, AT(text_always), NULL, NULL},
    {"cdata_key", TG_OPTION_TEXT, AT(cdata_key), NULL, NULL},
    {"children_key", TG_OPTION_TEXT, AT(children_key), "a key", is_some},
    {"content_key", TG_OPTION_TEXT, AT(content_key), NULL, NULL},
    {"comments_key", TG_OPTION_TEXT, AT(comments_key), NULL, NULL},
    {"pi_key", TG_OPTION_TEXT, AT(pi_key), NULL, NULL},
    {"namespaces", TG_OPTION_CHOICE, AT(namespaces), "keep|strip|badgerfish", NULL},
    {"xmlns_decl", TG_OPTION_CHOICE, AT(xmlns_decl), "keep|drop", NULL},
    {"ns_separator", TG_OPTION_TEXT, AT(ns_separator), NULL, NULL},
    {"force_array", TG_OPTION_OTHER, AT(force_array), paths, tg_xml_path_is_valid},
    {"collapse", TG_OPTION_LIST, AT(collapse), "a list of names", is_some},
    {"strip_levels", TG_OPTION_SMALL, AT(strip_levels), NULL, NULL},
    {"root", TG_OPTION_OTHER, AT(root), "a key, or false", is_some},
    {"empty", TG_OPTION_OTHER, AT(empty), "'', tg.null or {}", NULL},
    {"nil", TG_OPTION_CHOICE, AT(nil), "null|keep", NULL},
    {"trim", TG_OPTION_CHOICE, AT(trim), "edges|none|normalize", NULL},
    {"blank_text", TG_OPTION_OTHER, AT(blank_text), "true, false or 'leaf'", NULL},
    {"numbers", TG_OPTION_CHOICE, AT(numbers), "none|safe|lexical", NULL},
    {"booleans", TG_OPTION_OTHER, AT(booleans), "true, false or 'nocase'", NULL},
    {"null_literal", TG_OPTION_TEXT, AT(null_literal), "a text", is_some},
    {"types", TG_OPTION_OTHER, 0, NULL, tg_xml_path_is_valid},
    {"mixed", TG_OPTION_CHOICE, AT(mixed), "text|children|jsonml|drop", NULL},
    {"unescape_names", TG_OPTION_FLAG, AT(unescape_names), NULL, NULL},
    {"doctype", TG_OPTION_CHOICE, AT(doctype), "refuse|skip", NULL},
    {"charset", TG_OPTION_TEXT, AT(charset), "the name of an encoding that is read",
     tg_xml_charset_is_known},
    {"select", TG_OPTION_TEXT, AT(select), "an expression of XPath 1.0", tg_xml_select_is_valid},
    {"select_namespaces", TG_OPTION_PAIRS, AT(select_namespaces), "prefixes and their namespaces",
     NULL},
    {"input", TG_OPTION_SIZE, AT(limits.input), NULL, NULL},
    {"depth", TG_OPTION_COUNT, AT(limits.depth), NULL, NULL},
    {"attributes", TG_OPTION_COUNT, AT(limits.attributes), NULL, NULL},
    {"xmlns", TG_OPTION_COUNT, AT(limits.xmlns), NULL, NULL},
    {"name", TG_OPTION_SIZE, AT(limits.name), NULL, NULL},
    {"names", TG_OPTION_COUNT, AT(limits.names), NULL, NULL},
    {"elements", TG_OPTION_COUNT, AT(limits.elements), NULL, NULL},
    {"output", TG_OPTION_SIZE, AT(limits.output), NULL, NULL},
    {NULL, TG_OPTION_OTHER, 0, NULL, NULL},
};

void tg_xml_limits_fill(struct tg_xml_limits *limits, const struct tg_xml_limits *standard)
{
    size_t *own = &limits->input;
    const size_t *other = &standard->input;

    for (size_t i = 0; i < sizeof(*limits) / sizeof(*own); i++)
        own[i] = own[i] != 0 ? own[i] : other[i];
}

unsigned tg_xml_mark_of(struct tg_text name)
{
    static const struct tg_option types = {.choices = "array|string|number|integer|boolean"};
    int place = tg_option_choice(&types, name);

    return place < 0 ? 0 : 1U << place;
}

/* The presets, in the order of their names below. */

#define T(literal)                                                                                 \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

const char tg_xml_presets[] = "badgerfish|parker|gdata|abdera|jsonml|xml2js|apigee|aws";

static const struct tg_text any_name[] = {T("*")};
static const struct tg_text wrapped[] = {T("member"), T("item")};

static const struct tg_xml_options presets[] = {
    {
        .namespaces = TG_XML_BADGERFISH,
        .text_key = T("$"),
        .text_always = true,
        .empty = TG_XML_EMPTY_OBJECT,
    },
    {
        .drop_attributes = true,
        .drop_root = true,
        .empty = TG_XML_EMPTY_NULL,
        .numbers = TG_XML_NUMBERS_LEXICAL,
        .booleans = TG_XML_BOOLEANS_NOCASE,
        .mixed = TG_XML_MIXED_DROP,
        .collapse = {any_name, 1},
    },
    {
        .attribute_prefix = T(""),
        .text_key = T("$t"),
        .text_always = true,
        .ns_separator = T("$"),
        .empty = TG_XML_EMPTY_OBJECT,
    },
    {
        .attribute_group = T("attributes"),
        .content_key = T("children"),
        .text_key = T("text"),
        .numbers = TG_XML_NUMBERS_LEXICAL,
        .booleans = TG_XML_BOOLEANS_YES,
        .empty = TG_XML_EMPTY_OBJECT,
    },
    {
        .mixed = TG_XML_MIXED_JSONML,
        .trim = TG_XML_TRIM_NONE,
    },
    {
        .attribute_group = T("$"),
        .text_key = T("_"),
        .force_all = true,
        .trim = TG_XML_TRIM_NONE,
        .blank_text = TG_XML_BLANK_LEAF,
        .nil = TG_XML_NIL_KEEP,
    },
    {
        .null_literal = T("NULL"),
        .empty = TG_XML_EMPTY_NULL,
    },
    {
        .namespaces = TG_XML_STRIP,
        .collapse = {wrapped, 2},
    },
};

bool tg_xml_preset(struct tg_text name, struct tg_xml_options *options)
{
    const struct tg_option names = {.choices = tg_xml_presets};
    int place = tg_option_choice(&names, name);

    if (place < 0)
        return false;
    *options = presets[place];
    return true;
}

static bool texts_are_plain(const struct tg_xml_options *o)
{
    return o->attribute_prefix.base == NULL && o->attribute_group.len == 0 &&
           o->text_key.base == NULL && o->cdata_key.len == 0 && o->comments_key.len == 0 &&
           o->content_key.len == 0 && o->pi_key.len == 0 && o->ns_separator.base == NULL &&
           o->root.base == NULL && o->null_literal.base == NULL;
}

bool tg_xml_options_are_plain(const struct tg_xml_options *o)
{
    bool flags =
        o->force_all || o->drop_attributes || o->drop_root || o->text_always || o->unescape_names;
    bool choices = o->nil != TG_XML_NIL_NULL || o->trim != TG_XML_TRIM_EDGES ||
                   o->blank_text == TG_XML_BLANK_LEAF || o->numbers != TG_XML_NUMBERS_NONE ||
                   o->booleans != TG_XML_BOOLEANS_NO || o->mixed != TG_XML_MIXED_TEXT ||
                   o->xmlns_decl != TG_XML_DECLARATIONS_KEEP || o->namespaces == TG_XML_BADGERFISH;

    return !flags && !choices && o->strip_levels == 0 && o->collapse.count == 0 &&
           o->type_count == 0 && texts_are_plain(o);
}
