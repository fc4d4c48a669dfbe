/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Zeroing the counters while packets arrive. */
#ifndef DROP53_RESET_H
#define DROP53_RESET_H

#include <stdbool.h>

#include "lib/filter.h"

/*
 * Starts a new epoch, by one store: what is older counts as nothing, and each CPU clears what is
 * its own when it next comes by. A zero written from here could meet an addition there.
 * @sources_only: totals stay, and what the sources had becomes `untracked`
 */
void reset__counters(struct filter *filter, bool sources_only);

#endif
