// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Compiled lists hold what the list says, at every address where they could differ. */
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

#include "../../support/list_check.h"
#include "../../support/list_make.h"
#include "../../support/list_texts.h"
#include "lib/compile.h"
#include "lib/list.h"

#define DRAWN 200 /* addresses asked besides the boundaries */

/* The list in @text, and what its compiled form answers against the slow way. */
static void check_text(const char *text)
{
	struct list list = {};
	char why[256] = "";

	assert_int_equal(list__parse_text("test", text, strlen(text), &list, NULL, NULL), 0);
	if (check_list(&list, DRAWN, 1, why))
		fail_msg("%s: %s", text, why);
	list__free(&list);
}

static void lists_at_the_edges(void **state)
{
	(void)state;
	list_texts__edges(check_text);
}

static void nested_at_every_length(void **state)
{
	(void)state;
	list_texts__nested(check_text);
}

static void check_made(enum drop53_family family, enum list_shape shape, size_t n, __u64 seed)
{
	struct list list = {};
	char why[256] = "";

	list_make(&list, family, shape, n, seed);
	if (check_list(&list, DRAWN, seed, why))
		fail_msg("family %d, shape %d, %zu prefixes, seed %llu: %s", family, shape, n, seed,
			 why);
	list__free(&list);
}

/* Every shape in both families, from one prefix up. */
static void made_up_lists(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 7, 16, 17, 100, 300};
	int shape, rounds = getenv("DROP53_NIGHTLY") ? 50 : 1, seed;
	size_t i;

	(void)state;
	for (seed = 1; seed <= rounds; seed++) {
		for (shape = LIST_RANDOM; shape <= LIST_NESTED; shape++) {
			for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
				check_made(DROP53_FAMILY_IPV4, shape, sizes[i], seed);
				check_made(DROP53_FAMILY_IPV6, shape, sizes[i], seed);
			}
		}
	}
}

/* What is broken is refused, and never read past its end. */
static void broken_blobs_are_refused(void **state)
{
	struct list list = {}, back = {};
	struct random random = {.state = 7};
	struct blob blob = {};
	struct set_line *copy;
	int refused = 0, tries;

	(void)state;
	list_make(&list, DROP53_FAMILY_IPV6, LIST_NESTED, 300, 3);
	assert_int_equal(compile__blob(&list, 5, &blob, NULL), 0);
	/* An allocation of exactly its size: the sanitizer sees every step beyond. */
	copy = malloc(blob.n * sizeof(*copy));
	assert_non_null(copy);
	for (tries = 0; tries < 2000; tries++) {
		memcpy(copy, blob.lines, blob.n * sizeof(*copy));
		((__u8 *)copy)[random_below(&random, blob.n * sizeof(*copy))] ^=
			1 + random_below(&random, 255);
		if (compile__read(copy, blob.n, &back, NULL, NULL))
			refused++;
		list__free(&back);
	}
	assert_true(refused > 0);
	memcpy(copy, blob.lines, blob.n * sizeof(*copy));
	assert_int_equal(compile__read(copy, blob.n / 2, &back, NULL, NULL), -EBADMSG);
	free(copy);
	compile__free(&blob);
	list__free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_at_the_edges),
		cmocka_unit_test(nested_at_every_length),
		cmocka_unit_test(made_up_lists),
		cmocka_unit_test(broken_blobs_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
