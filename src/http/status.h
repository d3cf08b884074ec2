/* The reason phrases of status codes. */
#ifndef TG_HTTP_STATUS_H
#define TG_HTTP_STATUS_H

/* Never NULL: a code without a phrase has that of its class, such as "Client Error". */
const char *tg_status_reason(int status);

#endif
