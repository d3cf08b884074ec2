#include "net/backend.h"

#include <assert.h>
#include <stdlib.h>

#include "net/balance.h"
#include "net/inside.h"

void tg_backend_config_open(struct tg_backend_config *config)
{
    assert(config->address_count != 0 && config->address_count <= TG_BACKEND_ADDRESSES);
    config->shared = h2o_mem_alloc(sizeof(*config->shared));
    memset(config->shared, 0, sizeof(*config->shared));
}

void tg_backend_config_close(struct tg_backend_config *config)
{
    if (config->shared == NULL)
        return;
    tg_ledger_dispose(&config->shared->ledger);
    free(config->shared);
    config->shared = NULL;
}

struct tg_backend *tg_backend_create(struct tg_net *net, const struct tg_backend_config *config)
{
    struct tg_backend *backend = h2o_mem_alloc(sizeof(*backend));

    assert(config->shared != NULL);
    memset(backend, 0, offsetof(struct tg_backend, scratch));
    backend->net = net;
    backend->holders = 1;
    backend->config = config;
    backend->accounts = tg_ledger_open(&config->shared->ledger, config->address_count);
    backend->retry_tokens = TG_RETRY_TOKENS_MOST;
    h2o_linklist_init_anchor(&backend->waiting);
    backend->origins = h2o_mem_alloc(config->address_count * sizeof(*backend->origins));
    for (size_t i = 0; i < config->address_count; i++)
        tg_origin_init(&backend->origins[i], net, &config->addresses[i], config,
                       &backend->accounts->addresses[i]);
    return backend;
}

void tg_backend_hold(struct tg_backend *backend)
{
    backend->holders++;
}

void tg_backend_destroy(struct tg_backend *backend)
{
    if (--backend->holders != 0)
        return;
    for (size_t i = 0; i < backend->config->address_count; i++)
        tg_origin_dispose(&backend->origins[i]);
    tg_timer_stop(backend->net->timers, &backend->serve);
    tg_buffer_dispose(&backend->requests);
    free(backend->origins);
    free(backend);
}

const struct tg_backend_config *tg_backend_config(const struct tg_backend *backend)
{
    return backend->config;
}
