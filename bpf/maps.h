/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program's tables. All but `sets` are arrays: a look-up is a bounds check and an addition in
 * the program's own code, no lock is taken and nothing is allocated. The loader sets max_entries;
 * what is written here serves one CPU and keeps an object loaded by somebody else's loader small.
 *
 * Arrays of one-line values are BPF_F_MMAPABLE not only for the readers' sake: it also starts
 * them on a page, so that a value is one cache line. A plain array starts behind a header.
 */
#ifndef DROP53_MAPS_H
#define DROP53_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "drop53.h"
#include "set_maps.h"

/* Written by user space, one word at a time; read by the program for port-53 traffic alone. */
struct drop53_settings settings SEC(".data.settings");

/* Totals. Written by the CPU that owns the block; read by user space. Never full. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct drop53_counters);
} counters SEC(".maps");

/* What a CPU keeps for itself. Written by that CPU; read by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct drop53_cpu);
} cpus SEC(".maps");

/* Which slots of `sources` to look at. Written and read by the CPU that owns the set alone. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct drop53_set);
} tags SEC(".maps");

/*
 * Drops by source, and allowed packets. Written by the CPU that owns the slot; read by user space.
 * Full: the set's least-counted slot makes room now and then, and what it held goes to the CPU's
 * `untracked`.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DROP53_WAYS);
	__type(key, __u32);
	__type(value, struct drop53_source);
} sources SEC(".maps");

#endif
