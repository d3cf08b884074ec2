#include "codec/soap_envelope.h"

#include "codec/xml_slice.h"

#define SOAP_11 "http://schemas.xmlsoap.org/soap/envelope/"
#define SOAP_12 "http://www.w3.org/2003/05/soap-envelope"

struct opening {
    struct tg_xml *xml;
    struct tg_soap_envelope *envelope;
    struct tg_xml_name *spaces[4]; /* of names without prefix, by depth */
    struct tg_buffer scratch;
    struct tg_text soap; /* the namespace of the envelope */
    bool in_body;
};

static struct tg_text namespace_of(const struct opening *o, size_t depth)
{
    const struct tg_xml_name *prefix = o->xml->name->prefix;
    const struct tg_xml_name *uri = prefix != NULL ? prefix->namespace : o->spaces[depth];

    return uri != NULL ? tg_xml_name_text(uri) : tg_text("", 0);
}

static bool is_soap(const struct opening *o, size_t depth, struct tg_text name)
{
    return tg_text_is(tg_xml_name_text(o->xml->name->local), name) &&
           tg_text_is(namespace_of(o, depth), o->soap);
}

static void on_envelope(struct opening *o)
{
    struct tg_text namespace = namespace_of(o, 1);

    o->soap = tg_text_is(namespace, TG_TEXT(SOAP_12)) ? TG_TEXT(SOAP_12) : TG_TEXT(SOAP_11);
    o->envelope->is_envelope = is_soap(o, 1, TG_TEXT("Envelope"));
}

/* An element in the body. */
static bool on_child(struct opening *o)
{
    struct tg_soap_envelope *envelope = o->envelope;
    struct tg_text namespace = namespace_of(o, 3), name = tg_xml_name_text(o->xml->name->local);

    if (envelope->count++ != 0)
        return true;
    envelope->is_fault = is_soap(o, 3, TG_TEXT("Fault"));
    tg_buffer_append(&envelope->namespace, namespace.base, namespace.len);
    tg_buffer_append(&envelope->name, name.base, name.len);
    return tg_xml_slice(o->xml, o->spaces[2], &o->scratch, &envelope->body);
}

static bool on_start(struct opening *o)
{
    size_t depth = o->xml->depth;

    if (depth > 3)
        return true;
    o->spaces[depth] = tg_xml_default_space(o->xml, o->spaces[depth - 1]);
    if (depth == 1)
        on_envelope(o);
    if (depth == 1 || !o->envelope->is_envelope)
        return true;
    if (depth == 2)
        o->in_body = is_soap(o, 2, TG_TEXT("Body"));
    if (depth == 2 && is_soap(o, 2, TG_TEXT("Header")) && o->envelope->header.len == 0)
        return tg_xml_slice(o->xml, o->spaces[1], &o->scratch, &o->envelope->header);
    return depth != 3 || !o->in_body || on_child(o);
}

static bool read_all(struct opening *o)
{
    for (;;) {
        enum tg_xml_event event = tg_xml_next(o->xml);
        if (event == TG_XML_ERROR)
            return false;
        if (event == TG_XML_DONE)
            return true;
        if (event == TG_XML_START && !on_start(o))
            return false;
    }
}

bool tg_soap_open(struct tg_xml *xml, struct tg_text text, const struct tg_xml_options *options,
                  struct tg_soap_envelope *envelope)
{
    struct opening o = {.xml = xml, .envelope = envelope};

    *envelope = (struct tg_soap_envelope){.count = 0};
    bool good = tg_xml_begin_as(xml, text, options) && read_all(&o);
    tg_buffer_dispose(&o.scratch);
    tg_xml_rest(xml);
    return good;
}

void tg_soap_dispose(struct tg_soap_envelope *envelope)
{
    tg_buffer_dispose(&envelope->body);
    tg_buffer_dispose(&envelope->header);
    tg_buffer_dispose(&envelope->namespace);
    tg_buffer_dispose(&envelope->name);
}
