// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/topk.h"

/* One source's part in a round. */
struct sent {
	__u32 who;
	__u64 sum;  /* what the table has */
	__u64 gain; /* what of it is new */
};

static const struct topk_limits limits = {.top = 3, .min_rate = 1, .newcomers = 100};

static struct frequent_key key_of(__u32 who)
{
	return (struct frequent_key){.address = {who}, .family = DROP53_FAMILY_IPV4, .length = 32};
}

/* A whole round as the daemon makes it. Returns how many were added to the memory. */
static size_t play(struct topk *topk, const struct topk_limits *with, __u64 now, double *budget,
		   const struct sent *sent, size_t n, __u64 least)
{
	static struct topk_round round;
	struct frequent_item others[64];
	int added[TOPK_MAX], entry;
	size_t n_others = 0, i;
	struct frequent_key key;

	topk__begin(&round, topk);
	for (i = 0; i < n; i++) {
		key = key_of(sent[i].who);
		entry = topk__find(&round, &key);
		if (entry >= 0)
			topk__count(&round, entry, sent[i].sum, sent[i].gain);
		else if (sent[i].gain >= least)
			others[n_others++] = (struct frequent_item){key, sent[i].gain};
	}
	topk__settle(&round, least, now);
	n = topk__choose(&round, with, others, n_others, least, now, budget, added);
	for (i = 0; i < n; i++)
		topk->entry[added[i]].packets = 1;
	return n;
}

static size_t series_of(const struct topk *topk)
{
	size_t n = 0;
	__u32 i;

	for (i = 0; i < topk->n; i++)
		n += topk->entry[i].chosen_at != 0;
	return n;
}

static const struct topk_entry *entry_of(const struct topk *topk, __u32 who)
{
	__u32 i;

	for (i = 0; i < topk->n; i++)
		if (topk->entry[i].key.address[0] == who)
			return &topk->entry[i];
	return NULL;
}

static bool is_series(const struct topk *topk, __u32 who)
{
	const struct topk_entry *entry = entry_of(topk, who);

	return entry && entry->chosen_at;
}

static void the_heaviest_are_chosen(void **unused)
{
	const struct sent sent[] = {{4, 40, 40}, {3, 30, 30}, {2, 20, 20}, {1, 10, 10}};
	struct topk topk = {};
	double budget = 10;

	(void)unused;
	assert_int_equal(play(&topk, &limits, 1000, &budget, sent, 4, 1), 3);
	assert_true(is_series(&topk, 4) && is_series(&topk, 3) && is_series(&topk, 2));
	assert_false(is_series(&topk, 1));
	assert_true(budget == 7);
}

static void the_floor_holds(void **unused)
{
	const struct sent sent[] = {{1, 9, 9}};
	struct topk topk = {};
	double budget = 10;

	(void)unused;
	play(&topk, &limits, 1000, &budget, sent, 1, 10);
	assert_int_equal(topk.n, 0);
}

static void newcomers_are_capped(void **unused)
{
	const struct sent sent[] = {{4, 40, 40}, {3, 30, 30}, {2, 20, 20}};
	struct topk topk = {};
	double budget = 1.9;

	(void)unused;
	play(&topk, &limits, 1000, &budget, sent, 3, 1);
	assert_int_equal(series_of(&topk), 1);
	play(&topk, &limits, 1001, &budget, sent, 3, 1);
	assert_int_equal(series_of(&topk), 1);
}

/* A heavier newcomer waits until somebody has had ten minutes; then the lightest goes. */
static void a_series_is_sticky(void **unused)
{
	const struct sent first[] = {{3, 30, 30}, {2, 20, 20}, {1, 10, 10}};
	const struct sent later[] = {{9, 99, 99}, {3, 60, 30}, {2, 40, 20}, {1, 20, 10}};
	struct topk topk = {};
	double budget = 10;

	(void)unused;
	play(&topk, &limits, 1000, &budget, first, 3, 1);
	play(&topk, &limits, 1000 + TOPK_STICKY_SECONDS - 1, &budget, later, 4, 1);
	assert_false(is_series(&topk, 9));
	play(&topk, &limits, 1000 + TOPK_STICKY_SECONDS, &budget, later, 4, 1);
	assert_true(is_series(&topk, 9));
	assert_false(is_series(&topk, 1));
	assert_true(is_series(&topk, 2));
	assert_int_equal(series_of(&topk), 3);
}

