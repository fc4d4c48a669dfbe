/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What has been said already: a fault that stays is logged once, not at every look. */
#ifndef DROP53_COMPLAINTS_H
#define DROP53_COMPLAINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMPLAINTS_KEPT 64

/* All zero: nothing has been said. */
struct complaints {
	uint64_t said[COMPLAINTS_KEPT]; /* hashes of the texts */
	size_t next;
};

/* True the first time, and again once as many others as are kept have been said in between. */
bool complaints__is_new(struct complaints *complaints, const char *text);

void complaints__forget(struct complaints *complaints);

#endif
