/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An allow-list as it was given: prefixes, of which the longest that covers an address decides
 * whether it is allowed. What no prefix covers is not.
 */
#ifndef DROP53_LIST_H
#define DROP53_LIST_H

#include <stddef.h>

#include "lib/prefix.h"

struct diag;

/* In order of prefix__compare, each prefix once. All zero is an empty list. */
struct list {
	struct prefix *prefix;
	size_t n;
	size_t capacity;
};

/* What a list amounts to. */
struct list_summary {
	size_t prefixes[DROP53_FAMILY__N]; /* exceptions included */
	size_t exceptions[DROP53_FAMILY__N];
	/* Entries that change nothing: the prefix around them says the same. */
	size_t idle[DROP53_FAMILY__N];
	/* How many addresses are allowed, in decimal: up to 2^128. */
	char addresses[DROP53_FAMILY__N][40];
};

/* What a file had besides its prefixes. */
struct list_file {
	size_t lines;
	size_t repeats;	 /* prefixes that had come before: merged */
	bool unfinished; /* the last line has no newline: was the file written to its end? */
};

/* May be NULL, or empty. Leaves an empty list. */
void list__free(struct list *list);

/*
 * Reads a regular file: one prefix a line, `#` comments, blank lines; an empty one is an empty
 * list. One bad line and nothing is taken. @list is overwritten, and the caller's to free.
 * -EBADMSG where the file's text is wrong ("FILE:LINE:COLUMN: ..."); the error of open() or read()
 * where it cannot be had.
 * @file: may be NULL
 */
int list__parse_file(const char *path, struct list *list, struct list_file *file,
		     struct diag *diag);

/* The same from memory; @name stands for the file's in messages. */
int list__parse_text(const char *name, const char *text, size_t length, struct list *list,
		     struct list_file *file, struct diag *diag);

#define LIST_MAX_LINE	  4096	  /* characters: a longer line is not a list's */
#define LIST_MAX_PREFIXES 4000000 /* in a file, repeats included */

/* -ENOMEM is the only failure. */
int list__summarize(const struct list *list, struct list_summary *summary, struct diag *diag);

/*
 * Both take all of @prefixes or, on an error, none. What is there already (or, to delete, is not
 * there) is no error, but is not counted in @changed. -EINVAL: a prefix is there in its other
 * sense, allowed against excepted, or given in both.
 * @changed: may be NULL
 */
int list__add(struct list *list, const struct prefix *prefixes, size_t n, size_t *changed,
	      struct diag *diag);
int list__del(struct list *list, const struct prefix *prefixes, size_t n, size_t *changed,
	      struct diag *diag);

/*
 * The longest prefix that covers the address, or NULL; the address is allowed if there is one and
 * it is not an exception. @address: as in struct prefix. Valid until the list changes.
 */
const struct prefix *list__match(const struct list *list, enum drop53_family family,
				 const __u8 address[static 16]);

#endif
