/* The threads of a resolver: jobs go in, done ones come back, a descriptor tells of them. */
#ifndef TG_NET_RESOLVER_POOL_H
#define TG_NET_RESOLVER_POOL_H

#include "net/resolver.h"

/* Passed to the threads and back; only the side that holds it touches it. */
struct tg_resolver_job {
    h2o_linklist_t link;
    char host[256];
    void *entry; /* of the resolver's; the threads leave it alone */
    struct tg_addresses found;
    struct tg_error error;
};

struct tg_resolver_pool;

/* done_fd, an eventfd of the caller's, becomes readable when jobs are done. */
struct tg_resolver_pool *
tg_resolver_pool_create(unsigned threads, int done_fd,
                        struct tg_error (*lookup)(const char *host, struct tg_addresses *found));

/* Afterwards done_fd is not written to. Frees the jobs that are not being looked up;
 * the others, and the pool itself, go with the last thread. */
void tg_resolver_pool_destroy(struct tg_resolver_pool *pool);

/* Takes the job, which is from malloc; false when there is no thread to do it. */
bool tg_resolver_pool_push(struct tg_resolver_pool *pool, struct tg_resolver_job *job);

/* Moves the done jobs to the list. */
void tg_resolver_pool_take(struct tg_resolver_pool *pool, h2o_linklist_t *list);

#endif
