#include "net/order.h"

#include <string.h>

static bool is_same(const union tg_ip *a, const union tg_ip *b)
{
    if (a->sa.sa_family != b->sa.sa_family)
        return false;
    if (a->sa.sa_family == AF_INET6)
        return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
    return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

static bool failed_lately(const struct tg_ip_failures *failures, const union tg_ip *ip,
                          uint64_t now_ms)
{
    for (size_t i = 0; i < TG_ADDRESSES; i++)
        if (failures->list[i].until_ms > now_ms && is_same(&failures->list[i].ip, ip))
            return true;
    return false;
}

/* The first one that is not taken and, if there is one, of another family than `last`. */
static size_t choose(const struct tg_addresses *from, const bool *taken, int last)
{
    size_t best = from->count;

    for (size_t i = 0; i < from->count; i++) {
        if (taken[i])
            continue;
        if (from->list[i].sa.sa_family != last)
            return i;
        if (best == from->count)
            best = i;
    }
    return best;
}

/* Appends those of `from` that are not taken. */
static void take_turns(struct tg_addresses *to, const struct tg_addresses *from, bool *taken)
{
    int last = AF_UNSPEC;

    for (size_t i; (i = choose(from, taken, last)) != from->count;) {
        taken[i] = true;
        last = from->list[i].sa.sa_family;
        to->list[to->count++] = from->list[i];
    }
}

void tg_order(struct tg_addresses *addresses, const struct tg_ip_failures *failures,
              uint64_t now_ms)
{
    struct tg_addresses from = *addresses;
    bool failed[TG_ADDRESSES], well[TG_ADDRESSES];

    for (size_t i = 0; i < from.count; i++) {
        failed[i] = failed_lately(failures, &from.list[i], now_ms);
        well[i] = !failed[i];
    }
    addresses->count = 0;
    take_turns(addresses, &from, failed);
    take_turns(addresses, &from, well);
}

void tg_order_failed(struct tg_ip_failures *failures, const union tg_ip *ip, uint64_t now_ms)
{
    tg_order_connected(failures, ip);
    failures->list[failures->next].ip = *ip;
    failures->list[failures->next].until_ms = now_ms + TG_IP_FAILURE_MS;
    failures->next = (failures->next + 1) % TG_ADDRESSES;
}

void tg_order_connected(struct tg_ip_failures *failures, const union tg_ip *ip)
{
    for (size_t i = 0; i < TG_ADDRESSES; i++)
        if (failures->list[i].until_ms != 0 && is_same(&failures->list[i].ip, ip))
            failures->list[i].until_ms = 0;
}
