/* What the files of tg.xml.parse share; nobody else includes it. */
#ifndef TG_API_XPATH_PARTS_H
#define TG_API_XPATH_PARTS_H

#include <lauxlib.h>

#include "codec/xml_document.h"
#include "script/value.h"

/* The block of a document; its environment holds itself, for its nodes have the same one. */
struct tg_xpath_document {
    struct tg_document *tree; /* NULL: none yet */
    size_t held;              /* bytes that the state counts for it */
    size_t operations;        /* 0: the default */
};

/* The block of a node; its environment keeps the document alive. */
struct tg_xpath_node {
    struct tg_xpath_document *document;
    struct tg_node *node;
};

struct tg_xpath_asking {
    const char *name; /* of the call */
    struct tg_xpath_document *document;
    struct tg_node *node; /* NULL: the document */
    int expression;       /* index of the expression; */
    int shown;            /* its number as the script counts */
    int namespaces;       /* index of their table */
};

/* xpath_expression.c: raises for what is wrong with the expression; false: it took too long. */
bool tg_xpath_evaluate(lua_State *L, const struct tg_xpath_asking *asking,
                       struct tg_xpath_result *result, struct tg_parse_error *error);
void tg_xpath_open_expressions(lua_State *L);

/* xpath_node.c: the result of an expression; `owner` is the index of the document or of one of its
 * nodes. */
int tg_xpath_push(lua_State *L, struct tg_xpath_document *document, int owner,
                  const struct tg_xpath_result *result);
/* xpath_node.c: the node, NULL for the document, as XML. */
int tg_xpath_push_xml(lua_State *L, struct tg_xpath_document *document, struct tg_node *node,
                      bool declaration);
void tg_xpath_open_nodes(lua_State *L);

/* xpath.c: what `tostring` and `collect` do, or NULL. */
void tg_xpath_metatable(lua_State *L, const char *name, const luaL_Reg *methods,
                        lua_CFunction tostring, lua_CFunction collect);

#endif
