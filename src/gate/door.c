#include "gate/door.h"

#include <sys/resource.h>

#include "gate/client.h"
#include "gate/linger.h"
#include "gate/listener.h"

enum {
    USUAL_MOST = 20000,
    ADMIN_MOST = 32, /* connections of the admin address */
    SHUT_MS = 100,   /* then it is tried again */
    YOUNG_MS = 100,  /* so long a client that says nothing is not called idle */
    LOG_EVERY_MS = 10000,
};

void tg_door_init(struct tg_worker *worker)
{
    h2o_linklist_init_anchor(&worker->door.waiting);
    h2o_linklist_init_anchor(&worker->door.busy);
    tg_linger_init(worker);
}

bool tg_door_enter(struct tg_worker *worker, bool is_admin)
{
    struct tg_gate *gate = worker->gate;

    if (is_admin)
        return worker->door.admins < ADMIN_MOST && ++worker->door.admins != 0;
    if (atomic_fetch_add(&gate->connections, 1) < gate->most_connections)
        return true;
    atomic_fetch_sub(&gate->connections, 1);
    return false;
}

static void open_door(struct tg_worker *worker)
{
    worker->door.is_shut = false;
    tg_timer_stop(&worker->timers, &worker->door.reopen);
    if (!worker->draining)
        tg_listener_resume(worker);
}

static void on_reopen(struct tg_timer *timer)
{
    open_door(H2O_STRUCT_FROM_MEMBER(struct tg_worker, door.reopen, timer));
}

void tg_door_leave(struct tg_worker *worker, bool is_admin)
{
    if (is_admin) {
        worker->door.admins--;
        return;
    }
    atomic_fetch_sub(&worker->gate->connections, 1);
    tg_tally(&worker->traffic.closed, 1);
    if (worker->door.is_shut)
        open_door(worker);
}

/* They stand in the order in which they began to wait. */
static void make_room(struct tg_worker *worker)
{
    h2o_linklist_t *list = &worker->door.waiting;
    uint64_t now = tg_timers_now(&worker->timers);

    for (h2o_linklist_t *at = list->next; at != list; at = at->next) {
        struct tg_client *client = H2O_STRUCT_FROM_MEMBER(struct tg_client, link, at);
        enum tg_client_phase phase = tg_client_look(client);
        bool is_idle = phase == TG_CLIENT_NEW || phase == TG_CLIENT_IDLE;
        if (!is_idle || client->is_admin)
            continue;
        if (now - client->since_ms >= YOUNG_MS) {
            tg_tally(&worker->traffic.refused[TG_REFUSED_ROOM], 1);
            tg_client_close(client);
        }
        return;
    }
}

void tg_door_shut(struct tg_worker *worker)
{
    struct tg_door *door = &worker->door;
    uint64_t now = tg_timers_now(&worker->timers);

    tg_listener_pause(worker);
    make_room(worker);
    door->is_shut = true;
    tg_timer_start(&worker->timers, &door->reopen, SHUT_MS, on_reopen);
    if (door->logged_ms != 0 && now - door->logged_ms < LOG_EVERY_MS)
        return;
    door->logged_ms = now;
    tg_log_warn(&worker->gate->log, NULL, "event=no_room connections=%zu most=%zu",
                atomic_load(&worker->gate->connections), worker->gate->most_connections);
}

size_t tg_door_size(size_t wanted)
{
    struct rlimit limit;

    wanted = wanted != 0 ? wanted : USUAL_MOST;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    size_t half = limit.rlim_cur / 2;
    return limit.rlim_cur == RLIM_INFINITY || wanted < half ? wanted : half;
}
