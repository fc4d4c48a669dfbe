/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/counters.h"
#include "lib/diag.h"
#include "lib/slots.h"
#include "lib/view.h"

/* Appends the last source of the table to those from @first on, or adds it to its equal. */
static void settle(struct source_table *table, size_t first)
{
	struct source *last = &table->sources[table->n];
	size_t i;

	for (i = first; i < table->n; i++) {
		if (!source__compare(&table->sources[i], last)) {
			source__add(&table->sources[i], last);
			return;
		}
	}
	table->n++;
}

/*
 * Set by set over all CPUs: the hash that chooses a set is the same on each of them, so what CPUs
 * have of one source meets within a set.
 */
static int read_slots(const struct filter *filter, struct source_table *table,
		      struct drop53_count untracked[DROP53_ACCOUNT__N], struct diag *diag)
{
	__u32 sets = filter->settings->config.sets, set, cpu, way, index;
	__u64 epochs = filter->settings->epochs;
	struct drop53_source slot;
	struct slots slots;
	size_t first;
	int err;

	err = slots__open(&slots, filter, diag);
	if (err)
		goto out;
	table->sources = malloc((slots.view.entries + 1) * sizeof(*table->sources));
	if (!table->sources) {
		err = diag__fail(diag, ENOMEM, "out of memory for %u sources", slots.view.entries);
		goto out;
	}
	for (set = 0; set < sets; set++) {
		first = table->n;
		for (cpu = 0; cpu < filter->settings->cpus; cpu++) {
			for (way = 0; way < DROP53_WAYS; way++) {
				index = (cpu * sets + set) * DROP53_WAYS + way;
				if (index < slots.view.entries &&
				    slots__get(&slots, index, &slot) &&
				    slot__interpret(&slot, epochs, &table->sources[table->n],
						    untracked) &&
				    drop53_account(slot.state) == table->account)
					settle(table, first);
			}
		}
	}
out:
	slots__close(&slots);
	return err;
}

static int read_untracked(const struct filter *filter,
			  struct drop53_count untracked[DROP53_ACCOUNT__N], struct diag *diag)
{
	__u32 zero = filter->settings->epochs >> 32, cpu, account;
	const struct drop53_cpu *own;
	struct view view;
	int err;

	err = view__open(&view, filter->cpus, sizeof(struct drop53_cpu), diag);
	if (err)
		return err;
	for (cpu = 0; cpu < view.entries; cpu++) {
		own = (const struct drop53_cpu *)view.data + cpu;
		if (own->epoch < zero)
			continue;
		for (account = 0; account < DROP53_ACCOUNT__N; account++) {
			untracked[account].packets += own->untracked[account].packets;
			untracked[account].bytes += own->untracked[account].bytes;
		}
	}
	view__close(&view);
	return 0;
}

static __u8 mask_length(const __u64 mask[2])
{
	return __builtin_popcountll(mask[0]) + __builtin_popcountll(mask[1]);
}

int sources__read(const struct filter *filter, enum drop53_account account,
		  struct source_table *table, struct diag *diag)
{
	const struct drop53_config *config = &filter->settings->config;
	struct source_table result = {
		.account = account,
		.capacity =
			filter->settings->cpus * drop53_sets(config->sets, account) * DROP53_WAYS,
	};
	struct drop53_count untracked[DROP53_ACCOUNT__N] = {};
	struct counter *counters;
	int err, n;

	result.length[DROP53_FAMILY_IPV4] =
		__builtin_popcount((__u32)config->source_mask[DROP53_FAMILY_IPV4][0]);
	result.length[DROP53_FAMILY_IPV6] = mask_length(config->source_mask[DROP53_FAMILY_IPV6]);
	err = read_slots(filter, &result, untracked, diag);
	if (!err)
		err = read_untracked(filter, untracked, diag);
	if (err)
		goto out;
	n = counters__read(filter, &counters, diag);
	if (n < 0) {
		err = n;
		goto out;
	}
	result.untracked = untracked[account];
	result.total = counters__of(counters, n, account);
	free(counters);
	*table = result;
out:
	if (err)
		sources__free(&result);
	return err;
}

