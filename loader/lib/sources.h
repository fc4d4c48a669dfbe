/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Dropped and allowed packets by source: reading the table while packets write it. */
#ifndef DROP53_SOURCES_H
#define DROP53_SOURCES_H

#include <stddef.h>

#include "drop53.h"
#include "lib/filter.h"

struct diag;

/* One source, over all CPUs. */
struct source {
	__u8 address[16]; /* network byte order, cut to the source length; IPv4 in the first four */
	enum drop53_family family;
	struct drop53_count count;
	__u64 tcp_packets; /* UDP's are the rest */
	__u64 first_seen;  /* jiffies */
	__u64 last_seen;
};

struct source_table {
	struct source *sources;
	size_t n;
	enum drop53_account account;
	struct drop53_count total;     /* as the counters say */
	struct drop53_count untracked; /* in no slot, or in one that was evicted */
	__u32 capacity;		       /* slots over all CPUs that the account may use */
	__u8 length[DROP53_FAMILY__N]; /* prefix length that sources are cut to */
};

enum source_order {
	SOURCES_BY_ADDRESS,
	SOURCES_BY_PACKETS,
	SOURCES_BY_BYTES,
	SOURCES_BY_LAST_SEEN
};

/*
 * Reads one account out of the table, whole lines only and in no order, and adds up what CPUs have
 * of the same source. At rest sum(sources) + untracked = total, to the packet and the byte.
 * @table: free with sources__free()
 */
int sources__read(const struct filter *filter, enum drop53_account account,
		  struct source_table *table, struct diag *diag);

/* Cuts every source to the given prefix lengths (0: leave as it is) and adds up what coincides. */
int sources__aggregate(struct source_table *table, const __u8 length[DROP53_FAMILY__N],
		       struct diag *diag);

/* Sorts: by address ascending, by anything else descending, ties by address. */
int sources__sort(struct source_table *table, enum source_order order, struct diag *diag);

void sources__free(struct source_table *table);

/* By family and address, for qsort(3). */
int source__compare(const void *a, const void *b);

/* Adds what is counted of the same source elsewhere. */
void source__add(struct source *sum, const struct source *more);

/* One CPU's share of a source, for those who cannot afford the whole table. */
struct source_slot {
	__u32 index;  /* in the table */
	__u32 tenant; /* another number: the slot has changed hands in between */
	struct source source;
};

/* What a walk over the table adds up to. */
struct source_summary {
	__u32 tracked;		       /* distinct sources of dropped packets */
	__u32 allowed;		       /* and of allowed ones */
	__u32 capacity;		       /* slots over all CPUs */
	struct drop53_count untracked; /* of dropped packets, as in struct source_table */
};

/*
 * Walks the table a set at a time, so that memory does not grow with it (where the table can be
 * mapped and the CPU keeps stores in order; elsewhere a copy is taken and freed again).
 * @visit: called for each slot that has dropped packets; may be NULL
 */
typedef void (*source_visitor)(void *context, const struct source_slot *slot);
int sources__each(const struct filter *filter, source_visitor visit, void *context,
		  struct source_summary *summary, struct diag *diag);

/*
 * "192.0.2.1", or "192.0.2.0/24" where @length says that the source is a prefix.
 * @text: at least SOURCE_TEXT bytes. Returns its length.
 */
#define SOURCE_TEXT 64
int source__format(const struct source *source, const __u8 length[DROP53_FAMILY__N], char *text);

#endif
