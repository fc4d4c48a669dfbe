// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From a packet's addresses to a reason: the allow-list first, then whose the destination is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../support/kernel.h"
#include "lib/allowlist.h"
#include "lib/compile.h"
#include "lib/set_pages.h"

#define DROP 1 /* enum xdp_action */
#define PASS 2

static int enter(void **state)
{
	(void)state;
	return sandbox__enter();
}

static struct pinned pinned;

static struct list parse(const char *text)
{
	struct list list;

	assert_int_equal(list__parse_text("test", text, strlen(text), &list, NULL, NULL), 0);
	return list;
}

/* Allowed: 192.0.2.0/24 and 2001:db8::/32. This host: 203.0.113.53 and 2001:db8:53::53. */
static int setup(void **state)
{
	struct list list;

	(void)state;
	pinned__new(&pinned, NULL);
	list = parse("192.0.2.0/24\n2001:db8::/32\n");
	assert_int_equal(allowlist__commit(&pinned.filter, &list, NULL, NULL), 0);
	list__free(&list);
	list = parse("127.0.0.0/8\n203.0.113.53\n::1\n2001:db8:53::53\n");
	assert_int_equal(allowlist__commit_local(&pinned.filter, &list, NULL), 0);
	list__free(&list);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pinned__free(&pinned);
	return 0;
}

static int from_to(const char *source, const char *target)
{
	if (strchr(source, ':'))
		return program__run(
			pinned.filter.program,
			LAYERS(ETH(), IP6(.src = source, .dst = target), UDP(.dport = 53)), 1);
	return program__run(pinned.filter.program,
			    LAYERS(ETH(), IP4(.src = source, .dst = target), UDP(.dport = 53)), 1);
}

