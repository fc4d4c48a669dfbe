/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Allow-lists that every holder of a compiled list is asked about. */
#ifndef LIST_CASES_H
#define LIST_CASES_H

#include "list_make.h"

/* Holds a list against its compiled form (list_check.h). Returns 0, or -1 with what is wrong. */
typedef int (*list_judge)(const struct list *list, __u64 seed, char why[static 256]);

/* Each fails the test, naming the list, if the judge finds anything wrong. */
void list_cases__text(list_judge judge, const char *text);
void list_cases__made(list_judge judge, enum drop53_family family, enum list_shape shape, size_t n,
		      __u64 seed);

/* Those at the edges of the addresses and of each other. */
void list_cases__edges(list_judge judge);

/*
 * Prefixes one inside the other, allowed and excepted by turns: of every length, and of every so
 * manieth with many hosts in the last.
 */
void list_cases__nested(list_judge judge);

/* Every shape in both families, from one prefix to a thousand; fifty of each at night. */
void list_cases__shapes(list_judge judge, __u64 seed);

#endif
