/* What only the files of net/ know of a backend. */
#ifndef TG_NET_INSIDE_H
#define TG_NET_INSIDE_H

#include "base/buffer.h"
#include "net/backend.h"
#include "net/origin.h"

enum { TG_SCRATCH = 64 * 1024 };

struct tg_backend {
    struct tg_net *net;
    const struct tg_backend_config *config;
    struct tg_origin *origins; /* one for each address of the config */
    size_t turn;               /* of the next call: where it begins among the origins */
    struct tg_buffer request;  /* a request's head, while it is sent */
    char scratch[TG_SCRATCH];  /* what was just received; nobody keeps a pointer into it */
};

#endif
