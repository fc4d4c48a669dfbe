/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "list_check.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "list_make.h"
#include "list_oracle.h"
#include "set.h"

struct check {
	const struct list *list;
	struct blob blob;
	const struct check_holder *holder; /* may be NULL */
	char *why;
};

bool check_contains(const struct blob *blob, enum drop53_family family,
		    const __u8 address[static 16])
{
	struct set_image image = {blob->lines, blob->n};
	__be64 half[2];

	memcpy(half, address, sizeof(half));
	return family == DROP53_FAMILY_IPV4 ? set_contains4(&image, half[0])
					    : set_contains6(&image, half[0], half[1]);
}

static int check_held(const struct check *check, enum drop53_family family,
		      const __u8 address[static 16], bool allowed, const char *text)
{
	int found;

	if (!check->holder)
		return 0;
	found = check->holder->contains(check->holder->context, family, address);
	if (found == allowed)
		return 0;
	snprintf(check->why, 256, "%s: the holder says %d, not %d", text, found, allowed);
	return -1;
}

static int check_address(const struct check *check, enum drop53_family family,
			 const __u8 address[static 16])
{
	const struct prefix *match =
		oracle_match(check->list->prefix, check->list->n, family, address);
	int af = family == DROP53_FAMILY_IPV4 ? AF_INET : AF_INET6;
	bool allowed = match && !match->except, found;
	char text[INET6_ADDRSTRLEN];

	inet_ntop(af, address, text, sizeof(text));
	if (list__match(check->list, family, address) != match) {
		snprintf(check->why, 256, "list__match is wrong for %s", text);
		return -1;
	}
	found = check_contains(&check->blob, family, address);
	if (found == allowed)
		return check_held(check, family, address, allowed, text);
	snprintf(check->why, 256, "%s should%s be in the set", text, allowed ? "" : " not");
	return -1;
}

/* Adds 1, or -1 as all bits set, to an address of so many bytes. */
static void step(__u8 *address, int bytes, bool up)
{
	int i;

	for (i = bytes - 1; i >= 0; i--) {
		address[i] += up ? 1 : -1;
		if (address[i] != (up ? 0 : 0xff))
			break;
	}
}

/* An address and its two neighbours, going round at the ends. */
static int check_around(const struct check *check, enum drop53_family family,
			const __u8 address[static 16])
{
	int bytes = prefix__bits(family) / 8;
	__u8 below[16], above[16];

	memcpy(below, address, sizeof(below));
	memcpy(above, address, sizeof(above));
	step(below, bytes, false);
	step(above, bytes, true);
	return check_address(check, family, address) || check_address(check, family, below) ||
			       check_address(check, family, above)
		       ? -1
		       : 0;
}

static int check_prefix(const struct check *check, const struct prefix *prefix)
{
	unsigned int bits = prefix__bits(prefix->family), i;
	__u8 last[16];

	memcpy(last, prefix->address, sizeof(last));
	for (i = prefix->length; i < bits; i++)
		last[i / 8] |= 0x80 >> i % 8;
	return check_around(check, prefix->family, prefix->address) ||
			       check_around(check, prefix->family, last)
		       ? -1
		       : 0;
}

/* Addresses inside prefixes, and anywhere. */
static int check_drawn(const struct check *check, size_t more, __u64 seed)
{
	struct prefix everything = {};
	struct random random = {seed};
	const struct prefix *prefix;
	__u8 address[16];
	int err = 0;

	for (; more && !err; more--) {
		everything.family = more & 1 ? DROP53_FAMILY_IPV4 : DROP53_FAMILY_IPV6;
		prefix = &everything;
		if (check->list->n && more & 2)
			prefix = &check->list->prefix[random_below(&random, check->list->n)];
		list_draw(prefix, &random, address);
		err = check_address(check, prefix->family, address);
	}
	return err;
}

static int check_read(const struct check *check, __u64 generation)
{
	struct list list = {};
	__u64 found = 0;
	int err;

	err = compile__read(check->blob.lines, check->blob.n, &list, &found, NULL);
	if (err || found != generation || list.n != check->list->n ||
	    (list.n &&
	     memcmp(list.prefix, check->list->prefix, list.n * sizeof(*list.prefix)) != 0)) {
		snprintf(check->why, 256, "the list that is read back differs");
		err = -1;
	}
	list__free(&list);
	return err;
}

static int put(const struct check *check)
{
	int err = check->holder->put(check->holder->context, &check->blob);

	if (err)
		snprintf(check->why, 256, "the holder does not take it: %s", strerror(-err));
	return err;
}

int check_list(const struct list *list, size_t more, __u64 seed, char why[static 256])
{
	return check_list_held(list, more, seed, NULL, why);
}

int check_list_held(const struct list *list, size_t more, __u64 seed,
		    const struct check_holder *holder, char why[static 256])
{
	struct check check = {.list = list, .holder = holder, .why = why};
	__u8 zero[16] = {};
	size_t i;
	int err;

	if (compile__blob(list, seed, &check.blob, NULL)) {
		snprintf(why, 256, "the list does not compile");
		return -1;
	}
	err = check_read(&check, seed);
	if (!err && holder)
		err = put(&check);
	for (i = 0; i < list->n && !err; i++)
		err = check_prefix(&check, &list->prefix[i]);
	if (!err)
		err = check_around(&check, DROP53_FAMILY_IPV4, zero);
	if (!err)
		err = check_around(&check, DROP53_FAMILY_IPV6, zero);
	if (!err)
		err = check_drawn(&check, more, seed);
	compile__free(&check.blob);
	return err;
}
