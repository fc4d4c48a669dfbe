/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A set of addresses as the program in bpf/ walks it, and the prefixes it was made from.
 *
 * It is one array of 64-byte lines, so that one pointer switches both families, the list as it was
 * given and the generation. Written by loader/lib/compile.c, walked by bpf/set.h. Integers are in
 * host byte order: the array never leaves the machine. A line of zeros as header is an empty set.
 *
 * Only membership is asked for, so a list of prefixes is flattened to its boundaries: the sorted
 * addresses at which "allowed" turns into "not allowed" or back. An address is in the set if an odd
 * number of boundaries are not above it. A trie finds the few that are near enough to matter:
 *
 *	line 0		struct set_header: an entry for each quarter of each family's addresses
 *	from line 1	what the entries point to
 *	list_line	the IPv4 prefixes as struct set_prefix4, from the next whole line on the IPv6
 *			ones as struct set_prefix6; both in order of address, shorter first
 *
 * The header's choice of a quarter uses up two bits, and that is why a line of keys can be searched
 * without a branch: a key of 31 bits in 32, or of 63 in 64, leaves the top bit of a difference to
 * say which is larger.
 */
#ifndef DROP53_SET_LAYOUT_H
#define DROP53_SET_LAYOUT_H

#include <linux/types.h>

#define SET_MAGIC 0x64353302u /* changes with the layout */
#define SET_LINE  64

/*
 * An entry: the type, whether an address below every key is in the set, a size, and a line.
 * Zero is "not in the set".
 */
enum set_type {
	SET_UNIFORM, /* every address alike: SET_ODD is the answer */
	SET_SPLIT,   /* the next `size` bits index an array of entries, 16 a line */
	SET_SKIP,    /* one line, struct set_skip: bits that all boundaries have in common */
	SET_LIST31,  /* one line of keys, see struct set_line */
	SET_LIST63,
	SET_LIST126,
	SET_LONG,    /* 2^size lines of 126-bit keys in ascending order */
};
#define SET_TYPE       7u
#define SET_ODD	       8u
#define SET_SIZE_SHIFT 4
#define SET_SIZE       31u
#define SET_LINE_SHIFT 9
#define SET_MAX_LINES  (1u << (32 - SET_LINE_SHIFT)) /* 512 MiB */

/* At most so many splits and skips, one after the other, lead to a list. */
#define SET_DEPTH 12
/* The top bits of an address choose the root, and so many bits are then left at most. */
#define SET_ROOT_BITS 2
#define SET_ROOTS     (1 << SET_ROOT_BITS)
#define SET_MAX_LONG  (32 - SET_LINE_SHIFT)

enum set_family { SET_IPV4, SET_IPV6, SET_FAMILY__N };

struct set_header {
	__u32 magic;
	__u32 lines;
	__u64 generation;
	__u32 root[SET_FAMILY__N][SET_ROOTS];
	__u32 prefixes[SET_FAMILY__N];
	__u32 list_line;
	__u32 reserved;
};

/*
 * What is left of the address, under the mask, is compared with the bits in common. If they are
 * equal they are used up and `next` goes on; if not, the answer is `below` or `above`.
 */
struct set_skip {
	__u64 mask_high, mask_low;
	__u64 high, low;
	__u32 bits;
	__u32 next;
	__u32 below; /* 0 or 1 */
	__u32 above;
};

/*
 * Keys are what is left of a boundary after the bits used up before the split whose entry led here
 * (not those of the split itself, so that neighbouring slots share a line). A shorter key stands
 * for boundaries whose further bits are all zero. What fills a line up is above every key.
 */
struct set_key126 {
	__u64 high; /* the first 63 bits */
	__u64 low;
};
#define SET_PAD31      0x80000000u
#define SET_PAD63      0x8000000000000000ull
#define SET_PAD126HIGH 0x7fffffffffffffffull
#define SET_PAD126LOW  0x8000000000000000ull

struct set_prefix4 {
	__be32 address;
	__u8 length;
	__u8 except; /* 1: taken out of a shorter prefix */
	__u16 reserved;
};

struct set_prefix6 {
	__be32 address[4];
	__u8 length;
	__u8 except;
	__u16 reserved[3];
};

struct set_line {
	union {
		struct set_header header;
		__u32 entry[SET_LINE / sizeof(__u32)];
		struct set_skip skip;
		__u32 key31[SET_LINE / sizeof(__u32)];
		__u64 key63[SET_LINE / sizeof(__u64)];
		struct set_key126 key126[SET_LINE / sizeof(struct set_key126)];
		__u8 byte[SET_LINE];
	};
} __attribute__((aligned(SET_LINE)));

#define SET_ENTRIES (SET_LINE / sizeof(__u32))
#define SET_KEYS31  (SET_LINE / sizeof(__u32))
#define SET_KEYS63  (SET_LINE / sizeof(__u64))
#define SET_KEYS126 (SET_LINE / sizeof(struct set_key126))

_Static_assert(sizeof(struct set_line) == SET_LINE, "a value of the map is one line");
_Static_assert(sizeof(struct set_header) == SET_LINE, "the header is one line");
_Static_assert(sizeof(struct set_prefix4) == 8 && sizeof(struct set_prefix6) == 24, "no holes");

#endif
