/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Allow-lists to test and to measure with: the same ones for the same seed. */
#ifndef LIST_MAKE_H
#define LIST_MAKE_H

#include "lib/list.h"

struct random {
	__u64 state;
};

__u64 random_next(struct random *random);

/* Below @limit, which is not 0. */
__u64 random_below(struct random *random, __u64 limit);

/* How a list is made up; what a shape is in each family stands in list_make.c. */
enum list_shape {
	LIST_RANDOM, /* lengths as in real tables, addresses anywhere */
	LIST_HOSTS,  /* hosts alone, in two small networks */
	LIST_SITES,  /* networks of one size, in a provider's */
	LIST_NESTED, /* wide prefixes, exceptions inside them, prefixes inside those */
	LIST_DEEP,   /* the same in fewer and larger nests, with many hosts at the bottom */
	LIST_SHAPE__N
};

/*
 * About @n prefixes of the shape, those that come twice left out. Exits on want of memory: tests
 * and benchmarks have nothing else to do then.
 */
void list_make(struct list *list, enum drop53_family family, enum list_shape shape, size_t n,
	       __u64 seed);

/* An address inside the prefix, its other bits drawn. @address: as in struct prefix */
void list_draw(const struct prefix *prefix, struct random *random, __u8 address[static 16]);

#endif
