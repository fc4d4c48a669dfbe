/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/sources.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/counters.h"
#include "lib/diag.h"
#include "lib/slots.h"
#include "lib/view.h"

static int read_slots(const struct filter *filter, struct source_table *table, struct diag *diag)
{
	__u64 epochs = filter->settings->epochs;
	struct drop53_source slot;
	struct slots slots;
	int err;
	__u32 i;

	err = slots__open(&slots, filter, diag);
	if (err)
		goto out;
	table->sources = calloc(slots.view.entries, sizeof(*table->sources));
	if (!table->sources) {
		err = diag__fail(diag, ENOMEM, "out of memory for %u sources", slots.view.entries);
		goto out;
	}
	for (i = 0; i < slots.view.entries; i++)
		if (slots__get(&slots, i, &slot) &&
		    slot__interpret(&slot, epochs, &table->sources[table->n], &table->untracked))
			table->n++;
out:
	slots__close(&slots);
	return err;
}

static int read_untracked(const struct filter *filter, struct drop53_count *untracked,
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
		untracked->packets += own->untracked.packets;
		untracked->bytes += own->untracked.bytes;
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
		err = read_untracked(filter, &result.untracked, diag);
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

/* Sources among @n neighbours: the slots that one set has on all CPUs. Sorts them. */
static __u32 count_distinct(struct source *sources, size_t n)
{
	__u32 distinct = n > 0;
	size_t i;

	if (n > 1)
		qsort(sources, n, sizeof(*sources), by_address);
	for (i = 1; i < n; i++)
		distinct += by_address(&sources[i - 1], &sources[i]) != 0;
	return distinct;
}

/* The hash that chooses the set is the same on all CPUs, so a source is in one set alone. */
static void walk(const struct filter *filter, const struct slots *slots, source_visitor visit,
		 void *context, struct source *one_set, struct source_summary *summary)
{
	const struct drop53_settings *settings = filter->settings;
	__u32 set, cpu, way, sets = settings->config.sets;
	__u64 epochs = settings->epochs;
	struct drop53_source slot;
	struct source_slot seen;
	size_t n;

	for (set = 0; set < sets; set++) {
		n = 0;
		for (cpu = 0; cpu < settings->cpus; cpu++) {
			for (way = 0; way < DROP53_WAYS; way++) {
				seen.index = (cpu * sets + set) * DROP53_WAYS + way;
				if (seen.index >= slots->view.entries ||
				    !slots__get(slots, seen.index, &slot) ||
				    !slot__interpret(&slot, epochs, &seen.source,
						     &summary->untracked))
					continue;
				seen.tenant = slot.state;
				one_set[n++] = seen.source;
				if (visit)
					visit(context, &seen);
			}
		}
		/* On one CPU a source has one slot. */
		summary->tracked += settings->cpus > 1 ? count_distinct(one_set, n) : n;
	}
}

int sources__each(const struct filter *filter, source_visitor visit, void *context,
		  struct source_summary *summary, struct diag *diag)
{
	struct source_summary result = {.capacity = filter__capacity(filter)};
	struct source *one_set = NULL;
	struct slots slots;
	int err;

	err = slots__open(&slots, filter, diag);
	if (err)
		goto out;
	one_set = malloc(filter->settings->cpus * DROP53_WAYS * sizeof(*one_set) + 1);
	if (!one_set) {
		err = diag__fail(diag, ENOMEM, "out of memory");
		goto out;
	}
	walk(filter, &slots, visit, context, one_set, &result);
	err = read_untracked(filter, &result.untracked, diag);
	if (!err)
		*summary = result;
out:
	free(one_set);
	slots__close(&slots);
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
