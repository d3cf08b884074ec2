/* The hit ratio of the cache beside that of LRU, over synthetic traces. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/cache.h"

enum { OBJECTS = 100000, REQUESTS = 2000000, BODY = 1024, SCAN_EVERY = 20000, SCAN = 10000 };

static uint64_t state = 88172645463325252u;

static double next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}

/* ---- traces */

static double sums[OBJECTS];

static void make_zipf(double alpha)
{
    double sum = 0;

    for (int i = 0; i < OBJECTS; i++)
        sums[i] = sum += 1 / pow(i + 1, alpha);
    for (int i = 0; i < OBJECTS; i++)
        sums[i] /= sum;
}

static int draw(void)
{
    double wanted = next_random();
    int low = 0, high = OBJECTS - 1;

    while (low < high) {
        int middle = (low + high) / 2;
        if (sums[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Object i of the trace; with scans, every now and then a run of objects that never come again. */
static int object_at(int i, bool scans)
{
    static int fresh = OBJECTS;

    return scans && i % SCAN_EVERY < SCAN ? fresh++ : draw();
}

/* ---- LRU: a list with an index, as many objects as the other holds */

struct node {
    int object;
    struct node *newer, *older;
};

struct lru {
    struct node *nodes, **index, *newest, *oldest;
    int count, most;
};

static void take_out(struct lru *lru, struct node *node)
{
    *(node->newer != NULL ? &node->newer->older : &lru->newest) = node->older;
    *(node->older != NULL ? &node->older->newer : &lru->oldest) = node->newer;
}

static void put_first(struct lru *lru, struct node *node)
{
    node->newer = NULL;
    node->older = lru->newest;
    *(lru->newest != NULL ? &lru->newest->newer : &lru->oldest) = node;
    lru->newest = node;
}

static bool ask_lru(struct lru *lru, int object)
{
    struct node *node = lru->index[object];
    bool hit = node != NULL;

    if (hit) {
        take_out(lru, node);
    } else if (lru->count < lru->most) {
        node = &lru->nodes[lru->count++];
    } else {
        node = lru->oldest;
        take_out(lru, node);
        lru->index[node->object] = NULL;
    }
    node->object = object;
    lru->index[object] = node;
    put_first(lru, node);
    return hit;
}

/* ---- ours */

static bool ask_cache(struct tg_cache *cache, int object)
{
    static char body[BODY];
    char key[24];
    int len = snprintf(key, sizeof(key), "/object/%d", object);
    struct tg_entry_recipe recipe = {
        .key = tg_text(key, (size_t)len), .body = tg_text(body, BODY), .fresh_ms = UINT64_MAX};
    bool soft;
    struct tg_entry *entry =
        tg_cache_get(cache, recipe.key, tg_cache_hash(cache, recipe.key), &soft);
    bool hit = entry != NULL;

    if (!hit) {
        entry = tg_entry_create(&recipe);
        tg_cache_put(cache, entry);
    }
    tg_entry_release(entry);
    return hit;
}

static void run(double alpha, bool scans, double share)
{
    size_t most = REQUESTS + OBJECTS;
    struct tg_cache *cache =
        tg_cache_create((size_t)(share * OBJECTS * (BODY + 340)) + 65536, 65536);
    struct lru lru = {.nodes = calloc(most, sizeof(struct node)),
                      .index = calloc(most, sizeof(struct node *))};
    struct tg_cache_account account;
    int hits = 0, lru_hits = 0;
    int *trace = calloc(REQUESTS, sizeof(*trace));

    make_zipf(alpha);
    for (int i = 0; i < REQUESTS; i++)
        trace[i] = object_at(i, scans) % (int)most;
    for (int i = 0; i < REQUESTS; i++)
        hits += ask_cache(cache, trace[i]);
    tg_cache_read_account(cache, &account);
    lru.most = (int)account.entries;
    for (int i = 0; i < REQUESTS; i++)
        lru_hits += ask_lru(&lru, trace[i]);
    printf("zipf %.1f  %-5s  room for %5.1f %%  ours %.4f  lru %.4f\n", alpha,
           scans ? "scans" : "-", 100.0 * lru.most / OBJECTS, (double)hits / REQUESTS,
           (double)lru_hits / REQUESTS);
    free(trace);
    free(lru.nodes);
    free(lru.index);
    tg_cache_destroy(cache);
}

int main(void)
{
    for (int alpha = 0; alpha < 2; alpha++)
        for (int scans = 0; scans < 2; scans++)
            for (int share = 0; share < 2; share++)
                run(alpha != 0 ? 1.0 : 0.8, scans != 0, share != 0 ? 0.1 : 0.01);
    return 0;
}
