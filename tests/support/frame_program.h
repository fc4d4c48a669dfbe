/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The program and its twin `explain`, loaded with small tables of their own and pinned nowhere,
 * to run single frames through.
 */
#ifndef DROP53_TESTS_FRAME_PROGRAM_H
#define DROP53_TESTS_FRAME_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "drop53.h"

struct frame_program;

enum frame_variant {
	FRAME_PLAIN, /* for kernels without multi-buffer XDP */
	FRAME_FRAGS,
};

/* NULL with errno set if this kernel does not load that variant. */
struct frame_program *frame_program__load(enum frame_variant variant);
void frame_program__free(struct frame_program *program);

bool frame_program__has_frags(const struct frame_program *program);

#define FRAME_ALL_LINEAR 0xffffffffu

/*
 * Runs the frame of @length bytes, its first @linear ones in the linear part (or as many as fit,
 * with FRAME_ALL_LINEAR).
 * Returns -errno if the kernel refuses to run it: Linux before 6.18 has no say over @linear.
 */
int frame_program__explain(struct frame_program *program, const void *frame, size_t length,
			   unsigned int linear, __u32 *word);
int frame_program__filter(struct frame_program *program, const void *frame, size_t length,
			  unsigned int linear, __u32 *action);

void frame_program__set_policy(struct frame_program *program, enum drop53_policy policy);

/* Everything that the program may write, as it is now. */
struct frame_accounts {
	struct drop53_count cell[DROP53_CELLS]; /* over all CPUs and interfaces */
	/* By account: the sum over all sources, and `untracked`. */
	struct drop53_count sources[DROP53_ACCOUNT__N];
	__u64 hash; /* of every byte in every table */
};
void frame_program__accounts(struct frame_program *program, struct frame_accounts *accounts);

/* The packets counted for this source; @address as in struct drop53_source. */
__u64 frame_program__source_packets(struct frame_program *program, enum drop53_family family,
				    const unsigned char address[16]);

#endif
