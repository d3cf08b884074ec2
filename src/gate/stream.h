/* A response whose body comes in pieces, at the pace of the client. */
#ifndef TG_GATE_STREAM_H
#define TG_GATE_STREAM_H

#include "gate/inbound.h"

/* Sends request->response, which has a source. What the client does not take is not asked for; a
 * body that breaks is cut short for the client too, so that it never looks complete. The last thing
 * done with the request. */
void tg_stream_start(struct tg_inbound *inbound);

/* The client has gone, or the server stops: ends the response at once, cut short. */
void tg_stream_cut(struct tg_stream *stream);

/* h2o lets go of the request. */
void tg_stream_end(struct tg_stream *stream);

#endif
