/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prefixes as a file gives them: in any order, each with where it stood. */
#ifndef DROP53_LIST_SORT_H
#define DROP53_LIST_SORT_H

#include <stddef.h>

#include "lib/prefix.h"

struct list_entry {
	struct prefix prefix;
	__u16 column; /* from 1 */
	__u32 line;   /* from 1 */
};

/*
 * By prefix__compare; entries for the same prefix stay in the order of their lines. Files are
 * mostly in order already, or in a few ordered runs: those are found and merged. -ENOMEM.
 */
int list_sort(struct list_entry *entry, size_t n);

#endif
