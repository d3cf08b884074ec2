/* Where we stand in front of libh2o: what its parser lets through too easily ends here. */
#ifndef TG_GATE_SEAMS_H
#define TG_GATE_SEAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* glibc's sprintf of libraries built with _FORTIFY_SOURCE, as libh2o is: `size` is what is known of
 * `out`, SIZE_MAX for nothing. The two formats of h2o's response heads are written here, faster;
 * any other call is libc's. */
int tg_seam_sprintf(char *out, int flag, size_t size, const char *format,
                    ...) __asm__("__sprintf_chk");

/* writev, also for what is no socket; a socket's other end that has gone sends no signal. */
ssize_t tg_seam_writev(int fd, const struct iovec *parts, int count) __asm__("writev");

/* Whether libh2o's pools are such as we take memory from. */
bool tg_seam_pool_is_right(void);

/* Whether libh2o really calls us: false when the program was linked without exporting its symbols.
 * Nothing may be served then. */
bool tg_seams_are_in_place(void);

#endif
