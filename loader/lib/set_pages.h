/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Compiled sets in the kernel: the pages in a slot of `sets` (include/set_layout.h). Only the slot
 * of a pair that is not in force may be written. The errors are -errno.
 */
#ifndef DROP53_SET_PAGES_H
#define DROP53_SET_PAGES_H

#include "drop53.h"
#include "set_layout.h"

struct diag;

/* A page of zeros. Returns its descriptor, which is the caller's. */
int set_pages__blank(struct diag *diag);

/*
 * Returns when no packet is on its way that was there before the call: one that still walks what
 * was in force before must be through before its pages change under it.
 */
int set_pages__wait(int sets, struct diag *diag);

/* Puts @n lines, a header first, into a slot. @settings: line_skew is read, address_set written */
int set_pages__put(int sets, struct drop53_settings *settings, __u32 slot,
		   const struct set_line *lines, __u32 n, struct diag *diag);

/* Gives the memory of a slot's pages back, all but the first @keep. */
int set_pages__release(int sets, struct drop53_settings *settings, __u32 slot, __u32 keep,
		       struct diag *diag);

#endif
