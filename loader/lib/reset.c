/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/reset.h"

#include <string.h>

void reset__counters(struct filter *filter, bool sources_only)
{
	__u64 epochs = filter->settings->epochs;
	__u32 current = (__u32)epochs + 1, zero = epochs >> 32;

	if (!sources_only) {
		zero = current;
		memset(filter->settings->retired, 0, sizeof(filter->settings->retired));
	}
	__atomic_store_n(&filter->settings->epochs, (__u64)zero << 32 | current, __ATOMIC_RELEASE);
}
