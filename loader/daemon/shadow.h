/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What each slot of the sources table held at the last walk: enough to tell what is new in it. */
#ifndef DROP53_SHADOW_H
#define DROP53_SHADOW_H

#include <stdbool.h>

#include "lib/sources.h"

struct shadow_slot {
	__u32 tenant;
	__u32 packets; /* the low half: it does not go round within a window */
};

/* All zero is closed. Eight bytes a slot, given back to the kernel when it is closed. */
struct shadow {
	struct shadow_slot *slot;
	__u32 n;
	bool known; /* there was a walk: gains can be told */
};

/* -ENOMEM, or 0. */
int shadow__open(struct shadow *shadow, __u32 slots);
void shadow__close(struct shadow *shadow);

/* As if every slot had been empty. */
void shadow__clear(struct shadow *shadow);

/* What is new in the slot since the last walk, and takes it as seen. */
__u64 shadow__gain(struct shadow *shadow, const struct source_slot *slot);

/* What the slot held when it was last seen; 0 if it has changed hands since. */
__u64 shadow__seen(const struct shadow *shadow, const struct source_slot *slot);

#endif
