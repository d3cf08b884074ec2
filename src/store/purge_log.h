/* Purges that many who share a store know of, by numbers that all of them agree on: whether an
 * entry of that store is outdated. Any thread may call all of it. */
#ifndef TG_STORE_PURGE_LOG_H
#define TG_STORE_PURGE_LOG_H

#include "base/buffer.h"
#include "store/cache.h"

enum { TG_PURGE_PREFIX_MOST = 8192 };

/* Appends the purge as text: `h` or `s` for hard or soft, then `t` and the tag in 16 digits, `p`
 * and the prefix, or `a`. */
void tg_purge_write(const struct tg_cache_purge *purge, struct tg_buffer *out);

/* False when it is not exactly of that form. The prefix is a part of the text. */
bool tg_purge_read(struct tg_text text, struct tg_cache_purge *purge);

struct tg_purge_log;

/* Remembers about `most` tags. */
struct tg_purge_log *tg_purge_log_create(size_t most);
void tg_purge_log_destroy(struct tg_purge_log *log);

/* The purge has that number. In any order. */
void tg_purge_log_note(struct tg_purge_log *log, uint64_t number,
                       const struct tg_cache_purge *purge);

/* Of purges before that number nothing is known: what was begun before is outdated. */
void tg_purge_log_forget(struct tg_purge_log *log, uint64_t number);

/* What has become of an entry that was begun when `number` was the last purge. */
enum tg_freshness tg_purge_log_ask(struct tg_purge_log *log, uint64_t number,
                                   const struct tg_entry *entry);

#endif
