/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "list_make.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

/* SplitMix64. */
__u64 random_next(struct random *random)
{
	__u64 z = random->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

__u64 random_below(struct random *random, __u64 limit)
{
	return random_next(random) % limit;
}

static void fill(struct random *random, __u8 address[static 16], enum drop53_family family)
{
	__u64 words[2] = {random_next(random), random_next(random)};

	memset(address, 0, 16);
	memcpy(address, words, prefix__bits(family) / 8);
}

void list_draw(const struct prefix *prefix, struct random *random, __u8 address[static 16])
{
	__u8 network[16];
	int i;

	fill(random, address, prefix->family);
	memcpy(network, address, sizeof(network));
	prefix__mask(network, prefix->length);
	for (i = 0; i < 16; i++)
		address[i] ^= network[i] ^ prefix->address[i];
}

/* Mostly /24; or /32, /48, /56, /64 and /128 alike, in 2000::/3. */
static void make_random(struct random *random, struct prefix *prefix)
{
	static const __u8 lengths6[] = {32, 48, 56, 64, 128};

	fill(random, prefix->address, prefix->family);
	if (prefix->family == DROP53_FAMILY_IPV4) {
		prefix->length = random_below(random, 10) < 7 ? 24 : 8 + random_below(random, 25);
		/* Prefixes wider than /16 would soon cover all there is. */
		if (prefix->length < 16 && random_below(random, 100))
			prefix->length += 12;
	} else {
		prefix->length = lengths6[random_below(random, 5)];
		prefix->address[0] = 0x20 | (prefix->address[0] & 0x1f);
	}
}

/* 198.18.0.0/15; or one /64, of which a stretch four times as long as the list is used. */
static void make_host(struct random *random, struct prefix *prefix, size_t n)
{
	static const __u8 site[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2};
	__u64 host = random_below(random, 4 * n);
	int i;

	prefix->length = prefix__bits(prefix->family);
	if (prefix->family == DROP53_FAMILY_IPV4) {
		prefix->address[0] = 198;
		prefix->address[1] = 18 + (host >> 16 & 1);
		prefix->address[2] = host >> 8;
		prefix->address[3] = host;
		return;
	}
	memcpy(prefix->address, site, sizeof(site));
	for (i = 0; i < 8; i++)
		prefix->address[15 - i] = host >> 8 * i;
}

/* /24s in 10.0.0.0/8; /64s in 2001:db8::/32. */
static void make_site(struct random *random, struct prefix *prefix)
{
	static const __u8 provider[4] = {0x20, 0x01, 0x0d, 0xb8};

	fill(random, prefix->address, prefix->family);
	if (prefix->family == DROP53_FAMILY_IPV4)
		prefix->address[0] = 10;
	else
		memcpy(prefix->address, provider, sizeof(provider));
	prefix->length = prefix->family == DROP53_FAMILY_IPV4 ? 24 : 64;
}

/* Inside the prefix before, in the other sense, until there is no room; then anew. */
static void make_nested(struct random *random, struct prefix *prefix, const struct prefix *before)
{
	unsigned int bits = prefix__bits(prefix->family);
	unsigned int room = before ? bits - before->length : 0;

	if (room < 2 || !random_below(random, 4)) {
		fill(random, prefix->address, prefix->family);
		prefix->length = 8 + random_below(random, bits / 2);
		return;
	}
	list_draw(before, random, prefix->address);
	prefix->length = before->length + 1 + random_below(random, room < 12 ? room : 12);
	prefix->except = !before->except;
}

/* A nest of LIST_DEEP: an address, the length of the next prefix around it, hosts to come. */
struct nest {
	__u8 address[16];
	unsigned int length;
	unsigned int step; /* from one length to the next, at most */
	unsigned int hosts;
	bool except;
};

static void begin_nest(struct random *random, struct nest *nest, enum drop53_family family)
{
	static const int fills[] = {0x00, 0xff};
	unsigned int kind = random_below(random, 4);

	fill(random, nest->address, family);
	if (kind < 2)
		memset(nest->address, fills[kind], prefix__bits(family) / 8);
	nest->length = random_below(random, 8);
	nest->step = 1 + random_below(random, family == DROP53_FAMILY_IPV4 ? 6 : 16);
	nest->hosts = 16 + random_below(random, 60);
	nest->except = false;
}

static void make_deep(struct random *random, struct prefix *prefix, struct nest *nest)
{
	unsigned int bits = prefix__bits(prefix->family);

	if (!nest->hosts)
		begin_nest(random, nest, prefix->family);
	memcpy(prefix->address, nest->address, sizeof(prefix->address));
	prefix->except = nest->except;
	prefix->length = bits;
	if (nest->length < bits - 7) {
		prefix->length = nest->length;
		nest->length += 1 + random_below(random, nest->step);
		nest->except = !nest->except;
		return;
	}
	prefix->address[bits / 8 - 1] ^= 2 * nest->hosts--;
}

static int order(const void *a, const void *b)
{
	return prefix__compare(a, b);
}

static void drop_repeats(struct list *list)
{
	size_t kept = 0, i;

	qsort(list->prefix, list->n, sizeof(*list->prefix), order);
	for (i = 0; i < list->n; i++)
		if (!kept || prefix__compare(&list->prefix[kept - 1], &list->prefix[i]) != 0)
			list->prefix[kept++] = list->prefix[i];
	list->n = kept;
}

void list_make(struct list *list, enum drop53_family family, enum list_shape shape, size_t n,
	       __u64 seed)
{
	struct random random = {seed};
	struct nest nest = {};
	struct prefix *prefix;
	size_t i;

	*list = (struct list){calloc(n + 1, sizeof(*list->prefix)), n, n + 1};
	if (!list->prefix)
		err(1, "a list of %zu", n);
	for (i = 0; i < n; i++) {
		prefix = &list->prefix[i];
		prefix->family = family;
		if (shape == LIST_RANDOM)
			make_random(&random, prefix);
		else if (shape == LIST_HOSTS)
			make_host(&random, prefix, n);
		else if (shape == LIST_SITES)
			make_site(&random, prefix);
		else if (shape == LIST_NESTED)
			make_nested(&random, prefix, i ? prefix - 1 : NULL);
		else
			make_deep(&random, prefix, &nest);
		prefix__mask(prefix->address, prefix->length);
	}
	drop_repeats(list);
}
