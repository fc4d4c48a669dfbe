/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* trie.c's leaves: the boundaries of a stretch of addresses as keys in one bucket, or as a long
 * list. */
#ifndef DROP53_BUCKET_H
#define DROP53_BUCKET_H

#include <stdbool.h>

#include "lib/compile.h"
#include "lib/ranges.h"

/* A stretch of addresses: all that begin with the same `position` bits. */
struct slot {
	const ranges_key *boundary;
	size_t n;
	unsigned int position;
	unsigned int depth; /* splits and skips before it */
	bool odd;	    /* whether addresses below its first boundary are in the set */
};

/* Boundaries whose keys are not exact, for all buckets of one split. */
struct fars {
	unsigned int position; /* of the split */
	__u32 line;	       /* that is being filled; 0: none */
	__u32 used;
};

__u32 bucket__entry(enum set_type type, bool odd, __u32 size, __u32 line);

/* What is left of a boundary behind @position, from the top down. */
ranges_key bucket__rest(ranges_key boundary, unsigned int position);

/* A boundary where the slot begins is not worth a key. */
void bucket__trim(struct slot *slot);

/* Whether a bucket has room for the slot's boundaries. */
bool bucket__fits(const struct slot *slot);

/* Makes the line a bucket of a slot that fits. -ENOMEM or -E2BIG, as the next. */
int bucket__build(struct blob *blob, const struct slot *slot, struct fars *fars, __u32 line);

/* All of a slot's boundaries as they are, however many; the lines are appended. */
int bucket__build_long(struct blob *blob, const struct slot *slot, __u32 *entry);

#endif
