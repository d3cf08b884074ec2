/* Addresses as the site writes them: where to listen, which peers are trusted. */
#ifndef TG_GATE_NETWORK_H
#define TG_GATE_NETWORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/text.h"

struct tg_listen {
    char host[256]; /* an IP address, without brackets */
    uint16_t port;  /* 0: any free one */
};

/* Reads 'http://127.0.0.1:8080' or 'http://[::1]:8080'. NULL when well, else what is wrong. */
const char *tg_listen_parse(struct tg_text text, struct tg_listen *listen);

/* A range of addresses; IPv4 ones are held as IPv6. */
struct tg_network {
    uint8_t address[16];
    unsigned bits;
};

/* Reads '10.0.0.0/8', 'fd00::/8' or one address. NULL when well, else what is wrong. */
const char *tg_network_parse(struct tg_text text, struct tg_network *network);

/* An address as 16 bytes; false when the text is none. A port behind it is not allowed. */
bool tg_network_address(struct tg_text text, uint8_t address[16]);

bool tg_network_has(const struct tg_network *networks, size_t count, const uint8_t address[16]);

#endif
