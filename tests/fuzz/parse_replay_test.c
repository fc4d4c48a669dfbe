/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The fuzzer's corpus as a regression test: every file must go through as it did. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../support/corpus.h"
#include "parse_fuzz.c"

static void the_corpus_goes_through(void **state)
{
	(void)state;
	corpus__replay("tests/fuzz/parse", LLVMFuzzerTestOneInput);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_corpus_goes_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
