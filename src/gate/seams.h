/* Where we stand in front of libh2o: what its parser lets through too easily ends here. */
#ifndef TG_GATE_SEAMS_H
#define TG_GATE_SEAMS_H

#include <stdbool.h>
#include <stddef.h>

/* glibc's sprintf of libraries built with _FORTIFY_SOURCE, as libh2o is: `size` is what is known of
 * `out`, SIZE_MAX for nothing. The two formats of h2o's response heads are written here, faster;
 * any other call is libc's. */
int tg_seam_sprintf(char *out, int flag, size_t size, const char *format,
                    ...) __asm__("__sprintf_chk");

/* Whether libh2o really calls us: false when the program was linked without exporting its symbols.
 * Nothing may be served then. */
bool tg_seams_are_in_place(void);

#endif
