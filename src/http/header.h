/* The fields of a head as pure functions see them: a list in the order they came. */
#ifndef TG_HTTP_HEADER_H
#define TG_HTTP_HEADER_H

#include "base/text.h"

struct tg_header {
    struct tg_text name; /* as sent or received; compare without case */
    struct tg_text value;
};

struct tg_headers {
    const struct tg_header *list;
    size_t count;
};

/* The next field of that name from *at on, which is advanced past it; NULL when there is none.
 * Begin with 0. */
static inline const struct tg_header *tg_headers_next(struct tg_headers headers,
                                                      struct tg_text name, size_t *at)
{
    while (*at < headers.count) {
        const struct tg_header *header = &headers.list[(*at)++];
        if (tg_text_is_nocase(header->name, name))
            return header;
    }
    return NULL;
}

/* The first field of that name; NULL when there is none. */
static inline const struct tg_header *tg_headers_first(struct tg_headers headers,
                                                       struct tg_text name)
{
    size_t at = 0;
    return tg_headers_next(headers, name, &at);
}

#endif
