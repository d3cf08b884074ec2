/* Looks at every client once in a while and ends what takes too long. One walk for all costs less
 * than a timer for each. */
#include <netinet/in.h>
#include <linux/tcp.h>
#include <sys/socket.h>

#include "gate/client.h"
#include "gate/door.h"
#include "gate/linger.h"

static uint64_t bytes_taken(const struct tg_client *client)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);

    if (getsockopt(h2o_socket_get_fd(client->sock), IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return 0;
    return info.tcpi_bytes_acked;
}

/* Whether less than `rate` bytes a second have passed for `timeout_ms`. */
static bool is_slow(struct tg_client *client, uint64_t passed, uint32_t timeout_ms, size_t rate)
{
    uint64_t now = tg_timers_now(&client->worker->timers);
    uint64_t enough = (uint64_t)rate * timeout_ms / 1000;

    if (passed - client->mark >= (enough != 0 ? enough : 1)) {
        client->mark = passed;
        client->since_ms = now;
    }
    return now - client->since_ms >= timeout_ms;
}

static bool is_late(const struct tg_client *client, uint32_t timeout_ms)
{
    return tg_timers_now(&client->worker->timers) - client->since_ms >= timeout_ms;
}

/* A new connection has as long for its first head as others have for theirs, counted from its
 * beginning. */
static void notice(struct tg_client *client, enum tg_client_phase phase)
{
    if (phase == client->phase)
        return;
    if (!(client->phase == TG_CLIENT_NEW && phase == TG_CLIENT_HEAD))
        client->since_ms = tg_timers_now(&client->worker->timers);
    client->mark = phase == TG_CLIENT_SENDING ? bytes_taken(client) : 0;
    client->phase = phase;
}

static void end_slow_reader(struct tg_client *client)
{
    if (!client->is_admin)
        tg_tally(&client->worker->traffic.refused[TG_REFUSED_SLOW_READER], 1);
    tg_client_drop(client);
}

static void judge(struct tg_client *client)
{
    const struct tg_limits *limits = &client->worker->generation->edition->site->limits;

    switch (client->phase) {
    case TG_CLIENT_NEW:
        if (is_late(client, limits->head_ms))
            tg_client_close(client);
        break;
    case TG_CLIENT_IDLE:
        if (is_late(client, limits->keepalive_ms))
            tg_client_close(client);
        break;
    case TG_CLIENT_HEAD:
        if (is_late(client, limits->head_ms))
            tg_client_refuse(client, TG_REFUSED_SLOW_HEAD, "the head of the request took too long");
        break;
    case TG_CLIENT_BODY:
        if (is_slow(client, client->sock->input->size, limits->body_ms, limits->body_rate))
            tg_client_refuse(client, TG_REFUSED_SLOW_BODY, "the body of the request was too slow");
        break;
    case TG_CLIENT_SENDING:
        if (is_slow(client, bytes_taken(client), limits->send_ms, limits->send_rate))
            end_slow_reader(client);
        break;
    case TG_CLIENT_WORKING:
    case TG_CLIENT_OTHER:
        break;
    }
}

/* A refusal moves its client to the other list. */
static void sweep(h2o_linklist_t *list)
{
    for (h2o_linklist_t *at = list->next, *next; at != list; at = next) {
        struct tg_client *client = H2O_STRUCT_FROM_MEMBER(struct tg_client, link, at);
        next = at->next;
        notice(client, tg_client_look(client));
        judge(client);
    }
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* A quarter of the shortest bound, from 20 ms to a second. */
static uint32_t period(const struct tg_limits *limits)
{
    uint32_t ms = least(least(limits->head_ms, limits->body_ms),
                        least(limits->send_ms, limits->keepalive_ms)) /
                  4;

    return ms < 20 ? 20 : least(ms, 1000);
}

static void on_sweep(struct tg_timer *timer);

void tg_door_watch(struct tg_worker *worker)
{
    const struct tg_limits *limits = &worker->generation->edition->site->limits;

    if (worker->door.sweep.place == 0)
        tg_timer_start(&worker->timers, &worker->door.sweep, period(limits), on_sweep);
}

/* It ends with the last client, and begins again with the next one. */
static void on_sweep(struct tg_timer *timer)
{
    struct tg_worker *worker = H2O_STRUCT_FROM_MEMBER(struct tg_worker, door.sweep, timer);
    struct tg_door *door = &worker->door;

    sweep(&door->waiting);
    sweep(&door->busy);
    tg_linger_sweep(worker);
    if (!h2o_linklist_is_empty(&door->waiting) || !h2o_linklist_is_empty(&door->busy) ||
        door->lingering_count != 0)
        tg_door_watch(worker);
}
