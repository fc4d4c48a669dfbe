// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/frequent.h"

static struct frequent_key key_of(__u64 who)
{
	return (struct frequent_key){
		.address = {who, who >> 7}, .family = DROP53_FAMILY_IPV6, .length = 128};
}

static void add(struct frequent *frequent, __u64 who, __u64 weight)
{
	struct frequent_key key = key_of(who);

	frequent__add(frequent, &key, weight);
}

/* Fewer than are kept: exact, in order, and cut to the room and to the least. */
static void few_are_exact(void **unused)
{
	struct frequent *frequent = frequent__new();
	struct frequent_item items[8];

	(void)unused;
	add(frequent, 1, 5);
	add(frequent, 2, 9);
	add(frequent, 1, 5);
	add(frequent, 3, 1);
	add(frequent, 4, 0);
	assert_int_equal(frequent__list(frequent, 2, items, 8), 2);
	assert_int_equal(items[0].key.address[0], 1);
	assert_int_equal(items[0].weight, 10);
	assert_int_equal(items[1].weight, 9);
	assert_int_equal(frequent__list(frequent, 1, items, 1), 1);
	frequent__clear(frequent);
	assert_int_equal(frequent__list(frequent, 1, items, 8), 0);
	frequent__free(frequent);
}

/* Family and length are part of who it is. */
static void keys_differ(void **unused)
{
	struct frequent *frequent = frequent__new();
	struct frequent_item items[8];
	struct frequent_key key = key_of(1);

	(void)unused;
	frequent__add(frequent, &key, 1);
	key.length = 64;
	frequent__add(frequent, &key, 1);
	key.family = DROP53_FAMILY_IPV4;
	frequent__add(frequent, &key, 1);
	assert_int_equal(frequent__list(frequent, 1, items, 8), 3);
	frequent__free(frequent);
}

/* Ten heavy ones among half a million: none is lost, none is over, all within the bound. */
static void the_bound_holds(void **unused)
{
	struct frequent *frequent = frequent__new();
	__u64 heavy[10] = {}, total = 0, weight, who;
	struct frequent_item items[10];
	unsigned int random = 53;
	size_t i, n;

	(void)unused;
	for (i = 0; i < 500000; i++) {
		who = 1000 + i;
		weight = 1 + rand_r(&random) % 3;
		add(frequent, who, weight);
		total += weight;
		if (i % 50)
			continue;
		weight = 10 + i / 50 % 10;
		who = i / 50 % 10;
		add(frequent, who, weight);
		heavy[who] += weight;
		total += weight;
	}
	n = frequent__list(frequent, 1000, items, 10);
	assert_int_equal(n, 10);
	for (i = 0; i < n; i++) {
		who = items[i].key.address[0];
		assert_true(who < 10);
		assert_true(items[i].weight <= heavy[who]);
		assert_true(items[i].weight + 2 * total / FREQUENT_KEPT >= heavy[who]);
	}
	frequent__free(frequent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_are_exact),
		cmocka_unit_test(keys_differ),
		cmocka_unit_test(the_bound_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