static void the_source_decides_at_the_edges_of_its_prefix(void **state)
{
	(void)state;
	assert_int_equal(from_to("192.0.1.255", "203.0.113.53"), DROP);
	assert_int_equal(from_to("192.0.2.0", "203.0.113.53"), PASS);
	assert_int_equal(from_to("192.0.2.255", "203.0.113.53"), PASS);
	assert_int_equal(from_to("192.0.3.0", "203.0.113.53"), DROP);
	assert_int_equal(from_to("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "::1"), DROP);
	assert_int_equal(from_to("2001:db8::", "::1"), PASS);
	assert_int_equal(from_to("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "::1"), PASS);
	assert_int_equal(from_to("2001:db9::", "::1"), DROP);
}

/* The IPv4 address in an IPv6 one is not that address, in any of the ways to write it there. */
static void a_mapped_address_is_not_the_ipv4_one(void **state)
{
	(void)state;
	assert_int_equal(from_to("::ffff:192.0.2.1", "::1"), DROP);
	assert_int_equal(from_to("::192.0.2.1", "::1"), DROP);
	assert_int_equal(from_to("c000:201::", "::1"), DROP);
	assert_int_equal(from_to("32.1.13.184", "203.0.113.53"), DROP); /* 2001:db8 */
}

static void a_family_whose_bit_is_off_allows_nobody(void **state)
{
	(void)state;
	pinned.filter.settings->allow &= ~DROP53_SET_IPV4;
	assert_int_equal(from_to("192.0.2.1", "203.0.113.53"), DROP);
	assert_int_equal(from_to("2001:db8::1", "::1"), PASS);
	pinned.filter.settings->allow ^= DROP53_SET_IPV4 | DROP53_SET_IPV6;
	assert_int_equal(from_to("192.0.2.1", "203.0.113.53"), PASS);
	assert_int_equal(from_to("2001:db8::1", "::1"), DROP);
}

static void both_families_switch_with_one_word(void **state)
{
	__u32 first = pinned.filter.settings->allow, second = first ^ DROP53_SET_INDEX;
	struct list list = parse("10.0.0.0/8\nfd00::/8\n");
	struct blob blob = {};

	(void)state;
	/* By hand: a commit would give the memory of the other slot back. */
	assert_int_equal(compile__blob(&list, 3, &blob, NULL), 0);
	assert_int_equal(set_pages__put(pinned.filter.sets, pinned.filter.settings,
					DROP53_SETS_ALLOW + (second & DROP53_SET_INDEX), blob.lines,
					blob.n, NULL),
			 0);
	compile__free(&blob);
	list__free(&list);
	for (int i = 0; i < 10; i++) {
		pinned.filter.settings->allow = i % 2 ? first : second;
		assert_int_equal(from_to("192.0.2.1", "203.0.113.53"), i % 2 ? PASS : DROP);
		assert_int_equal(from_to("2001:db8::1", "::1"), i % 2 ? PASS : DROP);
		assert_int_equal(from_to("10.1.2.3", "203.0.113.53"), i % 2 ? DROP : PASS);
		assert_int_equal(from_to("fd00::1", "::1"), i % 2 ? DROP : PASS);
	}
}

static void with_scope_any_the_destination_does_not_matter(void **state)
{
	(void)state;
	assert_int_equal(from_to("10.0.0.1", "203.0.113.53"), DROP);
	assert_int_equal(from_to("10.0.0.1", "8.8.8.8"), DROP);
	assert_int_equal(from_to("fd00::1", "fd00::2"), DROP);
}

static void with_scope_local_only_what_is_delivered_here_is_dropped(void **state)
{
	(void)state;
	pinned.filter.settings->scope = DROP53_SCOPE_LOCAL;
	assert_int_equal(from_to("10.0.0.1", "203.0.113.53"), DROP);
	assert_int_equal(from_to("10.0.0.1", "203.0.113.52"), PASS);
	assert_int_equal(from_to("10.0.0.1", "203.0.113.54"), PASS);
	assert_int_equal(from_to("10.0.0.1", "127.255.255.255"), DROP);
	assert_int_equal(from_to("10.0.0.1", "128.0.0.0"), PASS);
	assert_int_equal(from_to("fd00::1", "2001:db8:53::53"), DROP);
	assert_int_equal(from_to("fd00::1", "2001:db8:53::54"), PASS);
}

static void multicast_and_broadcast_are_delivered_here(void **state)
{
	(void)state;
	pinned.filter.settings->scope = DROP53_SCOPE_LOCAL;
	assert_int_equal(from_to("10.0.0.1", "223.255.255.255"), PASS);
	assert_int_equal(from_to("10.0.0.1", "224.0.0.0"), DROP);
	assert_int_equal(from_to("10.0.0.1", "239.255.255.255"), DROP);
	assert_int_equal(from_to("10.0.0.1", "240.0.0.0"), PASS);
	assert_int_equal(from_to("10.0.0.1", "255.255.255.255"), DROP);
	assert_int_equal(from_to("10.0.0.1", "255.255.255.254"), PASS);
	assert_int_equal(from_to("fd00::1", "ff02::1"), DROP);
	assert_int_equal(from_to("fd00::1", "fe80::1"), PASS);
}

static void the_destination_is_found_behind_tags_options_and_headers(void **state)
{
	int program = pinned.filter.program;

	(void)state;
	pinned.filter.settings->scope = DROP53_SCOPE_LOCAL;
	assert_int_equal(
		program__run(program,
			     LAYERS(ETH(), TAG(.repeat = 3),
				    IP4(.src = "10.0.0.1", .dst = "203.0.113.53", .size = 40),
				    UDP(.dport = 53)),
			     1),
		DROP);
	assert_int_equal(program__run(program,
				      LAYERS(ETH(), TAG(.repeat = 3),
					     IP4(.src = "10.0.0.1", .dst = "8.8.8.8", .size = 40),
					     UDP(.dport = 53)),
				      1),
			 PASS);
	assert_int_equal(program__run(program,
				      LAYERS(ETH(), TAG(), IP6(.src = "fd00::1", .dst = "fd00::2"),
					     EXT(.repeat = 5), TCP(.dport = 53)),
				      1),
			 PASS);
	assert_int_equal(
		program__run(program,
			     LAYERS(ETH(), TAG(), IP6(.src = "fd00::1", .dst = "2001:db8:53::53"),
				    EXT(.repeat = 5), TCP(.dport = 53)),
			     1),
		DROP);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_source_decides_at_the_edges_of_its_prefix),
		TEST(a_mapped_address_is_not_the_ipv4_one),
		TEST(a_family_whose_bit_is_off_allows_nobody),
		TEST(both_families_switch_with_one_word),
		TEST(with_scope_any_the_destination_does_not_matter),
		TEST(with_scope_local_only_what_is_delivered_here_is_dropped),
		TEST(multicast_and_broadcast_are_delivered_here),
		TEST(the_destination_is_found_behind_tags_options_and_headers),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
