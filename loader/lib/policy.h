/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The policy, and its trials: `policy enforce --confirm 120` goes back by itself. */
#ifndef DROP53_POLICY_H
#define DROP53_POLICY_H

#include "lib/filter.h"

/* The policy in force, which a trial's end may have changed; @until: wall-clock ns, 0: for good. */
enum drop53_policy policy__get(const struct filter *filter, __u64 *until);

/*
 * Sets it. The state must be locked.
 * @seconds: 0 for good; else a trial, at whose end the program itself, with nobody running, goes
 *	back to what is in force now, or to what an earlier trial that still runs would go back to
 */
void policy__set(struct filter *filter, enum drop53_policy policy, __u64 seconds);

/* Ends a trial in favour of what is tried. */
void policy__confirm(struct filter *filter);

#endif
