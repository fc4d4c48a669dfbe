// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../support/kernel.h"
#include "lib/diag.h"
#include "lib/state.h"

static int enter(void **state)
{
	(void)state;
	return sandbox__enter();
}

static void the_path_is_the_argument_then_the_environment(void **unused)
{
	struct state state;
	char path[PATH_MAX];

	(void)unused;
	assert_int_equal(setenv("DROP53_BPFFS", "/nowhere", 1), 0);
	assert_int_equal(state__open(&state, SANDBOX_BPFFS, NULL), 0);
	assert_string_equal(state.directory, SANDBOX_BPFFS "/drop53");
	assert_string_equal(state__path(&state, path, PIN_LINK, 7), SANDBOX_BPFFS "/drop53/link-7");
	state__close(&state);
	setenv("DROP53_BPFFS", SANDBOX_BPFFS, 1);
	assert_int_equal(state__open(&state, NULL, NULL), 0);
	assert_string_equal(state.directory, SANDBOX_BPFFS "/drop53");
	assert_int_equal(state__open(&state, "", NULL), 0);
	assert_string_equal(state.bpffs, SANDBOX_BPFFS);
	unsetenv("DROP53_BPFFS");
}

static void what_is_no_bpffs_is_refused_with_the_mend(void **unused)
{
	struct state state;
	struct diag diag;
	char longer[PATH_MAX];

	(void)unused;
	assert_int_equal(state__open(&state, "/proc", &diag), -ENODEV);
	assert_non_null(strstr(diag.text, "mount -t bpf bpf /proc"));
	assert_true(state__open(&state, "/proc/nowhere", &diag) < 0);
	assert_non_null(strstr(diag.text, "mount -t bpf bpf /proc/nowhere"));
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(state__open(&state, longer, &diag), -ENAMETOOLONG);
}

static void the_lock_keeps_others_out_and_goes_with_close(void **unused)
{
	struct state state;
	int fd = open(SANDBOX_BPFFS, O_RDONLY | O_DIRECTORY);

	(void)unused;
	assert_int_equal(state__open(&state, SANDBOX_BPFFS, NULL), 0);
	assert_int_equal(state.lock, -1);
	assert_int_equal(state__lock(&state, NULL), 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	state__close(&state);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);
	state__close(&state);
}

static void the_lock_waits_for_one_that_is_at_work(void **unused)
{
	struct state state;
	int ready[2], status;
	char byte;
	pid_t child;

	(void)unused;
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (!child) {
		int fd = open(SANDBOX_BPFFS, O_RDONLY | O_DIRECTORY);

		if (flock(fd, LOCK_EX | LOCK_NB) || write(ready[1], "", 1) != 1)
			_exit(1);
		usleep(300000);
		_exit(42);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(state__open(&state, SANDBOX_BPFFS, NULL), 0);
	assert_int_equal(state__lock(&state, NULL), 0);
	/* So it has ended by now. */
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 42);
	state__close(&state);
	close(ready[0]);
}

static void the_lock_clears_away_what_was_left_half_built(void **unused)
{
	struct state state;

	(void)unused;
	assert_int_equal(mkdir(SANDBOX_BPFFS "/drop53-new-17", 0700), 0);
	assert_int_equal(mkdir(SANDBOX_BPFFS "/drop53x", 0700), 0);
	assert_int_equal(state__open(&state, SANDBOX_BPFFS, NULL), 0);
	assert_int_equal(state__lock(&state, NULL), 0);
	assert_int_equal(access(SANDBOX_BPFFS "/drop53-new-17", F_OK), -1);
	assert_int_equal(access(SANDBOX_BPFFS "/drop53x", F_OK), 0);
	assert_int_equal(rmdir(SANDBOX_BPFFS "/drop53x"), 0);
	state__close(&state);
}

static void a_whole_state_is_there_or_not(void **unused)
{
	struct pinned pinned;
	struct state state;

	(void)unused;
	assert_int_equal(state__open(&state, SANDBOX_BPFFS, NULL), 0);
	assert_false(state__exists(&state));
	pinned__new(&pinned, NULL);
	assert_true(state__exists(&state));
	pinned__free(&pinned);
	assert_false(state__exists(&state));
	assert_int_equal(access(state.directory, F_OK), -1);
}

static void removing_what_is_gone_is_no_error(void **unused)
{
	(void)unused;
	assert_int_equal(state__remove(SANDBOX_BPFFS "/nothing", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_path_is_the_argument_then_the_environment),
		cmocka_unit_test(what_is_no_bpffs_is_refused_with_the_mend),
		cmocka_unit_test(the_lock_keeps_others_out_and_goes_with_close),
		cmocka_unit_test(the_lock_waits_for_one_that_is_at_work),
		cmocka_unit_test(the_lock_clears_away_what_was_left_half_built),
		cmocka_unit_test(a_whole_state_is_there_or_not),
		cmocka_unit_test(removing_what_is_gone_is_no_error),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
