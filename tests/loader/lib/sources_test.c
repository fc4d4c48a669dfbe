// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reading, sorting and adding up sources. What the program puts there: tests/bpf/sources_test.c. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../support/kernel.h"
#include "lib/sources.h"

static struct source make(const char *address, __u64 packets, __u64 bytes, __u64 last_seen)
{
	struct source source = {.count = {packets, bytes},
				.tcp_packets = packets / 2,
				.first_seen = last_seen - 10,
				.last_seen = last_seen};

	source.family = strchr(address, ':') ? DROP53_FAMILY_IPV6 : DROP53_FAMILY_IPV4;
	assert_int_equal(
		inet_pton(strchr(address, ':') ? AF_INET6 : AF_INET, address, source.address), 1);
	return source;
}

/* 10.0.0.9, 10.0.1.1, 10.0.1.2, 2001:db8::1, 2001:db8::2, in an order of no meaning. */
static struct source_table table_of_five(void)
{
	struct source_table table = {.n = 5, .length = {0, 32, 128}};

	table.sources = calloc(table.n, sizeof(*table.sources));
	assert_non_null(table.sources);
	table.sources[0] = make("10.0.1.2", 5, 900, 40);
	table.sources[1] = make("2001:db8::2", 7, 100, 50);
	table.sources[2] = make("10.0.0.9", 5, 300, 60);
	table.sources[3] = make("2001:db8::1", 1, 800, 20);
	table.sources[4] = make("10.0.1.1", 9, 200, 30);
	return table;
}

static void expect(const struct source_table *table, const char *const *wanted, size_t n)
{
	char text[SOURCE_TEXT];

	assert_int_equal(table->n, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(source__format(&table->sources[i], table->length, text),
				 strlen(wanted[i]));
		assert_string_equal(text, wanted[i]);
	}
}

#define EXPECT(table, ...)                                                 \
	do {                                                               \
		const char *const wanted[] = {__VA_ARGS__};                \
		expect(table, wanted, sizeof(wanted) / sizeof(wanted[0])); \
	} while (0)

static void each_order_is_descending_but_that_of_addresses(void **state)
{
	struct source_table table = table_of_five();

	(void)state;
	sources__sort(&table, SOURCES_BY_ADDRESS, NULL);
	EXPECT(&table, "10.0.0.9", "10.0.1.1", "10.0.1.2", "2001:db8::1", "2001:db8::2");
	/* Equal counts go by address. */
	sources__sort(&table, SOURCES_BY_PACKETS, NULL);
	EXPECT(&table, "10.0.1.1", "2001:db8::2", "10.0.0.9", "10.0.1.2", "2001:db8::1");
	sources__sort(&table, SOURCES_BY_BYTES, NULL);
	EXPECT(&table, "10.0.1.2", "2001:db8::1", "10.0.0.9", "10.0.1.1", "2001:db8::2");
	sources__sort(&table, SOURCES_BY_LAST_SEEN, NULL);
	EXPECT(&table, "10.0.0.9", "2001:db8::2", "10.0.1.2", "10.0.1.1", "2001:db8::1");
	sources__free(&table);
}

static void aggregation_adds_up_and_widens_the_times(void **state)
{
	const __u8 lengths[DROP53_FAMILY__N] = {0, 24, 64};
	struct source_table table = table_of_five();

	(void)state;
	sources__aggregate(&table, lengths, NULL);
	EXPECT(&table, "10.0.0.0/24", "10.0.1.0/24", "2001:db8::/64");
	assert_int_equal(table.sources[1].count.packets, 14);
	assert_int_equal(table.sources[1].count.bytes, 1100);
	assert_int_equal(table.sources[1].tcp_packets, 6);
	assert_int_equal(table.sources[1].first_seen, 20);
	assert_int_equal(table.sources[1].last_seen, 40);
	sources__free(&table);
}

static void aggregation_by_bits_that_are_no_bytes(void **state)
{
	const __u8 lengths[DROP53_FAMILY__N] = {0, 23, 127};
	struct source_table table = table_of_five();

	(void)state;
	sources__aggregate(&table, lengths, NULL);
	EXPECT(&table, "10.0.0.0/23", "2001:db8::/127", "2001:db8::2/127");
	sources__free(&table);
}

