#include "gate/generation.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "gate/scripts.h"

/* ---- making one */

static void make_random(const struct tg_worker *worker, uint64_t random[2])
{
    uint64_t seed = worker->gate->seed;

    if (seed != 0) {
        random[0] = seed * 0x9e3779b97f4a7c15u; /* neighbours are far apart */
        random[1] = (seed + 1) * 0xbf58476d1ce4e5b9u;
    } else if (getrandom(random, 2 * sizeof(*random), 0) < 0) {
        random[0] = tg_clock_monotonic_ns() + worker->index;
    }
}

static void init_host(struct tg_generation *generation)
{
    struct tg_host *host = &generation->host;

    host->log = &generation->edition->log;
    host->work = generation->worker->work;
    host->schemas = generation->edition->schemas;
    host->timers = &generation->worker->timers;
    host->cache = generation->worker->gate->cache;
    host->flights = generation->worker->gate->flights;
    host->inbox = &generation->worker->inbox;
    host->tier = generation->worker->tier;
    host->debug = generation->edition->site->debug;
    host->runs_every = generation->worker->index == 0;
    h2o_linklist_init_anchor(&host->afters);
    make_random(generation->worker, host->random);
    host->random[1] |= 1;
}

/* The one that the worker has of this config already. */
static struct tg_backend *find(const struct tg_generation *before,
                               const struct tg_backend_config *config)
{
    for (size_t i = 0; before != NULL && i < before->host.backend_count; i++)
        if (tg_backend_config(before->host.backends[i]) == config)
            return before->host.backends[i];
    return NULL;
}

static void make_backends(struct tg_generation *generation)
{
    const struct tg_site *site = generation->edition->site;
    struct tg_worker *worker = generation->worker;
    struct tg_host *host = &generation->host;

    host->backends = calloc(site->backend_count + 1, sizeof(*host->backends));
    generation->borrowed = calloc(site->backend_count + 1, sizeof(*generation->borrowed));
    assert(host->backends != NULL && generation->borrowed != NULL);
    for (size_t i = 0; i < site->backend_count; i++) {
        const struct tg_backend_config *config = &site->backends[i]->config;
        host->backends[i] = find(worker->generation, config);
        generation->borrowed[i] = host->backends[i] != NULL;
        if (host->backends[i] == NULL)
            host->backends[i] = tg_backend_create(&worker->net, config);
    }
    host->backend_count = site->backend_count;
}

struct tg_generation *tg_generation_create(struct tg_worker *worker, struct tg_edition *edition,
                                           struct tg_buffer *problems)
{
    struct tg_generation *generation = calloc(1, sizeof(*generation));

    assert(generation != NULL);
    generation->worker = worker;
    generation->edition = tg_edition_hold(edition);
    init_host(generation);
    make_backends(generation);
    if (tg_scripts_load(generation, problems))
        return generation;
    tg_generation_destroy(generation);
    return NULL;
}

void tg_generation_destroy(struct tg_generation *generation)
{
    struct tg_host *host = &generation->host;

    assert(generation->holders == 0);
    tg_scripts_close(generation);
    for (size_t i = 0; i < host->backend_count; i++)
        if (!generation->borrowed[i])
            tg_backend_destroy(host->backends[i]);
    free(host->backends);
    free(generation->borrowed);
    tg_edition_release(generation->edition);
    free(generation);
}

/* ---- serving by it */

static void take_backends(struct tg_generation *generation)
{
    for (size_t i = 0; i < generation->host.backend_count; i++)
        if (generation->borrowed[i]) {
            tg_backend_hold(generation->host.backends[i]);
            generation->borrowed[i] = false;
        }
}

static void retire(struct tg_generation *generation)
{
    struct tg_worker *worker = generation->worker;

    tg_every_retire(&generation->host);
    generation->next = worker->retired;
    worker->retired = generation;
}

void tg_generation_adopt(struct tg_generation *generation)
{
    struct tg_worker *worker = generation->worker;
    struct tg_generation *before = worker->generation;

    take_backends(generation);
    worker->generation = generation;
    if (before == NULL)
        return;
    tg_edition_inherit_counts(generation->edition, before->edition, worker->index);
    retire(before);
    tg_generation_start(generation);
}

