/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/trie.h"

#include <errno.h>
#include <string.h>

#include "lib/ranges.h"

/* Fewer bits in common than this are not worth a skip: a split wastes little on them. */
#define WORTH_SKIPPING 3
/* IPv4 never comes to SET_DEPTH if each step uses up so many bits; IPv6 has SET_LONG. */
#define MIN_STRIDE4 3
#define MAX_STRIDE  24

/* How a slot is sampled: a stretch of so many boundaries, then none for as many a MANY as it has.
 */
#define SAMPLE	 256
#define MANY	 65536

#define MAX_KEYS (4 * SET_WORDS)
#define MAX_FARS (2 * SET_FARS) /* that one bucket may refer to */

/* A stretch of addresses: all that begin with the same `position` bits. */
struct slot {
	const ranges_key *boundary;
	size_t n;
	unsigned int position;
	unsigned int depth; /* splits and skips before it */
	bool odd;	    /* whether addresses below its first boundary are in the set */
};

/* Boundaries whose keys are not exact, for all buckets of one split. */
struct fars {
	unsigned int position; /* of the split */
	__u32 line;	       /* that is being filled; 0: none */
	__u32 used;
};

struct builder {
	struct blob *blob;
	unsigned int bits; /* of an address */
};

static int build_node(struct builder *builder, struct slot slot, __u32 *entry);

static __u32 make_entry(enum set_type type, bool odd, __u32 size, __u32 line)
{
	return type | (odd ? SET_ODD : 0) | size << SET_SIZE_SHIFT | line << SET_LINE_SHIFT;
}

/* What is left of a boundary behind @position, from the top down. */
static ranges_key rest(ranges_key boundary, unsigned int position)
{
	return position < 128 ? boundary << position : 0;
}

/* A boundary where the slot begins is not worth a key. */
static void trim(struct slot *slot)
{
	if (slot->n && !rest(slot->boundary[0], slot->position)) {
		slot->odd = !slot->odd;
		slot->boundary++;
		slot->n--;
	}
}

/* ---- Keys ---- */

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
			inexact |= rest(slot->boundary[next], behind);
		if (!inexact)
			continue;
		if ((next - first) & 1)
			far[n++] = key << (128 - behind);
		memcpy(&far[n], &slot->boundary[first], (next - first) * sizeof(*far));
		n += next - first;
	}
	return n;
}

/* Whether a bucket has room for the slot's boundaries. */
static bool fits(const struct slot *slot)
{
	unsigned int bits = key_bits(lanes_for(slot->n));
	ranges_key far[2 * MAX_KEYS], any = 0;
	size_t i;

	if (slot->n > MAX_KEYS)
		return false;
	for (i = 0; i < slot->n; i++)
		any |= slot->boundary[i];
	return !rest(any, slot->position + bits) || collect_fars(slot, bits, far) <= MAX_FARS;
}

static struct set_far make_far(ranges_key boundary, unsigned int position)
{
	ranges_key left = rest(boundary, position);

	return (struct set_far){.high = left >> 65, .low = (__u64)(left >> 2) & ~SET_PAD_LOW};
}

static void pad_fars(struct set_line *line, size_t from)
{
	for (; from < SET_FARS; from++)
		line->far[from] = (struct set_far){SET_PAD_HIGH, SET_PAD_LOW};
}

