// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Compiled lists as the kernel walks them: against the slow oracle, and, large ones, the list. */
#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* After setjmp.h, stdarg.h and stddef.h, as it asks. */
#include <cmocka.h>

#include "../support/list_cases.h"
#include "../support/list_check.h"
#include "../support/set_kernel.h"
#include "lib/compile.h"
#include "lib/list.h"

#define V4    DROP53_FAMILY_IPV4
#define V6    DROP53_FAMILY_IPV6
#define DRAWN 200   /* addresses asked besides the boundaries */
#define ASKED 20000 /* addresses a large list is asked for */

static struct set_kernel kernel;

static int put(void *context, const struct blob *blob)
{
	return set_kernel__put(context, blob);
}

static int contains(void *context, enum drop53_family family, const __u8 address[static 16])
{
	return set_kernel__contains(context, family, address);
}

static const struct check_holder holder = {put, contains, &kernel};

static int setup(void **state)
{
	char self[PATH_MAX] = "", path[2 * PATH_MAX];

	(void)state;
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/../tools/set_probe.bpf.o", dirname(self));
	return set_kernel__open(&kernel, path);
}

static int teardown(void **state)
{
	(void)state;
	set_kernel__close(&kernel);
	return 0;
}

static int judge(const struct list *list, __u64 seed, char why[static 256])
{
	return check_list_held(list, DRAWN, seed, &holder, why);
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
	list_cases__shapes(judge, 101);
}

/* Both families of one set, whose parts lie side by side. */
static void both_families_in_one_list(void **state)
{
	struct list list = {}, other = {};
	char why[256] = "";
	int shape;

	(void)state;
	for (shape = LIST_RANDOM; shape < LIST_SHAPE__N; shape++) {
		list_make(&list, V4, shape, 500, 7);
		list_make(&other, V6, shape, 500, 7);
		assert_int_equal(list__add(&list, other.prefix, other.n, NULL, NULL), 0);
		if (judge(&list, 7, why))
			fail_msg("shape %d: %s", shape, why);
		list__free(&list);
		list__free(&other);
	}
}

/* ---- Large lists: over many tables of the kernel, and too many prefixes for the oracle ---- */

static void step_down(__u8 *address, int bytes)
{
	while (bytes && !address[bytes - 1]--)
		bytes--;
}

/* Inside a prefix, outside of it by one bit, its first address, or the one before that. */
static void pick(const struct list *list, struct random *random, __u8 address[static 16])
{
	struct prefix prefix = list->prefix[random_below(random, list->n)];
	int where = random_below(random, 4), bit;

	if (where == 1 && prefix.length) {
		bit = random_below(random, prefix.length);
		prefix.address[bit / 8] ^= 0x80 >> bit % 8;
	}
	memcpy(address, prefix.address, sizeof(prefix.address));
	if (where < 2)
		list_draw(&prefix, random, address);
	else if (where == 3)
		step_down(address, prefix__bits(prefix.family) / 8);
}

static void check_large(enum drop53_family family, enum list_shape shape, size_t n)
{
	int found, allowed, i, inside = 0;
	struct random random = {n};
	const struct prefix *match;
	struct list list = {};
	struct blob blob = {};
	__u8 address[16];

	list_make(&list, family, shape, n, 5);
	assert_int_equal(compile__blob(&list, 1, &blob, NULL), 0);
	assert_int_equal(set_kernel__put(&kernel, &blob), 0);
	for (i = 0; i < ASKED; i++) {
		pick(&list, &random, address);
		match = list__match(&list, family, address);
		allowed = match && !match->except;
		found = set_kernel__contains(&kernel, family, address);
		if (found != allowed)
			fail_msg("family %d, shape %d, %zu prefixes, address %d: %d, not %d",
				 family, shape, n, i, found, allowed);
		inside += allowed;
	}
	/* Else one of the two answers was hardly asked for. A million cover most of IPv4. */
	assert_in_range(inside, ASKED / 50, ASKED - ASKED / 50);
	compile__free(&blob);
	list__free(&list);
}

static void a_hundred_thousand_of_every_shape(void **state)
{
	int shape;

	(void)state;
	for (shape = LIST_RANDOM; shape < LIST_SHAPE__N; shape++) {
		check_large(V4, shape, 100000);
		check_large(V6, shape, 100000);
	}
}

static void a_million_of_each_family(void **state)
{
	(void)state;
	check_large(V4, LIST_RANDOM, 1000000);
	check_large(V6, LIST_RANDOM, 1000000);
}

/* What a larger list had left behind is not found. */
static void a_small_list_after_a_large_one(void **state)
{
	(void)state;
	check_large(V4, LIST_RANDOM, 100000);
	list_cases__text(judge, "192.0.2.0/24\n");
	list_cases__text(judge, "");
	list_cases__made(judge, V6, LIST_NESTED, 300, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_at_the_edges),
		cmocka_unit_test(nested_at_every_length),
		cmocka_unit_test(every_shape_in_both_families),
		cmocka_unit_test(both_families_in_one_list),
		cmocka_unit_test(a_hundred_thousand_of_every_shape),
		cmocka_unit_test(a_million_of_each_family),
		cmocka_unit_test(a_small_list_after_a_large_one),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
