/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/trie.h"

#include <errno.h>
#include <string.h>

#include "lib/ranges.h"

/* A slot with at most so many boundaries is searched; with more it is split. */
#define SEARCHED 16
/* Fewer bits in common than this cost a larger split less than a line to skip them. */
#define WORTH_SKIPPING 3
#define MIN_STRIDE     4
#define MAX_STRIDE     24

/* The line that is being filled with keys of one type. */
struct filling {
	__u32 line; /* 0: none */
	__u32 used;
};

/* The lists under one split; their keys are relative to its position, and share lines. */
struct lists {
	unsigned int position;
	struct filling filling[SET_LONG]; /* by type */
};

/* A stretch of addresses: all that begin with the same `position` bits. */
struct slot {
	const ranges_key *boundary;
	size_t n;
	unsigned int position;
	unsigned int depth; /* splits and skips before it */
	bool odd;	    /* whether addresses below its first boundary are in the set */
};

struct builder {
	struct blob *blob;
	unsigned int bits; /* of an address */
};

static int build(struct builder *builder, struct slot slot, struct lists *lists, __u32 *entry);

static __u32 make_entry(enum set_type type, bool odd, __u32 size, __u32 line)
{
	return type | (odd ? SET_ODD : 0) | size << SET_SIZE_SHIFT | line << SET_LINE_SHIFT;
}

static __u32 uniform(bool odd)
{
	return make_entry(SET_UNIFORM, odd, 0, 0);
}

/* What is left of a boundary behind @position, from the top down. */
static ranges_key rest(ranges_key boundary, unsigned int position)
{
	return position < 128 ? boundary << position : 0;
}

static struct set_key126 key126(ranges_key rest)
{
	return (struct set_key126){.high = rest >> 65, .low = (__u64)(rest >> 2) & ~SET_PAD63};
}

/* The shortest keys that tell these boundaries. */
static enum set_type key_type(const struct slot *slot, unsigned int position)
{
	ranges_key any = 0;
	size_t i;

	for (i = 0; i < slot->n; i++)
		any |= rest(slot->boundary[i], position);
	if (!(any << 31))
		return SET_LIST31;
	return any << 63 ? SET_LIST126 : SET_LIST63;
}

static __u32 keys_per_line(enum set_type type)
{
	if (type == SET_LIST31)
		return SET_KEYS31;
	return type == SET_LIST63 ? SET_KEYS63 : SET_KEYS126;
}

static void put_key(struct set_line *line, enum set_type type, __u32 i, ranges_key rest)
{
	if (type == SET_LIST31)
		line->key31[i] = rest >> 97;
	else if (type == SET_LIST63)
		line->key63[i] = rest >> 65;
	else
		line->key126[i] = key126(rest);
}

static void put_pads(struct set_line *line, enum set_type type)
{
	__u32 i;

	for (i = 0; i < keys_per_line(type); i++)
		if (type == SET_LIST31)
			line->key31[i] = SET_PAD31;
		else if (type == SET_LIST63)
			line->key63[i] = SET_PAD63;
		else
			line->key126[i] = (struct set_key126){SET_PAD126HIGH, SET_PAD126LOW};
}

static int build_list(struct builder *builder, const struct slot *slot, enum set_type type,
		      struct lists *lists, __u32 *entry)
{
	struct filling *filling = &lists->filling[type];
	struct set_line *line;
	size_t i;
	int err;

	if (!filling->line || filling->used + slot->n > keys_per_line(type)) {
		err = blob__extend(builder->blob, 1, &filling->line);
		if (err)
			return err;
		filling->used = 0;
		put_pads(&builder->blob->lines[filling->line], type);
	}
	/* The keys that are there already belong to lower slots: they count for every address. */
	*entry = make_entry(type, slot->odd != (filling->used & 1), 0, filling->line);
	line = &builder->blob->lines[filling->line];
	for (i = 0; i < slot->n; i++)
		put_key(line, type, filling->used++, rest(slot->boundary[i], lists->position));
	return 0;
}

