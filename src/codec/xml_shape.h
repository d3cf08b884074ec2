/* XML by any convention: reads a document whole and gives its values, one after the other, to a
 * sink. What it makes of a document by the default convention is what xml_to_json.h says.
 *
 * collapse      an element with one of these names is an item of a list when the elements next to
 *               it are such, too, and nothing else is there: then the element around is the array
 *               itself. "*" stands for any name that all of two or more elements have.
 * strip_levels  so many elements from the root on are not in the value, as long as each has one
 *               element in it: <a><b><c>x</c></b></a> and 2 is {"c":"x"}. */
#ifndef TG_CODEC_XML_SHAPE_H
#define TG_CODEC_XML_SHAPE_H

#include "codec/xml_scan.h"

/* Levels of objects and arrays in each other, whatever the limit depth. */
#define TG_XML_SHAPE_DEPTH 1000

/* Takes values as JSON has them. Each gives false when it can't take more. A number's digits are
 * those of JSON. `element`: the key is an element's, not an attribute's or of text. */
struct tg_xml_sink {
    bool (*object)(void *self);
    bool (*array)(void *self);
    bool (*end)(void *self);
    bool (*key)(void *self, struct tg_text key, bool element);
    bool (*string)(void *self, struct tg_text text);
    bool (*number)(void *self, struct tg_text digits);
    bool (*boolean)(void *self, bool value);
    bool (*null)(void *self);
    void *self;
};

/* False: see xml->error; when the sink took no more, that is limit output. The caller lets the
 * scanner rest. */
bool tg_xml_shape(struct tg_xml *xml, struct tg_text input, const struct tg_xml_options *options,
                  const struct tg_xml_sink *sink);

#endif
