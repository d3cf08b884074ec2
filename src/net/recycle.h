/* Blocks of one size, kept for the next who wants one: malloc takes longer to find a block of more
 * than a thousand bytes than a response of that size takes to be read. */
#ifndef TG_NET_RECYCLE_H
#define TG_NET_RECYCLE_H

#include <stddef.h>

enum {
    TG_RECYCLE_FROM = 1024, /* smaller ones are quick to be had of malloc */
    TG_RECYCLE_SIZE = 4096,
    TG_RECYCLE_MOST = 64, /* blocks that are kept */
};

/* The blocks of one thread that nobody uses. All zero is none. */
struct tg_recycle {
    void *first; /* a block begins with where the next one is */
    size_t count;
};

/* A block of TG_RECYCLE_SIZE bytes. */
void *tg_recycle_take(struct tg_recycle *recycle);
void tg_recycle_give(struct tg_recycle *recycle, void *block);

/* Frees those that are kept. */
void tg_recycle_dispose(struct tg_recycle *recycle);

#endif
