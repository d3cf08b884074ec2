#include "gate/cache_refresh.h"

#include "base/clock.h"
#include "gate/cache_keep.h"
#include "gate/generation.h"
#include "gate/making.h"
#include "gate/cache_look.h"

/* ---- one that has no client */

static h2o_iovec_t copy(h2o_mem_pool_t *pool, h2o_iovec_t text)
{
    return text.len != 0 ? h2o_strdup(pool, text.base, text.len) : text;
}

static void copy_params(struct tg_request *to, const struct tg_request *from)
{
    to->params = h2o_mem_alloc_pool(&to->run.pool, (from->param_count + 1) * sizeof(*to->params));
    to->param_count = from->param_count;
    for (size_t i = 0; i < from->param_count; i++)
        to->params[i] = (struct tg_param){copy(&to->run.pool, from->params[i].name),
                                          copy(&to->run.pool, from->params[i].value)};
}

static void copy_fields(struct tg_request *to, const struct tg_request *from)
{
    struct tg_field *list =
        h2o_mem_alloc_pool(&to->run.pool, (from->fields.count + 1) * sizeof(*list));

    if (from->fields.count != 0)
        memcpy(list, from->fields.list, from->fields.count * sizeof(*list));
    to->fields = (struct tg_fields){list, from->fields.count};
}

static const char *copy_text(struct tg_request *request, const char *text)
{
    return h2o_strdup(&request->run.pool, text, strlen(text)).base;
}

static void know_client(struct tg_request *request)
{
    (void)request; /* it has been copied */
}

/* HEAD refreshes what GET gets. */
static struct tg_inbound *copy_inbound(struct tg_inbound *from)
{
    struct tg_run run;

    from->request.find_client(&from->request);
    tg_run_init(&run);
    struct tg_inbound *inbound = h2o_mem_alloc_pool(&run.pool, sizeof(*inbound));
    *inbound = (struct tg_inbound){.worker = from->worker,
                                   .generation = tg_generation_hold(from->generation),
                                   .route = from->route,
                                   .begun_ns = tg_clock_monotonic_ns()};
    inbound->request = from->request;
    struct tg_request *request = &inbound->request;
    request->run = run;
    request->run.context = request;
    request->task = (struct tg_task){.L = NULL};
    request->id_len = 0;
    request->client_address = copy_text(request, from->request.client_address);
    request->peer_address = copy_text(request, from->request.peer_address);
    request->find_client = know_client;
    request->handle = NULL;
    request->look = NULL;
    request->looks = NULL;
    request->calls = NULL;
    request->last_call = &request->calls;
    request->response = (struct tg_response){.status = 0};
    request->parts = (struct tg_parts){.count = 0};
    request->after = NULL;
    request->after_count = 0;
    request->kept = false;
    if (h2o_memis(request->method.base, request->method.len, H2O_STRLIT("HEAD")))
        request->method = h2o_iovec_init(H2O_STRLIT("GET"));
    copy_fields(request, &from->request);
    tg_request_keep(request);
    copy_params(request, &from->request);
    inbound->target = copy(&request->run.pool, from->target);
    return inbound;
}

static void on_end(struct tg_timer *timer);

/* Not from inside what called back: what it was made by may still be on the stack. */
static void end(struct tg_inbound *inbound)
{
    if (!h2o_linklist_is_linked(&inbound->link))
        h2o_linklist_insert(&inbound->worker->running, &inbound->link);
    tg_timer_start(&inbound->worker->timers, &inbound->deadline, 0, on_end);
}

static void on_end(struct tg_timer *timer)
{
    tg_inbound_end(H2O_STRUCT_FROM_MEMBER(struct tg_inbound, deadline, timer));
}

/* Another tidegate has made a fresh one, or is at it. */
static void on_found(struct tg_share *share, enum tg_tier_found found, struct tg_entry *entry)
{
    struct tg_caching *caching = H2O_STRUCT_FROM_MEMBER(struct tg_caching, share, share);
    struct tg_inbound *inbound = caching->inbound;
    struct tg_flight *flight = caching->flight;
    bool fits = entry != NULL && found == TG_TIER_FOUND_ANSWER &&
                tg_cache_put(inbound->worker->gate->cache, entry);

    if (fits) {
        caching->flight = NULL;
        if (entry->is.kind == TG_ENTRY_PASS)
            tg_flight_scatter(flight);
        else
            tg_flight_land(flight, entry);
    }
    if (entry != NULL)
        tg_entry_release(entry);
    if (fits || found == TG_TIER_FOUND_MAKER)
        end(inbound);
    else
        tg_making_start(inbound);
}

static void on_begin(struct tg_timer *timer)
{
    struct tg_inbound *inbound = H2O_STRUCT_FROM_MEMBER(struct tg_inbound, deadline, timer);

    static const struct tg_tier_asker asker = {.judge = tg_cache_judge_found, .on_end = on_found};
    struct tg_caching *caching = inbound->caching;

    if (!tg_tier_find(&caching->share, &asker, caching->key, &inbound->request.run.pool))
        tg_making_start(inbound);
}

/* It begins by a timer: the client's answer goes first. */
void tg_cache_refresh(struct tg_caching *caching)
{
    struct tg_worker *worker = caching->inbound->worker;
    struct tg_flight *flight =
        tg_flight_join(worker->gate->flights, caching->key, caching->hash, &worker->inbox, NULL);

    if (flight == NULL)
        return;
    struct tg_inbound *inbound = copy_inbound(caching->inbound);
    tg_caching_adopt(inbound, caching, flight);
    worker->requests++;
    h2o_linklist_insert(&worker->running, &inbound->link);
    tg_timer_start(&worker->timers, &inbound->deadline, 0, on_begin);
}

/* ---- its answer */

/* Reads the body to its end, for the cache alone. A source may call back before next() returns. */
struct drain {
    struct tg_inbound *inbound;
    bool asking, again;
};

static void ask(struct drain *drain)
{
    struct tg_source *source = drain->inbound->request.response.source;

    do {
        drain->again = false;
        drain->asking = true;
        source->next(source);
        drain->asking = false;
    } while (drain->again);
}

static void on_piece(struct tg_source *source, h2o_iovec_t piece, enum tg_source_state state)
{
    struct drain *drain = source->user;

    (void)piece;
    drain->again = state == TG_SOURCE_MORE;
    if (state == TG_SOURCE_END)
        end(drain->inbound);
    else if (state == TG_SOURCE_BROKEN)
        tg_cache_refresh_fail(drain->inbound, 0);
    else if (!drain->asking)
        ask(drain);
}

void tg_cache_refresh_take(struct tg_inbound *inbound)
{
    struct tg_request *request = &inbound->request;
    struct tg_source *source;

    if (!tg_caching_take(inbound) || inbound->caching->tap == NULL) {
        end(inbound);
        return;
    }
    struct drain *drain = h2o_mem_alloc_pool(&request->run.pool, sizeof(*drain));
    *drain = (struct drain){.inbound = inbound};
    source = request->response.source;
    source->on_piece = on_piece;
    source->user = drain;
    if (!h2o_linklist_is_linked(&inbound->link))
        h2o_linklist_insert(&inbound->worker->running, &inbound->link);
    ask(drain);
}

void tg_cache_refresh_fail(struct tg_inbound *inbound, int status)
{
    tg_caching_fail(inbound, status);
    end(inbound);
}
