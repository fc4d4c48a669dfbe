/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/set_store.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/diag.h"

#define FEW_TABLES		  16

#define CLASS_LINES(class, lines) [class] = lines,
static const __u32 class_lines[SET_CLASS__N] = {SET_CLASSES(CLASS_LINES)};

/* The tables of one set. */
struct tables {
	__u32 class;
	__u32 n;
	int table[SET_PAGES]; /* descriptors; -1: none */
};

/*
 * The smallest tables of which a few are enough: little is wasted, and a kernel that waits for
 * packets at each (before 6.8) does not wait for long.
 */
static __u32 class_of(__u32 lines)
{
	__u32 i = 0;

	while (i < SET_CLASS__N - 1 && FEW_TABLES * class_lines[i] < lines)
		i++;
	return i;
}

static __u32 tables_of(__u32 lines)
{
	__u32 size = class_lines[class_of(lines)];

	return (lines + size - 1) / size;
}

__u64 set_store__bytes(__u32 lines)
{
	return (__u64)tables_of(lines) * class_lines[class_of(lines)] * SET_LINE;
}

static int create(__u32 lines, const char *name, struct diag *diag)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int map =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(__u32), SET_LINE, lines, &options);

	if (map < 0)
		return diag__fail(diag, -map, "cannot make a table of %zu bytes for the list: %s",
				  (size_t)lines * SET_LINE, strerror(-map));
	return map;
}

/* Copies lines to the beginning of a map. */
static int fill(int map, const struct set_line *lines, __u32 n, struct diag *diag)
{
	size_t bytes = (size_t)n * SET_LINE;
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);

	if (at == MAP_FAILED)
		return diag__fail(diag, errno, "cannot map a table of the list: %s",
				  strerror(errno));
	memcpy(at, lines, bytes);
	munmap(at, bytes);
	return 0;
}

static void close_tables(struct tables *tables)
{
	__u32 i;

	for (i = 0; i < tables->n; i++)
		if (tables->table[i] >= 0)
			close(tables->table[i]);
	tables->n = 0;
}

static int make_tables(struct tables *tables, const struct set_line *lines, __u32 n,
		       struct diag *diag)
{
	__u32 size, part;
	int err = 0;

	tables->class = class_of(n);
	size = class_lines[tables->class];
	for (; n && !err; n -= part, lines += part) {
		part = n < size ? n : size;
		err = create(size, "set_table", diag);
		if (err < 0)
			break;
		tables->table[tables->n++] = err;
		err = fill(err, lines, part, diag);
	}
	if (err)
		close_tables(tables);
	return err;
}

/*
 * Returns when no packet is on its way any more that was when it was called. There is no call for
 * that; but one that changes a map of maps does it, also if nobody uses that map.
 */
static int wait_for_packets(struct diag *diag)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	const __u32 slot = 0;
	int inner = -1, outer = -1, err = 0;

	inner = create(1, "set_wait", diag);
	if (inner < 0)
		return inner;
	options.inner_map_fd = inner;
	outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "set_wait", sizeof(slot), sizeof(inner),
			       1, &options);
	if (outer < 0)
		err = diag__fail(diag, -outer, "cannot make a map: %s", strerror(-outer));
	else if (bpf_map_update_elem(outer, &slot, &inner, BPF_ANY))
		err = diag__fail(diag, errno, "cannot change a map: %s", strerror(errno));
	if (outer >= 0)
		close(outer);
	close(inner);
	return err;
}

/* Takes out what a slot holds, but for the first @keep tables of a class: they are replaced. */
static int clear(const struct set_store *store, __u32 slot, __u32 class, __u32 keep,
		 struct diag *diag)
{
	__u32 other, page, key, id;

	for (other = 0; other < SET_CLASS__N; other++)
		for (page = other == class ? keep : 0; page < SET_PAGES; page++) {
			key = slot * SET_PAGES + page;
			if (bpf_map_lookup_elem(store->outer[other], &key, &id))
				continue;
			if (bpf_map_delete_elem(store->outer[other], &key))
				return diag__fail(diag, errno, "cannot take the old list out: %s",
						  strerror(errno));
		}
	return 0;
}

/* At once if the kernel can (5.13): each call waits for the packets on their way. */
static int install(const struct set_store *store, __u32 slot, const struct tables *tables,
		   struct diag *diag)
{
	int outer = store->outer[tables->class];
	__u32 keys[SET_PAGES], done = tables->n, i;
	LIBBPF_OPTS(bpf_map_batch_opts, options);

	for (i = 0; i < tables->n; i++)
		keys[i] = slot * SET_PAGES + i;
	if (tables->n > 1 && !bpf_map_update_batch(outer, keys, tables->table, &done, &options) &&
	    done == tables->n)
		return 0;
	for (i = 0; i < tables->n; i++)
		if (bpf_map_update_elem(outer, &keys[i], &tables->table[i], BPF_ANY))
			return diag__fail(diag, errno, "cannot put the list in place: %s",
					  strerror(errno));
	return 0;
}

int set_store__put(const struct set_store *store, __u32 slot, const struct blob *blob, __u32 *class,
		   struct diag *diag)
{
	struct tables tables = {};
	int err;

	err = make_tables(&tables, blob->lines, blob->lines->header.list_line, diag);
	if (!err)
		err = wait_for_packets(diag);
	if (!err)
		err = clear(store, slot, tables.class, tables.n, diag);
	if (!err)
		err = install(store, slot, &tables, diag);
	if (!err)
		*class = tables.class;
	close_tables(&tables);
	return err;
}

int set_store__clear(const struct set_store *store, __u32 slot, struct diag *diag)
{
	int err = wait_for_packets(diag);

	return err ? err : clear(store, slot, 0, 0, diag);
}

int set_store__list(const struct blob *blob, struct diag *diag)
{
	__u32 first = blob->lines->header.list_line;
	struct set_header header = {
		.magic = SET_MAGIC,
		.list_line = 1,
		.generation = blob->lines->header.generation,
	};
	struct set_line *at;
	size_t bytes;
	int map;

	map = create(blob->n - first + 1, "set_list", diag);
	if (map < 0)
		return map;
	bytes = (size_t)(blob->n - first + 1) * SET_LINE;
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (at == MAP_FAILED) {
		int err = errno;

		close(map);
		return diag__fail(diag, err, "cannot map the list: %s", strerror(err));
	}
	memcpy(header.prefixes, blob->lines->header.prefixes, sizeof(header.prefixes));
	at->header = header;
	memcpy(&at[1], &blob->lines[first], bytes - SET_LINE);
	munmap(at, bytes);
	return map;
}
