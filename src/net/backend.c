#include "net/backend.h"

#include <assert.h>
#include <stdlib.h>

#include "net/inside.h"

struct tg_backend *tg_backend_create(struct tg_net *net, const struct tg_backend_config *config)
{
    struct tg_backend *backend = h2o_mem_alloc(sizeof(*backend));

    assert(config->address_count != 0);
    backend->net = net;
    backend->config = config;
    backend->turn = 0;
    backend->request = (struct tg_buffer){0};
    backend->origins = h2o_mem_alloc(config->address_count * sizeof(*backend->origins));
    for (size_t i = 0; i < config->address_count; i++)
        tg_origin_init(&backend->origins[i], net, &config->addresses[i], config->keepalive,
                       config->keepalive_ms);
    return backend;
}

void tg_backend_destroy(struct tg_backend *backend)
{
    for (size_t i = 0; i < backend->config->address_count; i++)
        tg_origin_dispose(&backend->origins[i]);
    tg_buffer_dispose(&backend->request);
    free(backend->origins);
    free(backend);
}

const struct tg_backend_config *tg_backend_config(const struct tg_backend *backend)
{
    return backend->config;
}
