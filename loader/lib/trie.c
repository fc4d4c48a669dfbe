/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/trie.h"

#include <errno.h>
#include <string.h>

#include "lib/ranges.h"

/* Fewer bits in common than this are not worth a skip: a split wastes little on them. */
#define WORTH_SKIPPING 3
#define MAX_STRIDE     24
/* From here on a split takes this stride at least, so that IPv4 never comes to SET_DEPTH. */
#define DEEP	     3
#define DEEP_STRIDE4 7
/* How much of a large slot is looked at to choose its stride. */
#define WINDOWS	 64
#define WINDOW	 512

#define MAX_KEYS (4 * SET_WORDS)
/*
 * Boundaries with inexact keys in one bucket. Each address that meets one waits for another line:
 * with the widest keys that is a host itself, with others it is whoever is in a network.
 */
#define MAX_FARS       SET_FARS
#define MAX_FARS_SHORT 2

/* A stretch of addresses: all that begin with the same `position` bits. */
struct slot {
	const ranges_key *boundary;
	size_t n;
	unsigned int position;
	unsigned int depth; /* splits before it */
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

/* A slot's boundaries as a bucket would have them. */
struct keys {
	enum set_lanes lanes;
	size_t n_far;
	ranges_key far[2 * MAX_KEYS]; /* see struct set_bucket */
};

/* The boundaries of which @key is the key, if one has further bits. */
static void add_fars(struct keys *keys, const ranges_key *boundary, size_t n, ranges_key key)
{
	if (n & 1)
		keys->far[keys->n_far++] = key;
	memcpy(&keys->far[keys->n_far], boundary, n * sizeof(*boundary));
	keys->n_far += n;
}

static void collect_fars(const struct slot *slot, struct keys *keys)
{
	unsigned int behind = slot->position + key_bits(keys->lanes), shift = 128 - behind;
	const ranges_key *boundary = slot->boundary;
	ranges_key further, key;
	size_t first, next;

	if (behind >= 128)
		return;
	for (first = 0; first < slot->n; first = next) {
		key = boundary[first] >> shift << shift;
		further = boundary[first] - key;
		for (next = first + 1; next < slot->n && !((boundary[next] ^ key) >> shift); next++)
			further |= boundary[next] - key;
		if (further)
			add_fars(keys, &boundary[first], next - first, key);
	}
}

static bool are_exact(const struct slot *slot, enum set_lanes lanes)
{
	ranges_key any = 0;
	size_t i;

	for (i = 0; i < slot->n; i++)
		any |= slot->boundary[i];
	return !rest(any, slot->position + key_bits(lanes));
}

/* Whether a bucket has room for the slot's boundaries. */
static bool fits(const struct slot *slot, struct keys *keys)
{
	if (slot->n > MAX_KEYS)
		return false;
	keys->lanes = lanes_for(slot->n);
	keys->n_far = 0;
	if (!are_exact(slot, keys->lanes))
		collect_fars(slot, keys);
	return keys->n_far <= (keys->lanes == SET_LANES63 ? MAX_FARS : MAX_FARS_SHORT);
}

static struct set_far make_far(ranges_key boundary, unsigned int position)
{
	ranges_key left = rest(boundary, position);