/* Puts a bucket's into the line that is being filled, or into one or two of their own. */
static int put_fars(struct builder *builder, const ranges_key *far, size_t n, struct fars *fars,
		    __u32 *result)
{
	__u32 lines = n > SET_FARS ? 2 : 1, i;
	int err;

	if (!n)
		return 0;
	if (!fars->line || fars->used + n > SET_FARS) {
		err = blob__extend(builder->blob, lines, &fars->line);
		if (err)
			return err;
		for (i = 0; i < lines; i++)
			pad_fars(&builder->blob->lines[fars->line + i], 0);
		fars->used = 0;
	}
	for (i = 0; i < n; i++, fars->used++)
		builder->blob->lines[fars->line + fars->used / SET_FARS]
			.far[fars->used % SET_FARS] = make_far(far[i], fars->position);
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

static int build_list(struct builder *builder, const struct slot *slot, struct fars *fars,
		      __u32 line)
{
	enum set_lanes lanes = lanes_for(slot->n);
	ranges_key far[2 * MAX_KEYS];
	struct set_bucket bucket = {
		.entry = make_entry(SET_LIST, slot->odd, lanes, 0),
	};
	size_t n, i;
	int err;

	n = collect_fars(slot, key_bits(lanes), far);
	err = put_fars(builder, far, n, fars, &bucket.far);
	if (err)
		return err;
	pad_keys(&bucket, lanes);
	for (i = 0; i < slot->n; i++)
		put_key(&bucket, lanes, i, rest(slot->boundary[i], slot->position));
	builder->blob->lines[line].bucket = bucket;
	return 0;
}

static int build_long(struct builder *builder, const struct slot *slot, __u32 *entry)
{
	__u32 first, size = 0, i;
	size_t far;
	int err;

	while ((size_t)SET_FARS << size < slot->n)
		size++;
	err = blob__extend(builder->blob, 1u << size, &first);
	if (err)
		return err;
	for (i = 0; i < 1u << size; i++)
		pad_fars(&builder->blob->lines[first + i], 0);
	for (far = 0; far < slot->n; far++)
		builder->blob->lines[first + far / SET_FARS].far[far % SET_FARS] =
			make_far(slot->boundary[far], slot->position);
	*entry = make_entry(SET_LONG, slot->odd, size, first);
	return 0;
}

/* ---- The trie ---- */

/* The @stride bits of a boundary behind @position. */
static __u32 index_of(ranges_key boundary, unsigned int position, unsigned int stride)
{
	return stride ? rest(boundary, position) >> (128 - stride) : 0;
}

/* How many bits behind the slot's position all addresses between its boundaries have in common. */
static unsigned int bits_in_common(const struct slot *slot)
{
	ranges_key differ = slot->boundary[0] ^ (slot->boundary[slot->n - 1] - 1);
	unsigned int bits = 0;

	differ = rest(differ, slot->position);
	while (slot->position + bits < 127 && !(differ >> 127)) {
		differ <<= 1;
		bits++;
	}
	return bits;
}

static int build_skip(struct builder *builder, struct slot slot, unsigned int bits, __u32 line)
{
	ranges_key mask = ~(ranges_key)0 << (128 - bits);
	ranges_key common = rest(slot.boundary[0], slot.position) & mask;
	struct set_bucket bucket = {
		.entry = make_entry(SET_SKIP, false, 0, 0),
		.skip =
			{
				.mask_high = mask >> 64,
				.mask_low = mask,
				.high = common >> 64,
				.low = common,
				.bits = bits,
				.below = slot.odd,
				.above = slot.odd != (slot.n & 1),
			},
	};
	int err;

	/* The last boundary may be the first address behind those with these bits. */
	if ((rest(slot.boundary[slot.n - 1], slot.position) & mask) != common)
		slot.n--;
	slot.position += bits;
	slot.depth++;
	err = build_node(builder, slot, &bucket.skip.next);
	if (!err)
		builder->blob->lines[line].bucket = bucket;
	return err;
}

/* The part of @slot that has @index for its next @stride bits; its boundaries begin at @first. */
static struct slot part_of(const struct slot *slot, unsigned int stride, __u32 index, size_t first)
{
	struct slot part = {
		.boundary = &slot->boundary[first],
		.position = slot->position + stride,
		.depth = slot->depth + 1,
		.odd = slot->odd != (first & 1),
	};
	size_t left = slot->n - first;

	while (part.n < left && index_of(part.boundary[part.n], slot->position, stride) == index)
		part.n++;
	return part;
}

/*
 * The lines that a split would take, those for what does not fit its buckets guessed. Of a slot
 * with many boundaries every so many of them are looked at, for the time it takes.
 */
static size_t weigh(const struct slot *slot, unsigned int stride)
{
	size_t lines = 0, next = 0, looked_at = 0, skipped, n;
	struct slot part;
	__u32 index;

	skipped = slot->n < MANY ? 0 : SAMPLE * (slot->n / MANY);
	while (next < slot->n) {
		index = index_of(slot->boundary[next], slot->position, stride);
		part = part_of(slot, stride, index, next);
		n = part.n;
		trim(&part);
		if (!fits(&part))
			lines += 4 + n / 4;
		next += n;
		looked_at += n;
		if (skipped && looked_at % SAMPLE < n)
			next += skipped;
	}
	if (looked_at)
		lines = lines * slot->n / looked_at;
	return ((size_t)1 << stride) + lines;
}

static unsigned int log2_of(size_t n)
{
	unsigned int log = 0;

	while (n >> log > 1)
		log++;
	return log;
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Of the strides from 20 boundaries a bucket to 2, the one that takes the fewest lines. */
static unsigned int choose_stride(const struct builder *builder, const struct slot *slot)
{
	unsigned int left = builder->bits - slot->position;
	unsigned int min = builder->bits == 32 ? MIN_STRIDE4 : 1, stride, best;
	unsigned int max = least(log2_of(slot->n), MAX_STRIDE);
	size_t lines, fewest = ~(size_t)0;

	if (log2_of(slot->n / 10) > min)
		min = log2_of(slot->n / 10);
	min = least(min, left);
	max = least(max, left);
	for (best = min, stride = min; stride <= max; stride++) {
		lines = weigh(slot, stride);
		if (lines < fewest) {
			fewest = lines;
			best = stride;
		}
	}
	return best;
}

static int build_bucket(struct builder *builder, struct slot slot, struct fars *fars, __u32 line);

static int build_split(struct builder *builder, const struct slot *slot, unsigned int stride,
		       __u32 *entry)
{
	struct fars fars = {.position = slot->position};
	struct slot part;
	size_t next = 0;
	__u32 first, i;
	int err;

	err = blob__extend(builder->blob, 1u << stride, &first);
	for (i = 0; !err && i < 1u << stride; i++) {
		part = part_of(slot, stride, i, next);
		next += part.n;
		err = build_bucket(builder, part, &fars, first + i);
	}
	*entry = make_entry(SET_SPLIT, false, stride, first);
	return err;
}

/* What a slot leads to where there is no bucket for it: a root, behind a skip. */
static int build_node(struct builder *builder, struct slot slot, __u32 *entry)
{
	unsigned int stride = 0;

	trim(&slot);
	if (!slot.n) {
		*entry = make_entry(SET_UNIFORM, slot.odd, 0, 0);
		return 0;
	}
	if (!fits(&slot) && bits_in_common(&slot) < WORTH_SKIPPING)
		stride = choose_stride(builder, &slot);
	return build_split(builder, &slot, stride, entry);
}

static int build_bucket(struct builder *builder, struct slot slot, struct fars *fars, __u32 line)
{
	unsigned int bits;
	__u32 entry;
	int err;

	trim(&slot);
	if (fits(&slot))
		return build_list(builder, &slot, fars, line);
	bits = bits_in_common(&slot);
	if (slot.depth + 2 > SET_DEPTH)
		err = build_long(builder, &slot, &entry);
	else if (bits >= WORTH_SKIPPING)
		return build_skip(builder, slot, bits, line);
	else
		err = build_split(builder, &slot, choose_stride(builder, &slot), &entry);
	if (!err)
		builder->blob->lines[line].bucket.entry = entry;
	return err;
}

int trie__build(struct blob *blob, const struct ranges *ranges, enum set_family family)
{
	struct builder builder = {.blob = blob, .bits = family == SET_IPV4 ? 32 : 128};
	unsigned int bits = family == SET_IPV4 ? SET_ROOT_BITS4 : SET_ROOT_BITS6;
	struct slot slot = {.position = bits};
	size_t next = 0;
	__u32 entry, i;
	int err;

	for (i = 0; i < 1u << bits; i++) {
		slot.boundary = &ranges->boundary[next];
		slot.odd = next & 1;
		while (next < ranges->n && ranges->boundary[next] >> (128 - bits) == i)
			next++;
		slot.n = &ranges->boundary[next] - slot.boundary;
		err = build_node(&builder, slot, &entry);
		if (err)
			return err;
		if (family == SET_IPV4)
			blob->lines->header.root4[i] = entry;
		else
			blob->lines->header.root6[i] = entry;
	}
	return 0;
}
