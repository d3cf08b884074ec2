#include "gate/cache_tap.h"

#include "gate/cache_keep.h"

struct tg_cache_tap {
    struct tg_source source; /* first: what the response reads from now on */
    struct tg_source *inner;
    struct tg_caching *caching;
    struct tg_buffer gathered;
    bool gathers;
};

static void next(struct tg_source *source)
{
    struct tg_cache_tap *tap = (struct tg_cache_tap *)source;

    tap->inner->next(tap->inner);
}

static void cancel(struct tg_source *source)
{
    struct tg_cache_tap *tap = (struct tg_cache_tap *)source;

    tap->inner->cancel(tap->inner);
}

static void give_up(struct tg_cache_tap *tap)
{
    tap->gathers = false;
    tg_buffer_dispose(&tap->gathered);
    tg_cache_pass(tap->caching);
}

static bool is_whole(const struct tg_cache_tap *tap)
{
    const struct tg_response *response = &tap->caching->inbound->request.response;

    return !response->length_known || response->length == tap->gathered.len;
}

static void gather(struct tg_cache_tap *tap, h2o_iovec_t piece, enum tg_source_state state)
{
    if (!tap->gathers || state == TG_SOURCE_BROKEN)
        return; /* of a body cut short the end tells those that wait */
    if (!tg_buffer_append(&tap->gathered, piece.base, piece.len) ||
        (state == TG_SOURCE_END && !is_whole(tap))) {
        give_up(tap);
    } else if (state == TG_SOURCE_END) {
        tap->gathers = false;
        tg_cache_keep(tap->caching, h2o_iovec_init(tap->gathered.base, tap->gathered.len));
        tg_buffer_dispose(&tap->gathered);
    }
}

/* The last thing done: the response may end the request. */
static void on_piece(struct tg_source *inner, h2o_iovec_t piece, enum tg_source_state state)
{
    struct tg_cache_tap *tap = inner->user;

    gather(tap, piece, state);
    tap->source.error = inner->error;
    tap->source.on_piece(&tap->source, piece, state);
}

void tg_cache_tap_start(struct tg_caching *caching)
{
    struct tg_request *request = &caching->inbound->request;
    struct tg_cache_tap *tap = h2o_mem_alloc_pool(&request->run.pool, sizeof(*tap));

    *tap = (struct tg_cache_tap){
        .source = {.next = next, .cancel = cancel},
        .inner = request->response.source,
        .caching = caching,
        .gathered = {.limit = tg_cache_object(caching->inbound->worker->gate->cache)},
        .gathers = true,
    };
    tap->inner->on_piece = on_piece;
    tap->inner->user = tap;
    caching->tap = tap;
    tg_cache_add_date(caching);
    request->response.source = &tap->source;
    if (request->response.length_known && request->response.length > tap->gathered.limit)
        give_up(tap);
}

void tg_cache_tap_end(struct tg_cache_tap *tap)
{
    tap->gathers = false;
    tg_buffer_dispose(&tap->gathered);
}
