/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which slot of the counters an interface has. The program finds it by ifindex, from
 * ifindex % slots on; a slot that was used is never empty again, so that a search does not end
 * early, but it may be handed on when its interface is detached.
 */
#ifndef DROP53_PLACES_H
#define DROP53_PLACES_H

#include <stdbool.h>

#include "lib/filter.h"

/*
 * The slot of @ifindex, or the one that it would get: an empty one, else one whose interface is
 * detached. -1 if there is none. Changes nothing.
 */
int places__find(const struct filter *filter, __u32 ifindex);

/*
 * Makes the slot @ifindex's, under @name: from now on its packets count there. What another
 * interface had there goes to the retired counts, which `counters` shows as "unknown".
 */
int places__take(struct filter *filter, int slot, __u32 ifindex, const char *name,
		 struct diag *diag);

/* True if the interface that was attached still exists, by whatever name. */
bool places__is_here(const struct filter *filter, const struct drop53_interface *record);

#endif
