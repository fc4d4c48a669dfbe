/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* This build's program in place of the one that runs, over the same tables. */
#ifndef DROP53_UPGRADE_H
#define DROP53_UPGRADE_H

#include "lib/filter.h"

struct diag;

/*
 * Loads this build's programs with the pinned filter's tables and configuration, then swaps them
 * on every interface by link update: each packet meets the old program or the new one, and no
 * count is lost. The state must be locked and of this build's ABI (else filter__open() fails).
 * Killed half-way, some interfaces run the new program and some the old one; run it again.
 * @swapped: how many interfaces
 */
int upgrade__programs(struct filter *filter, int *swapped, struct diag *diag);

#endif
