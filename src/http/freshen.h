/* Bringing a stored head up to date by a 304 or by the answer to a HEAD (RFC 9111, 3.2, 4.3.4,
 * 4.3.5). */
#ifndef TG_HTTP_FRESHEN_H
#define TG_HTTP_FRESHEN_H

#include "http/condition.h"

/* Whether a 304 speaks of the stored response, the one whose validators were sent: its validators
 * are the same, or it has none. When false, ask again without conditions. `now` in seconds. */
bool tg_freshen_is_for(struct tg_headers stored, struct tg_headers not_modified, int64_t now);

/* Whether the 200 that answers a HEAD speaks of the stored response to GET, whose body has so many
 * bytes: validators and Content-Length that are there are the same. When false, the stored response
 * is stale from now on. */
bool tg_freshen_is_for_head(struct tg_headers stored, uint64_t length, struct tg_headers head,
                            int64_t now);

/* The new head: the stored fields, without those that `update` has, and then the fields of
 * `update`. What says how the stored bytes are to be read stays as it is (Content-Length,
 * Content-Encoding, Content-Range, digests, ETag); what is never stored is not taken over, but for
 * Age: with the merged head and the times of the new exchange, tg_cache_refuses decides anew, reads
 * the rules anew, and tg_cache_keeps says what is stored. An `update` without Date leaves none: it
 * is from when it came. `merged` has room for stored.count + update.count; the texts are those of
 * both. Returns the count. */
size_t tg_freshen_merge(struct tg_headers stored, struct tg_headers update,
                        struct tg_header *merged);

#endif
