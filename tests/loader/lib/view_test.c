// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/bpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/diag.h"
#include "lib/view.h"

#define VALUES 10000 /* more than two batches, and no multiple of one */

struct value {
	__u64 word[2];
};

/* An array whose i-th value is i and its square. @flags: BPF_F_MMAPABLE or 0, which cannot be
 * mapped */
static int make(__u32 entries, __u32 flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "view_test", 4, sizeof(struct value), entries,
				 &options);

	assert_true(map >= 0);
	for (__u32 i = 0; i < entries; i++) {
		struct value value = {{i, (__u64)i * i}};

		assert_int_equal(bpf_map_update_elem(map, &i, &value, BPF_ANY), 0);
	}
	return map;
}

static void check_values(const struct view *view)
{
	const struct value *values = view->data;

	for (__u32 i = 0; i < view->entries; i++) {
		assert_int_equal(values[i].word[0], i);
		assert_int_equal(values[i].word[1], (__u64)i * i);
	}
}

static void what_can_be_mapped_is_and_shows_changes_at_once(void **state)
{
	const struct value other = {{77, 78}};
	int map = make(VALUES, BPF_F_MMAPABLE);
	const __u32 last = VALUES - 1;
	struct view view;

	(void)state;
	assert_int_equal(view__open(&view, map, sizeof(struct value), NULL), 0);
	assert_true(view.mapped);
	assert_int_equal(view.entries, VALUES);
	check_values(&view);
	assert_int_equal(bpf_map_update_elem(map, &last, &other, BPF_ANY), 0);
	assert_int_equal(((struct value *)view.data)[last].word[1], 78);
	view__close(&view);
	close(map);
}

static void check_copy(__u32 entries)
{
	const struct value other = {{77, 78}};
	const __u32 last = entries - 1;
	int map = make(entries, 0);
	struct view view;

	assert_int_equal(view__open(&view, map, sizeof(struct value), NULL), 0);
	assert_false(view.mapped);
	assert_int_equal(view.entries, entries);
	check_values(&view);
	assert_int_equal(bpf_map_update_elem(map, &last, &other, BPF_ANY), 0);
	assert_int_equal(((struct value *)view.data)[last].word[0], last);
	assert_int_equal(view__refresh(&view, NULL), 0);
	assert_int_equal(((struct value *)view.data)[last].word[0], 77);
	view__close(&view);
	close(map);
}

static void what_cannot_is_copied_in_batches_and_again_on_refresh(void **state)
{
	(void)state;
	check_copy(VALUES);
	check_copy(1);
	check_copy(4096);
	check_copy(4097);
	check_copy(8192);
}

static void another_size_of_values_is_another_version(void **state)
{
	int map = make(1, BPF_F_MMAPABLE);
	struct diag diag = {};
	struct view view;

	(void)state;
	assert_int_equal(view__open(&view, map, sizeof(struct value) + 8, &diag), -EPROTO);
	assert_non_null(strstr(diag.text, "view_test"));
	view__close(&view);
	close(map);
}

static void no_map_at_all_is_an_error(void **state)
{
	struct view view;

	(void)state;
	assert_true(view__open(&view, -1, 8, NULL) < 0);
	view__close(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_can_be_mapped_is_and_shows_changes_at_once),
		cmocka_unit_test(what_cannot_is_copied_in_batches_and_again_on_refresh),
		cmocka_unit_test(another_size_of_values_is_another_version),
		cmocka_unit_test(no_map_at_all_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
