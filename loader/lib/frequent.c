/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/frequent.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BUCKETS (2 * FREQUENT_KEPT) /* a power of two: at most half full */

struct frequent {
	struct frequent_item item[BUCKETS];
	__u64 weights[FREQUENT_KEPT]; /* scratch */
	__u64 seed;		      /* an attacker cannot aim at a bucket */
	size_t n;
};

struct frequent *frequent__new(void)
{
	struct frequent *frequent = calloc(1, sizeof(*frequent));

	/* Without a seed it is slower under attack, not wrong. */
	if (frequent && getrandom(&frequent->seed, sizeof(frequent->seed), 0) < 0)
		frequent->seed = 0;
	return frequent;
}

void frequent__free(struct frequent *frequent)
{
	free(frequent);
}

void frequent__clear(struct frequent *frequent)
{
	memset(frequent->item, 0, sizeof(frequent->item));
	frequent->n = 0;
}

__u64 frequent_key__hash(const struct frequent_key *key)
{
	const __u64 word[] = {key->address[0], key->address[1],
			      (__u64)key->family << 32 | key->length};
	__u64 hash = 0;
	size_t i;

	/* The finish of MurmurHash3, once a word. */
	for (i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		hash ^= word[i];
		hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdull;
		hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53ull;
		hash ^= hash >> 33;
	}
	return hash;
}

static bool is_same(const struct frequent_key *a, const struct frequent_key *b)
{
	return a->address[0] == b->address[0] && a->address[1] == b->address[1] &&
	       a->family == b->family && a->length == b->length;
}

/* The item of that key, or the free one where it belongs. */
static struct frequent_item *find(struct frequent *frequent, const struct frequent_key *key)
{
	struct frequent_key seeded = *key;
	__u64 at;

	seeded.address[0] ^= frequent->seed;
	at = frequent_key__hash(&seeded);
	while (frequent->item[at % BUCKETS].weight &&
	       !is_same(&frequent->item[at % BUCKETS].key, key))
		at++;
	return &frequent->item[at % BUCKETS];
}

static int ascending(const void *a, const void *b)
{
	const __u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Takes the median weight from everyone; the lighter half is gone then. */
static void shrink(struct frequent *frequent)
{
	struct frequent_item kept[FREQUENT_KEPT / 2];
	size_t i, n = 0;
	__u64 median;

	for (i = 0; i < BUCKETS; i++)
		if (frequent->item[i].weight)
			frequent->weights[n++] = frequent->item[i].weight;
	qsort(frequent->weights, n, sizeof(frequent->weights[0]), ascending);
	median = frequent->weights[n / 2];
	n = 0;
	for (i = 0; i < BUCKETS; i++) {
		if (frequent->item[i].weight <= median)
			continue;
		kept[n] = frequent->item[i];
		kept[n++].weight -= median;
	}
	frequent__clear(frequent);
	for (i = 0; i < n; i++)
		*find(frequent, &kept[i].key) = kept[i];
	frequent->n = n;
}

void frequent__add(struct frequent *frequent, const struct frequent_key *key, __u64 weight)
{
	struct frequent_item *item = find(frequent, key);

	if (!weight)
		return;
	if (!item->weight) {
		if (frequent->n == FREQUENT_KEPT) {
			shrink(frequent);
			item = find(frequent, key);
		}
		item->key = *key;
		frequent->n++;
	}
	item->weight += weight;
}

static int heaviest_first(const void *a, const void *b)
{
	const struct frequent_item *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return memcmp(&x->key, &y->key, sizeof(x->key));
}

size_t frequent__list(const struct frequent *frequent, __u64 least, struct frequent_item *items,
		      size_t room)
{
	struct frequent_item all[FREQUENT_KEPT];
	size_t i, n = 0;

	for (i = 0; i < BUCKETS; i++)
		if (frequent->item[i].weight && frequent->item[i].weight >= least)
			all[n++] = frequent->item[i];
	if (n)
		qsort(all, n, sizeof(all[0]), heaviest_first);
	n = n < room ? n : room;
	memcpy(items, all, n * sizeof(*items));
	return n;
}