static void aggregation_never_splits_and_zero_leaves_alone(void **state)
{
	const __u8 none[DROP53_FAMILY__N] = {}, longer[DROP53_FAMILY__N] = {0, 32, 128};
	const __u8 one[DROP53_FAMILY__N] = {0, 1, 0};
	struct source_table table = table_of_five();

	(void)state;
	sources__aggregate(&table, none, NULL);
	assert_int_equal(table.n, 5);
	sources__aggregate(&table, one, NULL);
	EXPECT(&table, "0.0.0.0/1", "2001:db8::1", "2001:db8::2");
	sources__aggregate(&table, longer, NULL);
	EXPECT(&table, "0.0.0.0/1", "2001:db8::1", "2001:db8::2");
	sources__free(&table);
}

static void an_empty_table_is_a_table(void **state)
{
	const __u8 lengths[DROP53_FAMILY__N] = {0, 24, 64};
	struct source_table table = {.length = {0, 32, 128}};

	(void)state;
	sources__sort(&table, SOURCES_BY_PACKETS, NULL);
	sources__aggregate(&table, lengths, NULL);
	assert_int_equal(table.n, 0);
	sources__free(&table);
}

/* ---- Slots as the program would leave them, put there by hand ---- */

static int setup(void **state)
{
	static struct kernel kernel;
	const struct drop53_config config = {.sets = 4};

	*state = &kernel;
	return kernel__load(&kernel, &config, 1);
}

static int teardown(void **state)
{
	kernel__free(*state);
	return 0;
}

static void put(struct kernel *kernel, __u32 index, const char *address, __u64 packets, __u32 epoch,
		__u32 changing)
{
	struct drop53_source slot = {.state = DROP53_FAMILY_IPV4 + changing,
				     .epoch = epoch,
				     .packets = packets,
				     .bytes = 100 * packets,
				     .first_seen = index + 1,
				     .last_seen = index + 9};

	assert_int_equal(inet_pton(AF_INET, address, slot.address), 1);
	assert_int_equal(bpf_map_update_elem(kernel->filter.sources, &index, &slot, BPF_ANY), 0);
}

/*
 * CPU 0's slots are the first half of the table; another CPU's follow. A source has the same set
 * on each CPU, here the first one.
 */
static void what_cpus_have_of_one_source_is_added_up(void **state)
{
	struct kernel *kernel = *state;
	__u32 own = 4 * DROP53_WAYS;
	struct source_table table;

	if (kernel->settings->cpus < 2) {
		print_message("# SKIP this machine has one CPU\n");
		skip();
	}
	put(kernel, 3, "192.0.2.1", 5, 0, 0);
	put(kernel, own + 6, "192.0.2.1", 7, 0, 0);
	put(kernel, own + 1, "192.0.2.2", 1, 0, 0);
	assert_int_equal(sources__read(&kernel->filter, DROP53_ACCOUNT_DROPPED, &table, NULL), 0);
	sources__sort(&table, SOURCES_BY_ADDRESS, NULL);
	EXPECT(&table, "192.0.2.1", "192.0.2.2");
	assert_int_equal(table.sources[0].count.packets, 12);
	assert_int_equal(table.sources[0].count.bytes, 1200);
	assert_int_equal(table.sources[0].first_seen, 4);
	assert_int_equal(table.sources[0].last_seen, own + 15);
	assert_int_equal(table.capacity, own * kernel->settings->cpus);
	sources__free(&table);
}

static void a_slot_that_changes_hands_is_not_shown(void **state)
{
	struct kernel *kernel = *state;
	struct source_table table;

	put(kernel, 0, "192.0.2.1", 5, 0, DROP53_STATE_STEP);
	put(kernel, 1, "192.0.2.2", 5, 0, 2 * DROP53_STATE_STEP);
	assert_int_equal(sources__read(&kernel->filter, DROP53_ACCOUNT_DROPPED, &table, NULL), 0);
	EXPECT(&table, "192.0.2.2");
	sources__free(&table);
}

