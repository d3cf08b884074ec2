/* The syntax of URI references (RFC 3986): what may name a namespace. */
#ifndef TG_CODEC_URI_H
#define TG_CODEC_URI_H

#include <stdbool.h>

#include "base/text.h"

/* Stricter than the RFC where libxml2 is: a port is not empty. */
bool tg_uri_is_reference(struct tg_text text);

#endif
