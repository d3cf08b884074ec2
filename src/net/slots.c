#include "net/slots.h"

#include "net/exchange_wire.h"
#include "net/inside.h"

static void on_serve(struct tg_timer *timer);

static bool has_slot(const struct tg_backend *backend)
{
    return backend->config->connections == 0 || backend->calls < backend->config->connections;
}

static void count_waiting(struct tg_backend *backend, size_t count)
{
    backend->waiting_count = count;
    tg_account_set(&backend->accounts->queued, count);
}

static void leave_queue(struct tg_backend *backend, struct tg_exchange *exchange)
{
    h2o_linklist_unlink(&exchange->link);
    count_waiting(backend, backend->waiting_count - 1);
}

enum tg_slots_answer tg_slots_take(struct tg_backend *backend, struct tg_exchange *exchange)
{
    if (has_slot(backend) && backend->waiting_count == 0) {
        exchange->has_slot = true;
        backend->calls++;
        return TG_SLOTS_TAKEN;
    }
    if (backend->waiting_count >= backend->config->queue)
        return TG_SLOTS_FULL;
    h2o_linklist_insert(&backend->waiting, &exchange->link);
    count_waiting(backend, backend->waiting_count + 1);
    return TG_SLOTS_QUEUED;
}

/* By a timer, so that the end of one call is not the inside of another's beginning. */
void tg_slots_give_back(struct tg_backend *backend)
{
    backend->calls--;
    if (backend->waiting_count != 0 && backend->serve.place == 0)
        tg_timer_start(backend->net->timers, &backend->serve, 0, on_serve);
}

void tg_slots_release(struct tg_backend *backend, struct tg_exchange *exchange)
{
    if (h2o_linklist_is_linked(&exchange->link))
        leave_queue(backend, exchange);
    if (!exchange->has_slot)
        return;
    exchange->has_slot = false;
    tg_slots_give_back(backend);
}

static void on_serve(struct tg_timer *timer)
{
    struct tg_backend *backend = H2O_STRUCT_FROM_MEMBER(struct tg_backend, serve, timer);

    while (backend->waiting_count != 0 && has_slot(backend)) {
        struct tg_exchange *first =
            H2O_STRUCT_FROM_MEMBER(struct tg_exchange, link, backend->waiting.next);
        leave_queue(backend, first);
        first->has_slot = true;
        backend->calls++;
        tg_exchange_begin(first);
    }
}

/* The call that asks has a slot, so all others have at most `connections` - 1. */
void tg_slots_make_room(struct tg_backend *backend)
{
    const struct tg_backend_config *config = backend->config;
    size_t unused = 0;

    if (config->connections == 0)
        return;
    for (size_t i = 0; i < config->address_count; i++)
        unused += backend->origins[i].unused_count;
    for (size_t i = 0; i < config->address_count && backend->calls + unused > config->connections;
         i++)
        while (backend->calls + unused > config->connections &&
               tg_origin_drop_oldest(&backend->origins[i]))
            unused--;
}
