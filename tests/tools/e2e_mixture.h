/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What e2e_mixture.bpf.c and the test that runs it both know. */
#ifndef DROP53_E2E_MIXTURE_H
#define DROP53_E2E_MIXTURE_H

#include <linux/types.h>

#define MIXTURE_HEAVY  100	  /* 198.18.0.0 and following */
#define MIXTURE_FORGED (1u << 24) /* drawn from 10.0.0.0/8 */
/* As many forged packets as there are addresses, and one heavy one to nine of them. */
#define MIXTURE_PACKETS 18641351u

struct mixture_traffic {
	__u64 random; /* not 0 */
	__u64 alone;  /* so many forged packets come before the first heavy one */
	__u64 sent[MIXTURE_HEAVY];
};

#endif
