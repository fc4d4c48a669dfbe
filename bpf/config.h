/* SPDX-License-Identifier: GPL-2.0-only */
/* What is fixed at load: a frozen map, so that the verifier sees constants and prunes by them. */
#ifndef DROP53_CONFIG_H
#define DROP53_CONFIG_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "drop53.h"

const volatile struct drop53_config config = {
	.interfaces = 1,
	.source_mask = {{0, 0}, {~0ull, ~0ull}, {~0ull, ~0ull}},
};

#endif
