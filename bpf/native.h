/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The frame as parse.h sees it where there is no kernel: unit tests, fuzzers, and `explain` for
 * what BPF_PROG_TEST_RUN refuses. A frame lies in two pieces, as a multi-buffer frame does.
 */
#ifndef DROP53_NATIVE_H
#define DROP53_NATIVE_H

#include <string.h>

#include "drop53.h"

struct frame {
	const void *data; /* the linear part */
	const void *data_end;
	const void *rest; /* what follows it in other buffers; may be NULL */
	__u32 rest_length;
};

#define frame_data(frame)     ((frame)->data)
#define frame_data_end(frame) ((frame)->data_end)

/* Same contract as the program's: four bytes in wire order, or -1 past the end of the frame. */
static inline long long frame_load32(const struct frame *frame, __u32 offset)
{
	__u32 linear = (const char *)frame->data_end - (const char *)frame->data, i;
	__u8 bytes[4];
	__u32 word;

	if ((__u64)offset + 4 > (__u64)linear + frame->rest_length)
		return -1;
	for (i = 0; i < 4; i++, offset++)
		bytes[i] = offset < linear ? ((const __u8 *)frame->data)[offset]
					   : ((const __u8 *)frame->rest)[offset - linear];
	memcpy(&word, bytes, 4);
	return word;
}

#endif
