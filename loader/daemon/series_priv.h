/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Between series.c (which sources) and series_count.c (how much of each) alone. */
#ifndef DROP53_SERIES_PRIV_H
#define DROP53_SERIES_PRIV_H

#include "daemon/memory.h"
#include "daemon/series.h"
#include "daemon/shadow.h"

struct series {
	struct config config;
	__u8 length[DROP53_FAMILY__N]; /* what sources are cut to, with this filter's table */
	struct topk topk;
	struct topk_round round;
	struct frequent *others;
	struct memory memory;
	double budget; /* newcomers that may be now */
	double last;   /* walk, in seconds of CLOCK_BOOTTIME; 0: none yet */

	struct shadow shadow;
	__u64 epochs;
	__u64 identity; /* of the filter: its random key */
	__u64 untracked;
	__u64 dropped; /* in this window, by any source or none */
};

/*
 * Adds to each series what the table has more than at the last walk, and to `others` what those
 * without one have. Whether that could be told is in shadow.known.
 */
int series__count(struct series *series, const struct filter *filter,
		  struct source_summary *summary, struct diag *diag);

/* The whole of what the table had for those @n that have just become series. */
int series__count_added(struct series *series, const struct filter *filter, const int *added,
			size_t n, struct diag *diag);

#endif
