// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traffic whose source address changes with every packet, made in the kernel because nothing in
 * user space is fast enough to hide behind what is measured:
 *   flood  sends it into one end of a veth pair (with BPF_F_TEST_XDP_LIVE_FRAMES);
 *   vary   hands it to another XDP program by a tail call (plain BPF_PROG_TEST_RUN).
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bench_traffic.h"

/* A section of its own, so that the driver writes it without touching the lanes. */
struct bench_traffic traffic SEC(".data.traffic");

/* What one CPU changes with each packet, in a cache line of its own. */
static struct lane {
	__u64 random;
	__u32 turn;
} __attribute__((aligned(64))) lanes[BENCH_MAX_CPUS];

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, BENCH_MAX_TARGETS);
	__type(key, __u32);
	__type(value, __u32);
} programs SEC(".maps");

static const volatile __u8 lengths4[16] = BENCH_LENGTHS4;
static const volatile __u8 lengths6[16] = BENCH_LENGTHS6;

/* Marsaglia's xorshift64; the helper for random numbers costs several times as much. */
static __always_inline __u64 next_random(struct lane *lane)
{
	__u64 x = lane->random;

	if (!x)
		x = 0x9e3779b97f4a7c15ULL + bpf_get_smp_processor_id();
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	lane->random = x;
	return x;
}

static __always_inline __u32 draw_ipv4(__u64 random)
{
	__u32 n = (random >> 32) * traffic.count >> 32;
	__u32 length = lengths4[n & 15];

	if (traffic.draw == BENCH_DRAW_FEW)
		return 0x0a000000 | (random & (traffic.count - 1));
	if (traffic.draw == BENCH_DRAW_ANY)
		return random;
	return bench_prefix4(n, length) | (random & ((1ULL << (32 - length)) - 1));
}

/* Keeps the header's checksum right: the stack and iptables see no packet without. */
static __always_inline int write_ipv4(void *data, void *end, __u64 random)
{
	struct iphdr *ip = data + sizeof(struct ethhdr);
	__u32 address = draw_ipv4(random);
	__u32 sum = traffic.header_sum + (address >> 16) + (address & 0xffff);

	if ((void *)(ip + 1) > end)
		return -1;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = bpf_htons(~sum & 0xffff);
	ip->saddr = bpf_htonl(address);
	return 0;
}

/*
 * BENCH_DRAW_FEW writes a number and its complement, which leaves the sum of the address, and so
 * UDP's checksum, as it was.
 */
static __always_inline void draw_ipv6(__u64 random, __u64 address[2])
{
	__u32 n = (random >> 32) * traffic.count >> 32;
	__u32 length = lengths6[n & 15];
	__u32 few = random & (traffic.count - 1);
	__u64 rest = random ^ random << 32;

	if (traffic.draw == BENCH_DRAW_FEW) {
		address[0] = 0x20010db800000000ULL | few;
		address[1] = (__u64)~few << 32 | 1;
	} else if (traffic.draw == BENCH_DRAW_ANY) {
		address[0] = BENCH_POOL6 | random >> BENCH_POOL6_BITS;
		address[1] = random;
	} else if (length < 128) {
		address[0] = bench_prefix6(n, length) | (rest & ((1ULL << (64 - length)) - 1));
		address[1] = random;
	} else {
		address[0] = bench_prefix6(n, length);
		address[1] = bench_host6(n);
	}
}

static __always_inline int write_ipv6(void *data, void *end, __u64 random)
{
	struct ipv6hdr *ip = data + sizeof(struct ethhdr);
	__u64 address[2];

	if ((void *)(ip + 1) > end)
		return -1;
	draw_ipv6(random, address);
	ip->saddr.in6_u.u6_addr32[0] = bpf_htonl(address[0] >> 32);
	ip->saddr.in6_u.u6_addr32[1] = bpf_htonl(address[0]);
	ip->saddr.in6_u.u6_addr32[2] = bpf_htonl(address[1] >> 32);
	ip->saddr.in6_u.u6_addr32[3] = bpf_htonl(address[1]);
	return 0;
}

/* Gives the packet its source. This CPU's lane, or NULL for a frame that is too short. */
static __always_inline struct lane *prepare(struct xdp_md *ctx)
{
	struct lane *lane = &lanes[bpf_get_smp_processor_id() % BENCH_MAX_CPUS];
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u64 random = next_random(lane);

	if (traffic.family == 6 ? write_ipv6(data, end, random) : write_ipv4(data, end, random))
		return NULL;
	return lane;
}

SEC("xdp")
int flood(struct xdp_md *ctx)
{
	struct lane *lane = prepare(ctx);
	__u32 turn;

	if (!lane)
		return XDP_ABORTED;
	turn = lane->turn++ & traffic.target_mask & (BENCH_MAX_TARGETS - 1);
	return bpf_redirect(traffic.ifindex[turn], 0);
}

SEC("xdp")
int vary(struct xdp_md *ctx)
{
	if (prepare(ctx))
		bpf_tail_call(ctx, &programs, traffic.target);
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
