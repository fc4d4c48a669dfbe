// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bench_prefixes IPV4 IPV6: an allow-list with so many prefixes of each family, all different.
 * bench_traffic.bpf.c draws sources inside the same prefixes.
 */
#include <arpa/inet.h>
#include <error.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench_traffic.h"

static const unsigned char lengths4[16] = BENCH_LENGTHS4, lengths6[16] = BENCH_LENGTHS6;

static void print_prefix4(__u32 n)
{
	struct in_addr address = {htonl(bench_prefix4(n, lengths4[n & 15]))};
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &address, text, sizeof(text));
	printf("%s/%d\n", text, lengths4[n & 15]);
}

static void put64(unsigned char *to, __u64 value)
{
	for (int i = 7; i >= 0; i--, value >>= 8)
		to[i] = value;
}

static void print_prefix6(__u32 n)
{
	unsigned char length = lengths6[n & 15];
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	put64(address.s6_addr, bench_prefix6(n, length));
	put64(address.s6_addr + 8, length == 128 ? bench_host6(n) : 0);
	inet_ntop(AF_INET6, &address, text, sizeof(text));
	printf("%s/%d\n", text, length);
}

int main(int argc, char **argv)
{
	__u32 count4 = argc == 3 ? atoi(argv[1]) : 0, count6 = argc == 3 ? atoi(argv[2]) : 0;

	if (argc != 3 || count4 > BENCH_MAX_PREFIXES || count6 > BENCH_MAX_PREFIXES)
		error(2, 0, "two numbers up to %u are needed", BENCH_MAX_PREFIXES);
	for (__u32 n = 0; n < count4; n++)
		print_prefix4(n);
	for (__u32 n = 0; n < count6; n++)
		print_prefix6(n);
	return 0;
}
