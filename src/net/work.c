#include "net/work.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct tg_work_pool {
    pthread_mutex_t lock;   /* of everything below, and of what the queues say */
    pthread_cond_t wanted;  /* there is work, or the pool is closed */
    pthread_cond_t changed; /* some work has ended */
    h2o_linklist_t waiting;
    size_t waiting_count;
    pthread_t *threads;
    unsigned count, most, idle;
    bool closed;
};

struct tg_work_queue {
    struct tg_work_pool *pool;
    h2o_socket_t *sock; /* readable when there is something in `done` */
    int fd;
    h2o_linklist_t done; /* under the pool's lock, as the next */
    size_t running;
};

static struct tg_work *first(h2o_linklist_t *list)
{
    return H2O_STRUCT_FROM_MEMBER(struct tg_work, link, list->next);
}

/* ---- threads */

/* The next work, out of the line; NULL when the pool is closed. Called with the lock held. */
static struct tg_work *wait_for_work(struct tg_work_pool *pool)
{
    pool->idle++;
    while (!pool->closed && h2o_linklist_is_empty(&pool->waiting))
        pthread_cond_wait(&pool->wanted, &pool->lock);
    pool->idle--;
    if (pool->closed)
        return NULL;
    struct tg_work *work = first(&pool->waiting);
    h2o_linklist_unlink(&work->link);
    pool->waiting_count--;
    work->queue->running++;
    return work;
}

static void *run(void *argument)
{
    struct tg_work_pool *pool = argument;
    struct tg_work *work;

    pthread_mutex_lock(&pool->lock);
    while ((work = wait_for_work(pool)) != NULL) {
        struct tg_work_queue *queue = work->queue;
        pthread_mutex_unlock(&pool->lock);
        work->run(work);
        pthread_mutex_lock(&pool->lock);
        h2o_linklist_insert(&queue->done, &work->link);
        queue->running--;
        eventfd_write(queue->fd, 1); /* fails only when it is readable already */
        pthread_cond_broadcast(&pool->changed);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Signals are for other threads. Called with the lock held. */
static void start_thread(struct tg_work_pool *pool)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&pool->threads[pool->count], NULL, run, pool) == 0)
        pool->count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct tg_work_pool *tg_work_pool_create(unsigned threads)
{
    struct tg_work_pool *pool = h2o_mem_alloc(sizeof(*pool));

    *pool = (struct tg_work_pool){.most = threads};
    pool->threads = h2o_mem_alloc(threads * sizeof(*pool->threads));
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wanted, NULL);
    pthread_cond_init(&pool->changed, NULL);
    h2o_linklist_init_anchor(&pool->waiting);
    return pool;
}

void tg_work_pool_destroy(struct tg_work_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->closed = true;
    pthread_cond_broadcast(&pool->wanted);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->wanted);
    pthread_cond_destroy(&pool->changed);
    free(pool->threads);
    free(pool);
}

/* ---- queues */

/* on_done may push and withdraw. */
static void on_readable(h2o_socket_t *sock, const char *err)
{
    struct tg_work_queue *queue = sock->data;
    h2o_linklist_t done;
    uint64_t count;

    (void)err;
    if (read(queue->fd, &count, sizeof(count)) < 0)
        return; /* it was woken for nothing */
    h2o_linklist_init_anchor(&done);
    pthread_mutex_lock(&queue->pool->lock);
    h2o_linklist_insert_list(&done, &queue->done);
    pthread_mutex_unlock(&queue->pool->lock);
    while (!h2o_linklist_is_empty(&done)) {
        struct tg_work *work = first(&done);
        h2o_linklist_unlink(&work->link);
        work->on_done(work);
    }
}

struct tg_work_queue *tg_work_queue_create(struct tg_work_pool *pool, h2o_loop_t *loop)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    if (fd < 0)
        return NULL;
    struct tg_work_queue *queue = h2o_mem_alloc(sizeof(*queue));
    *queue = (struct tg_work_queue){.pool = pool, .fd = fd};
    h2o_linklist_init_anchor(&queue->done);
    queue->sock = h2o_evloop_socket_create(loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    queue->sock->data = queue;
    h2o_socket_read_start(queue->sock, on_readable);
    return queue;
}

/* What waits for a thread moves to those that are done. Called with the lock held. */
static void withdraw_all(struct tg_work_queue *queue)
{
    h2o_linklist_t *list = &queue->pool->waiting;

    for (h2o_linklist_t *link = list->next, *next; link != list; link = next) {
        struct tg_work *work = H2O_STRUCT_FROM_MEMBER(struct tg_work, link, link);
        next = link->next;
        if (work->queue != queue)
            continue;
        h2o_linklist_unlink(link);
        queue->pool->waiting_count--;
        h2o_linklist_insert(&queue->done, link);
    }
}

void tg_work_queue_destroy(struct tg_work_queue *queue)
{
    struct tg_work_pool *pool = queue->pool;

    pthread_mutex_lock(&pool->lock);
    withdraw_all(queue);
    while (queue->running > 0)
        pthread_cond_wait(&pool->changed, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    while (!h2o_linklist_is_empty(&queue->done)) {
        struct tg_work *work = first(&queue->done);
        h2o_linklist_unlink(&work->link);
        work->on_drop(work);
    }
    h2o_socket_close(queue->sock);
    free(queue);
}

bool tg_work_push(struct tg_work_queue *queue, struct tg_work *work)
{
    struct tg_work_pool *pool = queue->pool;

    work->link = (h2o_linklist_t){NULL, NULL};
    work->queue = queue;
    pthread_mutex_lock(&pool->lock);
    if (pool->waiting_count >= pool->idle && pool->count < pool->most)
        start_thread(pool);
    bool taken = pool->count != 0;
    if (taken) {
        h2o_linklist_insert(&pool->waiting, &work->link);
        pool->waiting_count++;
        pthread_cond_signal(&pool->wanted);
    }
    pthread_mutex_unlock(&pool->lock);
    return taken;
}

bool tg_work_withdraw(struct tg_work *work)
{
    struct tg_work_pool *pool = work->queue->pool;
    bool waits = false;

    pthread_mutex_lock(&pool->lock);
    for (h2o_linklist_t *link = pool->waiting.next; link != &pool->waiting; link = link->next)
        waits = waits || link == &work->link;
    if (waits) {
        h2o_linklist_unlink(&work->link);
        pool->waiting_count--;
    }
    pthread_mutex_unlock(&pool->lock);
    return waits;
}
