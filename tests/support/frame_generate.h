/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frames at random: built by structure, header upon header as the table's are, with fields that
 * are wrong now and then; some of them mutated afterwards, byte by byte. The same seed gives the
 * same frames.
 */
#ifndef DROP53_TESTS_FRAME_GENERATE_H
#define DROP53_TESTS_FRAME_GENERATE_H

#include <stddef.h>
#include <stdint.h>

#include "frame.h"

#define FRAME_NOISE 4096

struct frame_generator {
	uint64_t state;
	char noise[FRAME_NOISE]; /* what options and payloads are filled with */
	struct layer layers[64];
	unsigned int count;
};

void frame_generator__seed(struct frame_generator *generator, uint64_t seed);

/* The next frame, of 1 to FRAME_MAX bytes. Returns its length. */
size_t frame_generator__next(struct frame_generator *generator, unsigned char *bytes);

/* Frames, one behind the other. All zero is an empty batch. */
struct frame_batch {
	unsigned char *bytes;
	size_t room, count;
	size_t *length; /* of each */
};

/* Replaces what is in the batch by the next @count frames. Aborts where there is no memory. */
void frame_batch__generate(struct frame_batch *batch, struct frame_generator *generator,
			   size_t count);
void frame_batch__free(struct frame_batch *batch);

#endif
