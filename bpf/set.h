/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is this address in the set? The layout is include/set_layout.h's.
 *
 * Built for the kernel, `set` is the inner map; natively it is a struct set_image. Each line read
 * is one look-up, which the kernel makes a call of for an inner map, so few lines matter more than
 * few instructions; and sources are random, so no branch depends on a key where arithmetic does as
 * well. A line that is not there, or an entry that makes no sense, means "not in the set".
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

static __always_inline const struct set_line *set__line(void *set, __u32 number)
{
	return bpf_map_lookup_elem(set, &number);
}
#else
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

struct set_image {
	const struct set_line *lines;
	__u32 n;
};

static __always_inline const struct set_line *set__line(void *set, __u32 number)
{
	const struct set_image *image = set;

	return image && number < image->n ? &image->lines[number] : NULL;
}
#endif

/* clang would copy these loops out dozens of times; gcc does not know the word. */
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

/* @bits: below 128 */
static __always_inline void set_key__drop(struct set_key *key, __u32 bits)
{
	if (bits & 64) {
		key->high = key->low;
		key->low = 0;
	}
	bits &= 63;
	/* In two steps: by all 64 places at once is not defined. */
	key->high = key->high << bits | key->low >> 1 >> (63 - bits);
	key->low <<= bits;
}

/* The comparisons below leave, in the top bit, whether a boundary is not above the key. */

static __always_inline __u64 set__below126(const struct set_key126 *boundary, __u64 high, __u64 low)
{
	__s64 borrow = (__s64)(boundary->low - low - 1) >> 63;

	return boundary->high - high + borrow;
}

static __always_inline bool set__odd31(const struct set_line *line, struct set_key key)
{
	__u64 end = (key.high >> 33) + 1, odd = 0;

	SET_UNROLL
	for (__u32 i = 0; i < SET_KEYS31; i++)
		odd ^= line->key31[i] - end;
	return odd >> 63;
}

static __always_inline bool set__odd63(const struct set_line *line, struct set_key key)
{
	__u64 end = (key.high >> 1) + 1, odd = 0;

	SET_UNROLL
	for (__u32 i = 0; i < SET_KEYS63; i++)
		odd ^= line->key63[i] - end;
	return odd >> 63;
}

static __always_inline bool set__odd126(const struct set_line *line, struct set_key key)
{
	__u64 high = key.high >> 1, low = (key.high << 63 | key.low >> 1) >> 1, odd = 0;

	SET_UNROLL
	for (__u32 i = 0; i < SET_KEYS126; i++)
		odd ^= set__below126(&line->key126[i], high, low);
	return odd >> 63;
}

/* Of 2^@size lines, the one whose first key is the last not above the key (or the first line). */
static __always_inline __u32 set__find(void *set, __u32 first, __u32 size, struct set_key key)
{
	__u64 high = key.high >> 1, low = (key.high << 63 | key.low >> 1) >> 1;
	const struct set_line *line;

	SET_KEEP_LOOP
	for (__u32 step = 0; step < SET_MAX_LONG && size; step++) {
		size--;
		line = set__line(set, first + (1u << size));
		if (!line)
			break;
		first += set__below126(line->key126, high, low) >> 63 << size;
	}
	return first;
}

static __always_inline __u32 set__size(__u32 entry)
{
	return entry >> SET_SIZE_SHIFT & SET_SIZE;
}

/* Whether the keys of a list, of which @entry points to, turn the answer. */
static __always_inline bool set__search(void *set, __u32 entry, struct set_key key, bool ipv6)
{
	__u32 type = entry & SET_TYPE, number = entry >> SET_LINE_SHIFT;
	const struct set_line *line;

	if (ipv6 && type == SET_LONG)
		number = set__find(set, number, set__size(entry), key);
	line = set__line(set, number);
	if (!line)
		return entry & SET_ODD; /* the two cancel out: not in the set */
	if (type == SET_LIST31)
		return set__odd31(line, key);
	if (!ipv6)
		return entry & SET_ODD;
	return type == SET_LIST63 ? set__odd63(line, key) : set__odd126(line, key);
}

/* An address outside the bits in common: below all boundaries, or above. */
static __always_inline __u32 set__outside(const struct set_skip *skip, __u64 high, __u64 low)
{
	bool below = high != skip->high ? high < skip->high : low < skip->low;

	return (below ? skip->below : skip->above) ? SET_UNIFORM | SET_ODD : SET_UNIFORM;
}

static __always_inline bool set__contains(void *set, struct set_key key, enum set_family family)
{
	const struct set_line *line = set__line(set, 0);
	__u32 entry, index, used = 0;
	__u64 high, low;

	if (!line)
		return false;
	entry = line->header.root[family][key.high >> (64 - SET_ROOT_BITS)];
	set_key__drop(&key, SET_ROOT_BITS);

	SET_KEEP_LOOP
	for (__u32 depth = 0; depth < SET_DEPTH; depth++) {
		if ((entry & SET_TYPE) == SET_SPLIT) {
			set_key__drop(&key, used);
			used = set__size(entry);
			index = key.high >> 1 >> (63 - used);
			line = set__line(set, (entry >> SET_LINE_SHIFT) + index / SET_ENTRIES);
			if (!line)
				return false;
			entry = line->entry[index % SET_ENTRIES];
		} else if ((entry & SET_TYPE) == SET_SKIP) {
			set_key__drop(&key, used);
			used = 0;
			line = set__line(set, entry >> SET_LINE_SHIFT);
			if (!line)
				return false;
			high = key.high & line->skip.mask_high;
			low = key.low & line->skip.mask_low;
			if (high != line->skip.high || low != line->skip.low) {
				entry = set__outside(&line->skip, high, low);
				break;
			}
			set_key__drop(&key, line->skip.bits & 127);
			entry = line->skip.next;
		} else {
			break;
		}
	}
	if ((entry & SET_TYPE) == SET_UNIFORM)
		return entry & SET_ODD;
	if ((entry & SET_TYPE) < SET_LIST31)
		return false;
	return set__search(set, entry, key, family == SET_IPV6) != !!(entry & SET_ODD);
}

static __always_inline bool set_contains4(void *set, __be32 address)
{
	struct set_key key = {.high = (__u64)bpf_ntohl(address) << 32};

	return set__contains(set, key, SET_IPV4);
}

static __always_inline bool set_contains6(void *set, const __be32 address[4])
{
	struct set_key key = {
		.high = (__u64)bpf_ntohl(address[0]) << 32 | bpf_ntohl(address[1]),
		.low = (__u64)bpf_ntohl(address[2]) << 32 | bpf_ntohl(address[3]),
	};

	return set__contains(set, key, SET_IPV6);
}

#endif
