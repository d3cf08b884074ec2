/* XML in a string of the JSON: an element as it is written. */

#include "codec/schema_xml_parts.h"

/* The text has to be one element, and nothing else but white space around it. */
static bool read_raw(struct writer *w, struct tg_text text, struct tg_buffer *namespace,
                     struct tg_buffer *name)
{
    struct tg_xml *xml = w->tools->scanner;
    const struct tg_xml_limits limits = {.input = SIZE_MAX};
    bool good = tg_xml_begin(xml, text, &limits), first = true;
    enum tg_xml_event event = TG_XML_ERROR;

    while (good && (event = tg_xml_next(xml)) != TG_XML_DONE && event != TG_XML_ERROR) {
        if (event != TG_XML_START || !first)
            continue;
        first = false;
        struct tg_text uri = tg_text("", 0), local = tg_xml_name_text(xml->name->local);
        if (xml->name->prefix != NULL)
            uri = tg_xml_name_text(xml->name->prefix->namespace);
        for (size_t i = 0; i < xml->attribute_count; i++)
            if (xml->name->prefix == NULL && xml->attributes[i].name->kind == TG_XML_XMLNS)
                uri = xml->attributes[i].value;
        tg_buffer_append(namespace, uri.base, uri.len);
        tg_buffer_append(name, local.base, local.len);
    }
    good = good && event == TG_XML_DONE;
    if (!good)
        tg_sxml_refuse(w, "it is not XML: %.120s", xml->error.text);
    tg_xml_rest(xml);
    return good;
}

static struct tg_text without_declaration(struct tg_text text)
{
    text = tg_xml_trim_start(text);
    if (text.len > 5 && memcmp(text.base, "<?xml", 5) == 0 && tg_xml_is_blank(text.base[5])) {
        const char *end = memmem(text.base, text.len, "?>", 2);
        if (end != NULL)
            text = tg_text(end + 2, text.len - (size_t)(end + 2 - text.base));
    }
    return text;
}

bool tg_sxml_put_raw(struct writer *w, const struct node *node,
                     const struct tg_schema_element *element,
                     const struct tg_schema_wildcard *wildcard)
{
    struct tg_buffer namespace = {.limit = 0}, name = {.limit = 0};

    if (node->kind != TG_JSON_STRING)
        return tg_sxml_refuse(w, "%s, but an element as XML text is wanted", tg_sxml_kind_of(node));
    if (++w->elements > w->most)
        return tg_sxml_refuse_limit(w, "elements", w->most);
    bool good = read_raw(w, node->text, &namespace, &name);
    struct tg_text uri = tg_text(namespace.base, namespace.len);
    if (good && element != NULL &&
        (!tg_text_is(tg_text_of(w->model->namespaces[element->namespace]), uri) ||
         !tg_text_is(element->name, tg_text(name.base, name.len))))
        good = tg_sxml_refuse(w, "the XML text is another element than '%s'", element->name.base);
    if (good && wildcard != NULL && !tg_schema_allows(wildcard, uri))
        good = tg_sxml_refuse(w, "an element of the namespace '%.*s' may not stand here",
                              tg_sxml_shown(uri), namespace.base != NULL ? namespace.base : "");
    tg_buffer_dispose(&namespace);
    tg_buffer_dispose(&name);
    struct tg_text text = without_declaration(node->text);
    w->deep = true;
    return good && tg_buffer_append(w->out, text.base, text.len);
}
