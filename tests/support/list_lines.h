/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A second opinion on an allow-list's text: whole lines, one after the other, and inet_pton(3). It
 * shares no code with the library, knows no messages and is slow.
 */
#ifndef LIST_LINES_H
#define LIST_LINES_H

#include "lib/list.h"

struct list_lines {
	size_t wrong;	       /* the first line that cannot be taken, from 1; 0: none */
	bool clash;	       /* a prefix is there in both senses */
	struct prefix *prefix; /* as they come, repeats left out; none if a line is wrong */
	size_t n;
	struct list_file file;
};

/* Exits on want of memory. */
void list_lines__of(const char *text, size_t length, struct list_lines *lines);
void list_lines__free(struct list_lines *lines);

/* One prefix, as list__parse_text takes it, or false. */
bool list_lines__prefix(const char *text, size_t length, struct prefix *prefix);

#endif
