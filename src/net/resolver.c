#include "net/resolver.h"

#include <assert.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "net/resolver_pool.h"

/* One name. It stays as long as its resolver: names come from sites, and are few. */
struct entry {
    struct entry *next;
    struct tg_resolver *resolver;
    char host[256];
    bool known;          /* there is an answer, good or bad */
    bool asked;          /* a thread has it */
    uint64_t expires_ms; /* of the answer */
    struct tg_addresses found;
    struct tg_error error;
    h2o_linklist_t waiting; /* struct tg_resolve */
};

struct tg_resolver {
    struct tg_timers *timers;
    struct tg_resolver_options options;
    struct tg_resolver_pool *pool;
    h2o_socket_t *done; /* an eventfd */
    struct entry *entries;
};

static void on_done(h2o_socket_t *sock, const char *err);

static struct tg_error lookup_failed(int code)
{
    switch (code) {
    case EAI_NONAME:
    case EAI_NODATA:
        return (struct tg_error){"dns", "the backend's name is not known"};
    case EAI_AGAIN:
        return (struct tg_error){"dns", "the name server did not answer"};
    default:
        return (struct tg_error){"dns", "the backend's name could not be looked up"};
    }
}

/* RFC 6761: localhost is the loopback, also on a machine without /etc/hosts. */
static struct tg_error local_lookup(struct tg_addresses *found)
{
    found->count = 2;
    found->list[0].v4 =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    found->list[1].v6 =
        (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    return TG_OK;
}

struct tg_error tg_resolver_lookup(const char *host, struct tg_addresses *found)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;
    hints.ai_flags = AI_ADDRCONFIG;
    int code = getaddrinfo(host, NULL, &hints, &list);

    found->count = 0;
    if (code != 0)
        return strcasecmp(host, "localhost") == 0 ? local_lookup(found) : lookup_failed(code);
    for (struct addrinfo *at = list; at != NULL && found->count < TG_ADDRESSES; at = at->ai_next)
        if (at->ai_addrlen <= sizeof(found->list[0]))
            memcpy(&found->list[found->count++], at->ai_addr, at->ai_addrlen);
    freeaddrinfo(list);
    return found->count != 0 ? TG_OK : lookup_failed(EAI_NODATA);
}

