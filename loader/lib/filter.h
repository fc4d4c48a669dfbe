/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The filter in the kernel: loading it, and finding it again through its pins. */
#ifndef DROP53_FILTER_H
#define DROP53_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "drop53.h"
#include "lib/state.h"

struct diag;

/* What is decided once, at load. Zero is the default everywhere. */
struct filter_options {
	__u32 sources; /* slots over all possible CPUs; 0: what fills 16 MiB */
	__u8 source_length[DROP53_FAMILY__N]; /* prefix length of a source; 0: the whole address */
};

/* Descriptors are -1 where they are not open. */
struct filter {
	struct state *state; /* borrowed */
	int program;	     /* for interfaces whose frames fit into one buffer */
	int program_frags;   /* for jumbo frames; -1 where the kernel has no xdp.frags */
	int explain;
	int settings_fd;
	int counters;
	int cpus;
	int sources;
	int sets;
	/*
	 * The program's own record, mapped: aligned words may be written one at a time. In a
	 * filter that was opened to be read (or by somebody who may not write) it is a copy.
	 */
	struct drop53_settings *settings;
	bool mapped;
	__u64 wall_offset; /* CLOCK_REALTIME - CLOCK_MONOTONIC in ns, when it was opened */
};

/* Nothing open yet: filter__close() may be called. */
void filter__init(struct filter *filter, struct state *state);

/* How much of a filter to open. */
enum filter_access {
	FILTER_READ,  /* what may be opened; the tables at least, read-only if need be */
	FILTER_WRITE, /* everything, and the settings writable */
};

/*
 * Opens the pinned filter. -ENOENT if there is none; -EPROTO if another version of drop53 made it;
 * -EACCES if the pins may not be read.
 * @filter is closed with filter__close() by the caller, also after a failure.
 */
int filter__open(struct filter *filter, struct state *state, enum filter_access access,
		 struct diag *diag);

/*
 * Loads the program with fresh tables and pins them, attached to nothing: built aside and renamed,
 * so that there is a whole filter or none. The state must be locked and hold no filter.
 */
int filter__create(struct filter *filter, struct state *state, const struct filter_options *options,
		   struct diag *diag);

/* Unpins everything. The kernel frees what nothing uses any more. */
int filter__remove(struct filter *filter, struct diag *diag);

void filter__close(struct filter *filter);

/* True if the filter was loaded with these options, as far as they are given. */
bool filter__matches(const struct filter *filter, const struct filter_options *options);

/* Whether the kernel has multi-buffer frames (Linux 5.18). */
bool filter__frags(const struct filter *filter);

/* Slots over all CPUs. */
__u32 filter__capacity(const struct filter *filter);

/* A program's kernel id and tag (16 hex digits and NUL). */
int filter__program_info(int program, __u32 *id, char tag[17]);

/* Wall-clock nanoseconds (CLOCK_REALTIME) of a jiffies64 value, by the filter's anchor. */
__u64 filter__wall_time(const struct filter *filter, __u64 jiffies);

/* The current jiffies64, from the anchor and CLOCK_MONOTONIC: right to a tick. */
__u64 filter__jiffies_now(const struct filter *filter);

/* The inode of the caller's network namespace, or 0. */
__u64 filter__netns(void);

#endif
