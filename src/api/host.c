#include "api/host.h"

#include <string.h>

struct tg_host *tg_host_of(lua_State *L)
{
    return tg_vm_of(L)->options.host;
}

/* xorshift128+: fast, and no two threads are seeded alike. */
static uint64_t next_random(struct tg_host *host)
{
    uint64_t a = host->random[0], b = host->random[1];

    host->random[0] = b;
    a ^= a << 23;
    host->random[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
    return host->random[1] + b;
}

void tg_host_id(struct tg_host *host, char id[16])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t value = next_random(host);

    for (int i = 0; i < 16; i++, value >>= 4)
        id[i] = digits[value & 15];
}

struct tg_backend *tg_host_backend(struct tg_host *host, struct tg_text name)
{
    for (size_t i = 0; i < host->backend_count; i++)
        if (tg_text_is(name, tg_text_of(tg_backend_config(host->backends[i])->name)))
            return host->backends[i];
    return NULL;
}
