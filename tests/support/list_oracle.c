/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "list_oracle.h"

static int bit(const __u8 address[static 16], unsigned int i)
{
	return address[i / 8] >> (7 - i % 8) & 1;
}

static bool has_bits(const struct prefix *prefix, const __u8 address[static 16])
{
	unsigned int i;

	for (i = 0; i < prefix->length; i++)
		if (bit(prefix->address, i) != bit(address, i))
			return false;
	return true;
}

const struct prefix *oracle_match(const struct prefix *prefixes, size_t n,
				  enum drop53_family family, const __u8 address[static 16])
{
	const struct prefix *longest = NULL;
	size_t i;

	for (i = 0; i < n; i++)
		if (prefixes[i].family == family && has_bits(&prefixes[i], address) &&
		    (!longest || prefixes[i].length > longest->length))
			longest = &prefixes[i];
	return longest;
}

bool oracle_allows(const struct prefix *prefixes, size_t n, enum drop53_family family,
		   const __u8 address[static 16])
{
	const struct prefix *match = oracle_match(prefixes, n, family, address);

	return match && !match->except;
}
