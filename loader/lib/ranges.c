/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/ranges.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/list.h"

/* The prefixes around the place that a walk in order of address has come to, widest first. */
struct nest {
	unsigned int depth;
	struct {
		ranges_key end; /* the first address behind it; 0 behind the last of all */
		bool allowed;
	} prefix[129];
};

static ranges_key key_of(const __u8 address[static 16])
{
	uint64_t high, low;

	memcpy(&high, &address[0], sizeof(high));
	memcpy(&low, &address[8], sizeof(low));
	return (ranges_key)be64toh(high) << 64 | be64toh(low);
}

static bool allowed_here(const struct nest *nest)
{
	return nest->depth && nest->prefix[nest->depth - 1].allowed;
}

/* From @key on it is what the innermost prefix says. A change taken back at once is none. */
static void mark(struct ranges *ranges, const struct nest *nest, ranges_key key)
{
	if (allowed_here(nest) == (ranges->n & 1))
		return;
	if (ranges->n && ranges->boundary[ranges->n - 1] == key)
		ranges->n--;
	else
		ranges->boundary[ranges->n++] = key;
}

/* Leaves the prefixes that end at or before @key: all of them with @all. */
static void leave(struct ranges *ranges, struct nest *nest, ranges_key key, bool all)
{
	ranges_key end;

	while (nest->depth) {
		end = nest->prefix[nest->depth - 1].end;
		if (!all && (end == 0 || end > key))
			break;
		nest->depth--;
		if (end)
			mark(ranges, nest, end);
	}
}

static void enter(struct ranges *ranges, struct nest *nest, const struct prefix *prefix)
{
	ranges_key start = key_of(prefix->address);
	bool allowed = !prefix->except;

	leave(ranges, nest, start, false);
	ranges->idle += allowed == allowed_here(nest);
	nest->prefix[nest->depth].end = start;
	if (prefix->length)
		nest->prefix[nest->depth].end += (ranges_key)1 << (128 - prefix->length);
	nest->prefix[nest->depth].allowed = allowed;
	nest->depth++;
	mark(ranges, nest, start);
}

int ranges__of(const struct list *list, enum drop53_family family, struct ranges *ranges)
{
	struct ranges result = {};
	struct nest nest = {};
	size_t i, count = 0;

	for (i = 0; i < list->n; i++)
		count += list->prefix[i].family == family;
	/* A prefix begins and ends once. */
	result.boundary = malloc((2 * count + 1) * sizeof(*result.boundary));
	if (!result.boundary)
		return -ENOMEM;
	for (i = 0; i < list->n; i++)
		if (list->prefix[i].family == family)
			enter(&result, &nest, &list->prefix[i]);
	leave(&result, &nest, 0, true);
	*ranges = result;
	return 0;
}

void ranges__free(struct ranges *ranges)
{
	if (!ranges)
		return;
	free(ranges->boundary);
	*ranges = (struct ranges){};
}

const char *ranges__count(const struct ranges *ranges, enum drop53_family family,
			  char text[static 40])
{
	ranges_key count = 0;
	char digits[40];
	int used = 0;
	size_t i;

	/* Modulo 2^128: what is allowed up to the last address ends at 0. */
	for (i = 0; i < ranges->n; i++)
		count += i & 1 ? ranges->boundary[i] : -ranges->boundary[i];
	if (ranges->n && !count)
		return strcpy(text, family == DROP53_FAMILY_IPV4
					    ? "4294967296"
					    : "340282366920938463463374607431768211456");
	if (family == DROP53_FAMILY_IPV4)
		count >>= 96;
	do {
		digits[used++] = '0' + count % 10;
		count /= 10;
	} while (count);
	for (i = 0; used; i++)
		text[i] = digits[--used];
	text[i] = '\0';
	return text;
}
