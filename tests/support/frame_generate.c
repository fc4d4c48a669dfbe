/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "frame_generate.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "frame_put.h"

#define COUNT(array)		 (sizeof(array) / sizeof((array)[0]))
#define ONE_OF(generator, array) ((array)[below(generator, COUNT(array))])

/* SplitMix64: small, and every seed is a good one. */
static uint64_t draw(struct frame_generator *g)
{
	uint64_t mixed = g->state += 0x9e3779b97f4a7c15ull;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ull;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebull;
	return mixed ^ mixed >> 31;
}

static unsigned int below(struct frame_generator *g, unsigned int limit)
{
	return draw(g) % limit;
}

/* True @percent times in a hundred. */
static bool chance(struct frame_generator *g, unsigned int percent)
{
	return below(g, 100) < percent;
}

void frame_generator__seed(struct frame_generator *g, uint64_t seed)
{
	g->state = seed;
	for (size_t i = 0; i < FRAME_NOISE; i++)
		g->noise[i] = draw(g);
}

static struct layer *add(struct frame_generator *g, struct layer layer)
{
	g->layers[g->count] = layer;
	return &g->layers[g->count++];
}

/* Mostly none, often few, now and then up to @most: around the parser's limits too. */
static unsigned int some(struct frame_generator *g, unsigned int most)
{
	if (chance(g, 50))
		return 0;
	return chance(g, 80) ? 1 + below(g, 3) : below(g, most + 1);
}

/* Any value but 0, which the builder takes for "as it should be". */
static int wrong(struct frame_generator *g, unsigned int limit)
{
	unsigned int value = below(g, limit);

	return value ? (int)value : ZERO;
}

static const char *noise(struct frame_generator *g, int size)
{
	return g->noise + below(g, FRAME_NOISE - size);
}

static int any_protocol(struct frame_generator *g)
{
	static const int protocols[] = {
		ZERO, 1,  2,  4,  6,  6,  6,   17,  17,	 17,  33,  41,	43,  44,  47,
		50,   51, 58, 59, 60, 89, 103, 132, 135, 136, 139, 140, 253, 255,
	};

	return ONE_OF(g, protocols);
}

static void add_link(struct frame_generator *g)
{
	static const int tags[] = {0x8100, 0x8100, 0x8100, 0x8100, 0x8100, 0x8100, 0x8100, 0x8100,
				   0x88a8, 0x88a8, 0x88a8, 0x88a8, 0x88a8, 0x88a8, 0x9100, 0x9200};
	static const int others[] = {0x0800, 0x0800, 0x86dd, 0x0806, 0x8864, 0x8847, 46, 1500};
	struct layer *last = add(g, (struct layer)ETH());

	for (unsigned int n = some(g, 11); n; n--)
		last = add(g, (struct layer)TAG(.type = ONE_OF(g, tags), .vid = below(g, 0x10000)));
	if (chance(g, 2))
		last->next = ONE_OF(g, others);
}

static void add_transport(struct frame_generator *g)
{
	static const int ports[] = {53, 53, 53, 53, 53, 13568, 5353, 853, 4242, 54, 0x3535};
	int sport = chance(g, 20) ? 53 : 1 + below(g, 0xffff);
	int dport = chance(g, 90) ? ONE_OF(g, ports) : (int)below(g, 0x10000);

	if (chance(g, 60))
		add(g, (struct layer)UDP(.sport = sport, .dport = dport,
					 .length = chance(g, 3) ? wrong(g, 100) : 0));
	else
		add(g, (struct layer)TCP(.sport = sport, .dport = dport, .flags = wrong(g, 256),
					 .doff = chance(g, 3) ? wrong(g, 16) : 0));
	if (chance(g, 50))
		add(g, (struct layer)DATA(.size = below(g, 64)));
}

static void add_extension(struct frame_generator *g)
{
	static const int kinds[] = {ZERO, 43, 43, 60, 60, 60, 60, 44, 44, 51, 51};
	int kind = ONE_OF(g, kinds), size = chance(g, 96) ? below(g, 40) : below(g, 600);
	struct layer *layer;

	if (kind == IPPROTO_FRAGMENT)
		layer = add(g, (struct layer)FRAG(.id = below(g, 1000),
						  .reserved = chance(g, 30) ? below(g, 256) : 0,
						  .flags = below(g, 4), .more = below(g, 2)));
	else if (kind == IPPROTO_AH)
		layer = add(g, (struct layer)AH(.size = 4 * (1 + below(g, 10))));
	else
		layer = add(g, (struct layer)EXT(.type = kind, .size = size));
	if (kind == IPPROTO_FRAGMENT && chance(g, 15))
		layer->offset = chance(g, 50) ? 1 : (int)below(g, 0x2000);
	if (kind != IPPROTO_FRAGMENT && chance(g, 3))
		layer->length = wrong(g, 256);
	if (kind != IPPROTO_FRAGMENT && kind != IPPROTO_AH && chance(g, 30) && size)
		layer->bytes = noise(g, size);
	if (chance(g, 3))
		layer->next = any_protocol(g);
}

