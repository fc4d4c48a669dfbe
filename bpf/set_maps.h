/* SPDX-License-Identifier: GPL-2.0-only */
/* Where compiled address sets lie in the kernel; set.h walks them. */
#ifndef DROP53_SET_MAPS_H
#define DROP53_SET_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "drop53.h"
#include "set_layout.h"

/*
 * Compiled address sets (set.h): the allow-list and the local addresses, a pair of slots each, of
 * which `settings` says which is in force; SET_MAX_PAGES pages a slot. Written by user space, into
 * the slot not in force.
 */
struct set_page {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, SET_PAGE_BYTES);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, DROP53_SPARE_PAGE + 1);
	__type(key, __u32);
	__array(values, struct set_page);
} sets SEC(".maps");

#endif
