#include "gate/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

enum { TIMEOUT_S = 5, PIECE = 65536 };

static bool send_all(int fd, const struct tg_buffer *bytes)
{
    for (size_t at = 0; at < bytes->len;) {
        ssize_t n = send(fd, bytes->base + at, bytes->len - at, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

/* The answer is over when the connection is: nothing else was asked for. */
static bool receive_all(int fd, struct tg_buffer *bytes)
{
    for (;;) {
        char *room = tg_buffer_reserve(bytes, PIECE);
        ssize_t n = room != NULL ? recv(fd, room, PIECE, 0) : -1;
        if (n < 0)
            return false;
        if (n == 0)
            return true;
        bytes->len += (size_t)n;
    }
}

static bool exchange(int fd, const struct tg_admin_address *address, struct tg_text token,
                     const char *path, struct tg_buffer *answer)
{
    struct timeval timeout = {.tv_sec = TIMEOUT_S};
    struct sockaddr_storage storage;
    socklen_t len = tg_admin_address_fill(address, &storage);
    struct tg_buffer request = {.limit = 65536};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    tg_buffer_printf(&request, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", path);
    if (token.len != 0)
        tg_buffer_printf(&request, "Authorization: Bearer %.*s\r\n", (int)token.len, token.base);
    tg_buffer_append(&request, "\r\n", 2);
    bool well = connect(fd, (struct sockaddr *)&storage, len) == 0 && send_all(fd, &request) &&
                receive_all(fd, answer);
    int reason = errno;
    tg_buffer_dispose(&request);
    errno = reason;
    return well;
}

static const char *complain(struct tg_buffer *body, const char *what, const char *why)
{
    tg_buffer_clear(body, SIZE_MAX);
    tg_buffer_printf(body, "%s: %s", what, why);
    tg_buffer_put(body, '\0');
    return body->base;
}

/* Leaves the body only. */
static const char *take_apart(struct tg_buffer *answer)
{
    const char *end = answer->len != 0 ? memmem(answer->base, answer->len, "\r\n\r\n", 4) : NULL;

    if (end == NULL || answer->len < 12 || memcmp(answer->base, "HTTP/1.1 ", 9) != 0)
        return complain(answer, "what answers there", "is no tidegate");
    if (memcmp(answer->base + 9, "200", 3) != 0) {
        char status[4] = {answer->base[9], answer->base[10], answer->base[11], '\0'};
        return complain(answer, "it answers with status", status);
    }
    size_t head = (size_t)(end - answer->base) + 4;
    memmove(answer->base, answer->base + head, answer->len - head);
    answer->len -= head;
    return NULL;
}

const char *tg_ask(const struct tg_admin_address *address, struct tg_text token, const char *path,
                   struct tg_buffer *body)
{
    struct sockaddr_storage storage;

    tg_admin_address_fill(address, &storage);
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return complain(body, "no socket", strerror(errno));
    bool well = exchange(fd, address, token, path, body);
    int reason = errno;
    close(fd);
    return well ? take_apart(body) : complain(body, "nobody answers", strerror(reason));
}
