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

/* What the parser says, with everything zeroed that it leaves undefined: two can be compared. */
struct packet frame_native__parse(struct frame frame);

/* The same through parse_odd() alone, which must say what parse_packet() says. */
struct packet frame_native__parse_odd(struct frame frame);

/* True if the straight path decides on this frame by itself. */
bool frame_native__is_straight(struct frame frame);

bool frame_native__same(const struct packet *a, const struct packet *b);

/* "port53 ipv4 udp at 14 from c0000201", for messages; in a buffer of its own. */
const char *frame_native__text(const struct packet *packet);

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
