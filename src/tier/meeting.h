/* Where the purges of several tidegates meet, as the first thread sees it: it tells Redis ours,
 * hears those of others, and asks for those that it may have missed. */
#ifndef TG_TIER_MEETING_H
#define TG_TIER_MEETING_H

#include "tier/tier.h"

struct tg_meeting;

struct tg_meeting *tg_meeting_create(struct tg_tier_link *link);
void tg_meeting_destroy(struct tg_meeting *meeting);

/* There may be purges to tell, or doubts about what was heard. */
void tg_meeting_wake(struct tg_meeting *meeting);

#endif
