/* In which order the IP addresses of a name are tried (RFC 8305, 4). */
#ifndef TG_NET_ORDER_H
#define TG_NET_ORDER_H

#include "net/resolver.h"

enum { TG_IP_FAILURE_MS = 5000 }; /* how long a failure is remembered */

/* IP addresses that could not be connected to. All zero is none. */
struct tg_ip_failures {
    struct {
        union tg_ip ip;
        uint64_t until_ms;
    } list[TG_ADDRESSES];
    size_t next;
};

/* Puts the addresses in order: the families take turns, the first keeps the lead; those that
 * failed lately come last. */
void tg_order(struct tg_addresses *addresses, const struct tg_ip_failures *failures,
              uint64_t now_ms);

void tg_order_failed(struct tg_ip_failures *failures, const union tg_ip *ip, uint64_t now_ms);
void tg_order_connected(struct tg_ip_failures *failures, const union tg_ip *ip);

#endif
