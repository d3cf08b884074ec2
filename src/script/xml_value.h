/* Lua values from XML, by the convention of codec/xml_to_json.h. */
#ifndef TG_SCRIPT_XML_VALUE_H
#define TG_SCRIPT_XML_VALUE_H

#include <stdbool.h>
#include <lua.h>

#include "base/error.h"
#include "base/text.h"
#include "base/buffer.h"
#include "codec/xml_options.h"
#include "codec/xml_write.h"

/* Pushes the value of the document: what tg_json_decode makes of tg_xml_to_json's output. False:
 * it is not well-formed or crosses a limit, and nothing is pushed. No more than 1000 levels are
 * read, whatever the limit. Raises when the state's memory is out. */
bool tg_xml_decode(lua_State *L, struct tg_text text, const struct tg_xml_options *options,
                   struct tg_parse_error *error);

/* xml_sink.c: the same, always by codec/xml_shape.h. */
bool tg_xml_decode_by_tree(lua_State *L, struct tg_text text, const struct tg_xml_options *options,
                           struct tg_parse_error *error);

/* Appends the XML of the value at the index; false: it has none, and `out` is as before. Members of
 * plain tables come in the order of their bytes. Errors, raw JSON, __totable and `out` are as with
 * tg_json_encode. Options may be NULL. */
bool tg_xml_encode(lua_State *L, int index, const struct tg_xml_write_options *options,
                   struct tg_buffer *out, struct tg_parse_error *error);

/* Reads the options of a call that writes XML, by tg_xml_write_option_table, and
 *   namespaces   'badgerfish', or prefixes and what they stand for
 *   order        a list of names, or such lists by the name of the element around, or both
 * Raises for others. Texts and lists live as with tg_xml_options_read. */
void tg_xml_write_options_read(lua_State *L, const char *name, int arg,
                               struct tg_xml_write_options *options);

/* Reads the options of a call by tg_xml_option_table; without a table at `arg` they are the
 * defaults. Options of kind OTHER: `preset` is a name, `empty` is '', tg.null or {},
 * `attribute_prefix` and `root` are a text or false, `force_array` is a list of paths or true,
 * `booleans` is true, false or 'nocase', `blank_text` true, false or 'leaf', `types` a table of
 * types by path. Raises for others. Texts and lists lie in the options' table and on the stack:
 * they die with the call. */
void tg_xml_options_read(lua_State *L, const char *name, int arg, struct tg_xml_options *options);

#endif
