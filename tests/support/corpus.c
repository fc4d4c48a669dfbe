/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "corpus.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* After setjmp.h, stdarg.h and stddef.h, as it asks. */
#include <cmocka.h>

typedef int (*fuzz_target)(const uint8_t *data, size_t size);

static void replay_file(const char *path, fuzz_target target)
{
	static uint8_t bytes[CORPUS_LONGEST + 1];
	size_t size;
	FILE *file;

	file = fopen(path, "rb");
	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	if (size > CORPUS_LONGEST)
		fail_msg("%s: more than %d bytes", path, CORPUS_LONGEST);
	target(bytes, size);
}

void corpus__replay(const char *directory, fuzz_target target)
{
	DIR *entries = opendir(directory);
	struct dirent *entry;
	char path[600];
	int files = 0;

	if (!entries)
		fail_msg("%s: %s; run the tests from the top of the tree", directory,
			 strerror(errno));
	while ((entry = readdir(entries))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		replay_file(path, target);
		files++;
	}
	closedir(entries);
	assert_true(files > 0);
	print_message("# %d files\n", files);
}