static int build_long(struct builder *builder, const struct slot *slot, unsigned int position,
		      __u32 *entry)
{
	struct set_line *lines;
	__u32 first, size = 0, i;
	size_t key;
	int err;

	while (((size_t)SET_KEYS126 << size) < slot->n)
		size++;
	if (size > SET_MAX_LONG)
		return -E2BIG;
	err = blob__extend(builder->blob, 1u << size, &first);
	if (err)
		return err;
	lines = &builder->blob->lines[first];
	for (i = 0; i < 1u << size; i++)
		put_pads(&lines[i], SET_LIST126);
	for (key = 0; key < slot->n; key++)
		put_key(&lines[key / SET_KEYS126], SET_LIST126, key % SET_KEYS126,
			rest(slot->boundary[key], position));
	*entry = make_entry(SET_LONG, slot->odd, size, first);
	return 0;
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

static int build_skip(struct builder *builder, struct slot slot, unsigned int bits, __u32 *entry)
{
	ranges_key mask = ~(ranges_key)0 << (128 - bits);
	ranges_key common = rest(slot.boundary[0], slot.position) & mask;
	struct lists lists = {.position = slot.position + bits};
	struct set_skip skip = {
		.mask_high = mask >> 64,
		.mask_low = mask,
		.high = common >> 64,
		.low = common,
		.bits = bits,
		.below = slot.odd,
		.above = slot.odd != (slot.n & 1),
	};
	__u32 line;
	int err;

	err = blob__extend(builder->blob, 1, &line);
	if (err)
		return err;
	/* The last boundary may be the first address behind those with these bits. */
	if ((rest(slot.boundary[slot.n - 1], slot.position) & mask) != common)
		slot.n--;
	slot.position += bits;
	slot.depth++;
	err = build(builder, slot, &lists, &skip.next);
	if (err)
		return err;
	builder->blob->lines[line].skip = skip;
	*entry = make_entry(SET_SKIP, false, 0, line);
	return 0;
}

static unsigned int choose_stride(const struct builder *builder, const struct slot *slot)
{
	/* Mean keys a slot, as a power of two: half a line's, so that few slots overflow. */
	static const unsigned int mean[] = {
		[SET_LIST31] = 2,
		[SET_LIST63] = 1,
		[SET_LIST126] = 0,
	};
	unsigned int stride = 0, left = builder->bits - slot->position;

	while (slot->n >> stride > 1)
		stride++;
	stride -= mean[key_type(slot, slot->position)];
	if (stride < MIN_STRIDE)
		stride = MIN_STRIDE;
	if (stride > MAX_STRIDE)
		stride = MAX_STRIDE;
	return stride < left ? stride : left;
}

static int build_split(struct builder *builder, struct slot slot, __u32 *entry)
{
	unsigned int stride = choose_stride(builder, &slot);
	struct lists lists = {.position = slot.position};
	struct slot part = {.position = slot.position + stride, .depth = slot.depth + 1};
	__u32 first, i, part_entry;
	size_t next = 0;
	int err;

	err = blob__extend(builder->blob, ((1u << stride) + SET_ENTRIES - 1) / SET_ENTRIES, &first);
	if (err)
		return err;
	for (i = 0; i < 1u << stride; i++) {
		part.boundary = &slot.boundary[next];
		part.odd = slot.odd != (next & 1);
		while (next < slot.n &&
		       rest(slot.boundary[next], slot.position) >> (128 - stride) == i)
			next++;
		part.n = &slot.boundary[next] - part.boundary;
		err = build(builder, part, &lists, &part_entry);
		if (err)
			return err;
		builder->blob->lines[first + i / SET_ENTRIES].entry[i % SET_ENTRIES] = part_entry;
	}
	*entry = make_entry(SET_SPLIT, false, stride, first);
	return 0;
}

/* @lists: those that a list for this slot, if it gets one, joins */
static int build(struct builder *builder, struct slot slot, struct lists *lists, __u32 *entry)
{
	enum set_type type;
	unsigned int bits;

	/* A boundary where the slot begins is not worth a key. */
	if (slot.n && !rest(slot.boundary[0], slot.position)) {
		slot.odd = !slot.odd;
		slot.boundary++;
		slot.n--;
	}
	if (!slot.n) {
		*entry = uniform(slot.odd);
		return 0;
	}
	if (slot.n <= SEARCHED) {
		type = key_type(&slot, lists->position);
		if (slot.n <= keys_per_line(type))
			return build_list(builder, &slot, type, lists, entry);
		return build_long(builder, &slot, lists->position, entry);
	}
	/* A skip needs a split after it. IPv4 has too few bits ever to come here. */
	if (slot.depth + 2 > SET_DEPTH)
		return build_long(builder, &slot, lists->position, entry);
	bits = bits_in_common(&slot);
	if (bits >= WORTH_SKIPPING)
		return build_skip(builder, slot, bits, entry);
	return build_split(builder, slot, entry);
}

int trie__build(struct blob *blob, const struct ranges *ranges, enum set_family family,
		__u32 root[static SET_ROOTS])
{
	struct builder builder = {.blob = blob, .bits = family == SET_IPV4 ? 32 : 128};
	struct slot slot = {.position = SET_ROOT_BITS};
	struct lists lists;
	size_t next = 0;
	__u32 i;
	int err;

	for (i = 0; i < SET_ROOTS; i++) {
		lists = (struct lists){.position = SET_ROOT_BITS};
		slot.boundary = &ranges->boundary[next];
		slot.odd = next & 1;
		while (next < ranges->n && ranges->boundary[next] >> (128 - SET_ROOT_BITS) == i)
			next++;
		slot.n = &ranges->boundary[next] - slot.boundary;
		err = build(&builder, slot, &lists, &root[i]);
		if (err)
			return err;
	}
	return 0;
}
