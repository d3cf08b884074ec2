/* What the command line asks of a process that runs. Each writes the answer to stdout, as JSON or
 * for people, and what is wrong to stderr; it returns the exit status. `admin` is the address to
 * ask; NULL: that of the site. */
#ifndef TG_GATE_COMMAND_H
#define TG_GATE_COMMAND_H

#include <stdbool.h>

struct tg_buffer;
struct tg_question;

/* For those who understand the answer themselves: NULL when it is in `body`, else what is wrong, as
 * tg_ask has it. */
const char *tg_command_question(const char *folder, const char *admin, struct tg_question *question,
                                int *status, struct tg_buffer *body);

/* How it is. */
int tg_command_status(const char *folder, const char *admin, bool json);

/* Lets it end what it has begun, and end. */
int tg_command_drain(const char *folder, const char *admin, bool json);

/* Lets it read its site anew; or serve again what it served before that. */
int tg_command_reload(const char *folder, const char *admin, bool json);
int tg_command_rollback(const char *folder, const char *admin, bool json);

/* Lets it purge its cache: `query` says of what, as POST /purge takes it. */
int tg_command_purge(const char *folder, const char *admin, const char *query, bool json);

#endif
