/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Builds Ethernet frames out of a list of headers, so that a test says what a frame *is*:
 *
 *	const struct layer *layers = LAYERS(ETH(), TAG(.vid = 5), IP4(.ttl = 1), UDP(.dport = 53));
 *	size_t length = frame__build(layers, bytes, sizeof(bytes));
 *
 * A field that is left out (0) gets what a well-formed frame would hold: lengths, checksums and
 * the number of the header that follows are worked out. Any other value is written as it is,
 * right or wrong; ZERO writes a real zero.
 */
#ifndef DROP53_TESTS_FRAME_H
#define DROP53_TESTS_FRAME_H

#include <stddef.h>

#define FRAME_MAX    16384 /* bytes; more than the largest MTU that the tests use */
#define FRAME_LAYERS 400   /* in one list, every .repeat counted */

#define ZERO	     (-1)
#define WRONG	     (-2) /* a checksum that is off by one */

/* Where frames go and come from unless a layer says otherwise: the judge's namespace has these. */
#define FRAME_MAC_HERE	"02:00:00:00:00:53"
#define FRAME_MAC_THERE "02:00:00:00:00:01"
#define FRAME_IP4_HERE	"192.0.2.53"
#define FRAME_IP4_THERE "192.0.2.1"
#define FRAME_IP6_HERE	"2001:db8::53"
#define FRAME_IP6_THERE "2001:db8::1"
#define FRAME_SPORT	20000

enum layer_kind {
	LAYER_END,
	LAYER_ETH,
	LAYER_TAG,
	LAYER_IP4,
	LAYER_IP6,
	LAYER_EXT,
	LAYER_FRAG,
	LAYER_AH,
	LAYER_UDP,
	LAYER_TCP,
	LAYER_DATA,
	LAYER_TRAILER,
	LAYER_CUT,
};

struct layer {
	enum layer_kind kind;
	int repeat; /* this many of them, one after the other */
	int type;   /* TAG: the TPID (0x8100); EXT: its number (60; hop-by-hop is ZERO) */
	int next;   /* EtherType or protocol of what follows */
	int length; /* the length field, in its own unit */
	/*
	 * Bytes of IP4's and TCP's options, of EXT behind its first two, of AH's check value, of
	 * DATA and TRAILER; how much CUT takes off. Options and EXT are rounded up as they must be.
	 */
	int size;
	/* What these bytes are. NULL: 0x0035 again and again, so that whoever reads ports where
	 * there are none finds 53; in options that Linux skips, where it has to be options. */
	const char *bytes;

	const char *src, *dst; /* ETH, IP4, IP6 */
	int vid;	       /* TAG: the whole TCI */
	int version, ihl, ttl, id, checksum;
	int offset, more, flags; /* IP4 and FRAG: in units of 8; the other two flag bits */
	int reserved;		 /* FRAG and AH: the reserved byte or field */
	/* IP4 and FRAG: this fragment carries .keep payload bytes (0: all), .from on. */
	int from, keep;
	int sport, dport, doff;
};

/* clang-format off */
#define ETH(...)     { .kind = LAYER_ETH, __VA_ARGS__ }
#define TAG(...)     { .kind = LAYER_TAG, __VA_ARGS__ }
#define IP4(...)     { .kind = LAYER_IP4, __VA_ARGS__ }
#define IP6(...)     { .kind = LAYER_IP6, __VA_ARGS__ }
#define EXT(...)     { .kind = LAYER_EXT, __VA_ARGS__ }
#define FRAG(...)    { .kind = LAYER_FRAG, __VA_ARGS__ }
#define AH(...)      { .kind = LAYER_AH, __VA_ARGS__ }
#define UDP(...)     { .kind = LAYER_UDP, __VA_ARGS__ }
#define TCP(...)     { .kind = LAYER_TCP, __VA_ARGS__ }
#define DATA(...)    { .kind = LAYER_DATA, __VA_ARGS__ }
/* Bytes behind the packet that no length field counts: padding, trailers. */
#define TRAILER(...) { .kind = LAYER_TRAILER, __VA_ARGS__ }
/* The frame as built, without its last bytes. */
#define CUT(n)       { .kind = LAYER_CUT, .size = (n) }
#define LAYERS(...)  ((const struct layer[]){ __VA_ARGS__, { .kind = LAYER_END } })
/* clang-format on */

/* The content of a layer, as a string literal: DATA(BYTES("\x00\x35")). */
#define BYTES(text) .bytes = (text), .size = sizeof(text) - 1

/* TCP flags, for .flags. */
#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10
#define URG 0x20
#define ECE 0x40
#define CWR 0x80

/*
 * @layers: ends with a LAYER_END.
 * Returns the frame's length in @bytes. A list that does not fit @room or that names an address
 * that is none is the test's own mistake: aborts with a message.
 */
size_t frame__build(const struct layer *layers, unsigned char *bytes, size_t room);

#endif
