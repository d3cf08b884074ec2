/* Bytes to bytes as scripts ask for it: which way, and by which options. */
#ifndef TG_SCRIPT_CONVERSION_H
#define TG_SCRIPT_CONVERSION_H

#include <stdbool.h>
#include <lua.h>

#include "base/error.h"
#include "codec/xml_options.h"
#include "codec/xml_write.h"

struct tg_conversion {
    bool to_json; /* else to XML */
    struct tg_xml_options read;
    struct tg_xml_write_options write;
};

/* What it works with. `writer` and `scratch` are for XML. */
struct tg_conversion_tools {
    struct tg_xml *xml;
    struct tg_xml_writer *writer;
    struct tg_buffer *scratch;
};

/* Reads the options of a call, as tg_xml_options_read and tg_xml_write_options_read do. */
void tg_conversion_read(lua_State *L, const char *name, int arg, bool to_json,
                        struct tg_conversion *conversion);

/* Appends to `out`; touches no state, so any thread will do. On an error `out` is as before. */
bool tg_conversion_run(const struct tg_conversion *conversion,
                       const struct tg_conversion_tools *tools, struct tg_text input,
                       struct tg_buffer *out, struct tg_parse_error *error);

/* Pushes what comes out, by the tools of the state. False: nothing is pushed. */
bool tg_conversion_push(lua_State *L, const struct tg_conversion *conversion, struct tg_text input,
                        struct tg_parse_error *error);

#endif
