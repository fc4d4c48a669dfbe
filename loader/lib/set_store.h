/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Compiled sets in the kernel: the tables of include/set_layout.h that bpf/set_maps.h looks into,
 * and beside them the list as it was given, which no packet needs, in a map of its own.
 */
#ifndef DROP53_SET_STORE_H
#define DROP53_SET_STORE_H

#include "lib/compile.h"

struct diag;

/* The outer maps `sets0` and so on, by class. Descriptors of the caller's. */
struct set_store {
	int outer[SET_CLASS__N];
};

/*
 * Puts the compiled lines of a blob (those before its list) into a slot, which must not be in
 * force, and takes out what was there. Every table is a new one, and the kernel waits until no
 * packet can be looking into the slot, before and after: some 10 ms each time. On an error the
 * slot's contents are undefined.
 * @class: on success the size of its tables, for `settings` and struct set_image
 */
int set_store__put(const struct set_store *store, __u32 slot, const struct blob *blob, __u32 *class,
		   struct diag *diag);

/* Empties a slot that is not in force, to give its memory back. */
int set_store__clear(const struct set_store *store, __u32 slot, struct diag *diag);

/* What the tables of a set take, in bytes. @lines: compiled lines, header.list_line */
__u64 set_store__bytes(__u32 lines);

/*
 * A new map with the list of a blob as it was given, for compile__read(): its header, and the
 * prefixes behind it. Returns its descriptor, for the caller to pin and close, or -errno.
 */
int set_store__list(const struct blob *blob, struct diag *diag);

#endif
