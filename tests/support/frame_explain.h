/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why other parsers see a frame differently. Every explanation is a known trait of theirs or a
 * deliberate one of drop53, and fits only frames that have what it speaks of.
 */
#ifndef DROP53_TESTS_FRAME_EXPLAIN_H
#define DROP53_TESTS_FRAME_EXPLAIN_H

#include "frame_anatomy.h"
#include "frame_tshark.h"

/* One frame, and everybody's word on it. */
struct sight {
	size_t number;
	const unsigned char *bytes;
	size_t length;
	struct anatomy anatomy;
	bool stopped; /* by drop53 */
	bool pcap_53;
	bool pcap_transport; /* asked only where sight__protochain_is_sound() */
	struct tshark_opinion tshark;
};

struct explanation {
	const char *text; /* the last one's is NULL */
	bool (*fits)(const struct sight *sight);
};

#define EXPLANATIONS_MAX 8

extern const struct explanation pcap_explanations[];   /* pcap_53 is not what drop53 says */
extern const struct explanation tshark_explanations[]; /* tshark says another port */

/*
 * libpcap's protochain (1.10) reckons an AH's length from the packet's begin, so that it may even
 * walk in circles, and takes a fragment header's reserved byte for a length. All other chains that
 * both walk to the end it must see as drop53 does.
 */
bool sight__protochain_is_sound(const struct sight *sight);

bool sight__tshark_says_53(const struct sight *sight);

/* The index of the first one that fits; -1 if none does. */
int sight__explain(const struct sight *sight, const struct explanation *explanations);

#endif
