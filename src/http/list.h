/* Values of fields that are lists: members between commas (RFC 9110, 5.6.1). */
#ifndef TG_HTTP_LIST_H
#define TG_HTTP_LIST_H

#include "base/text.h"

/* Without the spaces and tabs around it. */
struct tg_text tg_list_trim(struct tg_text text);

/* Takes what stands before the next separator that is not in quotes from *rest, with neither white
 * space around it nor the separator. An open quote reaches to the end. */
struct tg_text tg_list_take(struct tg_text *rest, char separator);

/* Takes the next member that is not empty; false at the end. */
bool tg_list_next(struct tg_text *rest, struct tg_text *member);

/* Whether a list of names has the name, without regard to case. */
bool tg_list_names(struct tg_text list, struct tg_text name);

/* The text in double quotes as it stands there, backslashes too; false when it is not one whole
 * quoted string. */
bool tg_list_unquote(struct tg_text *text);

#endif
