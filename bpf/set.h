/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is this address in the set? The layout is include/set_layout.h's.
 *
 * Where a set lies struct set_image says: behind set_maps.h, in which of its maps; natively, where
 * in memory. Sources are random, so nothing branches on a key where arithmetic does as well: a
 * mispredicted branch keeps all that follows waiting for the line that it was about. A line that is
 * not there, or an entry that makes no sense, means "not in the set".
 */
#ifndef DROP53_SET_H
#define DROP53_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include "set_layout.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#if defined(DROP53_SET_MAPS_H)
/* struct set_image and set__line() are there. */
#elif defined(__bpf__)
#include <bpf/bpf_helpers.h>

/* The inner map itself: every line costs a call if such maps come in any size. */
struct set_image;

static __always_inline const struct set_line *set__line(const struct set_image *set, __u32 number)
{
	return bpf_map_lookup_elem((void *)set, &number);
}
#else
struct set_image {
	const struct set_line *lines;
	__u32 n;
};

static __always_inline const struct set_line *set__line(const struct set_image *set, __u32 number)
{
	return number < set->n ? &set->lines[number] : NULL;
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

/* @bits: below 64 */
static __always_inline void set_key__drop(struct set_key *key, __u32 bits)
{
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
static __always_inline bool set__odd_long(const struct set_image *set, __u32 entry,
					  struct set_key key)
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

/* @before: the key before, and @key: the 64 bits behind the bits that led to this bucket. */
static __always_inline bool set__search(const struct set_image *set,
					const struct set_bucket *bucket, struct set_key before,
					__u64 key)
{
	__u32 lanes = set__size(bucket->entry) & 3, far = bucket->far;
	__u64 ones = set__lanes[lanes].ones, spare = set__lanes[lanes].spare;
	__u64 tops = ones << (64 - spare), keys = (key >> spare) * ones | tops;
	__u64 odd = 0, equal = 0, above;
	const struct set_line *line;
	bool answer;

	/*
	 * With the spare bit set no lane borrows from the next; it stays where the key is not below
	 * the boundary. One less and it goes where the two are equal. (Or where the key is zero and
	 * the lane is not used: to ask `far` in vain does no harm.)
	 */
	SET_UNROLL
	for (__u32 i = 0; i < SET_WORDS; i++) {
		above = keys - bucket->word[i];
		odd ^= above;
		equal |= above ^ (above - ones);
	}
	odd &= tops;
	odd ^= odd >> 32;
	odd ^= odd >> 16;
	answer = (odd >> 15 & 1) ^ !!(bucket->entry & SET_ODD);

	/* In this order: which buckets have a `far` cannot be predicted, that keys differ can. */
	if (!(equal & tops) || !far)
		return answer;
	line = set__line(set, far);
	return line && answer ^ set__odd_far(line, before);
}

/* ---- The trie ---- */

/* Uses up the bits in common and returns the next entry, or the answer outside of them. */
static __always_inline __u32 set__skip(const struct set_skip *skip, struct set_key *key)
{
	__u64 bits = key->high & skip->mask;

	if (bits == skip->common) {
		set_key__drop(key, skip->bits & 63);
		return skip->next;
	}
	return bits < skip->common ? skip->below : skip->above;
}

/* @line: the header; @entry: the root's */
static __always_inline bool set__walk(const struct set_image *set, const struct set_line *line,
				      __u32 entry, struct set_key key, enum set_family family)
{
	__u32 index, used = 0;

	SET_KEEP_LOOP
	for (__u32 depth = 0; depth < SET_DEPTH && (entry & SET_TYPE) == SET_SPLIT; depth++) {
		set_key__drop(&key, used);
		used = set__size(entry);
		index = key.high >> 1 >> (63 - used);
		line = set__line(set, (entry >> SET_LINE_SHIFT) + index);
		if (!line)
			return false;
		entry = line->bucket.entry;
		if ((entry & SET_TYPE) == SET_SKIP) {
			set_key__drop(&key, used);
			used = 0;
			entry = set__skip(&line->bucket.skip, &key);
		}
	}
	if ((entry & SET_TYPE) == SET_LIST)
		return set__search(set, &line->bucket, key, set_key__behind(key, used));
	if ((entry & SET_TYPE) == SET_UNIFORM)
		return entry & SET_ODD;
	if (family == SET_IPV4 || (entry & SET_TYPE) != SET_LONG)
		return false;
	set_key__drop(&key, used);
	return set__odd_long(set, entry, key) ^ !!(entry & SET_ODD);
}

static __always_inline bool set_contains4(const struct set_image *set, __be32 address)
{
	struct set_key key = {.high = (__u64)bpf_ntohl(address) << 32};
	const struct set_line *line = set__line(set, 0);
	__u32 entry;

	if (!line)
		return false;
	entry = line->header.root4[key.high >> (64 - SET_ROOT_BITS4)];
	set_key__drop(&key, SET_ROOT_BITS4);
	return set__walk(set, line, entry, key, SET_IPV4);
}

static __always_inline bool set_contains6(const struct set_image *set, const __be32 address[4])
{
	struct set_key key = {
		.high = (__u64)bpf_ntohl(address[0]) << 32 | bpf_ntohl(address[1]),
		.low = (__u64)bpf_ntohl(address[2]) << 32 | bpf_ntohl(address[3]),
	};
	const struct set_line *line = set__line(set, 0);
	__u32 entry;

	if (!line)
		return false;
	entry = line->header.root6[key.high >> (64 - SET_ROOT_BITS6)];
	set_key__drop(&key, SET_ROOT_BITS6);
	return set__walk(set, line, entry, key, SET_IPV6);
}

#endif
