/* For the tests of net/: a backend that says what its script says, in a thread of its own. */
#include "unit.h"

#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"

/* A step of a script is one of these or bytes to send, in which \001 stands for NUL. */
#define HEAR "<"  /* wait for a request and its body */
#define SOME "-"  /* wait for some bytes of it */
#define STAY "="  /* wait until the other side closes */
#define WAIT "~"  /* wait for peer_go */
#define NEXT "/"  /* close, and accept the next connection */
#define RESET "!" /* reset the connection, and accept the next one */

struct peer {
    const char *const *script; /* ends with NULL: then all is closed */
    int listener, fd;
    char address[160];
    struct tg_buffer heard; /* all requests, one behind the other; read it after peer_end */
    int accepted;
    sem_t go, ready;
    pthread_t thread;
};

static inline void peer_accept(struct peer *peer)
{
    peer->fd = accept(peer->listener, NULL, NULL);
    peer->accepted++;
}

static inline ssize_t peer_receive(struct peer *peer)
{
    char bytes[65536];
    ssize_t n = recv(peer->fd, bytes, sizeof(bytes), 0);

    if (n > 0)
        tg_buffer_append(&peer->heard, bytes, (size_t)n);
    return n;
}

/* How long the request behind `from` is, as its head says; 0 until the head is there. */
static inline size_t peer_request_len(struct peer *peer, size_t from)
{
    tg_buffer_put(&peer->heard, '\0');
    peer->heard.len--;
    const char *head = peer->heard.base + from, *end = strstr(head, "\r\n\r\n");
    const char *length = strstr(head, "Content-Length: ");

    if (end == NULL)
        return 0;
    size_t body = length != NULL && length < end ? strtoul(length + 16, NULL, 10) : 0;
    return (size_t)(end + 4 - head) + body;
}

static inline void peer_hear(struct peer *peer)
{
    size_t from = peer->heard.len, len = 0;

    while ((len == 0 || peer->heard.len - from < len) && peer_receive(peer) > 0)
        if (len == 0)
            len = peer_request_len(peer, from);
}

static inline void peer_say(struct peer *peer, const char *text)
{
    size_t len = strlen(text);
    char *bytes = strdup(text);

    for (size_t i = 0; i < len; i++)
        if (bytes[i] == '\001')
            bytes[i] = '\0';
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(peer->fd, bytes + sent, len - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    free(bytes);
}

static inline void peer_close(struct peer *peer, bool reset)
{
    struct linger linger = {.l_onoff = 1};

    if (reset)
        setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    close(peer->fd);
}

static inline void peer_step(struct peer *peer, const char *step)
{
    if (strcmp(step, HEAR) == 0) {
        peer_hear(peer);
    } else if (strcmp(step, SOME) == 0) {
        peer_receive(peer);
    } else if (strcmp(step, STAY) == 0) {
        while (peer_receive(peer) > 0)
            ;
    } else if (strcmp(step, WAIT) == 0) {
        sem_wait(&peer->go);
    } else if (strcmp(step, NEXT) == 0 || strcmp(step, RESET) == 0) {
        peer_close(peer, strcmp(step, RESET) == 0);
        sem_post(&peer->ready);
        peer_accept(peer);
    } else {
        peer_say(peer, step);
    }
}

static inline void *peer_play(void *arg)
{
    struct peer *peer = arg;

    peer_accept(peer);
    for (const char *const *step = peer->script; *step != NULL; step++)
        peer_step(peer, *step);
    close(peer->listener); /* first, so that who hears of the end can't connect again */
    peer_close(peer, false);
    sem_post(&peer->ready);
    return NULL;
}

static inline int peer_listen(struct sockaddr *address, socklen_t len)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, address, len), 0);
    assert_int_equal(listen(fd, 16), 0);
    return fd;
}

/* A port of 127.0.0.1 that something listens to, or nothing any more. */
static inline int peer_port(int listener)
{
    struct sockaddr_in address;
    socklen_t len = sizeof(address);

    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    return ntohs(address.sin_port);
}

static inline int peer_listen_v4(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return peer_listen((struct sockaddr *)&address, sizeof(address));
}

static inline void peer_start_on(struct peer *peer, int listener, const char *const *script)
{
    *peer = (struct peer){.script = script, .listener = listener};
    sem_init(&peer->go, 0, 0);
    sem_init(&peer->ready, 0, 0);
    assert_int_equal(pthread_create(&peer->thread, NULL, peer_play, peer), 0);
}

static inline void peer_start(struct peer *peer, const char *const *script)
{
    int listener = peer_listen_v4();

    peer_start_on(peer, listener, script);
    snprintf(peer->address, sizeof(peer->address), "http://127.0.0.1:%d", peer_port(listener));
}

/* Lets a script go on that waits. */
static inline void peer_go(struct peer *peer)
{
    sem_post(&peer->go);
}

/* Waits until the peer has closed a connection. */
static inline void peer_closed(struct peer *peer)
{
    sem_wait(&peer->ready);
}

/* Waits for the end of the script; then `heard` ends with a NUL. */
static inline void peer_end(struct peer *peer)
{
    pthread_join(peer->thread, NULL);
    tg_buffer_put(&peer->heard, '\0');
}

static inline void peer_dispose(struct peer *peer)
{
    tg_buffer_dispose(&peer->heard);
    sem_destroy(&peer->go);
    sem_destroy(&peer->ready);
}
