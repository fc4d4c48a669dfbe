/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel tells of itself while the benchmark floods it. */
#ifndef BENCH_KERNEL_H
#define BENCH_KERNEL_H

#include <dirent.h>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "bench.h"

/* The process that takes over a CPU's packets when they are too many at once. */
static inline int bench_find_ksoftirqd(int cpu)
{
	struct dirent *entry;
	char path[300], name[32], wanted[32];
	int found = 0;
	DIR *proc = opendir("/proc");

	snprintf(wanted, sizeof(wanted), "ksoftirqd/%d\n", cpu);
	while (proc && !found && (entry = readdir(proc))) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strcmp(name, wanted))
			found = atoi(entry->d_name);
		fclose(file);
	}
	if (proc)
		closedir(proc);
	return found;
}

/* Nanoseconds that a process has run so far; 0 where this cannot be seen. */
static inline double bench_run_time(int pid)
{
	char path[64];
	double ns = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%lf", &ns) != 1)
		ns = 0;
	if (file)
		fclose(file);
	return ns;
}

static inline bool bench_is_among(const __u32 *ifindex, __u32 count, __u32 wanted)
{
	for (__u32 i = 0; i < count; i++)
		if (ifindex[i] == wanted)
			return true;
	return false;
}

/*
 * What these interfaces transmitted, which veth counts as what their other ends took in. The
 * kernel's 32-bit figures: good for differences.
 */
static inline __u32 bench_transmitted(const __u32 *ifindex, __u32 count)
{
	struct ifaddrs *all, *one;
	__u32 transmitted = 0;

	if (getifaddrs(&all))
		error(1, errno, "getifaddrs");
	for (one = all; one; one = one->ifa_next) {
		const struct rtnl_link_stats *stats = one->ifa_data;

		if (one->ifa_addr && one->ifa_addr->sa_family == AF_PACKET && stats &&
		    bench_is_among(ifindex, count, if_nametoindex(one->ifa_name)))
			transmitted += stats->tx_packets;
	}
	freeifaddrs(all);
	return transmitted;
}

#endif
