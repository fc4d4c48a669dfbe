/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "list_texts.h"

#include <stddef.h>
#include <stdio.h>

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

void list_texts__edges(void (*check)(const char *text))
{
	size_t i;

	for (i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		check(edges[i]);
}

void list_texts__nested(void (*check)(const char *text))
{
	char text[8192] = "", *at = text;
	int length;

	for (length = 0; length <= 32; length++)
		at += sprintf(at, "%s0.0.0.0/%d\n", length % 2 ? "!" : "", length);
	for (length = 0; length <= 128; length++)
		at += sprintf(at, "%s::/%d\n", length % 2 ? "!" : "", length);
	check(text);
}
