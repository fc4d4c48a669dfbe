/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the benchmark's traffic programs (bench_traffic.bpf.c) and their drivers both know. */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include <linux/types.h>

#define BENCH_MAX_TARGETS 32 /* a power of two: masks keep the verifier content */
#define BENCH_MAX_CPUS	  256

/* Where the source address of the next packet comes from. */
enum bench_draw {
	BENCH_DRAW_FEW, /* one of `count` addresses, a power of two up to 2^24 */
	BENCH_DRAW_ANY, /* IPv4: all 2^32; IPv6: 2a00::/20, where the listed prefixes lie thinly */
	BENCH_DRAW_LISTED, /* inside one of the first `count` prefixes that bench_prefixes writes */
};

struct bench_traffic {
	__u32 family; /* 4 or 6 */
	__u32 draw;   /* enum bench_draw */
	__u32 count;
	__u32 header_sum;  /* flood, IPv4: of the header without source and checksum */
	__u32 target;	   /* vary: the slot of `programs` that judges the packet */
	__u32 target_mask; /* flood: interfaces - 1, the number of them being a power of two */
	__u32 ifindex[BENCH_MAX_TARGETS];
};

/*
 * A permutation of the numbers below 2^bits: scattered like random ones, yet never the same twice,
 * and the kernel side can tell the n-th without a table, whose cache misses would be measured too.
 */
static inline __attribute__((always_inline)) __u64 bench_scatter(__u64 n, __u32 bits)
{
	__u64 mask = (1ULL << bits) - 1;

	n = (n * 0x9e3779b97f4a7c15ULL) & mask;
	n ^= n >> (bits / 2);
	n = (n * 0xd6e8feb86659fd93ULL) & mask;
	n ^= n >> (bits / 2);
	return (n * 0xca5a826395121157ULL) & mask;
}

/* Lengths as lists have them: half of the prefixes are /24 (/48), a quarter (an eighth) hosts. */
#define BENCH_LENGTHS4                                                         \
	{                                                                      \
		20, 22, 28, 32, 32, 32, 32, 24, 24, 24, 24, 24, 24, 24, 24, 26 \
	}
#define BENCH_LENGTHS6                                                           \
	{                                                                        \
		48, 48, 48, 48, 48, 48, 48, 48, 56, 56, 56, 64, 64, 64, 128, 128 \
	}
#define BENCH_MAX_PREFIXES (1u << 20) /* of a family: as many as there are /20 */

#define BENCH_POOL6	   0x2a00000000000000ULL /* 2a00::/20 */
#define BENCH_POOL6_BITS   20

/* The n-th IPv4 prefix of the benchmark's allow-lists, in host byte order. */
static inline __attribute__((always_inline)) __u32 bench_prefix4(__u32 n, __u32 length)
{
	return (__u32)bench_scatter(n, length) << (32 - length);
}

/* The upper half of the n-th IPv6 prefix; a host's lower half is bench_host6(). */
static inline __attribute__((always_inline)) __u64 bench_prefix6(__u32 n, __u32 length)
{
	__u32 bits = length > 64 ? 64 : length;

	return BENCH_POOL6 | bench_scatter(n, bits - BENCH_POOL6_BITS) << (64 - bits);
}

static inline __attribute__((always_inline)) __u64 bench_host6(__u32 n)
{
	return n * 0x9e3779b97f4a7c15ULL;
}

#endif
