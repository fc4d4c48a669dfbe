/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parser as built natively, and memory in which a read one byte outside a frame faults. */
#ifndef DROP53_TESTS_FRAME_NATIVE_H
#define DROP53_TESTS_FRAME_NATIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "parse.h"

/* A frame in two pieces, either of which may be empty. */
static inline struct frame frame_native__split(const void *linear, size_t linear_length,
					       const void *rest, size_t rest_length)
{
	return (struct frame){
		.data = linear,
		.data_end = (const char *)linear + linear_length,
		.rest = rest,
		.rest_length = rest_length,
	};
}

/* What the parser says, as plain bytes and with all that it leaves undefined zeroed. */
struct finding {
	__u8 why, family, protocol, l3;
	__u8 source[16]; /* IPv4 in the first four; only where the verdict can be a drop */
};

struct finding frame_native__parse(struct frame frame);

/* The same through parse_odd() alone, which says what parse_packet() says, but for the source. */
struct finding frame_native__parse_odd(struct frame frame);

bool frame_native__same(const struct finding *a, const struct finding *b);
bool frame_native__same_but_source(const struct finding *a, const struct finding *b);

/* "port53 family 1 protocol 1 at 14 from c0000201...", for messages; in a buffer of its own. */
const char *frame_native__text(const struct finding *finding);

/* Memory with an inaccessible page behind it and one before it. */
struct frame_guard {
	unsigned char *begin, *end;
};

/* Room for @room bytes; aborts if there is none. */
struct frame_guard frame_guard__new(size_t room);
void frame_guard__free(struct frame_guard *guard);

/* A copy of the bytes that ends where the accessible memory ends. */
unsigned char *frame_guard__at_end(struct frame_guard *guard, const void *bytes, size_t length);

#endif
