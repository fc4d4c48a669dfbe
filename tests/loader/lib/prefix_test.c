// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One prefix: what is taken, what is said of what is not, how it is written, and in what order. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After setjmp.h, stdarg.h and stddef.h, as it asks. */
#include <cmocka.h>

#include "../../support/list_lines.h"
#include "../../support/list_make.h"
#include "lib/diag.h"
#include "lib/prefix.h"

#define V4    DROP53_FAMILY_IPV4
#define V6    DROP53_FAMILY_IPV6
#define DRAWN 20000

static const enum drop53_family families[] = {V4, V6};

/* In memory of exactly its size, with no NUL behind it: the sanitizer sees a step too far. */
static int parse(const char *text, size_t length, struct prefix *prefix, size_t *fault,
		 struct diag *diag)
{
	char *exact = malloc(length ? length : 1);
	int err;

	assert_non_null(exact);
	memcpy(exact, text, length);
	err = prefix__parse(exact, length, prefix, fault, diag);
	free(exact);
	return err;
}

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;
	struct diag diag;

	if (parse(text, strlen(text), &prefix, NULL, &diag))
		fail_msg("%s: %s", text, diag.text);
	return prefix;
}

static void expect_same(const struct prefix *a, const struct prefix *b, const char *text)
{
	if (memcmp(a, b, sizeof(*a)) != 0)
		fail_msg("%s: another prefix", text);
}

/* Fails with words that hold @says, at character @at, and leaves everything else alone. */
static void expect_wrong(const char *text, size_t length, size_t at, const char *says)
{
	struct prefix prefix, before;
	size_t fault = 5353;
	struct diag diag = {};

	memset(&before, 0x53, sizeof(before));
	prefix = before;
	if (parse(text, length, &prefix, &fault, &diag) != -EINVAL)
		fail_msg("'%s' is taken", text);
	if (fault != at || !strstr(diag.text, says))
		fail_msg("'%s': character %zu: %s", text, fault, diag.text);
	expect_same(&before, &prefix, text);
	assert_int_equal(parse(text, length, &prefix, NULL, NULL), -EINVAL);
}

static void draw(struct random *random, enum drop53_family family, struct prefix *prefix)
{
	__u64 zeros = random_next(random) & random_next(random);
	int i;

	*prefix = (struct prefix){.family = family};
	prefix->length = random_below(random, prefix__bits(family) + 1);
	prefix->except = random_below(random, 2);
	list_draw(&(struct prefix){.family = family}, random, prefix->address);
	/* Zeros by the group, for "::" to find. */
	for (i = 0; family == V6 && i < 16; i++)
		if (zeros >> i / 2 & 1)
			prefix->address[i] = 0;
	prefix__mask(prefix->address, prefix->length);
}

/* ---- Reading ---- */

