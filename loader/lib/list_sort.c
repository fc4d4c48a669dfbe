/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/list_sort.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_RUN 16 /* sorted by insertion first: merging less is not worth a pass */

static bool in_order(const struct list_entry *a, const struct list_entry *b)
{
	return prefix__compare(&a->prefix, &b->prefix) <= 0;
}

static bool is_sorted(const struct list_entry *entry, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (!in_order(&entry[i - 1], &entry[i]))
			return false;
	return true;
}

static void sort_short(struct list_entry *entry, size_t n)
{
	struct list_entry moving;
	size_t i, at;

	for (i = 1; i < n; i++) {
		moving = entry[i];
		for (at = i; at && !in_order(&entry[at - 1], &moving); at--)
			entry[at] = entry[at - 1];
		entry[at] = moving;
	}
}

/* Two sorted runs that lie one behind the other, into @to. */
static void merge(struct list_entry *to, const struct list_entry *left, size_t n_left,
		  size_t n_right)
{
	const struct list_entry *right = left + n_left, *end = right + n_right, *middle = right;

	if (!n_left || !n_right || in_order(middle - 1, right)) {
		memcpy(to, left, (n_left + n_right) * sizeof(*to));
		return;
	}
	while (left < middle && right < end)
		*to++ = in_order(left, right) ? *left++ : *right++;
	memcpy(to, left, (middle - left) * sizeof(*to));
	memcpy(to + (middle - left), right, (end - right) * sizeof(*to));
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

int list_sort(struct list_entry *entry, size_t n)
{
	struct list_entry *other, *from = entry, *to, *swap;
	size_t run, at, left, right;

	if (is_sorted(entry, n))
		return 0;
	other = malloc(n * sizeof(*other));
	if (!other)
		return -ENOMEM;
	for (at = 0; at < n; at += SHORT_RUN)
		sort_short(entry + at, least(SHORT_RUN, n - at));
	for (run = SHORT_RUN, to = other; run < n; run *= 2) {
		for (at = 0; at < n; at += left + right) {
			left = least(run, n - at);
			right = least(run, n - at - left);
			merge(to + at, from + at, left, right);
		}
		swap = from;
		from = to;
		to = swap;
	}
	if (from != entry)
		memcpy(entry, from, n * sizeof(*entry));
	free(other);
	return 0;
}
