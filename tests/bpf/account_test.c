// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From reason and policy to action and counter: one packet, one cell, in one block. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../support/kernel.h"

#define DROP 1 /* enum xdp_action */
#define PASS 2
#define LO   1 /* the interface that BPF_PROG_TEST_RUN lets frames come from */

#define LAST DROP53_MAX_INTERFACES /* the slot for strays */

static int setup(void **state)
{
	static struct kernel kernel;
	const struct drop53_config config = {.sets = 8};

	if (sandbox__stay())
		return -1;
	*state = &kernel;
	return kernel__load(&kernel, &config, 1);
}

static int teardown(void **state)
{
	kernel__free(*state);
	return 0;
}

static const struct drop53_counters *block(const struct kernel *kernel, __u32 slot)
{
	static struct drop53_counters value;

	/* CPU 0's blocks are the first. */
	assert_int_equal(bpf_map_lookup_elem(kernel->filter.counters, &slot, &value), 0);
	return &value;
}

/* Exactly @packets in this cell of this slot, and nothing anywhere else. */
static void expect_alone(const struct kernel *kernel, __u32 slot, __u32 cell, __u64 packets)
{
	for (__u32 i = 0; i < kernel->settings->config.interfaces; i++) {
		const struct drop53_counters *counters = block(kernel, i);

		for (__u32 c = 0; c < DROP53_CELLS; c++)
			if (counters->cell[c].packets != (i == slot && c == cell ? packets : 0))
				fail_msg("slot %u, cell %u: %llu packets", i, c,
					 counters->cell[c].packets);
	}
}

static const struct row {
	const char *name;
	const struct layer *layers;
	enum drop53_outcome outcome[DROP53_POLICY__N];
	enum drop53_family family;
	enum drop53_protocol protocol;
	int action[DROP53_POLICY__N];
} rows[] = {
#define DROPPED(reason)                                                              \
	{                                                                            \
		DROP53_OUTCOME_##reason##_DROP, DROP53_OUTCOME_##reason##_WOULD_DROP \
	}
#define PASSED(reason)                                                         \
	{                                                                      \
		DROP53_OUTCOME_##reason##_PASS, DROP53_OUTCOME_##reason##_PASS \
	}
	{"udp4",
	 LAYERS(ETH(), IP4(), UDP(.dport = 53)),
	 DROPPED(PORT53),
	 DROP53_FAMILY_IPV4,
	 DROP53_PROTOCOL_UDP,
	 {DROP, PASS}},
	{"tcp4",
	 LAYERS(ETH(), IP4(), TCP(.dport = 53)),
	 DROPPED(PORT53),
	 DROP53_FAMILY_IPV4,
	 DROP53_PROTOCOL_TCP,
	 {DROP, PASS}},
	{"udp6",
	 LAYERS(ETH(), IP6(), UDP(.dport = 53)),
	 DROPPED(PORT53),
	 DROP53_FAMILY_IPV6,
	 DROP53_PROTOCOL_UDP,
	 {DROP, PASS}},
	{"tcp6",
	 LAYERS(ETH(), IP6(), TCP(.dport = 53)),
	 DROPPED(PORT53),
	 DROP53_FAMILY_IPV6,
	 DROP53_PROTOCOL_TCP,
	 {DROP, PASS}},
	{"tags",
	 LAYERS(ETH(), TAG(.repeat = DROP53_MAX_TAGS + 1), IP4(), UDP(.dport = 53)),
	 DROPPED(TOO_DEEP),
	 DROP53_FAMILY_NONE,
	 DROP53_PROTOCOL_NONE,
	 {DROP, PASS}},
	{"headers",
	 LAYERS(ETH(), IP6(), EXT(.repeat = DROP53_MAX_EXTENSIONS + 1), UDP(.dport = 53)),
	 DROPPED(TOO_DEEP),
	 DROP53_FAMILY_IPV6,
	 DROP53_PROTOCOL_NONE,
	 {DROP, PASS}},
	{"fragment",
	 LAYERS(ETH(), IP4(.offset = 9), UDP(.dport = 53)),
	 PASSED(FRAGMENT),
	 DROP53_FAMILY_IPV4,
	 DROP53_PROTOCOL_UDP,
	 {PASS, PASS}},
	{"malformed",
	 LAYERS(ETH(), IP4(.ihl = 4), UDP(.dport = 53)),
	 PASSED(MALFORMED),
	 DROP53_FAMILY_IPV4,
	 DROP53_PROTOCOL_NONE,
	 {PASS, PASS}},
};

static void each_reason_has_its_action_and_its_cell(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int policy = 0; policy < DROP53_POLICY__N; policy++) {
			const struct row *row = &rows[i];
			struct kernel *kernel = *state;

			print_message("# %s, policy %d\n", row->name, policy);
			assert_int_equal(setup(state), 0);
			kernel->settings->policy = policy;
			assert_int_equal(program__run(kernel->filter.program, row->layers, 3),
					 row->action[policy]);
			expect_alone(kernel, LAST,
				     drop53_cell(row->outcome[policy], row->family, row->protocol),
				     3);
			kernel__free(kernel);
		}
	}
	assert_int_equal(setup(state), 0);
}

