/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is this address in the set? The layout is include/set_layout.h's.
 *
 * `set` is a struct set_pages for the kernel, natively a struct set_image. Sources are random, so
 * nothing branches on a key where arithmetic does as well. A line that is not there, or an entry
 * that makes no sense, means "not in the set".
 */
#ifndef DROP53_SET_H
#define DROP53_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include "set_layout.h"

#ifdef __bpf__
#include <bpf/bpf_helpers.h>

struct set_pages {
	const struct set_roots *roots;
	void *map; /* an array of maps, and the first page in it */
	__u32 first;
	__u32 skew; /* below SET_LINE */
};

/*
 * How far behind the start of page @index a cache line begins, 0 if it is not there. A pointer that
 * was stored can be read back as a number.
 * @scratch: in a map
 */
static __always_inline __u32 set_pages__skew(void *map, __u32 index, volatile __u64 *scratch)
{
	__u32 only = 0;
	void *inner = bpf_map_lookup_elem(map, &index);
	char *value = inner ? bpf_map_lookup_elem(inner, &only) : NULL;

	if (!value)
		return 0;
	*scratch = (__u64)value;
	return -*scratch & (SET_LINE - 1);
}

/* number / SET_PAGE_LINES, by a multiplication. */
static __always_inline __u32 set__page(__u32 number)
{
	_Static_assert(SET_MAX_LINES <= 1u << 23, "the factor is exact for 23 bits");
	return number * ((1ull << 40) / SET_PAGE_LINES + 1) >> 40;
}

static __always_inline const struct set_roots *set__roots(void *set)
{
	return ((const struct set_pages *)set)->roots;
}

static __always_inline const struct set_line *set__line(void *set, __u32 number)
{
	const struct set_pages *pages = set;
	__u32 page = set__page(number), index = pages->first + page, only = 0;
	void *inner = bpf_map_lookup_elem(pages->map, &index);
	char *value;

	if (!inner)
		return NULL;
	value = bpf_map_lookup_elem(inner, &only);
	number -= page * SET_PAGE_LINES;
	if (!value || number >= SET_PAGE_LINES)
		return NULL;
	return (const struct set_line *)(value + pages->skew + number * SET_LINE);
}
#else
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

struct set_image {
	const struct set_line *lines; /* the first is the header */
	__u32 n;
};

static __always_inline const struct set_roots *set__roots(void *set)
{
	return &((const struct set_image *)set)->lines->header.roots;
}

static __always_inline const struct set_line *set__line(void *set, __u32 number)
{
	const struct set_image *image = set;

	return image && number < image->n ? &image->lines[number] : NULL;
}
#endif

/* clang would copy the long loops out dozens of times; gcc does not know the word. */
#ifdef __clang__
#define SET_KEEP_LOOP _Pragma("clang loop unroll(disable)")
#define SET_UNROLL    _Pragma("clang loop unroll(full)")
#else
#define SET_KEEP_LOOP
#define SET_UNROLL
#endif

/* What is left of an address: the bits not used up yet, from the top down. */
struct set_key {
	__u64 high, low;
};

/* The first 64 bits behind @bits, which are below 64. In two steps: all 64 at once is undefined. */
static __always_inline __u64 set_key__behind(struct set_key key, __u32 bits)
{
	return key.high << bits | key.low >> 1 >> (63 - bits);
}

/* @bits: below 128 */
static __always_inline void set_key__drop(struct set_key *key, __u32 bits)
{
	if (bits & 64) {
		key->high = key->low;
		key->low = 0;
	}
	bits &= 63;
	key->high = set_key__behind(*key, bits);
	key->low <<= bits;
}

static __always_inline __u32 set__size(__u32 entry)
{
	return entry >> SET_SIZE_SHIFT & SET_SIZE;
}

/* ---- Boundaries of 126 bits ---- */

/* The top bit: whether the boundary is not above the key. */
static __always_inline __u64 set__reached(const struct set_far *far, struct set_key key)
{
	__u64 high = key.high >> 1, low = set_key__behind(key, 63) >> 1;
	__s64 borrow = (__s64)(far->low - low - 1) >> 63;

	return far->high - high + borrow;
}

/* Whether an odd number of the line's boundaries are not above the key. */
static __always_inline bool set__odd_far(const struct set_line *line, struct set_key key)
{
	__u64 odd = 0;

	SET_UNROLL
	for (__u32 i = 0; i < SET_FARS; i++)
		odd ^= set__reached(&line->far[i], key);
	return odd >> 63;
}

/* The same over 2^size lines: those below the one that is found are full, and so even. */
static __always_inline bool set__odd_long(void *set, __u32 entry, struct set_key key)
{
	__u32 first = entry >> SET_LINE_SHIFT, size = set__size(entry);
	const struct set_line *line;

	SET_KEEP_LOOP
	for (__u32 step = 0; step < SET_MAX_LONG && size; step++) {
		size--;
		line = set__line(set, first + (1u << size));
		if (!line)
			break;
		first += set__reached(&line->far[0], key) >> 63 << size;
	}
	line = set__line(set, first);
	return line && set__odd_far(line, key);
}

/* ---- Buckets of keys ---- */

