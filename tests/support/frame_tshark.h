/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What Wireshark's dissectors say of many frames at once: one process for a whole batch. */
#ifndef DROP53_TESTS_FRAME_TSHARK_H
#define DROP53_TESTS_FRAME_TSHARK_H

#include <stdbool.h>
#include <stddef.h>

#include "drop53.h"
#include "frame_generate.h"

struct tshark_opinion {
	enum drop53_protocol protocol; /* of the outermost UDP or TCP header it found, */
	unsigned int port;	       /* and its destination port */
	enum drop53_family family;     /* of the outermost IP header */
	unsigned char source[16];
};

bool frame_tshark__is_there(void);

/*
 * Only Ethernet, tags, IP, its extension headers, UDP and TCP are dissected, no fragment is put
 * together and nothing is guessed. @opinions: one for each frame.
 * Returns -errno if tshark cannot be run or says something that is not understood.
 */
int frame_tshark__ask(const struct frame_batch *batch, struct tshark_opinion *opinions);

#endif
