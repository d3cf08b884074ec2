/* A body as a value: the same methods of requests and of what backends answered. */
#ifndef TG_API_BODY_H
#define TG_API_BODY_H

#include <lua.h>

#include "base/error.h"
#include "base/text.h"
#include "codec/xml_options.h"
#include "script/json_value.h"

enum { TG_BODY_BIG = 256 * 1024 }; /* more bytes than that are converted in parts, or elsewhere */

struct tg_body {
    struct tg_text bytes;
    struct tg_text type; /* the field Content-Type, whose charset XML is read by; may be empty */
    const char *backend; /* whose it is; NULL: the client's */
};

/* Each reads the options at index 2 and gives the value, or nil and an error of code parse, which
 * stands for 502 when a backend sent the body, else for 400, or for 413 beyond a limit. `name` is
 * the call as the script writes it. */
int tg_body_json(lua_State *L, const char *name, struct tg_body body);
int tg_body_xml(lua_State *L, const char *name, struct tg_body body);

/* turns.c: nil, nil and a decoding of JSON in turns, which runtime.lua takes to its end. The text
 * lives as long as the value at `owner`, or as the run whose body it is of. */
int tg_turns_begin(lua_State *L, struct tg_text text, int owner,
                   const struct tg_json_options *options, const struct tg_body *body);

/* convert.c: the XML of a big body, or text, as such a decoding of its JSON, made off the loop.
 * False: it can't be, and has to be decoded here and now. Reads the options at index 2; what the
 * call gives is *results then. */
bool tg_turns_begin_xml(lua_State *L, const char *name, struct tg_text text,
                        const struct tg_body *body, int *results);

/* convert.c: the same, bytes to bytes. What is big is converted off the loop and the script waits:
 * runtime.lua takes the results. */
int tg_body_to_json(lua_State *L, const char *name, struct tg_body body);
int tg_body_to_xml(lua_State *L, const char *name, struct tg_body body);

/* xpath.c: the result of the expression at index 2, with the namespaces at 3 and, for the first of
 * a body, options at 4. The tree belongs to the value at index 1. */
int tg_body_xpath(lua_State *L, const char *name, struct tg_body body);

/* Unless the options name a charset, that of the field is the document's. */
void tg_body_charset(struct tg_body body, struct tg_xml_options *options);

/* nil and the error, with the status that it stands for. */
int tg_body_fail(lua_State *L, struct tg_body body, const struct tg_parse_error *error);

#endif
