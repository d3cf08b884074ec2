/* SipHash-1-3: a keyed hash for tables whose keys others choose. */
#ifndef TG_BASE_SIPHASH_H
#define TG_BASE_SIPHASH_H

#include <stdint.h>

#include "base/text.h"

/* The same text gives the same number under the same seed; who does not know the seed can't choose
 * texts that collide. */
uint64_t tg_siphash(const uint64_t seed[2], struct tg_text text);

#endif
