// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../support/kernel.h"
#include "lib/counters.h"
#include "lib/reset.h"

#define LO 1 /* the interface that BPF_PROG_TEST_RUN lets frames come from */

/* A filter that thinks lo is attached, in the slot that the program looks in first. */
static int setup(void **state)
{
	static struct kernel kernel;
	const struct drop53_config config = {.sets = 8};
	int err = kernel__load(&kernel, &config, 1);

	if (err)
		return err;
	kernel.settings->ifindex[LO] = LO;
	kernel.settings->interface[LO] =
		(struct drop53_interface){.ifindex = LO, .mode = 1, .name = "lo"};
	kernel.settings->netns = filter__netns();
	*state = &kernel;
	return 0;
}

static int teardown(void **state)
{
	kernel__free(*state);
	return 0;
}

/* What one counter holds, on @interface; fails if it is listed twice. */
static struct drop53_count counted(const struct kernel *kernel, const char *interface,
				   enum drop53_family family, enum drop53_protocol protocol,
				   enum drop53_verdict verdict, enum drop53_reason reason)
{
	struct drop53_count count = {};
	struct counter *counters;
	int n = counters__read(&kernel->filter, &counters, NULL), i, found = 0;

	assert_true(n > 0);
	for (i = 0; i < n; i++) {
		if (strcmp(counters[i].interface, interface) || counters[i].family != family ||
		    counters[i].protocol != protocol || counters[i].verdict != verdict ||
		    counters[i].reason != reason)
			continue;
		count = counters[i].count;
		found++;
	}
	free(counters);
	assert_true(found <= 1);
	return count;
}

