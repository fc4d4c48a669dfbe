/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One entry of an allow-list: an address prefix, or `!` and one that is taken out of a wider one.
 */
#ifndef DROP53_PREFIX_H
#define DROP53_PREFIX_H

#include <stdbool.h>
#include <stddef.h>

#include "drop53.h"

struct diag;

struct prefix {
	__u8 family;	  /* enum drop53_family: IPV4 or IPV6 */
	__u8 length;	  /* bits */
	__u8 except;	  /* 1: `!`, not allowed although a wider prefix is */
	__u8 address[16]; /* network byte order; IPv4 in the first four, the rest and all bits
			     below the length zero */
};

#define PREFIX_TEXT 64 /* "!", the longest address, "/128", NUL, and room */

/*
 * ADDRESS[/LENGTH], or the same behind `!`; without a length it is the host. -EINVAL with the words
 * that belong behind "FILE:LINE:COLUMN: ", the text quoted first.
 * @fault: may be NULL; on failure the offset of the character that is wrong
 */
int prefix__parse(const char *text, size_t length, struct prefix *prefix, size_t *fault,
		  struct diag *diag);

/* As prefix__parse takes it; a host without its length. Returns @text. */
const char *prefix__format(const struct prefix *prefix, char text[static PREFIX_TEXT]);

/* IPv4 first, then by address, a shorter prefix before those inside it. `except` does not count. */
int prefix__compare(const struct prefix *a, const struct prefix *b);

/* @address: as in struct prefix */
bool prefix__covers(const struct prefix *prefix, enum drop53_family family,
		    const __u8 address[static 16]);

/* The bits of an address: 32 or 128. */
unsigned int prefix__bits(enum drop53_family family);

/* Clears the bits of @address from @length on. */
void prefix__mask(__u8 address[static 16], unsigned int length);

#endif
