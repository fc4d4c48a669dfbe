/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/diag.h"
#include "lib/ranges.h"

void list__free(struct list *list)
{
	if (!list)
		return;
	free(list->prefix);
	*list = (struct list){};
}

/* Where the prefix is, or belongs. */
static size_t position(const struct list *list, const struct prefix *prefix)
{
	size_t low = 0, high = list->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (prefix__compare(&list->prefix[middle], prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The same prefix, in whatever sense. */
static const struct prefix *find(const struct list *list, const struct prefix *prefix)
{
	size_t at = position(list, prefix);

	if (at == list->n || prefix__compare(&list->prefix[at], prefix) != 0)
		return NULL;
	return &list->prefix[at];
}

const struct prefix *list__match(const struct list *list, enum drop53_family family,
				 const __u8 address[static 16])
{
	struct prefix wanted = {.family = family};
	const struct prefix *found = NULL;
	int length;

	memcpy(wanted.address, address, sizeof(wanted.address));
	for (length = prefix__bits(family); length >= 0 && !found; length--) {
		wanted.length = length;
		prefix__mask(wanted.address, length);
		found = find(list, &wanted);
	}
	return found;
}

static int order(const void *a, const void *b)
{
	return prefix__compare(a, b);
}

/* A list of its own from @prefixes, which may be in any order and repeat themselves. */
static int collect(const struct prefix *prefixes, size_t n, struct list *list, struct diag *diag)
{
	char text[PREFIX_TEXT];
	struct prefix *sorted = malloc(n * sizeof(*sorted) + 1);
	size_t i, kept = 0;

	if (!sorted)
		return diag__fail(diag, ENOMEM, "allow-list: out of memory");
	if (n)
		memcpy(sorted, prefixes, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), order);
	for (i = 0; i < n; i++) {
		if (!kept || prefix__compare(&sorted[kept - 1], &sorted[i]) != 0) {
			sorted[kept++] = sorted[i];
		} else if (sorted[kept - 1].except != sorted[i].except) {
			sorted[i].except = 0;
			prefix__format(&sorted[i], text);
			free(sorted);
			return diag__fail(diag, EINVAL,
					  "%s: given both as allowed and as !%s: choose one", text,
					  text);
		}
	}
	*list = (struct list){sorted, kept, n};
	return 0;
}

/* How many of @some are in the list; an error if one is there in its other sense. */
static int count_common(const struct list *list, const struct list *some, const char *mend,
			size_t *common, struct diag *diag)
{
	char given[PREFIX_TEXT], there[PREFIX_TEXT];
	const struct prefix *found;
	size_t i;

	for (*common = 0, i = 0; i < some->n; i++) {
		found = find(list, &some->prefix[i]);
		if (found && found->except != some->prefix[i].except)
			return diag__fail(diag, EINVAL, "%s: the allow-list has %s: %s",
					  prefix__format(&some->prefix[i], given),
					  prefix__format(found, there), mend);
		*common += found != NULL;
	}
	return 0;
}

static int reserve(struct list *list, size_t n, struct diag *diag)
{
	struct prefix *larger;

	if (n <= list->capacity)
		return 0;
	larger = realloc(list->prefix, n * sizeof(*larger));
	if (!larger)
		return diag__fail(diag, ENOMEM, "allow-list: out of memory");
	list->prefix = larger;
	list->capacity = n;
	return 0;
}

/* Merges from the back, so that each prefix moves once and no second array is needed. */
static void merge(struct list *list, const struct list *some, size_t common)
{
	size_t to = list->n + some->n - common, from = list->n, next = some->n;
	int before;

	list->n = to;
	while (next) {
		before = from ? prefix__compare(&list->prefix[from - 1], &some->prefix[next - 1])
			      : -1;
		if (before < 0)
			list->prefix[--to] = some->prefix[--next];
		else
			list->prefix[--to] = list->prefix[--from];
		if (before == 0)
			next--;
	}
}

int list__add(struct list *list, const struct prefix *prefixes, size_t n, size_t *changed,
	      struct diag *diag)
{
	struct list some = {};
	size_t common;
	int err;

	err = collect(prefixes, n, &some, diag);
	if (!err)
		err = count_common(list, &some, "delete that first", &common, diag);
	if (!err)
		err = reserve(list, list->n + some.n - common, diag);
	if (err)
		goto out;
	merge(list, &some, common);
	if (changed)
		*changed = some.n - common;
out:
	list__free(&some);
	return err;
}

int list__del(struct list *list, const struct prefix *prefixes, size_t n, size_t *changed,
	      struct diag *diag)
{
	size_t common, kept, i, next = 0;
	struct list some = {};
	int err;

	err = collect(prefixes, n, &some, diag);
	if (!err)
		err = count_common(list, &some, "delete it as it is there", &common, diag);
	if (err)
		goto out;
	for (i = 0, kept = 0; i < list->n; i++) {
		while (next < some.n && prefix__compare(&some.prefix[next], &list->prefix[i]) < 0)
			next++;
		if (next == some.n || prefix__compare(&some.prefix[next], &list->prefix[i]) != 0)
			list->prefix[kept++] = list->prefix[i];
	}
	list->n = kept;
	if (changed)
		*changed = common;
out:
	list__free(&some);
	return err;
}

int list__summarize(const struct list *list, struct list_summary *summary, struct diag *diag)
{
	struct list_summary result = {};
	struct ranges ranges = {};
	__u8 family;
	size_t i;

	for (i = 0; i < list->n; i++) {
		family = list->prefix[i].family;
		result.prefixes[family]++;
		result.exceptions[family] += list->prefix[i].except;
	}
	for (family = DROP53_FAMILY_IPV4; family <= DROP53_FAMILY_IPV6; family++) {
		if (ranges__of(list, family, &ranges))
			return diag__fail(diag, ENOMEM, "allow-list: out of memory");
		ranges__count(&ranges, family, result.addresses[family]);
		result.idle[family] = ranges.idle;
		ranges__free(&ranges);
	}
	strcpy(result.addresses[DROP53_FAMILY_NONE], "0");
	*summary = result;
	return 0;
}
