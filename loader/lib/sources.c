/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/sources.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/counters.h"
#include "lib/diag.h"
#include "lib/view.h"

/*
 * A slot is taken over by a new source between two additions to `state`. On x86 stores become
 * visible in their order, so an equal, even `state` before and after a copy proves it whole.
 * Elsewhere they may not: there the reader lets every CPU pass a quiescent point, after which
 * what a program wrote before is visible, on either side of the copy.
 */
static void settle(void)
{
#if !defined(__x86_64__) && !defined(__i386__)
	syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
#endif
}

#define STATE_BUSY(state) ((state)&DROP53_STATE_STEP)

static __u32 state_of(const struct drop53_source *slot)
{
	return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
}

/* One slot out of the mapped table, whole; false if it changes hands all the time. */
static bool copy_slot(const struct drop53_source *slot, struct drop53_source *copy)
{
	const volatile __u64 *from = (const volatile __u64 *)slot;
	__u64 *to = (__u64 *)copy;
	int tries;
	size_t i;

	for (tries = 0; tries < 1000; tries++) {
		__u32 before = state_of(slot);

		if (STATE_BUSY(before))
			continue;
		for (i = 0; i < sizeof(*copy) / sizeof(*to); i++)
			to[i] = from[i];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (state_of(slot) == before)
			return true;
	}
	return false;
}

/* The states alone, in passes before and after the copy. */
static void copy_states(const struct view *view, __u32 *states)
{
	const struct drop53_source *slots = view->data;
	__u32 i;

	for (i = 0; i < view->entries; i++)
		states[i] = state_of(&slots[i]);
}

/*
 * The whole table for a reader without write access, or on a CPU that reorders stores: three
 * passes, and a slot counts if its state is the same in the first and the last.
 */
static int copy_table(struct view *view, struct drop53_source *copy, __u32 *before,
		      struct diag *diag)
{
	const struct drop53_source *slots = view->data;
	int err;
	__u32 i;

	copy_states(view, before);
	settle();
	err = view__refresh(view, diag);
	if (err)
		return err;
	memcpy(copy, view->data, view->length);
	settle();
	err = view__refresh(view, diag);
	if (err)
		return err;
	for (i = 0; i < view->entries; i++)
		if (STATE_BUSY(before[i]) || state_of(&slots[i]) != before[i] ||
		    copy[i].state != before[i])
			copy[i].packets = 0;
	return 0;
}

static void take(struct source_table *table, const struct drop53_source *slot, __u32 epoch,
		 __u32 zero)
{
	struct source *source;

	if (!slot->packets || slot->epoch < zero)
		return;
	if (slot->epoch != epoch) { /* a reset of the sources made it nobody's */
		table->untracked.packets += slot->packets;
		table->untracked.bytes += slot->bytes;
		return;
	}
	source = &table->sources[table->n++];
	memcpy(source->address, slot->address, sizeof(source->address));
	source->family = slot->state & DROP53_STATE_FAMILY;
	source->count.packets = slot->packets;
	source->count.bytes = slot->bytes;
	source->tcp_packets = slot->tcp_packets;
	source->first_seen = slot->first_seen;
	source->last_seen = slot->last_seen;
}

static bool in_order(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return true;
#else
	return false;
#endif
}

static int read_slots(const struct filter *filter, struct source_table *table, struct diag *diag)
{
	__u32 epoch = filter->settings->epochs, zero = filter->settings->epochs >> 32, i;
	struct drop53_source *copy = NULL, one = {};
	__u32 *before = NULL;
	struct view view;
	int err;

	err = view__open(&view, filter->sources, sizeof(struct drop53_source), diag);
	if (err)
		return err;
	table->sources = calloc(view.entries, sizeof(*table->sources));
	if (!table->sources)
		goto no_memory;
	if (view.mapped && in_order()) {
		const struct drop53_source *slots = view.data;

		for (i = 0; i < view.entries; i++)
			if (slots[i].packets && copy_slot(&slots[i], &one))
				take(table, &one, epoch, zero);
		goto out;
	}
	copy = malloc(view.length);
	before = malloc(view.entries * sizeof(*before));
	if (!copy || !before)
		goto no_memory;
	err = copy_table(&view, copy, before, diag);
	for (i = 0; !err && i < view.entries; i++)
		take(table, &copy[i], epoch, zero);
	goto out;
no_memory:
	err = diag__fail(diag, ENOMEM, "out of memory for %u sources", view.entries);
out:
	free(copy);
	free(before);
	view__close(&view);
	return err;
}

