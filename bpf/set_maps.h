/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where compiled sets lie in the kernel: an outer map for each size of table, see set_layout.h.
 * To be included before set.h.
 */
#ifndef DROP53_SET_MAPS_H
#define DROP53_SET_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "drop53.h"
#include "set_layout.h"

/* Written by user space, for a slot that no packet looks into; `settings` says which they do. */
#define SET_MAPS(class, lines)                                  \
	struct set_table##class                                 \
	{                                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);               \
		__uint(map_flags, BPF_F_MMAPABLE);              \
		__uint(max_entries, lines);                     \
		__uint(key_size, sizeof(__u32));                \
		__uint(value_size, SET_LINE);                   \
	};                                                      \
	struct {                                                \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);       \
		__uint(max_entries, DROP53_SETS__N *SET_PAGES); \
		__type(key, __u32);                             \
		__array(values, struct set_table##class);       \
	} sets##class SEC(".maps");
SET_CLASSES(SET_MAPS)

struct set_image {
	__u32 class;
	__u32 slot;
};

/*
 * One look-up for each class, as each call must be of one kind of map for the kernel to write the
 * look-up in its place. They would be the same code otherwise, and the compiler makes one of what
 * is the same: the statement at the end of each, which does nothing but name the class, keeps it
 * from that. (It must be an instruction: two lines of source at one are refused at load.)
 */
#define SET_LOOK_UP(class, lines)                                   \
	case class:                                                 \
		page += number / (lines);                           \
		number %= (lines);                                  \
		table = bpf_map_lookup_elem(&sets##class, &page);   \
		if (table)                                          \
			line = bpf_map_lookup_elem(table, &number); \
		asm volatile("%0 = %0" : "+r"(line) : "i"(class));  \
		break;

static __always_inline const struct set_line *set__line(const struct set_image *set, __u32 number)
{
	__u32 page = set->slot * SET_PAGES;
	struct set_line *line = NULL;
	void *table;

	switch (set->class) {
		SET_CLASSES(SET_LOOK_UP)
	}
	return line;
}

#endif
