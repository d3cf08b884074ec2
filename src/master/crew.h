/* The worker processes of a master: who is there, what they are told, and how long they may take.
 */
#ifndef TG_MASTER_CREW_H
#define TG_MASTER_CREW_H

#include "base/channel.h"
#include "base/log.h"
#include "master/child.h"

enum { TG_CREW = 16 };

struct tg_crew {
    struct tg_child list[TG_CREW];
};

void tg_crew_init(struct tg_crew *crew);

/* The first in that state, or NULL; of those that start and those that serve there is one at most.
 */
struct tg_child *tg_crew_find(struct tg_crew *crew, enum tg_child_state state);
struct tg_child *tg_crew_by_pid(struct tg_crew *crew, pid_t pid);
bool tg_crew_is_empty(struct tg_crew *crew);

/* A place for a new one. NULL when there is none: then of those that should have gone, the oldest
 * is killed. */
struct tg_child *tg_crew_place(struct tg_crew *crew);

/* Tells it to leave. */
void tg_crew_tell(struct tg_child *child, enum tg_channel_kind kind);

void tg_crew_kill(struct tg_crew *crew);

/* Sends the signal to the one that serves. */
void tg_crew_signal(struct tg_crew *crew, int signal);

/* When the next of them should be ready, or gone; UINT64_MAX: no one has a deadline. */
uint64_t tg_crew_deadline(const struct tg_crew *crew);

/* Kills those that are not. */
void tg_crew_kill_late(struct tg_crew *crew, const struct tg_log *log, uint64_t now_ms);

/* Logs how it has ended, as of waitpid; before it is forgotten. */
void tg_crew_log_end(const struct tg_log *log, const struct tg_child *child, int how);

#endif
