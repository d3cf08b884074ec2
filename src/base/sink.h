/* Whole lines on their way to a file or a pipe, written by a thread so that no producer ever waits.
 */
#ifndef TG_BASE_SINK_H
#define TG_BASE_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Something the sink has to say in its own stream of lines. */
struct tg_sink_note {
    uint64_t lost;    /* lines that found no room since the last note, or 0 */
    int reopen_errno; /* why the path could not be opened again, or 0 */
    const char *path; /* NULL when the sink was given a descriptor */
};

/* Appends a note as one line with its newline. */
typedef void tg_sink_say(struct tg_buffer *line, const struct tg_sink_note *note);

struct tg_sink_options {
    const char *path; /* a file to append to, made with mode 0640; or NULL for `fd` */
    int fd;           /* written to through a duplicate; stays the caller's */
    size_t capacity;  /* bytes that may wait to be written; 0 means 1 MB */
    tg_sink_say *say; /* NULL means tg_sink_say_logfmt */
    bool direct;      /* without a thread: lines that find no room at once are dropped */
    /* Has the lines at once, in the place of a file and without a thread: for one thread only. */
    void (*take)(void *owner, const char *text, size_t len);
    void *owner;
};

struct tg_sink;

tg_sink_say tg_sink_say_logfmt;
tg_sink_say tg_sink_say_json;

/* NULL when the file can't be opened or the thread can't be started: errno says why. */
struct tg_sink *tg_sink_create(const struct tg_sink_options *options);

/* Takes one line, which ends with a newline, or several. Never waits for the file: when there is
 * no room they are dropped and counted as one. Any thread may call it. */
void tg_sink_write(struct tg_sink *sink, const char *text, size_t len);

/* Makes the writer open the path again, between two lines; harmless without a path. Any thread may
 * call it, but no signal handler. When the path can't be opened, the old file goes on. */
void tg_sink_reopen(struct tg_sink *sink);

/* How many lines were dropped so far. */
uint64_t tg_sink_lost(struct tg_sink *sink);

/* Writes what is waiting, for at most a second, and ends the thread. Nobody may write any more. */
void tg_sink_destroy(struct tg_sink *sink);

#endif
