/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which sources have a series, of which there may be only a few: the heaviest, but one that was
 * chosen stays for a while, and only so many are new in a minute. A series that is never seen
 * again costs its store as much as one that is looked at every day.
 *
 * What has left is remembered and goes on counting unseen, so that it comes back where it stopped.
 */
#ifndef DROP53_TOPK_H
#define DROP53_TOPK_H

#include <stdbool.h>

#include "lib/frequent.h"

#define TOPK_REMEMBERED	    256
#define TOPK_MAX	    100 /* series */
#define TOPK_STICKY_SECONDS 600

struct topk_limits {
	__u32 top;	 /* series at most */
	__u32 min_rate;	 /* packets a second that make a source worth one */
	__u32 newcomers; /* a minute */
};

/* Times are seconds on a clock that goes on while nobody runs (CLOCK_BOOTTIME). */
struct topk_entry {
	struct frequent_key key;
	__u64 packets;	 /* what the series says: only grows */
	__u64 seen;	 /* what the table had for it at the last round */
	__u64 chosen_at; /* when it became a series; 0: it is none now */
	__u64 busy_at;	 /* when it last was worth one */
};

/* All zero is empty. It may be kept in a file or a map, as it is. */
struct topk {
	__u32 n;
	__u32 reserved;
	struct topk_entry entry[TOPK_REMEMBERED];
};

/* One round: what the table says now, then the choice. */
struct topk_round {
	struct topk *topk;
	__u64 sum[TOPK_REMEMBERED];  /* in the table */
	__u64 gain[TOPK_REMEMBERED]; /* since the last round */
	__u16 bucket[4 * TOPK_REMEMBERED];
};

void topk__begin(struct topk_round *round, struct topk *topk);

/* The entry's index, or -1: somebody that is not remembered. */
int topk__find(const struct topk_round *round, const struct frequent_key *key);

/* Adds to an entry what one slot holds, and how much of it is new. */
static inline void topk__count(struct topk_round *round, int entry, __u64 packets, __u64 gain)
{
	round->sum[entry] += packets;
	round->gain[entry] += gain;
}

/*
 * Where gains are not known, because a daemon has just started: what the table has more than it
 * had. What was lost by eviction in the meantime is not made up.
 */
void topk__infer_gains(struct topk_round *round);

/* Adds the gains to the series. @least: what makes a source worth one in this round */
void topk__settle(struct topk_round *round, __u64 least, __u64 now);

/*
 * Chooses, and lets go. @others: those that are not remembered, heaviest first, of at least @least;
 * @budget: how many may be new now, counted down
 * @added: indexes of entries that are new to the memory, whose counts are still 0
 * Returns how many those are.
 */
size_t topk__choose(struct topk_round *round, const struct topk_limits *limits,
		    const struct frequent_item *others, size_t n, __u64 least, __u64 now,
		    double *budget, int added[static TOPK_MAX]);

#endif
