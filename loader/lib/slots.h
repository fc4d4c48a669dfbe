/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The slots of the sources table, each read whole while packets write them. */
#ifndef DROP53_SLOTS_H
#define DROP53_SLOTS_H

#include <stdbool.h>

#include "drop53.h"
#include "lib/filter.h"
#include "lib/view.h"

struct diag;
struct source;

/* The slots, straight from the kernel where that is safe, else from a copy. */
struct slots {
	struct view view;
	struct drop53_source *copy; /* NULL: read the view itself */
};

/* slots__close() always, also after a failure. */
int slots__open(struct slots *slots, const struct filter *filter, struct diag *diag);
void slots__close(struct slots *slots);

/* False if the slot is empty, or changes hands all the time. */
bool slots__get(const struct slots *slots, __u32 i, struct drop53_source *slot);

/*
 * What a slot stands for in the epochs of now: a source (true), or what a reset of the sources
 * made nobody's (added to @untracked, by account), or nothing.
 */
bool slot__interpret(const struct drop53_source *slot, __u64 epochs, struct source *source,
		     struct drop53_count untracked[DROP53_ACCOUNT__N]);

#endif
