// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/diag.h"

static void fail_writes_the_message_and_returns_the_error(void **state)
{
	struct diag diag = {};

	(void)state;
	assert_int_equal(diag__fail(&diag, EBUSY, "%s: held by %d", "eth0", 7), -EBUSY);
	assert_string_equal(diag.text, "eth0: held by 7");
}

static void within_puts_words_before_and_keeps_the_result(void **state)
{
	struct diag diag = {};

	(void)state;
	diag__fail(&diag, EINVAL, "no prefix");
	assert_int_equal(diag__within(&diag, -EBADMSG, "%s:%d", "list", 3), -EBADMSG);
	assert_string_equal(diag.text, "list:3: no prefix");
}

static void nobody_has_to_listen(void **state)
{
	(void)state;
	assert_int_equal(diag__fail(NULL, EPERM, "%s", "words"), -EPERM);
	assert_int_equal(diag__within(NULL, -EPERM, "%s", "words"), -EPERM);
}

static void what_is_too_long_is_cut(void **state)
{
	char words[2 * sizeof(((struct diag *)0)->text)];
	struct diag diag;

	(void)state;
	memset(words, 'x', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	diag__fail(&diag, EINVAL, "%s", words);
	assert_int_equal(strlen(diag.text), sizeof(diag.text) - 1);
	diag__within(&diag, -EINVAL, "file");
	assert_int_equal(strlen(diag.text), sizeof(diag.text) - 1);
	assert_memory_equal(diag.text, "file: xxx", 9);
	diag__within(&diag, -EINVAL, "%s", words);
	assert_int_equal(strlen(diag.text), sizeof(diag.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fail_writes_the_message_and_returns_the_error),
		cmocka_unit_test(within_puts_words_before_and_keeps_the_result),
		cmocka_unit_test(nobody_has_to_listen),
		cmocka_unit_test(what_is_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