static void what_is_taken_and_how_it_is_written(void **state)
{
	static const struct {
		const char *text, *canonical;
		int family, length;
	} cases[] = {
		{"192.0.2.1", "192.0.2.1", V4, 32},
		{"192.0.2.1/32", "192.0.2.1", V4, 32},
		{"!192.0.2.0/25", "!192.0.2.0/25", V4, 25},
		{"0.0.0.0/0", "0.0.0.0/0", V4, 0},
		{"0.0.0.0", "0.0.0.0", V4, 32},
		{"255.255.255.255", "255.255.255.255", V4, 32},
		{"!2001:db8::1", "!2001:db8::1", V6, 128},
		{"::/0", "::/0", V6, 0},
		{"::", "::", V6, 128},
		{"::/128", "::", V6, 128},
		{"FFFF:ffff:FFFF:ffff:FFFF:ffff:FFFF:ffff",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", V6, 128},
		{"0:0:0:0:0:0:0:0", "::", V6, 128},
		{"0000:0000:0000:0000:0000:0000:0000:0000/0", "::/0", V6, 0},
		{"::1", "::1", V6, 128},
		{"1::", "1::", V6, 128},
		{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", V6, 128},
		{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8", V6, 128},
		{"1:2:3::5:6:7:8", "1:2:3:0:5:6:7:8", V6, 128},
		/* RFC 5952, 4.1 to 4.3 */
		{"2001:0db8::0001", "2001:db8::1", V6, 128},
		{"2001:db8:0:0:0:0:2:1", "2001:db8::2:1", V6, 128},
		{"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1", V6, 128},
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1", V6, 128},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", V6, 128},
		{"2001:DB8:AAAA:bbbb:CcCc:dDdD:eeee:AAAA", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa",
		 V6, 128},
		{"1:0:0:2:0:0:0:0/64", "1:0:0:2::/64", V6, 64},
		/* An IPv4 address in an IPv6 one stays IPv6. */
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1", V6, 128},
		{"::ffff:c000:201", "::ffff:192.0.2.1", V6, 128},
		{"::ffff:0:0/96", "::ffff:0.0.0.0/96", V6, 96},
		{"::FFFF:0.0.0.0/96", "::ffff:0.0.0.0/96", V6, 96},
		{"64:ff9b::192.0.2.1", "64:ff9b::c000:201", V6, 128},
		{"1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201", V6, 128},
		{"0:0:0:0:0:ffff:10.0.0.0/104", "::ffff:10.0.0.0/104", V6, 104},
		{"1::192.0.2.1", "1::c000:201", V6, 128},
	};
	char written[PREFIX_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct prefix prefix = prefix_of(cases[i].text), again;

		assert_ptr_equal(prefix__format(&prefix, written), written);
		assert_string_equal(written, cases[i].canonical);
		assert_int_equal(prefix.family, cases[i].family);
		assert_int_equal(prefix.length, cases[i].length);
		assert_int_equal(prefix.except, *cases[i].text == '!');
		again = prefix_of(written);
		expect_same(&prefix, &again, written);
	}
}

static void what_is_refused_and_where(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *says;
	} cases[] = {
		{"", 0, "missing"},
		{"!", 1, "missing"},
		{"/24", 0, "missing"},
		{"!!192.0.2.1", 1, "not an address"},
		{"localhost", 0, "names are not looked up"},
		{"192.0.2.1:53", 9, "no port"},
		{"[2001:db8::1]:53", 0, "no brackets"},
		{"192.0.2.0-192.0.2.9", 9, "a range"},
		{"192.0.2.1,192.0.2.2", 9, "at a time"},
		{"10.0.0.0/8,10.0.0.1", 10, "at a time"},
		{"-1.2.3.4", 0, "not an address"},
		{"192.0.2", 7, "four numbers"},
		{"192.0.2.", 8, "four numbers"},
		{"192..2.1", 4, "four numbers"},
		{"192.0.2.1.", 9, "should end here"},
		{"192.0.2.1.5", 9, "should end here"},
		{"192.0.2.256", 8, "over 255"},
		{"4294967297.0.0.0", 0, "over 255"},
		{"99999999999999999999.0.0.0", 0, "over 255"},
		{"0xc0.0.2.1", 1, "four numbers"},
		{"3221225985", 0, "over 255"},
		/* Octal to some, decimal to others. */
		{"192.0.02.1", 6, "leading zeros"},
		{"00.0.0.0", 0, "leading zeros"},
		{"192.0.2.001", 8, "leading zeros"},
		{"10.0.0.0/08", 9, "leading zeros"},
		{"10.0.0.0/00", 9, "leading zeros"},
		{"2001:db8::/032", 11, "leading zeros"},
		{"::ffff:192.0.2.01", 15, "leading zeros"},
		{"10.0.0.0/", 9, "a length in bits"},
		{"10.0.0.0/x", 9, "a length in bits"},
		{"10.0.0.0/-8", 9, "a length in bits"},
		{"10.0.0.0/+8", 9, "a length in bits"},
		{"10.0.0.0/8/8", 10, "should end here"},
		{"10.0.0.0/255.0.0.0", 9, "not a mask"},
		{"10.0.0.0/33", 9, "at most 32"},
		{"10.0.0.0/4294967304", 9, "at most 32"},
		{"::/129", 3, "at most 128"},
		{"::/18446744073709551616", 3, "at most 128"},
		{":", 0, "groups of hexadecimal digits"},
		{":1", 0, "groups of hexadecimal digits"},
		{"1:", 2, "groups of hexadecimal digits"},
		{"1:2:3:4:5:6:7:", 14, "groups of hexadecimal digits"},
		{"1:2:3:4:5:6:7", 13, "eight groups"},
		{"1:2:3:4:5:6:7:8:9", 16, "more than eight"},
		{"1:2:3:4:5:6:7:8::", 17, "besides eight groups"},
		{"::1:2:3:4:5:6:7:8", 17, "besides eight groups"},
		{"1:2:3:4::5:6:7:8", 16, "besides eight groups"},
		{"1::2::3", 5, "a second \"::\""},
		{":::", 2, "should end here"},
		{"1:::2", 3, "should end here"},
		{"12345::", 4, "four digits"},
		{"::00001", 6, "four digits"},
		{"::g", 2, "should end here"},
		{"::1.2.3", 7, "four numbers"},
		{"::1.2.3.256", 8, "over 255"},
		{"::1.2.3.4:5", 9, "should end here"},
		{"1.2.3.4::", 7, "no port"},
		{"1:2:3:4:5:6:7:1.2.3.4", 15, "should end here"},
		{"[2001:db8::1]", 0, "no brackets"},
		{"fe80::1%eth0", 7, "zone"},
		{"fe80::1%1/64", 7, "zone"},
		{"fe80::%/64", 6, "zone"},
		{"192.0.2.1%eth0", 9, "zone"},
		/* Blanks are the line's, not the prefix'. */
		{" 192.0.2.1", 0, "not an address"},
		{"192.0.2.1 ", 9, "should end here"},
		{"192.0.2.1\n", 9, "should end here"},
		{"192.0.2.0 /24", 9, "should end here"},
		{"192.0.2.0/ 24", 10, "a length in bits"},
		{"192.0.2.0/24\t", 12, "should end here"},
		{"! 192.0.2.1", 1, "not an address"},
		{"2001:db8:: /32", 10, "should end here"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_wrong(cases[i].text, strlen(cases[i].text), cases[i].at, cases[i].says);
}

static void a_nul_is_a_character_like_others(void **state)
{
	(void)state;
	expect_wrong("192.0.2.1\0", 10, 9, "\"192.0.2.1\\x00\"");
	expect_wrong("\0", 1, 0, "\"\\x00\"");
	expect_wrong("::\0", 3, 2, "\"::\\x00\"");
}

static void what_is_quoted_is_short_and_printable(void **state)
{
	char text[5000];
	struct prefix prefix;
	struct diag diag;
	const char *at;
	size_t fault;

	(void)state;
	memset(text, '1', sizeof(text));
	expect_wrong(text, sizeof(text), 0, "...");
	memset(text, ':', sizeof(text));
	expect_wrong(text, sizeof(text), 2, "...");
	memset(text, '\033', sizeof(text));
	assert_int_equal(parse(text, sizeof(text), &prefix, &fault, &diag), -EINVAL);
	assert_true(strlen(diag.text) < 300);
	for (at = diag.text; *at; at++)
		assert_in_range(*at, ' ', '~');
}

/* ---- Lengths ---- */

static void fill_ones(struct prefix *prefix, enum drop53_family family, int length)
{
	*prefix = (struct prefix){.family = family, .length = length};
	memset(prefix->address, 0xff, prefix__bits(family) / 8);
	prefix__mask(prefix->address, length);
}

static void write_with_length(const struct prefix *prefix, int length, char text[PREFIX_TEXT])
{
	char address[INET6_ADDRSTRLEN];

	inet_ntop(prefix->family == V4 ? AF_INET : AF_INET6, prefix->address, address,
		  sizeof(address));
	snprintf(text, PREFIX_TEXT, "%s%s/%d", prefix->except ? "!" : "", address, length);
}

/* As many ones as the length has bits are taken; one more is not, and the mend is named. */
static void every_length(void **state)
{
	char text[PREFIX_TEXT], mend[PREFIX_TEXT];
	struct prefix ones, read;
	int length, bits;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		bits = prefix__bits(families[i]);
		for (length = 0; length <= bits; length++) {
			fill_ones(&ones, families[i], length);
			write_with_length(&ones, length, text);
			read = prefix_of(text);
			expect_same(&ones, &read, text);
			prefix__format(&ones, mend);
			if (length < bits)
				assert_string_equal(mend, text);
			fill_ones(&ones, families[i], length + (length < bits));
			write_with_length(&ones, length, text);
			if (length < bits)
				expect_wrong(text, strlen(text), 0, mend);
		}
	}
}

/* The address is what is wrong, not the sign before it. */
static void a_bit_below_the_length_is_an_error_wherever_it_is(void **state)
{
	char text[PREFIX_TEXT];
	struct prefix one;
	int length, bit;

	(void)state;
	for (length = 0; length < 128; length += 9) {
		for (bit = length; bit < 128; bit++) {
			one = (struct prefix){.family = V6, .except = 1};
			one.address[bit / 8] = 0x80 >> bit % 8;
			write_with_length(&one, length, text);
			expect_wrong(text, strlen(text), 1, "below the length");
		}
	}
	expect_wrong("!192.0.2.1/31", 13, 1, "write !192.0.2.0/31");
	expect_wrong("0.0.0.1/0", 9, 0, "write 0.0.0.0/0");
	expect_wrong("::1/0", 5, 0, "write ::/0");
}

static void mask_clears_from_the_length_on(void **state)
{
	struct random random = {11};
	struct prefix drawn;
	__u8 masked[16];
	int length, bit;

	(void)state;
	for (length = 0; length <= 128; length++) {
		list_draw(&(struct prefix){.family = V6}, &random, drawn.address);
		memcpy(masked, drawn.address, sizeof(masked));
		prefix__mask(masked, length);
		for (bit = 0; bit < 128; bit++)
			assert_int_equal(masked[bit / 8] & 0x80 >> bit % 8,
					 bit < length ? drawn.address[bit / 8] & 0x80 >> bit % 8
						      : 0);
	}
}

/* ---- Order and cover ---- */

static int order(const void *a, const void *b)
{
	return prefix__compare(a, b);
}

static void order_is_by_family_address_and_length(void **state)
{
	static const char *const ascending[] = {
		"0.0.0.0/0",
		"0.0.0.0/1",
		"0.0.0.0",
		"0.0.0.1",
		"9.255.255.255",
		"10.0.0.0/8",
		"10.0.0.0/9",
		"10.0.0.0",
		"10.0.0.1",
		"127.255.255.255",
		"128.0.0.0/1",
		"128.0.0.0",
		"255.255.255.255",
		"::/0",
		"::",
		"::1",
		"::ffff:10.0.0.0",
		"0:0:0:1::",
		"7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"8000::/1",
		"8000::",
		"8000::1",
		"8000::8000:0:0:0",
		"8000::ffff:ffff:ffff:ffff",
		"8000:0:0:1::/64",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	};
	const int n = sizeof(ascending) / sizeof(ascending[0]);
	struct prefix left, right;
	int i, j, got;

	(void)state;
	for (i = 0; i < n; i++) {
		for (j = 0; j < n; j++) {
			left = prefix_of(ascending[i]);
			right = prefix_of(ascending[j]);
			left.except = i & 1;
			got = prefix__compare(&left, &right);
			if ((got > 0) - (got < 0) != (i > j) - (i < j))
				fail_msg("%s against %s: %d", ascending[i], ascending[j], got);
		}
	}
}

/* Byte by byte, as memcmp has it. */
static void order_of_drawn_ones(void **state)
{
	static struct prefix drawn[2000];
	const int n = sizeof(drawn) / sizeof(drawn[0]);
	struct random random = {13};
	int i, expected;

	(void)state;
	for (i = 0; i < n; i++)
		draw(&random, families[random_below(&random, 2)], &drawn[i]);
	qsort(drawn, n, sizeof(drawn[0]), order);
	for (i = 1; i < n; i++) {
		expected = drawn[i - 1].family - drawn[i].family;
		if (!expected)
			expected = memcmp(drawn[i - 1].address, drawn[i].address, 16);
		if (!expected)
			expected = drawn[i - 1].length - drawn[i].length;
		assert_true(expected <= 0);
		assert_int_equal(prefix__compare(&drawn[i - 1], &drawn[i]) == 0, expected == 0);
	}
}

static void covers_what_begins_alike(void **state)
{
	struct random random = {17};
	struct prefix prefix;
	__u8 address[16];
	int i, bit;

	(void)state;
	for (i = 0; i < DRAWN; i++) {
		draw(&random, families[i & 1], &prefix);
		list_draw(&prefix, &random, address);
		assert_true(prefix__covers(&prefix, prefix.family, address));
		assert_false(prefix__covers(&prefix, families[!(i & 1)], address));
		if (!prefix.length)
			continue;
		bit = random_below(&random, prefix.length);
		address[bit / 8] ^= 0x80 >> bit % 8;
		assert_false(prefix__covers(&prefix, prefix.family, address));
	}
}

/* ---- Against the C library ---- */

static void drawn_ones_go_round_and_are_written_as_inet_ntop_does(void **state)
{
	char written[PREFIX_TEXT], address[INET6_ADDRSTRLEN], expected[PREFIX_TEXT];
	struct random random = {19};
	struct prefix drawn, read;
	int i;

	(void)state;
	for (i = 0; i < DRAWN; i++) {
		draw(&random, families[i & 1], &drawn);
		prefix__format(&drawn, written);
		inet_ntop(drawn.family == V4 ? AF_INET : AF_INET6, drawn.address, address,
			  sizeof(address));
		snprintf(expected, sizeof(expected), "%s%s/%d", drawn.except ? "!" : "", address,
			 drawn.length);
		if (drawn.length == prefix__bits(drawn.family))
			*strrchr(expected, '/') = '\0';
		assert_string_equal(written, expected);
		read = prefix_of(written);
		expect_same(&drawn, &read, written);
	}
}

/* An address in one of its many spellings: groups padded or not, the last two as IPv4. */
static void spell(struct random *random, const struct prefix *prefix, char text[PREFIX_TEXT])
{
	const __u8 *a = prefix->address;
	bool ipv4 = random_below(random, 2);
	char *at = text;
	int i;

	for (i = 0; i < (ipv4 ? 6 : 8); i++)
		at += sprintf(at, random_below(random, 2) ? "%s%04X" : "%s%x", i ? ":" : "",
			      a[2 * i] << 8 | a[2 * i + 1]);
	if (ipv4)
		at += sprintf(at, ":%d.%d.%d.%d", a[12], a[13], a[14], a[15]);
	sprintf(at, "/%d", prefix->length);
}

static void every_spelling_is_the_same_prefix(void **state)
{
	struct random random = {23};
	char text[PREFIX_TEXT];
	struct prefix drawn, read;
	int i;

	(void)state;
	for (i = 0; i < DRAWN; i++) {
		draw(&random, V6, &drawn);
		drawn.except = 0;
		spell(&random, &drawn, text);
		read = prefix_of(text);
		expect_same(&drawn, &read, text);
	}
}

/* Replaces, drops or inserts a character of a prefix' text. */
static size_t damage(struct random *random, char *text, size_t length)
{
	static const char some[] = "0123456789abcdefABF::::....//!% \t";
	size_t at = random_below(random, length + 1);
	char c = some[random_below(random, sizeof(some) - 1)];

	switch (random_below(random, 3)) {
	case 0:
		if (at < length)
			text[at] = c;
		return length;
	case 1:
		if (at < length)
			memmove(text + at, text + at + 1, length-- - at - 1);
		return length;
	default:
		memmove(text + at + 1, text + at, length - at);
		text[at] = c;
		return length + 1;
	}
}

/* By inet_pton: damaged texts are prefixes to both or to neither, and then the same. */
static void damaged_texts_are_taken_or_not_as_inet_pton_says(void **state)
{
	struct random random = {29};
	char text[PREFIX_TEXT + 8];
	struct prefix drawn, read, right;
	size_t length, fault;
	int i, left, taken = 0;

	(void)state;
	for (i = 0; i < 5 * DRAWN; i++) {
		draw(&random, families[i & 1], &drawn);
		prefix__format(&drawn, text);
		length = strlen(text);
		for (left = 1 + random_below(&random, 3); left; left--)
			length = damage(&random, text, length);
		text[length] = '\0';
		fault = 0;
		if (!parse(text, length, &read, &fault, NULL)) {
			if (!list_lines__prefix(text, length, &right))
				fail_msg("'%s' is taken", text);
			expect_same(&right, &read, text);
			taken++;
		} else if (fault > length || list_lines__prefix(text, length, &right)) {
			fail_msg("'%s' is refused at %zu", text, fault);
		}
	}
	assert_true(taken > DRAWN / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_taken_and_how_it_is_written),
		cmocka_unit_test(what_is_refused_and_where),
		cmocka_unit_test(a_nul_is_a_character_like_others),
		cmocka_unit_test(what_is_quoted_is_short_and_printable),
		cmocka_unit_test(every_length),
		cmocka_unit_test(a_bit_below_the_length_is_an_error_wherever_it_is),
		cmocka_unit_test(mask_clears_from_the_length_on),
		cmocka_unit_test(order_is_by_family_address_and_length),
		cmocka_unit_test(order_of_drawn_ones),
		cmocka_unit_test(covers_what_begins_alike),
		cmocka_unit_test(drawn_ones_go_round_and_are_written_as_inet_ntop_does),
		cmocka_unit_test(every_spelling_is_the_same_prefix),
		cmocka_unit_test(damaged_texts_are_taken_or_not_as_inet_pton_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
