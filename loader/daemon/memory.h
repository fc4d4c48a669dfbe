/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the daemon must not forget when it is killed: the series by source. It is kept in a map
 * pinned beside the filter's, in two halves: one is written while the other holds.
 */
#ifndef DROP53_MEMORY_H
#define DROP53_MEMORY_H

#include "lib/filter.h"
#include "lib/topk.h"

struct diag;

#define PIN_SERIES "series"

struct memory_record {
	__u32 version;
	__u32 half; /* which of the two holds */
	struct {
		__u64 epochs; /* the filter's, that these counts belong to */
		struct topk topk;
	} half_of[2];
};

struct memory {
	int map;
	struct memory_record *record; /* NULL: closed */
};

/* The pinned memory of this filter, a new one if there is none. */
int memory__open(struct memory *memory, const struct filter *filter, struct diag *diag);
void memory__close(struct memory *memory);

/* @topk: empty if it belongs to counts that were reset since */
void memory__load(const struct memory *memory, __u64 epochs, struct topk *topk);

/* Killed at any instant, what was holds or what is. */
void memory__store(struct memory *memory, __u64 epochs, const struct topk *topk);

/* Pins it again where somebody has replaced the filter's directory (an upgrade). */
void memory__keep(const struct memory *memory, const struct filter *filter);

#endif
