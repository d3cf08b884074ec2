/* Values as JSON text, in the form that xml_to_json.h writes by itself. */
#ifndef TG_CODEC_XML_JSON_SINK_H
#define TG_CODEC_XML_JSON_SINK_H

#include "codec/xml_shape.h"

struct tg_xml_json_sink {
    struct tg_buffer *out;
    size_t base;                   /* where our part of it begins */
    size_t limit;                  /* bytes */
    char open[TG_XML_SHAPE_DEPTH]; /* what the open objects and arrays end with */
    size_t depth;
    bool comma; /* before what comes next */
    bool blank; /* the value of an element comes next: a blank goes before what is no array */
};

/* The sink writes to `json`, which is set up and lives as long. */
struct tg_xml_sink tg_xml_json_sink_of(struct tg_xml_json_sink *json);

#endif