/* Sources among @n neighbours: the slots that one set has on all CPUs. Sorts them. */
static __u32 count_distinct(struct source *sources, size_t n)
{
	__u32 distinct = n > 0;
	size_t i;

	if (n > 1)
		qsort(sources, n, sizeof(*sources), source__compare);
	for (i = 1; i < n; i++)
		distinct += source__compare(&sources[i - 1], &sources[i]) != 0;
	return distinct;
}

/* A walk over the table: what one set has on all CPUs, and sums, by account. */
struct walk {
	source_visitor visit;
	void *context;
	struct source *one_set[DROP53_ACCOUNT__N];
	size_t n[DROP53_ACCOUNT__N]; /* in it */
	__u32 tracked[DROP53_ACCOUNT__N];
	struct drop53_count untracked[DROP53_ACCOUNT__N];
};

static void walk_slot(struct walk *walk, const struct slots *slots, __u32 index, __u64 epochs)
{
	struct source_slot seen = {.index = index};
	struct drop53_source slot;
	__u32 account;

	if (index >= slots->view.entries || !slots__get(slots, index, &slot) ||
	    !slot__interpret(&slot, epochs, &seen.source, walk->untracked))
		return;
	account = drop53_account(slot.state);
	seen.tenant = slot.state;
	walk->one_set[account][walk->n[account]++] = seen.source;
	if (walk->visit && account == DROP53_ACCOUNT_DROPPED)
		walk->visit(walk->context, &seen);
}

/* The hash that chooses the set is the same on all CPUs, so a source is in one set alone. */
static void walk_all(const struct filter *filter, const struct slots *slots, struct walk *walk)
{
	__u32 sets = filter->settings->config.sets, cpus = filter->settings->cpus;
	__u64 epochs = filter->settings->epochs;
	__u32 set, cpu, way, account;

	for (set = 0; set < sets; set++) {
		memset(walk->n, 0, sizeof(walk->n));
		for (cpu = 0; cpu < cpus; cpu++)
			for (way = 0; way < DROP53_WAYS; way++)
				walk_slot(walk, slots, (cpu * sets + set) * DROP53_WAYS + way,
					  epochs);
		/* On one CPU a source has one slot. */
		for (account = 0; account < DROP53_ACCOUNT__N; account++)
			walk->tracked[account] +=
				cpus > 1 ? count_distinct(walk->one_set[account], walk->n[account])
					 : walk->n[account];
	}
}

int sources__each(const struct filter *filter, source_visitor visit, void *context,
		  struct source_summary *summary, struct diag *diag)
{
	struct walk walk = {.visit = visit, .context = context};
	size_t room = filter->settings->cpus * DROP53_WAYS;
	struct source *sources = NULL;
	struct slots slots;
	int err;

	err = slots__open(&slots, filter, diag);
	if (err)
		goto out;
	sources = malloc(DROP53_ACCOUNT__N * room * sizeof(*sources) + 1);
	if (!sources) {
		err = diag__fail(diag, ENOMEM, "out of memory");
		goto out;
	}
	walk.one_set[DROP53_ACCOUNT_DROPPED] = sources;
	walk.one_set[DROP53_ACCOUNT_ALLOWED] = sources + room;
	walk_all(filter, &slots, &walk);
	err = read_untracked(filter, walk.untracked, diag);
	if (!err)
		*summary = (struct source_summary){
			.tracked = walk.tracked[DROP53_ACCOUNT_DROPPED],
			.allowed = walk.tracked[DROP53_ACCOUNT_ALLOWED],
			.capacity = filter__capacity(filter),
			.untracked = walk.untracked[DROP53_ACCOUNT_DROPPED],
		};
out:
	free(sources);
	slots__close(&slots);
	return err;
}

void sources__free(struct source_table *table)
{
	free(table->sources);
	table->sources = NULL;
	table->n = 0;
}