/* A one in each lane; how many bits of a word are not the key's. By enum set_lanes. */
static const struct {
	__u64 ones;
	__u64 spare;
} set__lanes[4] = {
	[SET_LANES15] = {0x0001000100010001ull, 64 - 15},
	[SET_LANES31] = {0x0000000100000001ull, 64 - 31},
	[SET_LANES63] = {0x0000000000000001ull, 64 - 63},
	[SET_LANES63 + 1] = {0x0000000000000001ull, 64 - 63}, /* nothing writes this */
};

/* Whether any lane is equal to the key's: x - 1 borrows from the top bit only where x is zero. */
static __always_inline bool set__equal(const struct set_bucket *bucket, __u64 keys, __u64 ones,
				       __u64 tops)
{
	__u64 equal = 0, x;

	SET_UNROLL
	for (__u32 i = 0; i < SET_WORDS; i++) {
		x = bucket->word[i] ^ keys;
		equal |= (x - ones) & ~x;
	}
	return equal & tops;
}

/* @before: the key before, and @key: the 64 bits behind the bits that led to this bucket. */
static __always_inline bool set__search(void *set, const struct set_bucket *bucket,
					struct set_key before, __u64 key)
{
	__u32 lanes = set__size(bucket->entry) & 3, far = bucket->far;
	__u64 ones = set__lanes[lanes].ones, spare = set__lanes[lanes].spare;
	__u64 tops = ones << (64 - spare), keys = (key >> spare) * ones, odd = 0;
	const struct set_line *line;
	bool answer;

	/* With the spare bit set no lane borrows from the next; it stays where key >= boundary. */
	SET_UNROLL
	for (__u32 i = 0; i < SET_WORDS; i++)
		odd ^= (keys | tops) - bucket->word[i];
	odd &= tops;
	odd ^= odd >> 32;
	odd ^= odd >> 16;
	answer = (odd >> 15 & 1) ^ !!(bucket->entry & SET_ODD);

	if (!far || !set__equal(bucket, keys, ones, tops))
		return answer;
	line = set__line(set, far >> 1);
	if (!line)
		return false;
	answer ^= set__odd_far(line, before);
	if (!(far & 1))
		return answer;
	line = set__line(set, (far >> 1) + 1);
	return line && answer ^ set__odd_far(line, before);
}

/* ---- The trie ---- */

/* Uses up the bits in common and returns the next entry, or the answer outside of them. */
static __always_inline __u32 set__skip(const struct set_skip *skip, struct set_key *key)
{
	__u64 high = key->high & skip->mask_high, low = key->low & skip->mask_low;
	bool below = high != skip->high ? high < skip->high : low < skip->low;

	if (high == skip->high && low == skip->low) {
		set_key__drop(key, skip->bits & 127);
		return skip->next;
	}
	return (below ? skip->below : skip->above) ? SET_UNIFORM | SET_ODD : SET_UNIFORM;
}

/* @entry: a root; only behind a split is there a line to skip or to search in */
static __always_inline bool set__walk(void *set, __u32 entry, struct set_key key,
				      enum set_family family)
{
	const struct set_line *line = NULL;
	__u32 index, used = 0;

	SET_KEEP_LOOP
	for (__u32 depth = 0; depth < SET_DEPTH; depth++) {
		if ((entry & SET_TYPE) == SET_SPLIT) {
			set_key__drop(&key, used);
			used = set__size(entry);
			index = key.high >> 1 >> (63 - used);
			line = set__line(set, (entry >> SET_LINE_SHIFT) + index);
			if (!line)
				return false;
			entry = line->bucket.entry;
		} else if ((entry & SET_TYPE) == SET_SKIP && line) {
			set_key__drop(&key, used);
			used = 0;
			entry = set__skip(&line->bucket.skip, &key);
		} else {
			break;
		}
	}
	if ((entry & SET_TYPE) == SET_LIST && line)
		return set__search(set, &line->bucket, key, set_key__behind(key, used));
	if ((entry & SET_TYPE) == SET_UNIFORM)
		return entry & SET_ODD;
	if (family == SET_IPV4 || (entry & SET_TYPE) != SET_LONG)
		return false;
	set_key__drop(&key, used);
	return set__odd_long(set, entry, key) ^ !!(entry & SET_ODD);
}

/* @address: 64 bits as they lie in memory, behind the first 32 zero */
static __always_inline bool set_contains4(void *set, __be64 address)
{
	struct set_key key = {.high = bpf_be64_to_cpu(address)};
	__u32 root = set__roots(set)->ipv4[key.high >> (64 - SET_ROOT_BITS4)];

	set_key__drop(&key, SET_ROOT_BITS4);
	return set__walk(set, root, key, SET_IPV4);
}

/* @high, @low: the address' halves as they lie in memory */
static __always_inline bool set_contains6(void *set, __be64 high, __be64 low)
{
	struct set_key key = {.high = bpf_be64_to_cpu(high), .low = bpf_be64_to_cpu(low)};
	__u32 root = set__roots(set)->ipv6[key.high >> (64 - SET_ROOT_BITS6)];

	set_key__drop(&key, SET_ROOT_BITS6);
	return set__walk(set, root, key, SET_IPV6);
}

#endif