static void slots_of_older_epochs_are_untracked_or_nothing(void **state)
{
	struct kernel *kernel = *state;
	struct source_table table;

	put(kernel, 0, "192.0.2.1", 5, 1, 0);
	put(kernel, 1, "192.0.2.2", 7, 2, 0);
	put(kernel, 2, "192.0.2.3", 9, 3, 0);
	kernel->settings->epochs = 2ull << 32 | 3;
	assert_int_equal(sources__read(&kernel->filter, DROP53_ACCOUNT_DROPPED, &table, NULL), 0);
	EXPECT(&table, "192.0.2.3");
	assert_int_equal(table.untracked.packets, 7);
	assert_int_equal(table.untracked.bytes, 700);
	sources__free(&table);
}

struct walk {
	struct kernel *kernel;
	__u64 packets;
	unsigned int slots;
};

static void visit(void *context, const struct source_slot *slot)
{
	struct walk *walk = context;

	walk->packets += slot->source.count.packets;
	walk->slots++;
}

static void a_walk_sees_what_a_reading_does(void **state)
{
	struct kernel *kernel = *state;
	struct walk walk = {.kernel = kernel};
	struct source_summary summary;

	put(kernel, 0, "192.0.2.1", 5, 0, 0);
	put(kernel, 8, "192.0.2.2", 7, 0, 0);
	put(kernel, 20, "192.0.2.3", 9, 0, 0);
	assert_int_equal(sources__each(&kernel->filter, visit, &walk, &summary, NULL), 0);
	assert_int_equal(walk.slots, 3);
	assert_int_equal(walk.packets, 21);
	assert_int_equal(summary.tracked, 3);
	assert_int_equal(summary.untracked.packets, 0);
	assert_int_equal(sources__each(&kernel->filter, NULL, NULL, &summary, NULL), 0);
	assert_int_equal(summary.tracked, 3);
}

/* The same address on both accounts: two owners of slots, each in the account that it is of. */
static void the_allowed_are_read_apart(void **state)
{
	struct kernel *kernel = *state;
	struct walk walk = {.kernel = kernel};
	struct source_summary summary;
	struct source_table table;

	put(kernel, 0, "192.0.2.1", 5, 0, 0);
	put(kernel, 1, "192.0.2.1", 7, 0, drop53_owner(0, DROP53_ACCOUNT_ALLOWED));
	put(kernel, 2, "192.0.2.2", 9, 0, drop53_owner(0, DROP53_ACCOUNT_ALLOWED));
	assert_int_equal(sources__read(&kernel->filter, DROP53_ACCOUNT_ALLOWED, &table, NULL), 0);
	sources__sort(&table, SOURCES_BY_ADDRESS, NULL);
	EXPECT(&table, "192.0.2.1", "192.0.2.2");
	assert_int_equal(table.sources[0].count.packets, 7);
	sources__free(&table);
	assert_int_equal(sources__read(&kernel->filter, DROP53_ACCOUNT_DROPPED, &table, NULL), 0);
	EXPECT(&table, "192.0.2.1");
	assert_int_equal(table.sources[0].count.packets, 5);
	sources__free(&table);
	assert_int_equal(sources__each(&kernel->filter, visit, &walk, &summary, NULL), 0);
	assert_int_equal(walk.packets, 5);
	assert_int_equal(summary.tracked, 1);
	assert_int_equal(summary.allowed, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_order_is_descending_but_that_of_addresses),
		cmocka_unit_test(aggregation_adds_up_and_widens_the_times),
		cmocka_unit_test(aggregation_by_bits_that_are_no_bytes),
		cmocka_unit_test(aggregation_never_splits_and_zero_leaves_alone),
		cmocka_unit_test(an_empty_table_is_a_table),
		TEST(what_cpus_have_of_one_source_is_added_up),
		TEST(a_slot_that_changes_hands_is_not_shown),
		TEST(slots_of_older_epochs_are_untracked_or_nothing),
		TEST(a_walk_sees_what_a_reading_does),
		TEST(the_allowed_are_read_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
