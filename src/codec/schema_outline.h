/* A schema as JSON, for programs that write other descriptions of it, or examples. */
#ifndef TG_CODEC_SCHEMA_OUTLINE_H
#define TG_CODEC_SCHEMA_OUTLINE_H

#include "codec/schema.h"

/* Appends an object of two members. `elements` has the global ones by "{namespace}name", `types`
 * all types by number; both with what they are made of:
 *
 *   element    name, namespace, type (a number), nillable, value (default), fixed
 *   type       name, namespace, shown, complex, raw, abstract, simple, attributes, any_attribute,
 *              members, part, derived (numbers of the types that may stand for it)
 *   member     name, array, element; without one: what wildcards allow
 *   attribute  key, simple, required, value, fixed
 *   part       kind, min, max (-1: unbounded), member (from 1), or parts
 *   simple     name, class, json, builtin, facets, item, members
 *
 * False: the buffer's limit is in the way. The schema can be converted by. */
bool tg_schema_outline(const struct tg_schema *schema, struct tg_buffer *out);

#endif
