#include "gate/admin_change.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "api/purge.h"
#include "gate/admin_answer.h"
#include "gate/recorder.h"
#include "gate/reload.h"
#include "http/query.h"

enum { ANSWER_MOST = 67108864 };

static const struct tg_text none = {NULL, 0};

/* ---- reloads */

struct waiting {
    h2o_linklist_t link; /* in admin.reloads */
    h2o_req_t *req;
    uint64_t ticket;
};

static void on_waiting_dispose(void *waiting)
{
    h2o_linklist_t *link = &((struct waiting *)waiting)->link;

    if (h2o_linklist_is_linked(link))
        h2o_linklist_unlink(link);
}

static int begin(struct tg_worker *worker, h2o_req_t *req, bool back)
{
    struct waiting *waiting =
        h2o_mem_alloc_shared(&req->pool, sizeof(*waiting), on_waiting_dispose);
    *waiting = (struct waiting){.req = req, .ticket = tg_reload_ask(worker->gate->reload, back)};
    h2o_linklist_insert(&worker->admin.reloads, &waiting->link);
    tg_admin_reloaded(worker); /* while the server stops it has its answer already */
    return 0;
}

int tg_admin_reload(struct tg_worker *worker, h2o_req_t *req)
{
    return begin(worker, req, false);
}

int tg_admin_rollback(struct tg_worker *worker, h2o_req_t *req)
{
    return begin(worker, req, true);
}

void tg_admin_reloaded(struct tg_worker *worker)
{
    h2o_linklist_t *link = worker->admin.reloads.next;

    while (link != &worker->admin.reloads) {
        struct waiting *waiting = H2O_STRUCT_FROM_MEMBER(struct waiting, link, link);
        struct tg_buffer out = {.limit = ANSWER_MOST};
        enum tg_reload_state state = tg_reload_result(worker->gate->reload, waiting->ticket, &out);
        link = link->next;
        if (state == TG_RELOAD_PENDING)
            continue;
        h2o_linklist_unlink(&waiting->link);
        tg_admin_json(waiting->req, state == TG_RELOAD_DONE ? 200 : 422, &out);
    }
}

/* ---- purges */

static struct tg_text query_of(const h2o_req_t *req)
{
    const char *mark = memchr(req->input.path.base, '?', req->input.path.len);
    size_t skip = mark != NULL ? (size_t)(mark - req->input.path.base) + 1 : req->input.path.len;

    return tg_text(req->input.path.base + skip, req->input.path.len - skip);
}

/* ?tag=T, ?url=U, ?prefix=P, ?all=true, each with &soft=true if it is one. */
int tg_admin_purge(struct tg_worker *worker, h2o_req_t *req)
{
    struct tg_text rest = query_of(req);
    const char *wrong = NULL;
    struct tg_buffer out = {.limit = 0};
    struct tg_text texts[TG_PURGE_KINDS] = {{NULL, 0}};
    struct tg_query_pair pair;
    bool soft = false, any = false;

    while (wrong == NULL && tg_query_next(&rest, &pair)) {
        char *plain = h2o_mem_alloc_pool(&req->pool, pair.value.len + 1);
        struct tg_text value = tg_text(plain, tg_query_decode(pair.value, plain));
        bool known = tg_text_is(pair.name, TG_TEXT("soft"));
        if (known)
            soft = tg_text_is(value, TG_TEXT("true"));
        for (int kind = 0; kind < TG_PURGE_KINDS; kind++)
            if (tg_text_is(pair.name, tg_text_of(tg_purge_name((enum tg_purge_kind)kind)))) {
                texts[kind] = value;
                known = any = true;
            }
        if (!known)
            wrong = "what is purged is given by tag, url, prefix or all, and soft";
    }
    if (wrong == NULL && !any)
        wrong = "what is purged is given by tag, url, prefix or all";
    for (int kind = 0; kind < TG_PURGE_KINDS && wrong == NULL; kind++)
        if (texts[kind].base != NULL)
            wrong = tg_purge(worker->gate->cache, (enum tg_purge_kind)kind, texts[kind], soft);
    if (wrong != NULL)
        return tg_admin_problem(req, 422, wrong);
    tg_buffer_printf(&out, "{\"purged\":true,\"soft\":%s}\n", soft ? "true" : "false");
    return tg_admin_json(req, 200, &out);
}

/* ---- recordings */

static unsigned read_number(struct tg_text value, unsigned most)
{
    unsigned number = 0;

    for (size_t i = 0; i < value.len; i++) {
        if (value.base[i] < '0' || value.base[i] > '9' || number > most)
            return 0;
        number = number * 10 + (unsigned)(value.base[i] - '0');
    }
    return number <= most ? number : 0;
}

static bool has_route(struct tg_worker *worker, struct tg_text pattern)
{
    const struct tg_site *site = worker->generation->edition->site;

    for (size_t i = 0; i < site->route_count; i++)
        if (tg_text_is(tg_text_of(site->routes[i].pattern), pattern))
            return site->routes[i].script != NULL;
    return false;
}

/* ?route=R&count=N&seconds=S, or ?stop=true. */
int tg_admin_record(struct tg_worker *worker, h2o_req_t *req)
{
    struct tg_text rest = query_of(req), route = none;
    struct tg_buffer out = {.limit = ANSWER_MOST};
    unsigned count = 20, seconds = 60;
    bool stop = false;
    struct tg_query_pair pair;

    while (tg_query_next(&rest, &pair)) {
        char *plain = h2o_mem_alloc_pool(&req->pool, pair.value.len + 1);
        struct tg_text value = tg_text(plain, tg_query_decode(pair.value, plain));
        if (tg_text_is(pair.name, TG_TEXT("route")))
            route = value;
        else if (tg_text_is(pair.name, TG_TEXT("count")))
            count = read_number(value, TG_RECORD_COUNT);
        else if (tg_text_is(pair.name, TG_TEXT("seconds")))
            seconds = read_number(value, TG_RECORD_SECONDS);
        else if (tg_text_is(pair.name, TG_TEXT("stop")))
            stop = true;
    }
    if (stop)
        tg_recorder_stop(worker->gate->recorder);
    else if (count == 0 || seconds == 0)
        return tg_admin_problem(req, 422, "count is from 1 to 1000, seconds from 1 to 3600");
    else if (!has_route(worker, route))
        return tg_admin_problem(req, 422, "no route with a script has this pattern");
    else
        tg_recorder_start(worker->gate->recorder, route, count, seconds);
    tg_recorder_write(worker->gate->recorder, &out);
    return tg_admin_json(req, 200, &out);
}

int tg_admin_recorded(struct tg_worker *worker, h2o_req_t *req)
{
    struct tg_buffer out = {.limit = ANSWER_MOST};

    tg_recorder_write(worker->gate->recorder, &out);
    return tg_admin_json(req, 200, &out);
}

/* ---- the end */

/* The one who started us sees to the end: the master, or the main thread. */
int tg_admin_drain(struct tg_worker *worker, h2o_req_t *req)
{
    static const char text[] = "{\"ok\":true,\"state\":\"draining\"}\n";
    struct tg_buffer out = {.limit = 0};

    if (tg_link_is_there(&worker->gate->link))
        tg_link_say(&worker->gate->link, TG_CHANNEL_END, 0, "");
    else
        kill(getpid(), SIGTERM);
    tg_buffer_append(&out, text, sizeof(text) - 1);
    return tg_admin_json(req, 200, &out);
}
