/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/diag.h"
#include "lib/radix.h"
#include "lib/sources.h"

int source__compare(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	return memcmp(x->address, y->address, sizeof(x->address));
}

void source__add(struct source *sum, const struct source *more)
{
	sum->count.packets += more->count.packets;
	sum->count.bytes += more->count.bytes;
	sum->tcp_packets += more->tcp_packets;
	if (more->first_seen < sum->first_seen)
		sum->first_seen = more->first_seen;
	if (more->last_seen > sum->last_seen)
		sum->last_seen = more->last_seen;
}

/* Adds up neighbours of the same address. The table must be sorted by it. */
static void merge(struct source_table *table)
{
	size_t from, to = 0;

	for (from = 1; from < table->n; from++) {
		if (source__compare(&table->sources[to], &table->sources[from]))
			table->sources[++to] = table->sources[from];
		else
			source__add(&table->sources[to], &table->sources[from]);
	}
	table->n = table->n ? to + 1 : 0;
}

static void cut(struct source *source, int length)
{
	int byte;

	for (byte = 0; byte < (int)sizeof(source->address); byte++, length -= 8)
		if (length < 8)
			source->address[byte] &= length > 0 ? 0xff00 >> length : 0;
}

int sources__aggregate(struct source_table *table, const __u8 length[DROP53_FAMILY__N],
		       struct diag *diag)
{
	int family, err;
	size_t i;

	if (!length[DROP53_FAMILY_IPV4] && !length[DROP53_FAMILY_IPV6])
		return 0;
	for (i = 0; i < table->n; i++) {
		family = table->sources[i].family;
		if (length[family] && length[family] < table->length[family])
			cut(&table->sources[i], length[family]);
	}
	for (family = 0; family < DROP53_FAMILY__N; family++)
		if (length[family] && length[family] < table->length[family])
			table->length[family] = length[family];
	err = sources__sort(table, SOURCES_BY_ADDRESS, diag);
	if (!err)
		merge(table);
	return err;
}

/* Eight bytes of an address as a number that sorts as they do. */
static __u64 number_of(const __u8 *bytes)
{
	__u64 number;

	memcpy(&number, bytes, sizeof(number));
	return be64toh(number);
}

/* What comes first, the larger the earlier; ties go by family and address. */
static __u64 rank(const struct source *source, enum source_order order)
{
	switch (order) {
	case SOURCES_BY_PACKETS:
		return ~source->count.packets;
	case SOURCES_BY_BYTES:
		return ~source->count.bytes;
	case SOURCES_BY_LAST_SEEN:
		return ~source->last_seen;
	default:
		return 0;
	}
}

int sources__sort(struct source_table *table, enum source_order order, struct diag *diag)
{
	struct radix_item *items = malloc(2 * table->n * sizeof(*items) + 1), *sorted;
	struct source *sources = malloc(table->n * sizeof(*sources) + 1);
	size_t i;

	if (!items || !sources) {
		free(items);
		free(sources);
		return diag__fail(diag, ENOMEM, "out of memory to sort %zu sources", table->n);
	}
	for (i = 0; i < table->n; i++) {
		const struct source *source = &table->sources[i];

		items[i] = (struct radix_item){
			.key = {number_of(source->address + 8), number_of(source->address),
				source->family, rank(source, order)},
			.row = i,
		};
	}
	sorted = radix__sort(items, items + table->n, table->n);
	for (i = 0; i < table->n; i++)
		sources[i] = table->sources[sorted[i].row];
	free(items);
	free(table->sources);
	table->sources = sources;
	return 0;
}

/* As inet_ntop(3) has it; written out, for a listing asks hundreds of thousands of times. */
static char *put_ipv4(char *at, const __u8 address[4])
{
	int byte, number;

	for (byte = 0; byte < 4; byte++) {
		number = address[byte];
		if (byte)
			*at++ = '.';
		if (number >= 100)
			*at++ = '0' + number / 100;
		if (number >= 10)
			*at++ = '0' + number / 10 % 10;
		*at++ = '0' + number % 10;
	}
	*at = 0;
	return at;
}

int source__format(const struct source *source, const __u8 length[DROP53_FAMILY__N], char *text)
{
	bool ipv6 = source->family == DROP53_FAMILY_IPV6;
	char *end;

	if (ipv6) {
		inet_ntop(AF_INET6, source->address, text, SOURCE_TEXT);
		end = text + strlen(text);
	} else {
		end = put_ipv4(text, source->address);
	}
	if (length[source->family] != (ipv6 ? 128 : 32))
		end += sprintf(end, "/%d", length[source->family]);
	return end - text;
}
