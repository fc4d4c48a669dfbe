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

#include "../../support/list_cases.h"
#include "../../support/list_check.h"
#include "lib/compile.h"
#include "lib/list.h"

#define DRAWN 200 /* addresses asked besides the boundaries */

static int judge(const struct list *list, __u64 seed, char why[static 256])
{
	return check_list(list, DRAWN, seed, why);
}

static void lists_at_the_edges(void **state)
{
	(void)state;
	list_cases__edges(judge);
}

static void nested_at_every_length(void **state)
{
	(void)state;
	list_cases__nested(judge);
}

static void every_shape_in_both_families(void **state)
{
	(void)state;
	list_cases__shapes(judge, 1);
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
		cmocka_unit_test(every_shape_in_both_families),
		cmocka_unit_test(broken_blobs_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
