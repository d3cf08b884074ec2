/* A body as a value: the same methods of requests and of what backends answered. */
#ifndef TG_API_BODY_H
#define TG_API_BODY_H

#include <lua.h>

#include "base/error.h"
#include "base/text.h"
#include "codec/xml_options.h"

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
