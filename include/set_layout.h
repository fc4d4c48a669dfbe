/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A set of addresses as the program in bpf/ walks it, and the prefixes it was made from.
 *
 * It is one array of 64-byte lines. Written by loader/lib/compile.c, put into the kernel by
 * loader/lib/set_pages.c, walked by bpf/set.h. Integers are in host byte order: the array never
 * leaves the machine. A line of zeros as header is an empty set.
 *
 * Only membership is asked for, so a list of prefixes is flattened to its boundaries: the sorted
 * addresses at which "allowed" turns into "not allowed" or back. An address is in the set if an odd
 * number of boundaries are not above it. A trie leads to the few that are near enough to matter;
 * what a packet pays for is lines that are not in the cache, so its nodes are arrays of lines, and
 * a line holds its own keys: mostly, one line behind the header decides.
 *
 *	line 0		struct set_header: with an entry for each part of each family's addresses
 *	from line 1	struct set_bucket, struct set_far: what the entries point to
 *	list_line	the IPv4 prefixes as struct set_prefix4, from the next whole line on the
 *			IPv6 ones as struct set_prefix6; both in order of address, shorter first
 *
 * The program gets the lines before list_line, in pages: each is the only value of a map of its
 * own, all of one size, so that the verifier writes the look-up of a line into the program's own
 * code, where one array that grows takes a call a line. One page is small enough for a list of ten
 * prefixes, and for kmalloc.
 */
#ifndef DROP53_SET_LAYOUT_H
#define DROP53_SET_LAYOUT_H

#include <linux/types.h>

#define SET_MAGIC 0x64353303u /* changes with the layout */
#define SET_LINE  64

/*
 * A page and the kernel's header before it are at most 32 KiB. Where on a cache line the header
 * ends is the kernel's matter: a page has one line more than it holds, for the array to begin on a
 * line again, `line_skew` bytes (drop53.h) into the value.
 */
#define SET_PAGE_LINES 504
#define SET_PAGE_BYTES ((SET_PAGE_LINES + 1) * SET_LINE)
#define SET_PAGE_SHIFT 13 /* pages a set has at most: 264 MB */
#define SET_MAX_PAGES  (1u << SET_PAGE_SHIFT)
#define SET_ALL_PAGES  (SET_MAX_PAGES * SET_PAGE_LINES) /* in lines */

/*
 * An entry: the type, an answer, a size, and a line. Zero is "not in the set".
 */
enum set_type {
	SET_UNIFORM, /* every address alike: SET_ODD is the answer */
	SET_SPLIT,   /* the next `size` bits choose one of so many buckets */
	SET_SKIP,    /* this bucket is a struct set_skip */
	SET_LIST,    /* this bucket has keys, of enum set_lanes `size` */
	SET_LONG,    /* 2^size lines of struct set_far, in ascending order over all */
};

#define SET_TYPE       7u
#define SET_ODD	       8u /* lists: an address below all keys is in the set */
#define SET_SIZE_SHIFT 4
#define SET_SIZE       31u
#define SET_LINE_SHIFT 9
#define SET_MAX_LINES  (1u << (32 - SET_LINE_SHIFT)) /* 512 MiB */
#define SET_MAX_LONG   (32 - SET_LINE_SHIFT)

/* At most so many splits and skips, one after the other, lead to a list. */
#define SET_DEPTH 12

/* The first bits of an address choose its root. IPv6: all of 2000::/3 is one. */
#define SET_ROOT_BITS4 1
#define SET_ROOT_BITS6 3
#define SET_ROOTS4     (1 << SET_ROOT_BITS4)
#define SET_ROOTS6     (1 << SET_ROOT_BITS6)

enum set_family { SET_IPV4, SET_IPV6, SET_FAMILY__N };

/* Where the walk begins: each root is a SET_UNIFORM or a SET_SPLIT. */
struct set_roots {
	__u32 ipv4[SET_ROOTS4];
	__u32 ipv6[SET_ROOTS6];
};

/* The program has the roots from drop53.h's settings, and so needs no line for the header. */
struct set_header {
	__u32 magic;
	__u32 list_line;
	__u64 generation;
	__u32 prefixes[SET_FAMILY__N];
	struct set_roots roots;
};

/*
 * What is left of the address, under the mask, is compared with the bits in common. If they are
 * equal they are used up and `next` goes on; if not, the answer is `below` or `above`.
 */
struct set_skip {
	__u64 mask_high, mask_low;
	__u64 high, low;
	__u32 bits;
	__u32 next;  /* entry */
	__u32 below; /* 0 or 1 */
	__u32 above;
};

/*
 * A key is the first bits of what is left of a boundary behind the bits that lead to its bucket:
 * 15, 31 or 63 of them in a lane one bit wider, so that a word of lanes is compared in one
 * subtraction, the spare bit of each lane catching the borrow. What fills up has that bit set.
 */
enum set_lanes { SET_LANES15, SET_LANES31, SET_LANES63 };
#define SET_WORDS 7 /* of lanes in a bucket */

/*
 * Where a boundary has further bits its key is not exact. An address whose key is equal to one then
 * also asks the boundaries with that key themselves, which lie in `far`. Those with one key are
 * always an even number (the address that the key alone stands for is put before an odd one), so
 * that several buckets share a line of them.
 */
struct set_bucket {
	__u32 entry;
	__u32 far; /* line << 1; lowest bit: it and the next; 0: every key is exact */
	union {
		__u64 word[SET_WORDS];
		__u16 key15[4 * SET_WORDS];
		__u32 key31[2 * SET_WORDS];
		__u64 key63[SET_WORDS];
		struct set_skip skip;
	};
};

/*
 * A boundary behind the bits used up before the split that led to the bucket (SET_LONG: to its
 * entry). The root has used up two bits of IPv6 at least, so that 63 and 63 are left at most.
 */
struct set_far {
	__u64 high;
	__u64 low;
};
#define SET_FARS     (SET_LINE / sizeof(struct set_far)) /* in a line */
#define SET_PAD_HIGH 0x7fffffffffffffffull		 /* above every address */
#define SET_PAD_LOW  0x8000000000000000ull

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
		struct set_bucket bucket;
		struct set_far far[SET_FARS];
	};
} __attribute__((aligned(SET_LINE)));

_Static_assert(sizeof(struct set_line) == SET_LINE, "a value of the map is one line");
_Static_assert(sizeof(struct set_header) == SET_LINE, "the header is one line");
_Static_assert(sizeof(struct set_bucket) == SET_LINE, "a bucket is one line");
_Static_assert(sizeof(struct set_prefix4) == 8 && sizeof(struct set_prefix6) == 24, "no holes");

#endif
