/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/policy.h"

#define NS_PER_S 1000000000ull

/*
 * The program takes `fallback` from the jiffy `fallback_at` on, if that is not 0, else `policy`.
 * A packet may come between any two of the stores below, so each step leaves a policy in force
 * that is either the old one or the new one.
 */
#define STORE(field, value) __atomic_store_n(&(field), value, __ATOMIC_RELEASE)

enum drop53_policy policy__get(const struct filter *filter, __u64 *until)
{
	__u64 end = __atomic_load_n(&filter->settings->fallback_at, __ATOMIC_RELAXED);

	*until = 0;
	if (end && filter__jiffies_now(filter) >= end)
		return filter->settings->fallback;
	if (end)
		*until = filter__wall_time(filter, end);
	return filter->settings->policy;
}

void policy__set(struct filter *filter, enum drop53_policy policy, __u64 seconds)
{
	struct drop53_settings *settings = filter->settings;
	enum drop53_policy now;
	__u64 until, ticks;

	now = policy__get(filter, &until);
	if (!until) { /* no trial, or one that has run out: make its end the rule */
		STORE(settings->policy, now);
		STORE(settings->fallback_at, 0);
		STORE(settings->fallback, now);
	}
	ticks = seconds * NS_PER_S / settings->tick_ns;
	if (seconds)
		STORE(settings->fallback_at, filter__jiffies_now(filter) + ticks);
	STORE(settings->policy, policy);
	if (!seconds)
		STORE(settings->fallback_at, 0);
}

void policy__confirm(struct filter *filter)
{
	STORE(filter->settings->fallback_at, 0);
}
