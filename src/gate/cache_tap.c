#include "gate/cache_tap.h"

#include <assert.h>
#include <stdlib.h>

#include "gate/cache_fields.h"
#include "gate/cache_keep.h"

struct chunk {
    struct chunk *next;
    size_t len;
    char bytes[];
};

/* Reads ahead of its client: those that wait for the whole go at the backend's pace, not at his. */
struct tg_cache_tap {
    struct tg_source source; /* first: what the response reads from now on */
    struct tg_source *inner;
    struct tg_caching *caching;
    struct chunk *first, **end; /* what has come */
    struct chunk *at;           /* the first that the client has not had */
    size_t len, count;          /* of all of it */
    size_t limit;               /* more is not kept */
    enum tg_source_state state; /* of what has come */
    bool gathers;               /* false: what follows goes straight to the client */
    bool asked;                 /* the inner one for a piece */
    bool wanted;                /* by the client */
    bool pumping;
};

/* ---- what has come */

static void put(struct tg_cache_tap *tap, h2o_iovec_t piece)
{
    struct chunk *chunk = malloc(sizeof(*chunk) + piece.len);

    assert(chunk != NULL);
    *chunk = (struct chunk){.len = piece.len};
    if (piece.len != 0)
        memcpy(chunk->bytes, piece.base, piece.len);
    *tap->end = chunk;
    tap->end = &chunk->next;
    tap->len += piece.len;
    tap->count++;
    if (tap->at == NULL)
        tap->at = chunk;
}

static void free_chunks(struct tg_cache_tap *tap)
{
    for (struct chunk *chunk = tap->first, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    tap->first = tap->at = NULL;
    tap->end = &tap->first;
}

static void give_up(struct tg_cache_tap *tap)
{
    tap->gathers = false;
    tg_cache_pass(tap->caching);
}

static bool is_whole(const struct tg_cache_tap *tap)
{
    const struct tg_response *response = &tap->caching->inbound->request.response;

    return !response->length_known || response->length == tap->len;
}

static void keep(struct tg_cache_tap *tap)
{
    struct tg_buffer whole = {.limit = 0};

    tap->gathers = false;
    tg_buffer_reserve(&whole, tap->len + 1);
    for (struct chunk *chunk = tap->first; chunk != NULL; chunk = chunk->next)
        tg_buffer_append(&whole, chunk->bytes, chunk->len);
    tg_cache_keep(tap->caching, h2o_iovec_init(whole.base, whole.len));
    tg_buffer_dispose(&whole);
}

/* The body was cut short. */
static void fail(struct tg_cache_tap *tap)
{
    struct tg_flight *flight = tap->caching->flight;

    tap->gathers = false;
    tap->caching->flight = NULL;
    if (flight != NULL)
        tg_flight_fail(flight);
}

static void gather(struct tg_cache_tap *tap, h2o_iovec_t piece, enum tg_source_state state)
{
    tap->state = state;
    if (state != TG_SOURCE_BROKEN && piece.len != 0)
        put(tap, piece);
    if (state == TG_SOURCE_BROKEN)
        fail(tap);
    else if (tap->len > tap->limit || tap->count * sizeof(struct chunk) > tap->limit ||
             (state == TG_SOURCE_END && !is_whole(tap)))
        give_up(tap);
    else if (state == TG_SOURCE_END)
        keep(tap);
}

/* ---- what the client gets */

/* The last thing done: the response may end the request. */
static void give(struct tg_cache_tap *tap, h2o_iovec_t piece, enum tg_source_state state)
{
    tap->wanted = false;
    tap->source.error = tap->inner->error;
    tap->source.on_piece(&tap->source, piece, state);
}

static void give_next(struct tg_cache_tap *tap)
{
    struct chunk *chunk = tap->at;

    if (chunk != NULL) {
        tap->at = chunk->next;
        bool last = chunk->next == NULL && tap->state == TG_SOURCE_END;
        give(tap, h2o_iovec_init(chunk->bytes, chunk->len), last ? TG_SOURCE_END : TG_SOURCE_MORE);
    } else if (tap->state != TG_SOURCE_MORE) {
        give(tap, h2o_iovec_init(NULL, 0), tap->state);
    } else if (!tap->gathers && !tap->asked) {
        tap->asked = true;
        tap->inner->next(tap->inner);
    }
}

/* Takes what comes at once, without going deeper each time. */
static void pump(struct tg_cache_tap *tap)
{
    tap->pumping = true;
    while (tap->gathers && !tap->asked && tap->state == TG_SOURCE_MORE) {
        tap->asked = true;
        tap->inner->next(tap->inner);
    }
    tap->pumping = false;
}

static void run(struct tg_cache_tap *tap)
{
    pump(tap);
    if (tap->wanted)
        give_next(tap);
}

static void on_piece(struct tg_source *inner, h2o_iovec_t piece, enum tg_source_state state)
{
    struct tg_cache_tap *tap = inner->user;

    tap->asked = false;
    if (!tap->gathers) {
        tap->state = state;
        give(tap, piece, state);
        return;
    }
    gather(tap, piece, state);
    if (!tap->pumping)
        run(tap);
}

static void next(struct tg_source *source)
{
    struct tg_cache_tap *tap = (struct tg_cache_tap *)source;

    tap->wanted = true;
    if (!tap->pumping)
        run(tap);
}

static void cancel(struct tg_source *source)
{
    struct tg_cache_tap *tap = (struct tg_cache_tap *)source;

    tap->wanted = false;
    tap->inner->cancel(tap->inner);
}

/* ---- its life */

void tg_cache_tap_start(struct tg_caching *caching)
{
    struct tg_request *request = &caching->inbound->request;
    struct tg_cache_tap *tap = h2o_mem_alloc_pool(&request->run.pool, sizeof(*tap));

    *tap = (struct tg_cache_tap){
        .source = {.next = next, .cancel = cancel},
        .inner = request->response.source,
        .caching = caching,
        .end = &tap->first,
        .limit = tg_cache_object(caching->inbound->worker->gate->cache),
        .state = TG_SOURCE_MORE,
        .gathers = true,
    };
    tap->inner->on_piece = on_piece;
    tap->inner->user = tap;
    caching->tap = tap;
    tg_cache_add_date(caching);
    request->response.source = &tap->source;
    if (request->response.length_known && request->response.length > tap->limit)
        give_up(tap);
}

void tg_cache_tap_end(struct tg_cache_tap *tap)
{
    tap->gathers = false;
    free_chunks(tap);
}
