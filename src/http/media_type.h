/* Media types as Content-Type has them. */
#ifndef TG_HTTP_MEDIA_TYPE_H
#define TG_HTTP_MEDIA_TYPE_H

#include "base/text.h"

/* The value of a parameter, without its quotes; empty when there is none. Case of the name does not
 * matter. Backslashes in quotes stay. */
struct tg_text tg_media_type_parameter(struct tg_text type, struct tg_text name);

#endif
