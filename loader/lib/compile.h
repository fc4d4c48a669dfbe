/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a list of prefixes to the lines that the program in bpf/ walks, and back. The layout, and
 * how an address is found in it, is include/set_layout.h's.
 */
#ifndef DROP53_COMPILE_H
#define DROP53_COMPILE_H

#include <stdbool.h>

#include "drop53.h"
#include "set_layout.h"

struct diag;
struct list;

struct blob {
	struct set_line *lines; /* zero behind the n-th, up to `capacity` */
	__u32 n;		/* bytes: n * SET_LINE */
	__u32 capacity;
};

/* -ENOMEM, or -E2BIG for a list whose compiled form is over SET_MAX_LINES. */
int compile__blob(const struct list *list, __u64 generation, struct blob *blob, struct diag *diag);

/* May be NULL, or empty. */
void compile__free(struct blob *blob);

/*
 * The list as it was given, from the lines of a blob (or of a map that has room for more; all zero
 * is an empty list of generation 0). Trusts nothing: -EBADMSG if they are not what compile__blob
 * writes. @list is overwritten, and the caller's to free.
 * @generation: may be NULL
 */
int compile__read(const struct set_line *lines, __u32 n, struct list *list, __u64 *generation,
		  struct diag *diag);

/* Whether any address of the family is in the set. @lines: at least one, checked or made here */
bool compile__any(const struct set_line *lines, enum drop53_family family);

#endif
