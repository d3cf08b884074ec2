#include "net/resolver_pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>

/* Owned by its creator and its threads together: the last one to go frees it. A getaddrinfo
 * can take many seconds and can't be interrupted, so nobody joins a thread. */
struct tg_resolver_pool {
    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t wanted;
    h2o_linklist_t jobs, done;
    unsigned threads, most, idle;
    size_t waiting; /* jobs in `jobs` */
    int done_fd;
    bool closed;
    struct tg_error (*lookup)(const char *host, struct tg_addresses *found);
};

static struct tg_resolver_job *first(h2o_linklist_t *list)
{
    return H2O_STRUCT_FROM_MEMBER(struct tg_resolver_job, link, list->next);
}

static void free_jobs(h2o_linklist_t *list)
{
    for (h2o_linklist_t *link = list->next, *next; link != list; link = next) {
        next = link->next;
        free(H2O_STRUCT_FROM_MEMBER(struct tg_resolver_job, link, link));
    }
    h2o_linklist_init_anchor(list);
}

static void dispose(struct tg_resolver_pool *pool)
{
    free_jobs(&pool->jobs);
    free_jobs(&pool->done);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->wanted);
    free(pool);
}

/* The next job, out of the queue; NULL when the pool is closed. Called with the lock held. */
static struct tg_resolver_job *wait_for_job(struct tg_resolver_pool *pool)
{
    pool->idle++;
    while (!pool->closed && h2o_linklist_is_empty(&pool->jobs))
        pthread_cond_wait(&pool->wanted, &pool->lock);
    pool->idle--;
    if (pool->closed)
        return NULL;
    struct tg_resolver_job *job = first(&pool->jobs);
    h2o_linklist_unlink(&job->link);
    pool->waiting--;
    return job;
}

static void hand_back(struct tg_resolver_pool *pool, struct tg_resolver_job *job)
{
    h2o_linklist_insert(&pool->done, &job->link);
    if (!pool->closed)
        eventfd_write(pool->done_fd, 1); /* fails only when it is readable already */
}

static void *work(void *arg)
{
    struct tg_resolver_pool *pool = arg;
    struct tg_resolver_job *job;

    pthread_mutex_lock(&pool->lock);
    while ((job = wait_for_job(pool)) != NULL) {
        pthread_mutex_unlock(&pool->lock);
        job->found.count = 0;
        job->error = pool->lookup(job->host, &job->found);
        pthread_mutex_lock(&pool->lock);
        hand_back(pool, job);
    }
    bool last = --pool->threads == 0;
    pthread_mutex_unlock(&pool->lock);
    if (last)
        dispose(pool);
    return NULL;
}

/* Signals are for other threads. Called with the lock held. */
static void start_thread(struct tg_resolver_pool *pool)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, before;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, &attr, work, pool) == 0)
        pool->threads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
}

struct tg_resolver_pool *
tg_resolver_pool_create(unsigned threads, int done_fd,
                        struct tg_error (*lookup)(const char *host, struct tg_addresses *found))
{
    struct tg_resolver_pool *pool = h2o_mem_alloc(sizeof(*pool));

    *pool = (struct tg_resolver_pool){.most = threads, .done_fd = done_fd, .lookup = lookup};
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wanted, NULL);
    h2o_linklist_init_anchor(&pool->jobs);
    h2o_linklist_init_anchor(&pool->done);
    return pool;
}

void tg_resolver_pool_destroy(struct tg_resolver_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->closed = true;
    free_jobs(&pool->jobs);
    free_jobs(&pool->done);
    bool last = pool->threads == 0;
    pthread_cond_broadcast(&pool->wanted);
    pthread_mutex_unlock(&pool->lock);
    if (last)
        dispose(pool);
}

bool tg_resolver_pool_push(struct tg_resolver_pool *pool, struct tg_resolver_job *job)
{
    pthread_mutex_lock(&pool->lock);
    if (pool->waiting >= pool->idle && pool->threads < pool->most)
        start_thread(pool);
    bool taken = pool->threads != 0;
    if (taken) {
        h2o_linklist_insert(&pool->jobs, &job->link);
        pool->waiting++;
        pthread_cond_signal(&pool->wanted);
    }
    pthread_mutex_unlock(&pool->lock);
    return taken;
}

void tg_resolver_pool_take(struct tg_resolver_pool *pool, h2o_linklist_t *list)
{
    pthread_mutex_lock(&pool->lock);
    h2o_linklist_insert_list(list, &pool->done);
    pthread_mutex_unlock(&pool->lock);
}