struct tg_resolver *tg_resolver_create(h2o_loop_t *loop, struct tg_timers *timers,
                                       const struct tg_resolver_options *options)
{
    struct tg_resolver_options chosen =
        options != NULL ? *options : (struct tg_resolver_options){0};
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    if (fd < 0)
        return NULL;
    if (chosen.threads == 0)
        chosen.threads = 2;
    if (chosen.ttl_ms == 0)
        chosen.ttl_ms = 30 * 1000;
    if (chosen.failure_ttl_ms == 0)
        chosen.failure_ttl_ms = 1000;
    if (chosen.stale_ms == 0)
        chosen.stale_ms = 5 * 60 * 1000;
    if (chosen.lookup == NULL)
        chosen.lookup = tg_resolver_lookup;

    struct tg_resolver *resolver = h2o_mem_alloc(sizeof(*resolver));
    *resolver = (struct tg_resolver){.timers = timers, .options = chosen};
    resolver->pool = tg_resolver_pool_create(chosen.threads, fd, chosen.lookup);
    resolver->done = h2o_evloop_socket_create(loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    resolver->done->data = resolver;
    h2o_socket_read_start(resolver->done, on_done);
    return resolver;
}

void tg_resolver_destroy(struct tg_resolver *resolver)
{
    struct entry *entry;

    tg_resolver_pool_destroy(resolver->pool);
    h2o_socket_close(resolver->done);
    while ((entry = resolver->entries) != NULL) {
        assert(h2o_linklist_is_empty(&entry->waiting));
        resolver->entries = entry->next;
        free(entry);
    }
    free(resolver);
}

static struct entry *find(struct tg_resolver *resolver, const char *host)
{
    struct entry *entry = resolver->entries;
    size_t len = strlen(host);

    while (entry != NULL && strcmp(entry->host, host) != 0)
        entry = entry->next;
    if (entry != NULL)
        return entry;
    entry = h2o_mem_alloc(sizeof(*entry));
    *entry = (struct entry){.next = resolver->entries, .resolver = resolver};
    h2o_linklist_init_anchor(&entry->waiting);
    assert(len < sizeof(entry->host));
    memcpy(entry->host, host, len);
    return resolver->entries = entry;
}

/* What is known so far outlives a failure: a name server that is down takes nothing away. */
static void learn(struct entry *entry, const struct tg_addresses *found, struct tg_error error)
{
    const struct tg_resolver_options *options = &entry->resolver->options;
    uint64_t now_ms = tg_timers_now(entry->resolver->timers);

    entry->asked = false;
    if (error.code == NULL) {
        entry->found = *found;
        entry->error = TG_OK;
    } else if (entry->found.count == 0) {
        entry->error = error;
    }
    entry->known = true;
    entry->expires_ms = now_ms + (error.code == NULL ? options->ttl_ms : options->failure_ttl_ms);
}

/* Those who begin to wait meanwhile are behind the marker, and wait for the next answer. */
static void tell(struct entry *entry)
{
    h2o_linklist_t now;

    h2o_linklist_init_anchor(&now);
    h2o_linklist_insert_list(&now, &entry->waiting);
    while (!h2o_linklist_is_empty(&now)) {
        struct tg_resolve *resolve = H2O_STRUCT_FROM_MEMBER(struct tg_resolve, link, now.next);
        h2o_linklist_unlink(&resolve->link);
        resolve->on_done(resolve, &entry->found, entry->error);
    }
}

static void ask(struct entry *entry)
{
    struct tg_resolver_job *job = h2o_mem_alloc(sizeof(*job));

    *job = (struct tg_resolver_job){.entry = entry};
    memcpy(job->host, entry->host, sizeof(job->host));
    entry->asked = true;
    if (tg_resolver_pool_push(entry->resolver->pool, job))
        return;
    free(job);
    learn(entry, NULL, (struct tg_error){"dns", "no thread is free to look the name up"});
}

static void on_done(h2o_socket_t *sock, const char *err)
{
    struct tg_resolver *resolver = sock->data;
    h2o_linklist_t done;
    uint64_t count;

    (void)err;
    if (read(h2o_socket_get_fd(sock), &count, sizeof(count)) < 0)
        return; /* it was woken for nothing */
    h2o_linklist_init_anchor(&done);
    tg_resolver_pool_take(resolver->pool, &done);
    for (h2o_linklist_t *link = done.next, *next; link != &done; link = next) {
        struct tg_resolver_job *job = H2O_STRUCT_FROM_MEMBER(struct tg_resolver_job, link, link);
        struct entry *entry = job->entry;
        next = link->next;
        learn(entry, &job->found, job->error);
        free(job);
        tell(entry);
    }
}

/* Whether the answer may be given now, be it past its time. */
static bool is_usable(const struct entry *entry)
{
    uint64_t now_ms = tg_timers_now(entry->resolver->timers);

    if (!entry->known)
        return false;
    if (now_ms < entry->expires_ms)
        return true;
    return entry->error.code == NULL &&
           now_ms - entry->expires_ms < entry->resolver->options.stale_ms;
}

void tg_resolve_start(struct tg_resolve *resolve, struct tg_resolver *resolver, const char *host,
                      void (*on_found)(struct tg_resolve *self, const struct tg_addresses *found,
                                       struct tg_error error))
{
    struct entry *entry = find(resolver, host);

    *resolve = (struct tg_resolve){.on_done = on_found};
    if (!entry->asked && (!entry->known || tg_timers_now(resolver->timers) >= entry->expires_ms))
        ask(entry);
    if (is_usable(entry))
        on_found(resolve, &entry->found, entry->error);
    else
        h2o_linklist_insert(&entry->waiting, &resolve->link);
}

void tg_resolve_cancel(struct tg_resolve *resolve)
{
    if (h2o_linklist_is_linked(&resolve->link))
        h2o_linklist_unlink(&resolve->link);
}
