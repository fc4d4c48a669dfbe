/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a list means, told in the slowest and plainest way. */
#ifndef LIST_ORACLE_H
#define LIST_ORACLE_H

#include "lib/list.h"

/* Of all prefixes, the longest that has the address' bits; shares no code with the library. */
const struct prefix *oracle_match(const struct prefix *prefixes, size_t n,
				  enum drop53_family family, const __u8 address[static 16]);

bool oracle_allows(const struct prefix *prefixes, size_t n, enum drop53_family family,
		   const __u8 address[static 16]);

#endif
