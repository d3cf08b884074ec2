/* Heads of requests that are plainly right, read in one pass: nearly all are. */
#ifndef TG_GATE_HEAD_PLAIN_H
#define TG_GATE_HEAD_PLAIN_H

#include "gate/head.h"

/* Fills *head and returns how long it is; or 0, when it is not all there or anything but plain:
 * then h2o's parser reads it, and http/strict.h says what is wrong with it, if anything is. */
int tg_head_read_plain(const struct tg_head_limits *limits, const char *bytes, size_t len,
                       struct tg_head *head);

#endif