static void ordinary_traffic_is_in_no_counter(void **state)
{
	struct kernel *kernel = *state;

	program__run(kernel->filter.program, LAYERS(ETH(), IP4(), UDP(.dport = 54)), 3);
	program__run(kernel->filter.program, LAYERS(ETH(), IP4(), TCP(.sport = 53, .dport = 80)),
		     3);
	program__run(kernel->filter.program, LAYERS(ETH(), IP6(), UDP(.dport = 13568)), 3);
	expect_alone(kernel, 0, 0, 0);
}

static void run_udp(struct kernel *kernel, unsigned int times)
{
	program__run(kernel->filter.program, LAYERS(ETH(), IP4(), UDP(.dport = 53)), times);
}

#define UDP_CELL drop53_cell(DROP53_OUTCOME_PORT53_DROP, DROP53_FAMILY_IPV4, DROP53_PROTOCOL_UDP)

static void an_interface_counts_in_its_slot(void **state)
{
	struct kernel *kernel = *state;

	kernel->settings->ifindex[LO] = LO;
	run_udp(kernel, 3);
	expect_alone(kernel, LO, UDP_CELL, 3);
}

static void a_slot_that_is_taken_moves_it_on(void **state)
{
	struct kernel *kernel = *state;

	kernel->settings->ifindex[LO] = LO + DROP53_MAX_INTERFACES;
	kernel->settings->ifindex[LO + 1] = LO + 2 * DROP53_MAX_INTERFACES;
	kernel->settings->ifindex[LO + 2] = LO;
	run_udp(kernel, 3);
	expect_alone(kernel, LO + 2, UDP_CELL, 3);
}

static void the_search_goes_round(void **state)
{
	struct kernel *kernel = *state;

	for (__u32 i = 0; i < DROP53_MAX_INTERFACES; i++)
		kernel->settings->ifindex[i] = 1000 + i;
	kernel->settings->ifindex[0] = LO;
	run_udp(kernel, 3);
	expect_alone(kernel, 0, UDP_CELL, 3);
}

static void an_interface_without_a_slot_counts_as_a_stray(void **state)
{
	struct kernel *kernel = *state;

	for (__u32 i = 0; i < DROP53_MAX_INTERFACES; i++)
		kernel->settings->ifindex[i] = 1000 + i;
	run_udp(kernel, 3);
	expect_alone(kernel, LAST, UDP_CELL, 3);
}

static void few_slots_are_enough(void **state)
{
	const struct drop53_config config = {.sets = 8, .interfaces = 5};
	struct kernel kernel;

	(void)state;
	assert_int_equal(kernel__load(&kernel, &config, 1), 0);
	kernel.settings->ifindex[0] = 1000;
	kernel.settings->ifindex[1] = 1001;
	kernel.settings->ifindex[2] = 1002;
	kernel.settings->ifindex[3] = LO;
	run_udp(&kernel, 3);
	expect_alone(&kernel, 3, UDP_CELL, 3);
	kernel__free(&kernel);
}

static void a_trial_ends_by_itself(void **state)
{
	struct kernel *kernel = *state;
	const struct layer *frame = LAYERS(ETH(), IP4(), UDP(.dport = 53));

	kernel->settings->policy = DROP53_POLICY_MONITOR;
	kernel->settings->fallback = DROP53_POLICY_ENFORCE;
	kernel->settings->fallback_at = ~0ull;
	assert_int_equal(program__run(kernel->filter.program, frame, 1), PASS);
	kernel->settings->fallback_at = 1;
	assert_int_equal(program__run(kernel->filter.program, frame, 1), DROP);
	kernel->settings->fallback_at = 0;
	assert_int_equal(program__run(kernel->filter.program, frame, 1), PASS);
}

static void a_policy_that_is_none_drops(void **state)
{
	struct kernel *kernel = *state;

	kernel->settings->policy = 77;
	assert_int_equal(
		program__run(kernel->filter.program, LAYERS(ETH(), IP4(), UDP(.dport = 53)), 1),
		DROP);
}

static void a_new_zero_epoch_clears_the_block_when_it_is_next_used(void **state)
{
	struct kernel *kernel = *state;

	run_udp(kernel, 5);
	kernel->settings->epochs = 1; /* sources alone */
	run_udp(kernel, 1);
	expect_alone(kernel, LAST, UDP_CELL, 6);
	kernel->settings->epochs = 2ull << 32 | 2;
	run_udp(kernel, 2);
	expect_alone(kernel, LAST, UDP_CELL, 2);
	assert_int_equal(block(kernel, LAST)->epoch, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(each_reason_has_its_action_and_its_cell),
		TEST(ordinary_traffic_is_in_no_counter),
		TEST(an_interface_counts_in_its_slot),
		TEST(a_slot_that_is_taken_moves_it_on),
		TEST(the_search_goes_round),
		TEST(an_interface_without_a_slot_counts_as_a_stray),
		cmocka_unit_test(few_slots_are_enough),
		TEST(a_trial_ends_by_itself),
		TEST(a_policy_that_is_none_drops),
		TEST(a_new_zero_epoch_clears_the_block_when_it_is_next_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