static void the_idle_leave(void **unused)
{
	const struct sent sent[] = {{1, 10, 10}};
	const struct sent silent[] = {{1, 10, 0}};
	struct topk topk = {};
	double budget = 10;

	(void)unused;
	play(&topk, &limits, 1000, &budget, sent, 1, 1);
	play(&topk, &limits, 1000 + TOPK_STICKY_SECONDS - 1, &budget, silent, 1, 1);
	assert_true(is_series(&topk, 1));
	play(&topk, &limits, 1000 + TOPK_STICKY_SECONDS, &budget, silent, 1, 1);
	assert_false(is_series(&topk, 1));
}

/* Gone for a while and evicted from the table meanwhile: its counter goes on, and never falls. */
static void who_comes_back_goes_on(void **unused)
{
	const struct sent first[] = {{1, 1000, 1000}}, more[] = {{1, 1500, 500}};
	const struct sent evicted[] = {{1, 30, 30}};
	struct topk topk = {};
	double budget = 10;
	__u64 before;

	(void)unused;
	play(&topk, &limits, 1000, &budget, first, 1, 1);
	play(&topk, &limits, 1010, &budget, more, 1, 1);
	before = entry_of(&topk, 1)->packets;
	play(&topk, &limits, 3000, &budget, NULL, 0, 1);
	assert_false(is_series(&topk, 1));
	play(&topk, &limits, 3010, &budget, evicted, 1, 1);
	assert_true(is_series(&topk, 1));
	assert_int_equal(entry_of(&topk, 1)->packets, before + 30);
}

/* Sources that are never seen twice, round after round: series and memory stay bounded. */
static void a_flood_is_bounded(void **unused)
{
	struct topk topk = {};
	double budget = 1000;
	struct sent sent[32];
	__u32 who = 1, i;
	int round;

	(void)unused;
	for (round = 0; round < 1000; round++) {
		for (i = 0; i < 32; i++)
			sent[i] = (struct sent){who++, 100, 100};
		budget += 3;
		play(&topk, &limits, 1000 + 60 * round, &budget, sent, 32, 1);
		assert_true(series_of(&topk) <= limits.top);
		assert_true(topk.n <= TOPK_REMEMBERED);
	}
	assert_int_equal(topk.n, TOPK_REMEMBERED);
}

static void a_lower_limit_lets_the_lightest_go(void **unused)
{
	const struct sent sent[] = {{3, 30, 30}, {2, 20, 20}, {1, 10, 10}};
	const struct topk_limits fewer = {.top = 1, .min_rate = 1, .newcomers = 100};
	struct topk topk = {};
	double budget = 10;

	(void)unused;
	play(&topk, &limits, 1000, &budget, sent, 3, 1);
	play(&topk, &fewer, 1005, &budget, sent, 3, 1);
	assert_int_equal(series_of(&topk), 1);
	assert_true(is_series(&topk, 3));
}

/* After a restart: what the table has more than it had; less than it had is no loss. */
static void gains_are_inferred(void **unused)
{
	static struct topk_round round;
	struct topk topk = {.n = 2};

	(void)unused;
	topk.entry[0] = (struct topk_entry){key_of(1), .packets = 70, .seen = 50, .chosen_at = 1};
	topk.entry[1] = (struct topk_entry){key_of(2), .packets = 90, .seen = 50, .chosen_at = 1};
	topk__begin(&round, &topk);
	topk__count(&round, 0, 58, 0);
	topk__count(&round, 1, 20, 0);
	topk__infer_gains(&round);
	topk__settle(&round, 1, 100);
	assert_int_equal(topk.entry[0].packets, 78);
	assert_int_equal(topk.entry[1].packets, 90);
	assert_int_equal(topk.entry[1].seen, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_heaviest_are_chosen),
		cmocka_unit_test(the_floor_holds),
		cmocka_unit_test(newcomers_are_capped),
		cmocka_unit_test(a_series_is_sticky),
		cmocka_unit_test(the_idle_leave),
		cmocka_unit_test(who_comes_back_goes_on),
		cmocka_unit_test(a_flood_is_bounded),
		cmocka_unit_test(a_lower_limit_lets_the_lightest_go),
		cmocka_unit_test(gains_are_inferred),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
