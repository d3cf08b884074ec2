/* Where we stand in front of libh2o: what its parser lets through too easily ends here. */
#ifndef TG_GATE_SEAMS_H
#define TG_GATE_SEAMS_H

#include <stdbool.h>

/* Whether libh2o really calls us: false when the program was linked without exporting its symbols.
 * Nothing may be served then. */
bool tg_seams_are_in_place(void);

#endif