void tg_generation_start(struct tg_generation *generation)
{
    bool ticked = generation->worker->ticked;

    tg_vm_move(generation->vm, ticked);
    tg_every_start(generation->vm);
    if (generation->jit_vm == NULL)
        return;
    tg_vm_move(generation->jit_vm, ticked);
    tg_every_start(generation->jit_vm);
}

struct tg_generation *tg_generation_hold(struct tg_generation *generation)
{
    generation->holders++;
    return generation;
}

void tg_generation_release(struct tg_generation *generation)
{
    assert(generation->holders != 0);
    generation->holders--;
}

/* ---- all of a worker */

static bool is_in_use(const struct tg_generation *generation)
{
    return generation->holders != 0 || generation->host.every_running != 0 ||
           generation->host.converting != 0;
}

static struct tg_vm *running_in(const struct tg_generation *generation)
{
    if (generation->vm->running != NULL)
        return generation->vm;
    struct tg_vm *jit = generation->jit_vm;
    return jit != NULL && jit->running != NULL ? jit : NULL;
}

struct tg_vm *tg_generation_running(const struct tg_worker *worker)
{
    struct tg_vm *vm = running_in(worker->generation);

    for (const struct tg_generation *at = worker->retired; at != NULL && vm == NULL; at = at->next)
        vm = running_in(at);
    return vm;
}

void tg_generation_sweep(struct tg_worker *worker)
{
    struct tg_generation **link = &worker->retired, *generation;

    while ((generation = *link) != NULL) {
        if (is_in_use(generation)) {
            link = &generation->next;
            continue;
        }
        *link = generation->next;
        tg_generation_destroy(generation);
    }
}

static bool run_ready(struct tg_generation *generation)
{
    bool more = tg_vm_run_ready(generation->vm);

    if (generation->jit_vm != NULL)
        more = tg_vm_run_ready(generation->jit_vm) || more;
    return more;
}

bool tg_generation_run_ready(struct tg_worker *worker)
{
    bool more = run_ready(worker->generation);

    for (struct tg_generation *at = worker->retired; at != NULL; at = at->next)
        more = run_ready(at) || more;
    return more;
}

static void tick(struct tg_generation *generation, uint64_t now_ns)
{
    tg_vm_tick(generation->vm, now_ns);
    if (generation->jit_vm != NULL)
        tg_vm_tick(generation->jit_vm, now_ns);
}

void tg_generation_tick(struct tg_worker *worker, uint64_t now_ns)
{
    tick(worker->generation, now_ns);
    for (struct tg_generation *at = worker->retired; at != NULL; at = at->next)
        tick(at, now_ns);
}

/* When the process ends abandoned connections may still hold one: nothing of theirs runs again. */
static void end(struct tg_generation *generation)
{
    tg_after_stop(&generation->host);
    generation->holders = 0;
    tg_generation_destroy(generation);
}

void tg_generation_stop_afters(struct tg_worker *worker)
{
    for (struct tg_generation *at = worker->retired; at != NULL; at = at->next)
        tg_after_stop(&at->host);
    if (worker->generation != NULL)
        tg_after_stop(&worker->generation->host);
}

void tg_generation_close_all(struct tg_worker *worker)
{
    struct tg_generation *upcoming = atomic_exchange(&worker->upcoming, NULL);

    if (upcoming != NULL)
        tg_generation_destroy(upcoming);
    for (struct tg_generation *at = worker->retired, *next; at != NULL; at = next) {
        next = at->next;
        end(at);
    }
    worker->retired = NULL;
    if (worker->generation != NULL)
        end(worker->generation);
    worker->generation = NULL;
}

size_t tg_generation_afters(const struct tg_worker *worker)
{
    size_t count = worker->generation->host.after_count;

    for (const struct tg_generation *at = worker->retired; at != NULL; at = at->next)
        count += at->host.after_count;
    return count;
}