static void add_ip4(struct frame_generator *g)
{
	struct layer ip = IP4(.id = below(g, 0x10000), .ttl = wrong(g, 256));

	if (chance(g, 30)) {
		ip.size = below(g, 11) * 4;
		ip.bytes = chance(g, 50) ? noise(g, 40) : NULL;
	}
	if (chance(g, 10))
		ip.more = 1;
	if (chance(g, 8))
		ip.offset = chance(g, 50) ? 1 : (int)below(g, 0x2000);
	if (chance(g, 10))
		ip.flags = below(g, 4);
	if (chance(g, 3))
		ip.version = wrong(g, 16);
	if (chance(g, 3))
		ip.ihl = wrong(g, 16);
	if (chance(g, 5))
		ip.length = chance(g, 50) ? wrong(g, 60) : wrong(g, 0x10000);
	if (chance(g, 6))
		ip.next = any_protocol(g);
	add(g, ip);
	if (chance(g, 2)) /* is nothing that IPv4 knows, but for AH */
		add_extension(g);
	if (chance(g, 8))
		for (unsigned int n = 1 + some(g, 17); n; n--)
			add(g, (struct layer)AH(.size = 4 * (1 + below(g, 8))));
}

static void add_ip6(struct frame_generator *g)
{
	struct layer ip = IP6(.ttl = wrong(g, 256), .flags = below(g, 1 << 28));

	if (chance(g, 3))
		ip.version = wrong(g, 16);
	if (chance(g, 5))
		ip.length = chance(g, 50) ? wrong(g, 60) : wrong(g, 0x10000);
	if (chance(g, 6))
		ip.next = any_protocol(g);
	add(g, ip);
	if (chance(g, 2)) /* what follows lies in another buffer */
		add(g, (struct layer)EXT(.size = 2046, .repeat = 1 + below(g, 3)));
	for (unsigned int n = some(g, 18); n; n--)
		add_extension(g);
}

/* Values that mean something to a parser, where chance would seldom put them. */
static unsigned char telling_byte(struct frame_generator *g)
{
	static const unsigned char bytes[] = {0,    53,	  17,	6,    44,   51,	  60,	43,   0x45,
					      0x60, 0x46, 0x81, 0x88, 0xa8, 0x08, 0x86, 0xdd, 0xff};

	return chance(g, 50) ? ONE_OF(g, bytes) : below(g, 256);
}

/* Mostly behind the MAC addresses and among the headers. */
static size_t somewhere(struct frame_generator *g, size_t length)
{
	size_t headers = length < 120 ? length : 120;

	return length > 12 && chance(g, 80) ? 12 + below(g, headers - 12) : below(g, length);
}

static void mutate(struct frame_generator *g, unsigned char *bytes, size_t length)
{
	for (unsigned int n = 1 + below(g, 4); n; n--)
		bytes[somewhere(g, length)] = telling_byte(g);
	if (length > 16 && chance(g, 10))
		memmove(bytes + below(g, length - 16), bytes + below(g, length - 16), 16);
}

size_t frame_generator__next(struct frame_generator *g, unsigned char *bytes)
{
	size_t length;

	g->count = 0;
	add_link(g);
	if (chance(g, 97)) {
		if (chance(g, 50))
			add_ip4(g);
		else
			add_ip6(g);
		if (chance(g, 3)) /* a tunnel */
			chance(g, 50) ? add_ip4(g) : add_ip6(g);
		add_transport(g);
	}
	if (chance(g, 20))
		add(g,
		    (struct layer)TRAILER(.size = chance(g, 95) ? below(g, 40) : below(g, 5000)));
	add(g, (struct layer){.kind = LAYER_END});
	length = frame__build(g->layers, bytes, FRAME_MAX);
	if (chance(g, 30))
		mutate(g, bytes, length);
	if (chance(g, 10))
		length = 1 + below(g, length);
	return length;
}

static void *grown(void *memory, size_t size)
{
	memory = realloc(memory, size);
	if (!memory)
		frame__mistake("no memory");
	return memory;
}

void frame_batch__generate(struct frame_batch *batch, struct frame_generator *g, size_t count)
{
	size_t used = 0;

	batch->length = grown(batch->length, count * sizeof(*batch->length));
	batch->count = count;
	for (size_t i = 0; i < count; i++) {
		if (used + FRAME_MAX > batch->room) {
			batch->room = 2 * (used + FRAME_MAX);
			batch->bytes = grown(batch->bytes, batch->room);
		}
		batch->length[i] = frame_generator__next(g, batch->bytes + used);
		used += batch->length[i];
	}
}

void frame_batch__free(struct frame_batch *batch)
{
	free(batch->bytes);
	free(batch->length);
}
