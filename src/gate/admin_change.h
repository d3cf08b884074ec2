/* What the operator may ask for at the admin address besides how the process is: reloads,
 * rollbacks, purges, recordings, the end. Each answers the request and returns 0. */
#ifndef TG_GATE_ADMIN_CHANGE_H
#define TG_GATE_ADMIN_CHANGE_H

#include "gate/gate.h"

int tg_admin_reload(struct tg_worker *worker, h2o_req_t *req);
int tg_admin_rollback(struct tg_worker *worker, h2o_req_t *req);

/* Answers those who asked for a reload that has ended. */
void tg_admin_reloaded(struct tg_worker *worker);

int tg_admin_purge(struct tg_worker *worker, h2o_req_t *req);

/* Begins or ends a recording; and shows what was recorded. */
int tg_admin_record(struct tg_worker *worker, h2o_req_t *req);
int tg_admin_recorded(struct tg_worker *worker, h2o_req_t *req);

int tg_admin_drain(struct tg_worker *worker, h2o_req_t *req);

#endif
