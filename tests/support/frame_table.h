/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of frames: every trick there is to get a packet to port 53, and what must not be taken
 * for one. The rows are in tests/frames/, a file for each theme.
 *
 *	ROW(name, why, family, protocol, reach, layers...)
 *
 * @why, @family and @protocol are what the parser must say (of OTHER, only that). @reach is what
 * Linux does without a filter, which the judge measures: see enum frame_reach.
 *
 *	SEQUENCE(name, reach, fate, names of rows...)
 *
 * is rows that belong together: fragments of one datagram.
 */
#ifndef DROP53_TESTS_FRAME_TABLE_H
#define DROP53_TESTS_FRAME_TABLE_H

#include <stddef.h>

#include "drop53.h"
#include "frame.h"

enum frame_reach {
	REACHES, /* a socket receives it, or TCP answers it */
	LOST,	 /* the kernel does not hand it on, or answers nothing */
	DEPENDS, /* on the kernel's version or settings */
};

struct frame_row {
	const char *name;
	enum drop53_reason why;
	enum drop53_family family;
	enum drop53_protocol protocol;
	enum frame_reach reach;
	const struct layer *layers;
};

enum frame_fate { UNTOUCHED, STOPPED }; /* with the filter */

#define FRAME_SEQUENCE_MAX 4

struct frame_sequence {
	const char *name;
	enum frame_reach reach;
	enum frame_fate fate;
	const char *rows[FRAME_SEQUENCE_MAX]; /* ends with NULL, or at the maximum */
};

extern const struct frame_row frame_table[];
extern const size_t frame_table_count;
extern const struct frame_sequence frame_sequences[];
extern const size_t frame_sequences_count;

/* NULL if there is no such row. */
const struct frame_row *frame_table__find(const char *name);

/*
 * As frame__build(), with @nonce added to the identification of fragments and to the source ports
 * that the row leaves open: two datagrams or connections that are not meant to be one differ in it.
 */
size_t frame_row__build(const struct frame_row *row, unsigned int nonce, unsigned char *bytes,
			size_t room);

/*
 * The outermost source address in network byte order, IPv4 in the first four bytes; zeros when the
 * row has no IP header, or none that the parser gets to see.
 */
void frame_row__source(const struct frame_row *row, unsigned char source[16]);

/* "port53", "ipv4"...: the words of drop53.h. */
const char *frame__reason(unsigned int why);

#endif
