// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traffic for the filter under test, which is called at its end: nine packets of ten from forged
 * addresses, the tenth from one of a few that are worth listing.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "e2e_mixture.h"

struct mixture_traffic traffic SEC(".data.traffic");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} programs SEC(".maps");

/* Marsaglia's xorshift64. */
static __always_inline __u64 next_random(void)
{
	__u64 x = traffic.random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	traffic.random = x;
	return x;
}

SEC("xdp")
int mixture(struct xdp_md *ctx)
{
	struct iphdr *ip = (void *)(long)ctx->data + sizeof(struct ethhdr);
	__u64 random = next_random();
	__u32 heavy = (random >> 32) * MIXTURE_HEAVY >> 32;

	if ((void *)(ip + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	if (traffic.alone || (__u32)random % 10) {
		traffic.alone -= !!traffic.alone;
		ip->saddr = bpf_htonl(0x0a000000 | next_random() >> 40);
	} else if (heavy < MIXTURE_HEAVY) {
		traffic.sent[heavy]++;
		ip->saddr = bpf_htonl(0xc6120000 + heavy);
	}
	bpf_tail_call(ctx, &programs, 0);
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
