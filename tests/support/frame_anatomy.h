/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A second opinion: what docs/drop53.8 promises of a frame, written down the long way, and what
 * there is about it that other parsers see differently. Shares no code with bpf/parse.h.
 */
#ifndef DROP53_TESTS_FRAME_ANATOMY_H
#define DROP53_TESTS_FRAME_ANATOMY_H

#include <stdbool.h>
#include <stddef.h>

#include "drop53.h"

struct anatomy {
	enum drop53_reason why;
	enum drop53_family family;
	enum drop53_protocol protocol;
	const unsigned char *source; /* where the source address lies; NULL: there is none */

	unsigned int tags;	 /* 0x8100 and 0x88a8, as many as there are */
	unsigned int ethertype;	 /* behind the tags */
	unsigned int version;	 /* what the IP header says that it is, right or wrong */
	unsigned int extensions; /* walked: IPv6's, and AH under both */
	bool reserved_byte;	 /* a fragment header's is set, */
	bool authentication;	 /* or an AH is among the extensions */
	/* Options that are broken or neither padding nor 0x1e; a routing header but type 0, 0 left
	 */
	bool odd_content;
	unsigned int number; /* protocol or next header at which the walk ended */
	size_t transport;    /* where UDP or TCP begins, if why is PORT53 */
	size_t packet_end;   /* where the packet ends by its own length field */
};

struct anatomy anatomy__of(const unsigned char *bytes, size_t length);

#endif
