/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/trie.h"

#include <errno.h>

#include "lib/bucket.h"
#include "lib/ranges.h"

/* Fewer bits in common than this are not worth a skip: a split wastes little on them. */
#define WORTH_SKIPPING 3
/*
 * IPv4 never comes to SET_DEPTH, for each step but a root's uses up so many bits, or is the last
 * one: of 31 bits, what does not fit a bucket has 5 left, so that no more than 9 steps lead to it,
 * and two more are needed at most. IPv6 has SET_LONG.
 */
#define MIN_STRIDE4 3
#define MAX_STRIDE  24

/* An IPv4 bucket of so many boundaries too many is mostly halved or quartered, for 3 lines. */
#define FEW	  56
#define FEW_LINES 3

/* How a slot is sampled: a stretch of so many boundaries, then none for as many a MANY as it has.
 */
#define SAMPLE 256
#define MANY   65536

struct builder {
	struct blob *blob;
	unsigned int bits; /* of an address */
};

static int build_node(struct builder *builder, struct slot slot, __u32 *entry);

static bool is_ipv4(const struct builder *builder)
{
	return builder->bits == 32;
}

/* The @stride bits of a boundary behind @position. */
static __u32 index_of(ranges_key boundary, unsigned int position, unsigned int stride)
{
	return stride ? bucket__rest(boundary, position) >> (128 - stride) : 0;
}

/* How many bits behind the slot's position all addresses between its boundaries have in common. */
static unsigned int bits_in_common(const struct slot *slot)
{
	ranges_key differ = slot->boundary[0] ^ (slot->boundary[slot->n - 1] - 1);
	unsigned int bits = 0;

	differ = bucket__rest(differ, slot->position);
	while (slot->position + bits < 127 && !(differ >> 127)) {
		differ <<= 1;
		bits++;
	}
	return bits;
}

static int build_skip(struct builder *builder, struct slot slot, unsigned int bits, __u32 line)
{
	ranges_key mask = ~(ranges_key)0 << (128 - bits);
	ranges_key common = bucket__rest(slot.boundary[0], slot.position) & mask;
	struct set_bucket bucket = {
		.entry = bucket__entry(SET_SKIP, false, 0, 0),
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
	if ((bucket__rest(slot.boundary[slot.n - 1], slot.position) & mask) != common)
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

/* What a split would take. */
struct weight {
	size_t lines; /* those for what does not fit its buckets guessed */
	bool last;    /* all of it fits */
};

/* Lines for what does not fit. IPv6 got slower with IPv4's guess: small splits part its fars. */
static size_t guess_lines(const struct builder *builder, size_t n)
{
	return is_ipv4(builder) && n <= FEW ? FEW_LINES : 4 + n / 4;
}

/* Of a slot with many boundaries every so many of them are looked at, for the time it takes. */
static struct weight weigh(const struct builder *builder, const struct slot *slot,
			   unsigned int stride)
{
	size_t lines = 0, next = 0, looked_at = 0, skipped, n;
	struct weight weight = {.last = true};
	struct slot part;
	__u32 index;

	skipped = slot->n < MANY ? 0 : SAMPLE * (slot->n / MANY);
	while (next < slot->n) {
		index = index_of(slot->boundary[next], slot->position, stride);
		part = part_of(slot, stride, index, next);
		n = part.n;
		bucket__trim(&part);
		if (!bucket__fits(&part)) {
			lines += guess_lines(builder, n);
			weight.last = false;
		}
		next += n;
		looked_at += n;
		if (skipped && looked_at % SAMPLE < n)
			next += skipped;
	}
	if (looked_at)
		lines = lines * slot->n / looked_at;
	weight.lines = ((size_t)1 << stride) + lines;
	return weight;
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

/*
 * Of the strides from 20 boundaries a bucket to 2, the one that takes the fewest lines; of IPv4's
 * also a shorter one that is the last.
 */
static unsigned int choose_stride(const struct builder *builder, const struct slot *slot)
{
	unsigned int left = builder->bits - slot->position;
	unsigned int min = is_ipv4(builder) ? MIN_STRIDE4 : 1, stride, best;
	unsigned int max = least(log2_of(slot->n), MAX_STRIDE);
	size_t fewest = ~(size_t)0;
	struct weight weight;

	if (log2_of(slot->n / 10) > min)
		min = log2_of(slot->n / 10);
	min = least(min, left);
	max = least(max, left);
	best = min;
	for (stride = is_ipv4(builder) && slot->n <= FEW ? 1 : min; stride <= max; stride++) {
		weight = weigh(builder, slot, stride);
		if ((stride >= min || weight.last) && weight.lines < fewest) {
			fewest = weight.lines;
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
	*entry = bucket__entry(SET_SPLIT, false, stride, first);
	return err;
}

/* What a slot leads to where there is no bucket for it: a root, behind a skip. */
static int build_node(struct builder *builder, struct slot slot, __u32 *entry)
{
	bool may_skip = !is_ipv4(builder) || !slot.depth; /* see MIN_STRIDE4 */
	unsigned int stride = 0;

	bucket__trim(&slot);
	if (!slot.n) {
		*entry = bucket__entry(SET_UNIFORM, slot.odd, 0, 0);
		return 0;
	}
	if (!bucket__fits(&slot) && (!may_skip || bits_in_common(&slot) < WORTH_SKIPPING))
		stride = choose_stride(builder, &slot);
	return build_split(builder, &slot, stride, entry);
}

static int build_bucket(struct builder *builder, struct slot slot, struct fars *fars, __u32 line)
{
	unsigned int bits;
	__u32 entry;
	int err;

	bucket__trim(&slot);
	if (bucket__fits(&slot))
		return bucket__build(builder->blob, &slot, fars, line);
	bits = bits_in_common(&slot);
	if (slot.depth + 2 > SET_DEPTH)
		err = is_ipv4(builder) ? -EOVERFLOW
				       : bucket__build_long(builder->blob, &slot, &entry);
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
			blob->lines->header.roots.ipv4[i] = entry;
		else
			blob->lines->header.roots.ipv6[i] = entry;
	}
	return 0;
}