	return (struct set_far){.high = left >> 65, .low = (__u64)(left >> 2) & ~SET_PAD_LOW};
}

static void pad_fars(struct set_line *line)
{
	size_t i;

	for (i = 0; i < SET_FARS; i++)
		line->far[i] = (struct set_far){SET_PAD_HIGH, SET_PAD_LOW};
}

/* Puts a bucket's into the line that is being filled, or into the next. */
static int put_fars(struct builder *builder, const struct keys *keys, struct fars *fars,
		    __u32 *line)
{
	size_t i;
	int err;

	if (!keys->n_far)
		return 0;
	if (!fars->line || fars->used + keys->n_far > SET_FARS) {
		err = blob__extend(builder->blob, 1, &fars->line);
		if (err)
			return err;
		pad_fars(&builder->blob->lines[fars->line]);
		fars->used = 0;
	}
	for (i = 0; i < keys->n_far; i++)
		builder->blob->lines[fars->line].far[fars->used++] =
			make_far(keys->far[i], fars->position);
	*line = fars->line;
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

static int build_list(struct builder *builder, const struct slot *slot, const struct keys *keys,
		      struct fars *fars, __u32 line)
{
	struct set_bucket bucket = {
		.entry = make_entry(SET_LIST, slot->odd, keys->lanes, 0),
	};
	size_t i;
	int err;

	err = put_fars(builder, keys, fars, &bucket.far);
	if (err)
		return err;
	pad_keys(&bucket, keys->lanes);
	for (i = 0; i < slot->n; i++)
		put_key(&bucket, keys->lanes, i, rest(slot->boundary[i], slot->position));
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
		pad_fars(&builder->blob->lines[first + i]);
	for (far = 0; far < slot->n; far++)
		builder->blob->lines[first + far / SET_FARS].far[far % SET_FARS] =
			make_far(slot->boundary[far], slot->position);
	*entry = make_entry(SET_LONG, slot->odd, size, first);
	return 0;
}

/* ---- The trie ---- */

/*
 * How many bits behind the slot's position all addresses between its boundaries have in common, as
 * far as a skip can use them.
 */
static unsigned int bits_in_common(const struct slot *slot)
{
	ranges_key differ = slot->boundary[0] ^ (slot->boundary[slot->n - 1] - 1);
	unsigned int bits = 0;

	differ = rest(differ, slot->position);
	while (bits < 63 && !(differ >> 127)) {
		differ <<= 1;
		bits++;
	}
	return bits;
}

static int build_skip(struct builder *builder, struct slot slot, unsigned int bits, __u32 line)
{
	ranges_key mask = ~(ranges_key)0 << (128 - bits);
	ranges_key common = rest(slot.boundary[0], slot.position) & mask;
	struct set_bucket bucket = {.entry = make_entry(SET_SKIP, false, 0, 0)};
	struct set_skip skip = {
		.mask = mask >> 64,
		.common = common >> 64,
		.bits = bits,
		.below = make_entry(SET_UNIFORM, slot.odd, 0, 0),
		.above = make_entry(SET_UNIFORM, slot.odd != (slot.n & 1), 0, 0),
	};
	int err;

	/* The last boundary may be the first address behind those with these bits. */
	if ((rest(slot.boundary[slot.n - 1], slot.position) & mask) != common)
		slot.n--;
	slot.position += bits;
	err = build_node(builder, slot, &skip.next);
	if (err)
		return err;
	bucket.skip = skip;
	builder->blob->lines[line].bucket = bucket;
	return 0;
}

/* The part of @slot that has @index for its next @stride bits; its boundaries begin at @first. */
static struct slot part_of(const struct slot *slot, unsigned int stride, __u32 index, size_t first)
{
	unsigned int shift = 128 - slot->position;
	ranges_key begin = slot->boundary[0] >> shift << shift;
	ranges_key last = begin + (((ranges_key)index + 1) << (shift - stride)) - 1;
	struct slot part = {
		.boundary = &slot->boundary[first],
		.position = slot->position + stride,
		.depth = slot->depth + 1,
		.odd = slot->odd != (first & 1),
	};
	size_t left = slot->n - first;

	while (part.n < left && part.boundary[part.n] <= last)
		part.n++;
	return part;
}

/* The lines that boundaries @from to @to would take besides one for each bucket: a guess. */
static size_t weigh_window(const struct slot *slot, unsigned int stride, size_t from, size_t to)
{
	size_t lines = 0, far = 0, n;
	struct slot part;
	struct keys keys;
	__u32 index;

	for (; from < to; from += n) {
		index = stride ? rest(slot->boundary[from], slot->position) >> (128 - stride) : 0;
		part = part_of(slot, stride, index, from);
		n = part.n;
		trim(&part);
		/* What overflows takes room, and all who come to it wait for another line. */
		if (!fits(&part, &keys))
			lines += 4 + n / (are_exact(&part, SET_LANES31) ? 4 : 2);
		else
			far += keys.n_far;
	}
	return lines + far / SET_FARS;
}

/* The lines that a split would take. */
static size_t weigh(const struct slot *slot, unsigned int stride)
{
	size_t lines = 0, seen = 0, from, i;

	if (slot->n <= WINDOWS * WINDOW)
		return ((size_t)1 << stride) + weigh_window(slot, stride, 0, slot->n);
	for (i = 0; i < WINDOWS; i++) {
		from = slot->n / WINDOWS * i;
		lines += weigh_window(slot, stride, from, from + WINDOW);
		seen += WINDOW;
	}
	return ((size_t)1 << stride) + lines * slot->n / seen;
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
	unsigned int min = builder->bits == 32 && slot->depth >= DEEP ? DEEP_STRIDE4 : 1;
	unsigned int max = least(log2_of(slot->n), MAX_STRIDE), stride, best;
	size_t lines, fewest = ~(size_t)0;

	if (log2_of(slot->n / 20) > min)
		min = log2_of(slot->n / 20);
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
	struct keys keys;

	trim(&slot);
	if (!slot.n) {
		*entry = make_entry(SET_UNIFORM, slot.odd, 0, 0);
		return 0;
	}
	if (!fits(&slot, &keys) && bits_in_common(&slot) < WORTH_SKIPPING)
		stride = choose_stride(builder, &slot);
	return build_split(builder, &slot, stride, entry);
}

static int build_bucket(struct builder *builder, struct slot slot, struct fars *fars, __u32 line)
{
	struct keys keys;
	unsigned int bits;
	__u32 entry;
	int err;

	trim(&slot);
	if (fits(&slot, &keys))
		return build_list(builder, &slot, &keys, fars, line);
	bits = bits_in_common(&slot);
	if (slot.depth == SET_DEPTH)
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
