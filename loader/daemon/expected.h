/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which interfaces should be filtered: what /readyz and the metrics hold the filter against. */
#ifndef DROP53_EXPECTED_H
#define DROP53_EXPECTED_H

#include "daemon/config.h"

struct expected {
	char name[2 * DROP53_MAX_INTERFACES][DROP53_IFNAME];
	size_t n;
	bool nothing_matches; /* only patterns, which stand for themselves then */
};

/* Every name in the configuration, there or not, and every interface that a pattern matches. */
void expected__find(const struct config *config, struct expected *expected);

#endif