#define COUNTED(kernel, interface, family, protocol, verdict, reason)                  \
	counted(kernel, interface, DROP53_FAMILY_##family, DROP53_PROTOCOL_##protocol, \
		DROP53_VERDICT_##verdict, DROP53_REASON_##reason)

static struct drop53_count dropped(const struct kernel *kernel)
{
	struct drop53_count sum;
	struct counter *counters;
	int n = counters__read(&kernel->filter, &counters, NULL);

	assert_true(n > 0);
	sum = counters__of(counters, n, DROP53_ACCOUNT_DROPPED);
	free(counters);
	return sum;
}

static void every_combination_is_there_at_zero_and_no_other(void **state)
{
	struct kernel *kernel = *state;
	struct counter *counters;
	int n = counters__read(&kernel->filter, &counters, NULL), i, port53 = 0;

	for (i = 0; i < n; i++) {
		assert_string_equal(counters[i].interface, "lo");
		assert_int_equal(counters[i].count.packets, 0);
		assert_int_not_equal(counters[i].reason, DROP53_REASON_OTHER);
		if (counters[i].reason != DROP53_REASON_PORT53)
			continue;
		port53++;
		assert_int_not_equal(counters[i].family, DROP53_FAMILY_NONE);
		assert_int_not_equal(counters[i].protocol, DROP53_PROTOCOL_NONE);
	}
	/* Two families, two protocols, dropped and would-be dropped. */
	assert_int_equal(port53, 8);
	free(counters);
}

static void packets_and_bytes_are_summed_by_combination(void **state)
{
	struct kernel *kernel = *state;
	int program = kernel->filter.program;
	struct drop53_count count;

	program__run(program, LAYERS(ETH(), IP4(), UDP(.dport = 53), DATA(.size = 58)), 3);
	program__run(program, LAYERS(ETH(), IP6(), TCP(.dport = 53), DATA(.size = 26)), 2);
	program__run(program, LAYERS(ETH(), IP4(.offset = 9), UDP(.dport = 53)), 5);
	count = COUNTED(kernel, "lo", IPV4, UDP, DROP, PORT53);
	assert_int_equal(count.packets, 3);
	assert_int_equal(count.bytes, 300);
	count = COUNTED(kernel, "lo", IPV6, TCP, DROP, PORT53);
	assert_int_equal(count.packets, 2);
	assert_int_equal(count.bytes, 200);
	assert_int_equal(COUNTED(kernel, "lo", IPV4, TCP, DROP, PORT53).packets, 0);
	/* What passed is no drop. */
	assert_int_equal(dropped(kernel).packets, 5);
	assert_int_equal(dropped(kernel).bytes, 500);
}

static void would_be_drops_are_drops_of_their_own(void **state)
{
	struct kernel *kernel = *state;

	kernel->settings->policy = DROP53_POLICY_MONITOR;
	program__run(kernel->filter.program, LAYERS(ETH(), IP4(), UDP(.dport = 53)), 3);
	assert_int_equal(COUNTED(kernel, "lo", IPV4, UDP, WOULD_DROP, PORT53).packets, 3);
	assert_int_equal(COUNTED(kernel, "lo", IPV4, UDP, DROP, PORT53).packets, 0);
	assert_int_equal(dropped(kernel).packets, 3);
}

static void a_stray_interface_shows_only_what_it_had(void **state)
{
	struct kernel *kernel = *state;

	kernel->settings->ifindex[LO] = 0;
	program__run(kernel->filter.program, LAYERS(ETH(), IP4(), UDP(.dport = 53)), 3);
	assert_int_equal(COUNTED(kernel, "unknown", IPV4, UDP, DROP, PORT53).packets, 3);
	assert_int_equal(COUNTED(kernel, "lo", IPV4, UDP, DROP, PORT53).packets, 0);
	assert_int_equal(dropped(kernel).packets, 3);
}

static void a_reset_of_the_sources_leaves_totals_and_one_of_all_does_not(void **state)
{
	struct kernel *kernel = *state;
	const struct layer *frame = LAYERS(ETH(), IP4(), UDP(.dport = 53));

	program__run(kernel->filter.program, frame, 3);
	reset__counters(&kernel->filter, true);
	assert_int_equal(dropped(kernel).packets, 3);
	program__run(kernel->filter.program, frame, 1);
	assert_int_equal(dropped(kernel).packets, 4);
	reset__counters(&kernel->filter, false);
	assert_int_equal(dropped(kernel).packets, 0);
	assert_int_equal(dropped(kernel).bytes, 0);
	program__run(kernel->filter.program, frame, 2);
	assert_int_equal(dropped(kernel).packets, 2);
	reset__counters(&kernel->filter, true);
	reset__counters(&kernel->filter, true);
	assert_int_equal(dropped(kernel).packets, 2);
}

static void every_word_is_that_of_the_contract(void **state)
{
	(void)state;
	assert_string_equal(reason__name(DROP53_REASON_PORT53), "port53");
	assert_string_equal(reason__name(DROP53_REASON_NOT_LOCAL), "not_local");
	assert_string_equal(verdict__name(DROP53_VERDICT_WOULD_DROP), "would_drop");
	assert_string_equal(family__name(DROP53_FAMILY_NONE), "none");
	assert_string_equal(protocol__name(DROP53_PROTOCOL_TCP), "tcp");
	assert_string_equal(policy__name(DROP53_POLICY_MONITOR), "monitor");
	assert_string_equal(scope__name(DROP53_SCOPE_LOCAL), "local");
	assert_null(reason__name(DROP53_REASON__N));
	assert_null(verdict__name(DROP53_VERDICT__N));
	assert_int_equal(outcome__verdict(DROP53_OUTCOME_TOO_DEEP_DROP), DROP53_VERDICT_DROP);
	assert_int_equal(outcome__reason(DROP53_OUTCOME_ALLOWED_PASS), DROP53_REASON_ALLOWED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_combination_is_there_at_zero_and_no_other),
		TEST(packets_and_bytes_are_summed_by_combination),
		TEST(would_be_drops_are_drops_of_their_own),
		TEST(a_stray_interface_shows_only_what_it_had),
		TEST(a_reset_of_the_sources_leaves_totals_and_one_of_all_does_not),
		cmocka_unit_test(every_word_is_that_of_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
