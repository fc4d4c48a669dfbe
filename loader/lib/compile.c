/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The frame of a blob: the header, the compiled families by trie.c, the list as it was given. */
#include "lib/compile.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/diag.h"
#include "lib/list.h"
#include "lib/ranges.h"
#include "lib/trie.h"

static const enum drop53_family families[SET_FAMILY__N] = {
	[SET_IPV4] = DROP53_FAMILY_IPV4,
	[SET_IPV6] = DROP53_FAMILY_IPV6,
};

static int fail(struct diag *diag, int error)
{
	const char *why = "out of memory";

	if (error == E2BIG)
		why = "too large: its compiled form would be over 512 MiB";
	else if (error == EOVERFLOW) /* which the compiler's bounds exclude */
		why = "nested too deeply to be compiled; this is a fault of drop53, please report it";
	return diag__fail(diag, error, "allow-list: %s", why);
}

/* Room that is not touched costs nothing, and growing moves no memory. */
static int grow(struct blob *blob, __u32 lines)
{
	__u32 capacity = blob->capacity ? blob->capacity : 64;
	void *larger;

	while (capacity < lines)
		capacity *= 2;
	if (blob->lines)
		larger = mremap(blob->lines, (size_t)blob->capacity * SET_LINE,
				(size_t)capacity * SET_LINE, MREMAP_MAYMOVE);
	else
		larger = mmap(NULL, (size_t)capacity * SET_LINE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (larger == MAP_FAILED)
		return -ENOMEM;
	/* Whether the kernel does so or not: a tenth of the time it takes to fill a large one. */
	madvise(larger, (size_t)capacity * SET_LINE, MADV_HUGEPAGE);
	blob->lines = larger;
	blob->capacity = capacity;
	return 0;
}

int blob__extend(struct blob *blob, __u32 lines, __u32 *first)
{
	int err = 0;

	if (lines > SET_MAX_LINES - blob->n)
		return -E2BIG;
	if (blob->n + lines > blob->capacity)
		err = grow(blob, blob->n + lines);
	if (err)
		return err;
	*first = blob->n;
	blob->n += lines;
	return 0;
}

void compile__free(struct blob *blob)
{
	if (!blob)
		return;
	if (blob->lines)
		munmap(blob->lines, (size_t)blob->capacity * SET_LINE);
	*blob = (struct blob){};
}

static __u32 lines_for(size_t count, size_t size)
{
	return (count * size + SET_LINE - 1) / SET_LINE;
}

static void put_prefix4(void *records, size_t i, const struct prefix *prefix)
{
	struct set_prefix4 *record = (struct set_prefix4 *)records + i;

	memcpy(&record->address, prefix->address, sizeof(record->address));
	record->length = prefix->length;
	record->except = prefix->except;
}

static void put_prefix6(void *records, size_t i, const struct prefix *prefix)
{
	struct set_prefix6 *record = (struct set_prefix6 *)records + i;

	memcpy(record->address, prefix->address, sizeof(record->address));
	record->length = prefix->length;
	record->except = prefix->except;
}

/* Both families' prefixes; the list has IPv4's first. */
static int put_list(struct blob *blob, const struct list *list)
{
	__u32 first4, first6;
	size_t n4 = 0, i;
	int err;

	while (n4 < list->n && list->prefix[n4].family == DROP53_FAMILY_IPV4)
		n4++;
	err = blob__extend(blob, lines_for(n4, sizeof(struct set_prefix4)), &first4);
	if (!err)
		err = blob__extend(blob, lines_for(list->n - n4, sizeof(struct set_prefix6)),
				   &first6);
	if (err)
		return err;
	for (i = 0; i < n4; i++)
		put_prefix4(&blob->lines[first4], i, &list->prefix[i]);
	for (; i < list->n; i++)
		put_prefix6(&blob->lines[first6], i - n4, &list->prefix[i]);
	blob->lines->header.list_line = first4;
	blob->lines->header.prefixes[SET_IPV4] = n4;
	blob->lines->header.prefixes[SET_IPV6] = list->n - n4;
	return 0;
}

static int put_family(struct blob *blob, const struct list *list, enum set_family family)
{
	struct ranges ranges = {};
	int err;

	err = ranges__of(list, families[family], &ranges);
	if (!err)
		err = trie__build(blob, &ranges, family);
	ranges__free(&ranges);
	return err;
}

int compile__blob(const struct list *list, __u64 generation, struct blob *blob, struct diag *diag)
{
	struct blob result = {};
	__u32 header;
	int err;

	if (list->n > SET_MAX_LINES)
		return fail(diag, E2BIG);
	err = blob__extend(&result, 1, &header);
	if (!err)
		err = put_family(&result, list, SET_IPV4);
	if (!err)
		err = put_family(&result, list, SET_IPV6);
	if (!err)
		err = put_list(&result, list);
	if (err) {
		compile__free(&result);
		return fail(diag, -err);
	}
	result.lines->header.magic = SET_MAGIC;
	result.lines->header.generation = generation;
	*blob = result;
	return 0;
}

bool compile__any(const struct set_line *lines, enum drop53_family family)
{
	const struct set_header *header = &lines->header;
	__u32 any = 0;
	int i;

	for (i = 0; family == DROP53_FAMILY_IPV4 && i < SET_ROOTS4; i++)
		any |= header->roots.ipv4[i];
	for (i = 0; family == DROP53_FAMILY_IPV6 && i < SET_ROOTS6; i++)
		any |= header->roots.ipv6[i];
	return any;
}