static int read_untracked(const struct filter *filter, struct source_table *table,
			  struct diag *diag)
{
	__u32 zero = filter->settings->epochs >> 32, cpu;
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
		table->untracked.packets += own->untracked.packets;
		table->untracked.bytes += own->untracked.bytes;
	}
	view__close(&view);
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	return memcmp(x->address, y->address, sizeof(x->address));
}

/* Adds up neighbours of the same address. The table must be sorted by it. */
static void merge(struct source_table *table)
{
	size_t from, to = 0;

	for (from = 1; from < table->n; from++) {
		struct source *sum = &table->sources[to], *next = &table->sources[from];

		if (by_address(sum, next)) {
			table->sources[++to] = *next;
			continue;
		}
		sum->count.packets += next->count.packets;
		sum->count.bytes += next->count.bytes;
		sum->tcp_packets += next->tcp_packets;
		if (next->first_seen < sum->first_seen)
			sum->first_seen = next->first_seen;
		if (next->last_seen > sum->last_seen)
			sum->last_seen = next->last_seen;
	}
	table->n = table->n ? to + 1 : 0;
}

static __u8 mask_length(const __u64 mask[2])
{
	return __builtin_popcountll(mask[0]) + __builtin_popcountll(mask[1]);
}

int sources__read(const struct filter *filter, struct source_table *table, struct diag *diag)
{
	const struct drop53_config *config = &filter->settings->config;
	struct source_table result = {.capacity = filter__capacity(filter)};
	struct counter *counters;
	int err, n;

	result.length[DROP53_FAMILY_IPV4] =
		__builtin_popcount((__u32)config->source_mask[DROP53_FAMILY_IPV4][0]);
	result.length[DROP53_FAMILY_IPV6] = mask_length(config->source_mask[DROP53_FAMILY_IPV6]);
	err = read_slots(filter, &result, diag);
	if (!err)
		err = read_untracked(filter, &result, diag);
	if (err)
		goto out;
	n = counters__read(filter, &counters, diag);
	if (n < 0) {
		err = n;
		goto out;
	}
	result.total = counters__dropped(counters, n);
	free(counters);
	sources__sort(&result, SOURCES_BY_ADDRESS);
	merge(&result);
	*table = result;
out:
	if (err)
		sources__free(&result);
	return err;
}

static void cut(struct source *source, int length)
{
	int byte;

	for (byte = 0; byte < (int)sizeof(source->address); byte++, length -= 8)
		if (length < 8)
			source->address[byte] &= length > 0 ? 0xff00 >> length : 0;
}

void sources__aggregate(struct source_table *table, const __u8 length[DROP53_FAMILY__N])
{
	int family;
	size_t i;

	for (i = 0; i < table->n; i++) {
		family = table->sources[i].family;
		if (length[family] && length[family] < table->length[family])
			cut(&table->sources[i], length[family]);
	}
	for (family = 0; family < DROP53_FAMILY__N; family++)
		if (length[family] && length[family] < table->length[family])
			table->length[family] = length[family];
	sources__sort(table, SOURCES_BY_ADDRESS);
	merge(table);
}

#define DESCENDING(name, field)                              \
	static int name(const void *a, const void *b)        \
	{                                                    \
		const struct source *x = a, *y = b;          \
                                                             \
		if (x->field != y->field)                    \
			return x->field > y->field ? -1 : 1; \
		return by_address(a, b);                     \
	}

DESCENDING(by_packets, count.packets)
DESCENDING(by_bytes, count.bytes)
DESCENDING(by_last_seen, last_seen)

void sources__sort(struct source_table *table, enum source_order order)
{
	static int (*const compare[])(const void *, const void *) = {
		[SOURCES_BY_ADDRESS] = by_address,
		[SOURCES_BY_PACKETS] = by_packets,
		[SOURCES_BY_BYTES] = by_bytes,
		[SOURCES_BY_LAST_SEEN] = by_last_seen,
	};

	if (table->n)
		qsort(table->sources, table->n, sizeof(*table->sources), compare[order]);
}

void sources__free(struct source_table *table)
{
	free(table->sources);
	table->sources = NULL;
	table->n = 0;
}

int source__format(const struct source *source, const __u8 length[DROP53_FAMILY__N], char *text)
{
	bool ipv6 = source->family == DROP53_FAMILY_IPV6;
	char address[INET6_ADDRSTRLEN];
	int whole = ipv6 ? 128 : 32;

	inet_ntop(ipv6 ? AF_INET6 : AF_INET, source->address, address, sizeof(address));
	if (length[source->family] == whole)
		return snprintf(text, SOURCE_TEXT, "%s", address);
	return snprintf(text, SOURCE_TEXT, "%s/%d", address, length[source->family]);
}
