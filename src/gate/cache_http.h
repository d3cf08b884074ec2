/* The cache by the rules of HTTP (RFC 9111): what the backend says of its answers, and the client
 * of what it takes. For routes with cache = 'http'. */
#ifndef TG_GATE_CACHE_HTTP_H
#define TG_GATE_CACHE_HTTP_H

#include "gate/cache_keep.h"
#include "http/cache_use.h"

/* What to do with what was found, caching->entry; NULL: nothing was. */
enum tg_cache_use tg_cache_http_use(const struct tg_caching *caching, bool soft);

/* Whether the request asks for a part: that is passed on as it is, and not kept. */
bool tg_cache_http_wants_part(const struct tg_caching *caching);

/* Whether the stale entry may be given instead of a failure. */
bool tg_cache_http_stands_in(const struct tg_caching *caching);

/* Adds to the call what it takes to be told that the stale entry is still right. */
void tg_cache_http_validate(struct tg_caching *caching, struct tg_call *call);

/* Whether request->response, a 304, speaks of the stale entry. */
bool tg_cache_http_is_for(const struct tg_caching *caching);

/* Whether request->response, a 304 or what answers HEAD, says that the stale entry is still right:
 * then a fresh one, made of both, is the answer, and kept. What a HEAD shows to be untrue is taken
 * out. */
bool tg_cache_http_freshen(struct tg_caching *caching);

/* What becomes of request->response. Fills caching->rules when it is kept. */
enum tg_cache_verdict tg_cache_http_judge(struct tg_caching *caching);

/* Whether a field of it is kept. */
bool tg_cache_http_keeps(const struct tg_caching *caching, struct tg_text name);

/* The times of an entry made of it. */
void tg_cache_http_times(const struct tg_caching *caching, struct tg_entry_recipe *recipe);

/* Takes out what an unsafe request has made untrue, when request->response says that it was done.
 */
void tg_cache_http_invalidate(struct tg_caching *caching);

#endif
