// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bench_hash hash|lru_percpu_hash ENTRIES PIN: a pinned map of IPv4 addresses and their counts, as
 * full as that, for `bpftool map dump` to read.
 */
#include "bench.h"

struct count {
	__u64 packets, bytes;
};

int main(int argc, char **argv)
{
	int cpus = libbpf_num_possible_cpus(), map;
	bool percpu = argc == 4 && !strcmp(argv[1], "lru_percpu_hash");
	__u32 entries = argc == 4 ? atoi(argv[2]) : 0;
	struct count *counts = calloc(cpus, sizeof(*counts));

	if (!entries || !counts)
		error(2, 0, "hash or lru_percpu_hash, a number and a path are needed");
	for (int cpu = 0; cpu < cpus; cpu++)
		counts[cpu] = (struct count){1000000, 79000000};
	/* An LRU map evicts well before it is full. */
	map = bpf_map_create(percpu ? BPF_MAP_TYPE_LRU_PERCPU_HASH : BPF_MAP_TYPE_HASH,
			     "bench_hash", sizeof(__u32), sizeof(*counts),
			     percpu ? 2 * entries : entries, NULL);
	if (map < 0)
		error(1, errno, "creating the map");
	for (__u32 n = 0; n < entries; n++) {
		__u32 address = bench_scatter(n, 32);

		if (bpf_map_update_elem(map, &address, counts, BPF_ANY))
			error(1, errno, "entry %u", n);
	}
	if (bpf_obj_pin(map, argv[3]))
		error(1, errno, "%s", argv[3]);
	free(counts);
	return 0;
}
