// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The allow-list's text: what is taken, and what is said of what is not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* After setjmp.h, stdarg.h and stddef.h, as it asks. */
#include <cmocka.h>

#include "lib/diag.h"
#include "lib/list.h"

static void wrong_lines_are_named_by_line_and_column(void **state)
{
	static const struct {
		const char *text;
		const char *place; /* how the message begins */
		const char *says;  /* and what it holds */
	} cases[] = {
		{"192.0.2.1\nnonsense\n", "F:2:1: ", "nonsense"},
		{"192.0.2.1/24\n", "F:1:", "192.0.2.0/24"},
		{"2001:db8::1/64\n", "F:1:", "2001:db8::/64"},
		{"192.0.2.0/33\n", "F:1:", "33"},
		{"2001:db8::/129\n", "F:1:", "129"},
		{"\n\n  192.0.2.256\n", "F:3:", "192.0.2.256"},
		{"192.0.2.1 192.0.2.2\n", "F:1:", "192.0.2.2"},
		{"fe80::1%eth0\n", "F:1:", "eth0"},
		{"192.0.2.0/24\n!192.0.2.0/24\n", "F:2:", "1"},
		{"192.0.2.0/\n", "F:1:", "192.0.2.0/"},
		{"!\n", "F:1:", "!"},
		{"192.0.02.1\n", "F:1:", "192.0.02.1"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct list list = {};
		struct diag diag = {};

		assert_int_equal(list__parse_text("F", cases[i].text, strlen(cases[i].text), &list,
						  NULL, &diag),
				 -EBADMSG);
		if (strncmp(diag.text, cases[i].place, strlen(cases[i].place)) ||
		    !strstr(diag.text, cases[i].says) || strchr(diag.text, '\n'))
			fail_msg("'%s': %s", cases[i].text, diag.text);
		assert_int_equal(list.n, 0);
		list__free(&list);
	}
}

static void a_nul_byte_is_an_error(void **state)
{
	static const char text[] = "192.0.2.1\0\n";
	struct list list = {};
	struct diag diag;

	(void)state;
	assert_int_equal(list__parse_text("F", text, sizeof(text) - 1, &list, NULL, &diag),
			 -EBADMSG);
	list__free(&list);
}

/* Repeats count: what limits a file is what has to be held while it is read. */
static void a_file_has_so_many_prefixes_at_most(void **state)
{
	static const char line[] = "::\n";
	const size_t one = sizeof(line) - 1, n = LIST_MAX_PREFIXES + 1;
	struct list list = {};
	struct list_file file;
	struct diag diag = {};
	char *text = malloc(n * one);
	size_t i;

	(void)state;
	assert_non_null(text);
	for (i = 0; i < n; i++)
		memcpy(text + i * one, line, one);
	assert_int_equal(list__parse_text("F", text, n * one, &list, NULL, &diag), -EBADMSG);
	assert_string_equal(diag.text, "F:4000001:1: more than 4000000 prefixes in one list");
	assert_int_equal(list__parse_text("F", text, (n - 1) * one, &list, &file, NULL), 0);
	assert_int_equal(list.n, 1);
	assert_int_equal(file.lines, LIST_MAX_PREFIXES);
	assert_int_equal(file.repeats, LIST_MAX_PREFIXES - 1);
	list__free(&list);
	free(text);
}

static void what_is_taken(void **state)
{
	static const char text[] = "# allowed\r\n"
				   "\t192.0.2.0/24  # the office\r\n"
				   "\n"
				   "!192.0.2.7\n"
				   "192.0.2.0/24\n"
				   "2001:DB8::/32\n"
				   "10.0.0.1";
	struct list list = {};
	struct list_file file;
	struct list_summary summary;

	(void)state;
	assert_int_equal(list__parse_text("F", text, sizeof(text) - 1, &list, &file, NULL), 0);
	assert_int_equal(list.n, 4);
	assert_int_equal(file.repeats, 1);
	assert_true(file.unfinished);
	assert_int_equal(list__summarize(&list, &summary, NULL), 0);
	assert_int_equal(summary.prefixes[DROP53_FAMILY_IPV4], 3);
	assert_int_equal(summary.exceptions[DROP53_FAMILY_IPV4], 1);
	assert_string_equal(summary.addresses[DROP53_FAMILY_IPV4], "256");
	assert_string_equal(summary.addresses[DROP53_FAMILY_IPV6], "79228162514264337593543950336");
	list__free(&list);
}

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix__parse(text, strlen(text), &prefix, NULL, NULL), 0);
	return prefix;
}

static void adding_and_deleting_is_all_or_nothing(void **state)
{
	struct prefix two[] = {prefix_of("192.0.2.0/24"), prefix_of("!192.0.2.7")};
	struct prefix clash[] = {prefix_of("198.51.100.0/24"), prefix_of("192.0.2.7")};
	struct list list = {};
	size_t changed;

	(void)state;
	assert_int_equal(list__add(&list, two, 2, &changed, NULL), 0);
	assert_int_equal(changed, 2);
	assert_int_equal(list__add(&list, two, 2, &changed, NULL), 0);
	assert_int_equal(changed, 0);
	assert_int_equal(list__add(&list, clash, 2, &changed, NULL), -EINVAL);
	assert_int_equal(list.n, 2);
	assert_int_equal(list__del(&list, two, 1, &changed, NULL), 0);
	assert_int_equal(changed, 1);
	assert_int_equal(list.n, 1);
	list__free(&list);
}

static void the_longest_prefix_matches(void **state)
{
	struct prefix given[] = {prefix_of("10.0.0.0/8"), prefix_of("!10.1.0.0/16"),
				 prefix_of("10.1.2.0/24")};
	struct prefix inside = prefix_of("10.1.2.3"), excepted = prefix_of("10.1.3.3"),
		      outside = prefix_of("11.0.0.1");
	struct list list = {};

	(void)state;
	assert_int_equal(list__add(&list, given, 3, NULL, NULL), 0);
	assert_int_equal(list__match(&list, DROP53_FAMILY_IPV4, inside.address)->length, 24);
	assert_true(list__match(&list, DROP53_FAMILY_IPV4, excepted.address)->except);
	assert_null(list__match(&list, DROP53_FAMILY_IPV4, outside.address));
	list__free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_lines_are_named_by_line_and_column),
		cmocka_unit_test(a_nul_byte_is_an_error),
		cmocka_unit_test(a_file_has_so_many_prefixes_at_most),
		cmocka_unit_test(what_is_taken),
		cmocka_unit_test(adding_and_deleting_is_all_or_nothing),
		cmocka_unit_test(the_longest_prefix_matches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
