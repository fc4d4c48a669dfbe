/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who sends most, in a stream of any number of sources and in memory that does not grow: Misra and
 * Gries' summary for weighted items, emptied by half when it is full (Anderson et al., "A
 * High-Performance Algorithm for Identifying Frequent Items in Data Streams", 2017).
 * A count is never too high, and too low by at most 2 / FREQUENT_KEPT of everything added.
 */
#ifndef DROP53_FREQUENT_H
#define DROP53_FREQUENT_H

#include <stddef.h>

#include "drop53.h"

#define FREQUENT_KEPT 4096

/* A source, or the prefix that it was cut to: what is beyond is zero. */
struct frequent_key {
	__u64 address[2]; /* network byte order */
	__u32 family;
	__u32 length; /* prefix length */
};

struct frequent_item {
	struct frequent_key key;
	__u64 weight; /* 0: free */
};

struct frequent;

/* NULL: out of memory. */
struct frequent *frequent__new(void);
void frequent__free(struct frequent *frequent);
void frequent__clear(struct frequent *frequent);

void frequent__add(struct frequent *frequent, const struct frequent_key *key, __u64 weight);

/* Those of at least @least, heaviest first, @room of them at most. Returns how many. */
size_t frequent__list(const struct frequent *frequent, __u64 least, struct frequent_item *items,
		      size_t room);

/* For tables by key. */
__u64 frequent_key__hash(const struct frequent_key *key);

#endif
