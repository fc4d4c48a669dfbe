/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The fuzzer's corpus as a regression test: every file must go through as it did. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "parse_fuzz.c"

#define CORPUS "tests/fuzz/parse"

static void replay(const char *name)
{
	static uint8_t bytes[LONGEST];
	char path[300];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), CORPUS "/%s", name);
	file = fopen(path, "rb");
	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	LLVMFuzzerTestOneInput(bytes, size);
}

static void the_corpus_goes_through(void **state)
{
	DIR *directory = opendir(CORPUS);
	struct dirent *entry;
	int files = 0;

	(void)state;
	if (!directory)
		fail_msg("%s: %s; run the tests from the top of the tree", CORPUS, strerror(errno));
	while ((entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		replay(entry->d_name);
		files++;
	}
	closedir(directory);
	assert_true(files > 0);
	print_message("# %d files\n", files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_corpus_goes_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
