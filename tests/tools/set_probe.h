/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What set_probe.bpf.c and its users both know. */
#ifndef SET_PROBE_H
#define SET_PROBE_H

#include <linux/types.h>

#include "set_layout.h"

#define PROBE_SOURCES (1 << 20) /* in the map `listed` */

struct probe_source {
	__be32 address[4]; /* IPv4 in the first */
};

struct probe_settings {
	__u32 ipv6;
	__u32 listed; /* sources from the map of that name, one after the other; else drawn */
	__u32 look;   /* 0: an empty list, whose look-up is left out */
	__u32 count;  /* runs */
	__u32 skew;   /* of a page, by the program `anchor` */
	__u32 reserved;
	__u64 scratch;
	__u64 found; /* how many sources were in the set */
	struct set_roots roots;
};

#endif
