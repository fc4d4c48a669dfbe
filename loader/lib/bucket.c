/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/bucket.h"

#include <string.h>

#include "lib/trie.h"

#define MAX_KEYS (4 * SET_WORDS)
#define MAX_FARS (2 * SET_FARS) /* that one bucket may refer to */

__u32 bucket__entry(enum set_type type, bool odd, __u32 size, __u32 line)
{
	return type | (odd ? SET_ODD : 0) | size << SET_SIZE_SHIFT | line << SET_LINE_SHIFT;
}

ranges_key bucket__rest(ranges_key boundary, unsigned int position)
{
	return position < 128 ? boundary << position : 0;
}

void bucket__trim(struct slot *slot)
{
	if (slot->n && !bucket__rest(slot->boundary[0], slot->position)) {
		slot->odd = !slot->odd;
		slot->boundary++;
		slot->n--;
	}
}

/* The widest lanes that have room for so many. */
static enum set_lanes lanes_for(size_t n)
{
	if (n <= SET_WORDS)
		return SET_LANES63;
	return n <= 2 * SET_WORDS ? SET_LANES31 : SET_LANES15;
}

static unsigned int key_bits(enum set_lanes lanes)
{
	return (16 << lanes) - 1;
}

/*
 * The slot's boundaries that a key of so many bits does not tell from others, as struct set_bucket
 * has them. @far: of 2 * MAX_KEYS, for a slot of MAX_KEYS. Returns how many.
 */
static size_t collect_fars(const struct slot *slot, unsigned int bits, ranges_key *far)
{
	unsigned int behind = slot->position + bits;
	size_t first, next, n = 0;
	ranges_key inexact, key;

	if (behind >= 128)
		return 0;
	for (first = 0; first < slot->n; first = next) {
		key = slot->boundary[first] >> (128 - behind);
		inexact = 0;
		for (next = first; next < slot->n && slot->boundary[next] >> (128 - behind) == key;
		     next++)
			inexact |= bucket__rest(slot->boundary[next], behind);
		if (!inexact)
			continue;
		if ((next - first) & 1)
			far[n++] = key << (128 - behind);
		memcpy(&far[n], &slot->boundary[first], (next - first) * sizeof(*far));
		n += next - first;
	}
	return n;
}

bool bucket__fits(const struct slot *slot)
{
	unsigned int bits = key_bits(lanes_for(slot->n));
	ranges_key far[2 * MAX_KEYS], any = 0;
	size_t i;

	if (slot->n > MAX_KEYS)
		return false;
	for (i = 0; i < slot->n; i++)
		any |= slot->boundary[i];
	return !bucket__rest(any, slot->position + bits) ||
	       collect_fars(slot, bits, far) <= MAX_FARS;
}

static struct set_far make_far(ranges_key boundary, unsigned int position)
{
	ranges_key left = bucket__rest(boundary, position);

	return (struct set_far){.high = left >> 65, .low = (__u64)(left >> 2) & ~SET_PAD_LOW};
}

static void pad_fars(struct set_line *line, size_t from)
{
	for (; from < SET_FARS; from++)
		line->far[from] = (struct set_far){SET_PAD_HIGH, SET_PAD_LOW};
}

/* Puts a bucket's into the line that is being filled, or into one or two of their own. */
static int put_fars(struct blob *blob, const ranges_key *far, size_t n, struct fars *fars,
		    __u32 *result)
{
	__u32 lines = n > SET_FARS ? 2 : 1, i;
	int err;

	if (!n)
		return 0;
	if (!fars->line || fars->used + n > SET_FARS) {
		err = blob__extend(blob, lines, &fars->line);
		if (err)
			return err;
		for (i = 0; i < lines; i++)
			pad_fars(&blob->lines[fars->line + i], 0);
		fars->used = 0;
	}
	for (i = 0; i < n; i++, fars->used++)
		blob->lines[fars->line + fars->used / SET_FARS].far[fars->used % SET_FARS] =
			make_far(far[i], fars->position);
	*result = fars->line << 1 | (lines - 1);
	return 0;
}

static void put_key(struct set_bucket *bucket, enum set_lanes lanes, size_t i, ranges_key left)
{
	if (lanes == SET_LANES15)
		bucket->key15[i] = left >> (128 - 15);
	else if (lanes == SET_LANES31)
		bucket->key31[i] = left >> (128 - 31);
	else
		bucket->key63[i] = left >> (128 - 63);
}

/* The top bit of each lane. */
static void pad_keys(struct set_bucket *bucket, enum set_lanes lanes)
{
	size_t i;

	memset(bucket->word, 0, sizeof(bucket->word));
	for (i = 0; i < (size_t)MAX_KEYS >> lanes; i++)
		if (lanes == SET_LANES15)
			bucket->key15[i] = 1u << 15;
		else if (lanes == SET_LANES31)
			bucket->key31[i] = 1u << 31;
		else
			bucket->key63[i] = 1ull << 63;
}

int bucket__build(struct blob *blob, const struct slot *slot, struct fars *fars, __u32 line)
{
	enum set_lanes lanes = lanes_for(slot->n);
	ranges_key far[2 * MAX_KEYS];
	struct set_bucket bucket = {
		.entry = bucket__entry(SET_LIST, slot->odd, lanes, 0),
	};
	size_t n, i;
	int err;

	n = collect_fars(slot, key_bits(lanes), far);
	err = put_fars(blob, far, n, fars, &bucket.far);
	if (err)
		return err;
	pad_keys(&bucket, lanes);
	for (i = 0; i < slot->n; i++)
		put_key(&bucket, lanes, i, bucket__rest(slot->boundary[i], slot->position));
	blob->lines[line].bucket = bucket;
	return 0;
}

int bucket__build_long(struct blob *blob, const struct slot *slot, __u32 *entry)
{
	__u32 first, size = 0, i;
	size_t far;
	int err;

	while ((size_t)SET_FARS << size < slot->n)
		size++;
	err = blob__extend(blob, 1u << size, &first);
	if (err)
		return err;
	for (i = 0; i < 1u << size; i++)
		pad_fars(&blob->lines[first + i], 0);
	for (far = 0; far < slot->n; far++)
		blob->lines[first + far / SET_FARS].far[far % SET_FARS] =
			make_far(slot->boundary[far], slot->position);
	*entry = bucket__entry(SET_LONG, slot->odd, size, first);
	return 0;
}
