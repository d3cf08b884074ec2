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

/* Appends those of `from` that have failed lately, or those that have not. */
static void take_turns(struct tg_addresses *to, const struct tg_addresses *from, const bool *failed,
                       bool which)
{
    bool taken[TG_ADDRESSES] = {false};
    int last = 0; /* the family that was taken last */

    for (;;) {
        size_t best = from->count;
        for (size_t i = 0; i < from->count; i++) {
            if (taken[i] || failed[i] != which)
                continue;
            if (best == from->count || from->list[best].sa.sa_family == last)
                best = from->list[i].sa.sa_family != last || best == from->count ? i : best;
        }
        if (best == from->count)
            return;
        taken[best] = true;
        last = from->list[best].sa.sa_family;
        to->list[to->count++] = from->list[best];
    }
}

void tg_order(struct tg_addresses *addresses, const struct tg_ip_failures *failures,
              uint64_t now_ms)
{
    struct tg_addresses from = *addresses;
    bool failed[TG_ADDRESSES];

    for (size_t i = 0; i < from.count; i++)
        failed[i] = failed_lately(failures, &from.list[i], now_ms);
    addresses->count = 0;
    take_turns(addresses, &from, failed, false);
    take_turns(addresses, &from, failed, true);
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
