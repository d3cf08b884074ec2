/* Listening sockets: bound once by the process, shared by all its threads. */
#ifndef TG_GATE_LISTENER_H
#define TG_GATE_LISTENER_H

#include "gate/gate.h"

/* Fills the storage; returns the length of the address in it. */
socklen_t tg_listener_address(const struct tg_listen *listen, struct sockaddr_storage *storage);

/* The port it got, when it asked for any. */
uint16_t tg_listener_port(int fd);

/* Begins to accept in the worker's loop, on duplicates of the gate's descriptors. */
bool tg_listener_start(struct tg_worker *worker);

/* Serves a client whose connection is there; the door has let it in. */
void tg_listener_take(struct tg_worker *worker, h2o_socket_t *sock);

/* Accepts nothing until it is resumed. */
void tg_listener_pause(struct tg_worker *worker);
void tg_listener_resume(struct tg_worker *worker);

/* Accepts no more. */
void tg_listener_stop(struct tg_worker *worker);

#endif
