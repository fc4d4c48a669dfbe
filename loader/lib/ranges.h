/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The set of addresses that a list of prefixes allows, without the prefixes. */
#ifndef DROP53_RANGES_H
#define DROP53_RANGES_H

#include <stddef.h>

#include "drop53.h"

struct list;

/* An address as a number, its first bit on top: IPv4's 32 bits are the highest. */
typedef unsigned __int128 ranges_key;

/*
 * Where "not allowed" turns into "allowed" and back, in ascending order, beginning with "not
 * allowed". An address is allowed if an odd number of boundaries are not above it.
 */
struct ranges {
	ranges_key *boundary;
	size_t n;
	size_t idle; /* prefixes that change nothing: the one around them says the same */
};

/* The caller frees. -ENOMEM is the only failure. */
int ranges__of(const struct list *list, enum drop53_family family, struct ranges *ranges);

/* May be NULL. */
void ranges__free(struct ranges *ranges);

/* The number of addresses allowed, in decimal. Returns @text. */
const char *ranges__count(const struct ranges *ranges, enum drop53_family family,
			  char text[static 40]);

#endif
