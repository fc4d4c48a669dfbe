/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The list as it was given, out of a blob that may be anything. */
#include "lib/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/diag.h"
#include "lib/list.h"

static int damaged(struct diag *diag, const char *what)
{
	return diag__fail(diag, EBADMSG,
			  "the allow-list in the kernel is damaged (%s): replace it from a file",
			  what);
}

static __u64 lines_for(__u64 count, __u64 size)
{
	return (count * size + SET_LINE - 1) / SET_LINE;
}

/* A root is an answer, or leads to a line behind the header and before the list. */
static bool is_root(const struct set_header *header, __u32 entry)
{
	__u32 line = entry >> SET_LINE_SHIFT;

	return (entry & SET_TYPE) == SET_UNIFORM ||
	       ((entry & SET_TYPE) == SET_SPLIT && line && line < header->list_line);
}

static const char *check_header(const struct set_header *header, __u32 n)
{
	__u64 end = (__u64)header->list_line +
		    lines_for(header->prefixes[SET_IPV4], sizeof(struct set_prefix4)) +
		    lines_for(header->prefixes[SET_IPV6], sizeof(struct set_prefix6));
	bool sound = true;
	size_t i;

	if (header->magic != SET_MAGIC)
		return "another layout";
	if (!header->list_line || end > n)
		return "its size";
	for (i = 0; i < SET_ROOTS4; i++)
		sound &= is_root(header, header->roots.ipv4[i]);
	for (i = 0; i < SET_ROOTS6; i++)
		sound &= is_root(header, header->roots.ipv6[i]);
	return sound ? NULL : "a root";
}

static struct prefix get_prefix4(const void *records, size_t i)
{
	const struct set_prefix4 *record = (const struct set_prefix4 *)records + i;
	struct prefix prefix = {
		.family = DROP53_FAMILY_IPV4, .length = record->length, .except = record->except};

	memcpy(prefix.address, &record->address, sizeof(record->address));
	return prefix;
}

static struct prefix get_prefix6(const void *records, size_t i)
{
	const struct set_prefix6 *record = (const struct set_prefix6 *)records + i;
	struct prefix prefix = {
		.family = DROP53_FAMILY_IPV6, .length = record->length, .except = record->except};

	memcpy(prefix.address, record->address, sizeof(record->address));
	return prefix;
}

static bool is_sound(const struct prefix *prefix, const struct prefix *before)
{
	__u8 masked[sizeof(prefix->address)];

	if (prefix->length > prefix__bits(prefix->family) || prefix->except > 1)
		return false;
	memcpy(masked, prefix->address, sizeof(masked));
	prefix__mask(masked, prefix->length);
	return memcmp(masked, prefix->address, sizeof(masked)) == 0 &&
	       (!before || prefix__compare(before, prefix) < 0);
}

int compile__read(const struct set_line *lines, __u32 n, struct list *list, __u64 *generation,
		  struct diag *diag)
{
	static const struct set_line zero;
	const struct set_header *header = &lines->header;
	const void *records4, *records6;
	struct prefix *prefix;
	size_t n4, count, i;
	const char *what;

	if (!n)
		return damaged(diag, "nothing there");
	if (memcmp(lines, &zero, sizeof(zero)) == 0) {
		*list = (struct list){};
		if (generation)
			*generation = 0;
		return 0;
	}
	what = check_header(header, n);
	if (what)
		return damaged(diag, what);
	n4 = header->prefixes[SET_IPV4];
	count = n4 + header->prefixes[SET_IPV6];
	records4 = &lines[header->list_line];
	records6 = &lines[header->list_line + lines_for(n4, sizeof(struct set_prefix4))];
	prefix = malloc(count * sizeof(*prefix) + 1);
	if (!prefix)
		return diag__fail(diag, ENOMEM, "allow-list: out of memory");
	for (i = 0; i < count; i++) {
		prefix[i] = i < n4 ? get_prefix4(records4, i) : get_prefix6(records6, i - n4);
		if (!is_sound(&prefix[i], i ? &prefix[i - 1] : NULL)) {
			free(prefix);
			return damaged(diag, "a prefix");
		}
	}
	if (generation)
		*generation = header->generation;
	*list = (struct list){prefix, count, count};
	return 0;
}
