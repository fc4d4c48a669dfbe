/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/topk.h"

#include <string.h>

#define BUCKETS (4 * TOPK_REMEMBERED)

static void put(struct topk_round *round, __u32 entry)
{
	__u64 at = frequent_key__hash(&round->topk->entry[entry].key);

	while (round->bucket[at % BUCKETS])
		at++;
	round->bucket[at % BUCKETS] = entry + 1;
}

static void index_entries(struct topk_round *round)
{
	__u32 i;

	memset(round->bucket, 0, sizeof(round->bucket));
	for (i = 0; i < round->topk->n; i++)
		put(round, i);
}

void topk__begin(struct topk_round *round, struct topk *topk)
{
	*round = (struct topk_round){.topk = topk};
	index_entries(round);
}

int topk__find(const struct topk_round *round, const struct frequent_key *key)
{
	__u64 at = frequent_key__hash(key);
	__u16 bucket;

	while ((bucket = round->bucket[at++ % BUCKETS]))
		if (!memcmp(&round->topk->entry[bucket - 1].key, key, sizeof(*key)))
			return bucket - 1;
	return -1;
}

void topk__infer_gains(struct topk_round *round)
{
	__u64 seen;
	__u32 i;

	for (i = 0; i < round->topk->n; i++) {
		seen = round->topk->entry[i].seen;
		round->gain[i] = round->sum[i] > seen ? round->sum[i] - seen : 0;
	}
}

void topk__settle(struct topk_round *round, __u64 least, __u64 now)
{
	struct topk_entry *entry;
	__u32 i;

	for (i = 0; i < round->topk->n; i++) {
		entry = &round->topk->entry[i];
		entry->packets += round->gain[i];
		entry->seen = round->sum[i];
		if (round->gain[i] && round->gain[i] >= least)
			entry->busy_at = now;
	}
}

/* The series that gains least, or -1. @now: only of those that have had their time; 0: of all */
static int find_lightest(const struct topk_round *round, __u64 now)
{
	const struct topk_entry *entry;
	int lightest = -1;
	__u32 i;

	for (i = 0; i < round->topk->n; i++) {
		entry = &round->topk->entry[i];
		if (!entry->chosen_at || (now && now < entry->chosen_at + TOPK_STICKY_SECONDS))
			continue;
		if (lightest < 0 || round->gain[i] < round->gain[lightest])
			lightest = i;
	}
	return lightest;
}

/*
 * Series that have not been worth it for long enough, and what is over @top since the limit was
 * lowered. Returns how many are left.
 */
static __u32 let_go(struct topk_round *round, __u32 top, __u64 now)
{
	struct topk *topk = round->topk;
	struct topk_entry *entry;
	__u32 left = 0, i;

	for (i = 0; i < topk->n; i++) {
		entry = &topk->entry[i];
		if (entry->chosen_at && now >= entry->busy_at + TOPK_STICKY_SECONDS)
			entry->chosen_at = 0;
		left += entry->chosen_at != 0;
	}
	for (; left > top; left--)
		topk->entry[find_lightest(round, 0)].chosen_at = 0;
	return left;
}

/* A place in the memory for a newcomer: a free one, else that of the longest idle non-series. */
static int make_room(struct topk_round *round)
{
	struct topk *topk = round->topk;
	int idlest = -1;
	__u32 i;

	if (topk->n < TOPK_REMEMBERED)
		return topk->n++;
	for (i = 0; i < topk->n; i++)
		if (!topk->entry[i].chosen_at &&
		    (idlest < 0 || topk->entry[i].busy_at < topk->entry[idlest].busy_at))
			idlest = i;
	return idlest;
}

/* The heaviest remembered non-series of at least @least, or -1. */
static int find_returning(const struct topk_round *round, __u64 least)
{
	int heaviest = -1;
	__u32 i;

	for (i = 0; i < round->topk->n; i++)
		if (!round->topk->entry[i].chosen_at && round->gain[i] && round->gain[i] >= least &&
		    (heaviest < 0 || round->gain[i] > round->gain[heaviest]))
			heaviest = i;
	return heaviest;
}

static int remember(struct topk_round *round, const struct frequent_item *item)
{
	int entry = make_room(round);

	if (entry < 0)
		return -1;
	round->topk->entry[entry] = (struct topk_entry){.key = item->key};
	round->gain[entry] = item->weight;
	round->sum[entry] = 0;
	index_entries(round);
	return entry;
}

size_t topk__choose(struct topk_round *round, const struct topk_limits *limits,
		    const struct frequent_item *others, size_t n, __u64 least, __u64 now,
		    double *budget, int added[static TOPK_MAX])
{
	__u32 left = let_go(round, limits->top, now);
	size_t next = 0, n_added = 0;
	int returning, lighter, entry;
	__u64 gain;

	/* Ends: each turn spends budget. */
	while (*budget >= 1 && n_added < TOPK_MAX) {
		returning = find_returning(round, least);
		if (returning < 0 && next == n)
			break;
		gain = returning < 0 ? 0 : round->gain[returning];
		if (next < n && others[next].weight > gain) {
			gain = others[next].weight;
			returning = -1;
		}
		lighter = left < limits->top ? -1 : find_lightest(round, now);
		if (left >= limits->top && (lighter < 0 || round->gain[lighter] >= gain))
			break;
		entry = returning < 0 ? remember(round, &others[next++]) : returning;
		if (entry < 0)
			break;
		if (returning < 0)
			added[n_added++] = entry;
		if (lighter >= 0)
			round->topk->entry[lighter].chosen_at = 0;
		else
			left++;
		round->topk->entry[entry].chosen_at = now ? now : 1;
		round->topk->entry[entry].busy_at = now;
		*budget -= 1;
	}
	return n_added;
}
