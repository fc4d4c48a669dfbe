// SPDX-License-Identifier: GPL-2.0-only
/* A program of someone else's, which holds the hook that drop53 wants. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int stranger(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
