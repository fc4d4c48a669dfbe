/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "list_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After setjmp.h, stdarg.h and stddef.h, as it asks. */
#include <cmocka.h>

static const char *const edges[] = {
	"",
	"0.0.0.0/0\n",
	"::/0\n",
	"0.0.0.0/0\n::/0\n",
	"!0.0.0.0/0\n",
	"0.0.0.0\n",
	"255.255.255.255\n",
	"::\n",
	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n",
	"0.0.0.0/1\n",
	"128.0.0.0/1\n",
	"0.0.0.0/0\n!255.255.255.255\n",
	"::/0\n!ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n",
	"::/0\n!::\n",
	"192.0.2.0/24\n!192.0.2.7\n",
	"192.0.2.0/24\n!192.0.2.0/25\n192.0.2.64/26\n!192.0.2.65\n",
	"2001:db8::/32\n!2001:db8:1::/48\n2001:db8:1:2::/64\n!2001:db8:1:2::3\n",
	"10.0.0.0/9\n10.128.0.0/9\n", /* neighbours that join */
	"::ffff:192.0.2.1\n",
	"0.0.0.0\n255.255.255.255\n",
	"::\nffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n",
	"128.0.0.0/1\n8000::/1\n",
	"0.0.0.0/0\n!255.255.255.255\n::/0\n!::\n",
};

void list_cases__text(list_judge judge, const char *text)
{
	struct list list = {};
	char why[256] = "";

	assert_int_equal(list__parse_text("test", text, strlen(text), &list, NULL, NULL), 0);
	if (judge(&list, 1, why))
		fail_msg("%s: %s", text, why);
	list__free(&list);
}

void list_cases__made(list_judge judge, enum drop53_family family, enum list_shape shape, size_t n,
		      __u64 seed)
{
	struct list list = {};
	char why[256] = "";

	list_make(&list, family, shape, n, seed);
	if (judge(&list, seed, why))
		fail_msg("family %d, shape %d, %zu prefixes, seed %llu: %s", family, shape, n, seed,
			 why);
	list__free(&list);
}

void list_cases__edges(list_judge judge)
{
	size_t i;

	for (i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		list_cases__text(judge, edges[i]);
}

static void nested_at_every_length(list_judge judge)
{
	char text[8192] = "", *at = text;
	int length;

	for (length = 0; length <= 32; length++)
		at += sprintf(at, "%s0.0.0.0/%d\n", length % 2 ? "!" : "", length);
	for (length = 0; length <= 128; length++)
		at += sprintf(at, "%s::/%d\n", length % 2 ? "!" : "", length);
	list_cases__text(judge, text);
}

/* Every second host at the bottom, more than one line holds: each nest before it is a step. */
static void nested_and_dense(list_judge judge, enum drop53_family family, __u8 fill, int step)
{
	int bits = prefix__bits(family), length, i, bottom = bits - 7;
	struct prefix prefix = {.family = family};
	char text[16384] = "", *at = text, one[PREFIX_TEXT];
	bool except = false;

	for (length = step; length < bottom; length += step, except = !except) {
		memset(prefix.address, fill, sizeof(prefix.address));
		prefix__mask(prefix.address, length);
		prefix.length = length;
		at += sprintf(at, "%s%s\n", except ? "!" : "", prefix__format(&prefix, one));
	}
	prefix.length = bits;
	for (i = 1; i < 80; i += 2) {
		memset(prefix.address, 0, sizeof(prefix.address));
		memset(prefix.address, fill, bits / 8 - 1);
		prefix.address[bits / 8 - 1] = fill ^ i;
		at += sprintf(at, "%s%s\n", except ? "!" : "", prefix__format(&prefix, one));
	}
	list_cases__text(judge, text);
}

void list_cases__nested(list_judge judge)
{
	static const __u8 fills[] = {0x00, 0xff, 0x55};
	size_t i;
	int step;

	nested_at_every_length(judge);
	for (step = 1; step <= 24; step++) {
		for (i = 0; i < sizeof(fills); i++) {
			nested_and_dense(judge, DROP53_FAMILY_IPV4, fills[i], step);
			nested_and_dense(judge, DROP53_FAMILY_IPV6, fills[i], step);
		}
	}
}

void list_cases__shapes(list_judge judge, __u64 seed)
{
	static const size_t sizes[] = {1, 2, 3, 7, 16, 17, 100, 300, 1000};
	__u64 end = seed + (getenv("DROP53_NIGHTLY") ? 50 : 1);
	int shape;
	size_t i;

	for (; seed < end; seed++) {
		for (shape = LIST_RANDOM; shape < LIST_SHAPE__N; shape++) {
			for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
				list_cases__made(judge, DROP53_FAMILY_IPV4, shape, sizes[i], seed);
				list_cases__made(judge, DROP53_FAMILY_IPV6, shape, sizes[i], seed);
			}
		}
	}
}
