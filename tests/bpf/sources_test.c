// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Accounts by source, as the program keeps them: what is counted where, how right it stays. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../support/kernel.h"
#include "../tools/e2e_mixture.h"
#include "lib/compile.h"
#include "lib/list.h"
#include "lib/reset.h"
#include "lib/set_pages.h"
#include "lib/sources.h"

static int setup(void **state)
{
	static struct kernel kernel;
	const struct drop53_config config = {.sets = 32};

	*state = &kernel;
	if (sandbox__stay())
		return -1;
	return kernel__load(&kernel, &config, 1);
}

static int teardown(void **state)
{
	kernel__free(*state);
	return 0;
}

/* @table: read, sorted by packets, and held against the sum rule */
static void read_account(struct kernel *kernel, enum drop53_account account,
			 struct source_table *table)
{
	struct drop53_count sum = {};

	assert_int_equal(sources__read(&kernel->filter, account, table, NULL), 0);
	sources__sort(table, SOURCES_BY_PACKETS, NULL);
	for (size_t i = 0; i < table->n; i++) {
		sum.packets += table->sources[i].count.packets;
		sum.bytes += table->sources[i].count.bytes;
	}
	assert_int_equal(sum.packets + table->untracked.packets, table->total.packets);
	assert_int_equal(sum.bytes + table->untracked.bytes, table->total.bytes);
}

static void read_table(struct kernel *kernel, struct source_table *table)
{
	read_account(kernel, DROP53_ACCOUNT_DROPPED, table);
}

static const char *name_of(const struct source *source)
{
	static char text[INET6_ADDRSTRLEN];

	return inet_ntop(source->family == DROP53_FAMILY_IPV6 ? AF_INET6 : AF_INET, source->address,
			 text, sizeof(text));
}

static void a_source_is_counted_by_packets_bytes_protocol_and_time(void **state)
{
	struct kernel *kernel = *state;
	struct source_table table;
	const struct source *source;

	program__run(kernel->filter.program,
		     LAYERS(ETH(), IP4(.src = "192.0.2.7"), UDP(.dport = 53), DATA(.size = 58)), 5);
	program__run(kernel->filter.program,
		     LAYERS(ETH(), IP4(.src = "192.0.2.7"), TCP(.dport = 53), DATA(.size = 46)), 3);
	read_table(kernel, &table);
	assert_int_equal(table.n, 1);
	source = &table.sources[0];
	assert_string_equal(name_of(source), "192.0.2.7");
	assert_int_equal(source->family, DROP53_FAMILY_IPV4);
	assert_int_equal(source->count.packets, 8);
	assert_int_equal(source->count.bytes, 800);
	assert_int_equal(source->tcp_packets, 3);
	assert_true(source->first_seen && source->first_seen <= source->last_seen);
	sources__free(&table);
}

/* 192.0.2.1 and c000:201:: begin with the same four bytes. */
static void the_family_is_part_of_the_key(void **state)
{
	struct kernel *kernel = *state;
	struct source_table table;

	program__run(kernel->filter.program,
		     LAYERS(ETH(), IP4(.src = "192.0.2.1"), UDP(.dport = 53)), 2);
	program__run(kernel->filter.program,
		     LAYERS(ETH(), IP6(.src = "c000:201::"), UDP(.dport = 53)), 1);
	read_table(kernel, &table);
	assert_int_equal(table.n, 2);
	assert_string_equal(name_of(&table.sources[0]), "192.0.2.1");
	assert_string_equal(name_of(&table.sources[1]), "c000:201::");
	sources__free(&table);
}

static void what_passes_is_nobodys_drop(void **state)
{
	struct kernel *kernel = *state;
	struct source_table table;

	program__run(kernel->filter.program, LAYERS(ETH(), IP4(), UDP(.dport = 5353)), 5);
	program__run(kernel->filter.program, LAYERS(ETH(), IP4(), UDP(.sport = 53, .dport = 9)), 5);
	program__run(kernel->filter.program, LAYERS(ETH(), IP4(.offset = 9), UDP(.dport = 53)), 5);
	read_table(kernel, &table);
	assert_int_equal(table.n, 0);
	assert_int_equal(table.total.packets, 0);
	sources__free(&table);
}

static void a_drop_without_a_source_is_untracked(void **state)
{
	struct kernel *kernel = *state;
	struct source_table table;

	program__run(kernel->filter.program,
		     LAYERS(ETH(), TAG(.repeat = DROP53_MAX_TAGS + 1), IP4(), UDP(.dport = 53)), 5);
	read_table(kernel, &table);
	assert_int_equal(table.n, 0);
	assert_int_equal(table.untracked.packets, 5);
	sources__free(&table);
}

static void a_reset_of_the_sources_makes_them_untracked_and_empties_the_sets(void **state)
{
	const struct layer *one = LAYERS(ETH(), IP4(.src = "192.0.2.1"), UDP(.dport = 53));
	const struct layer *two = LAYERS(ETH(), IP4(.src = "192.0.2.2"), UDP(.dport = 53));
	struct kernel *kernel = *state;
	struct source_table table;

	program__run(kernel->filter.program, one, 7);
	reset__counters(&kernel->filter, true);
	read_table(kernel, &table);
	assert_int_equal(table.n, 0);
	assert_int_equal(table.untracked.packets, 7);
	sources__free(&table);

	program__run(kernel->filter.program, one, 2);
	program__run(kernel->filter.program, two, 1);
	read_table(kernel, &table);
	assert_int_equal(table.n, 2);
	assert_int_equal(table.sources[0].count.packets, 2);
	assert_int_equal(table.untracked.packets, 7);
	sources__free(&table);

	reset__counters(&kernel->filter, false);
	program__run(kernel->filter.program, two, 4);
	read_table(kernel, &table);
	assert_int_equal(table.n, 1);
	assert_int_equal(table.sources[0].count.packets, 4);
	assert_int_equal(table.total.packets, 4);
	sources__free(&table);
}

/* An object that somebody else's loader put in place: config.sets is 0, and nothing is lost. */
static void without_a_table_everything_is_untracked(void **state)
{
	const struct drop53_config none = {};
	struct source_table table;
	struct kernel kernel;

	(void)state;
	assert_int_equal(kernel__load(&kernel, &none, 1), 0);
	assert_int_equal(
		program__run(kernel.filter.program, LAYERS(ETH(), IP4(), UDP(.dport = 53)), 9), 1);
	read_table(&kernel, &table);
	assert_int_equal(table.n, 0);
	assert_int_equal(table.untracked.packets, 9);
	sources__free(&table);
	kernel__free(&kernel);
}

static void sources_are_cut_to_the_masks(void **state)
{
	struct drop53_config config = {.sets = 32};
	struct source_table table;
	struct kernel kernel;

	(void)state;
	memset(config.source_mask[DROP53_FAMILY_IPV4], 0xff, 3);
	memset(config.source_mask[DROP53_FAMILY_IPV6], 0xff, 7);
	assert_int_equal(kernel__load(&kernel, &config, 1), 0);
	program__run(kernel.filter.program,
		     LAYERS(ETH(), IP4(.src = "192.0.2.1"), UDP(.dport = 53)), 2);
	program__run(kernel.filter.program,
		     LAYERS(ETH(), IP4(.src = "192.0.2.255"), UDP(.dport = 53)), 2);
	program__run(kernel.filter.program,
		     LAYERS(ETH(), IP6(.src = "2001:db8:1:2ff:3::4"), UDP(.dport = 53)), 1);
	read_table(&kernel, &table);
	assert_int_equal(table.n, 2);
	assert_string_equal(name_of(&table.sources[0]), "192.0.2.0");
	assert_int_equal(table.sources[0].count.packets, 4);
	assert_string_equal(name_of(&table.sources[1]), "2001:db8:1:200::");
	sources__free(&table);
	kernel__free(&kernel);
}

/* ---- Allowed packets, on an account of their own ---- */

/* The list becomes @text; NULL is the list that is switched off. */
static void allow(struct kernel *kernel, const char *text)
{
	struct blob blob = {};
	struct list list;

	kernel->settings->allow = 0;
	if (!text)
		return;
	assert_int_equal(list__parse_text("test", text, strlen(text), &list, NULL, NULL), 0);
	assert_int_equal(compile__blob(&list, 1, &blob, NULL), 0);
	assert_int_equal(set_pages__put(kernel->filter.sets, kernel->settings, DROP53_SETS_ALLOW,
					blob.lines, blob.lines->header.list_line, NULL),
			 0);
	kernel->settings->allow = DROP53_SET_IPV4 | DROP53_SET_IPV6;
	compile__free(&blob);
	list__free(&list);
}

static void allowed_and_dropped_packets_of_one_source_are_two_accounts(void **state)
{
	const struct layer *query = LAYERS(ETH(), IP4(.src = "192.0.2.7"), UDP(.dport = 53));
	const struct layer *other = LAYERS(ETH(), IP6(.src = "2001:db8::1"), TCP(.dport = 53));
	struct kernel *kernel = *state;
	struct source_table dropped, allowed;

	program__run(kernel->filter.program, query, 5);
	allow(kernel, "192.0.2.0/24\n2001:db8::/32\n");
	program__run(kernel->filter.program, query, 3);
	program__run(kernel->filter.program, other, 2);
	allow(kernel, NULL);
	program__run(kernel->filter.program, query, 4);
	read_account(kernel, DROP53_ACCOUNT_DROPPED, &dropped);
	read_account(kernel, DROP53_ACCOUNT_ALLOWED, &allowed);
	assert_int_equal(dropped.n, 1);
	assert_int_equal(dropped.sources[0].count.packets, 9);
	assert_int_equal(allowed.n, 2);
	assert_string_equal(name_of(&allowed.sources[0]), "192.0.2.7");
	assert_int_equal(allowed.sources[0].count.packets, 3);
	assert_int_equal(allowed.sources[0].tcp_packets, 0);
	assert_string_equal(name_of(&allowed.sources[1]), "2001:db8::1");
	assert_int_equal(allowed.sources[1].count.packets, 2);
	assert_int_equal(allowed.sources[1].tcp_packets, 2);
	sources__free(&dropped);
	sources__free(&allowed);
}

/* One packet from each of so many sources. */
static void run_crowd(struct kernel *kernel, __u32 n)
{
	char source[INET_ADDRSTRLEN];
	__u32 i;

	for (i = 0; i < n; i++) {
		snprintf(source, sizeof(source), "10.1.%u.%u", i >> 8, i & 0xff);
		program__run(kernel->filter.program,
			     LAYERS(ETH(), IP4(.src = source), UDP(.dport = 53)), 1);
	}
}

/* Both sums hold, to the packet, when the two take slots from each other; read_account() looks. */
static void what_is_evicted_goes_back_to_its_own_account(void **state)
{
	const struct drop53_config config = {.sets = 1};
	struct source_table dropped, allowed;
	struct kernel kernel;
	int round;

	(void)state;
	assert_int_equal(kernel__load(&kernel, &config, 1), 0);
	for (round = 0; round < 4; round++) {
		allow(&kernel, round & 1 ? "0.0.0.0/0\n" : NULL);
		run_crowd(&kernel, 1000);
		read_account(&kernel, DROP53_ACCOUNT_DROPPED, &dropped);
		read_account(&kernel, DROP53_ACCOUNT_ALLOWED, &allowed);
		assert_int_equal(dropped.total.packets, 1000 * (round / 2 + 1));
		assert_int_equal(allowed.total.packets, 1000 * ((round + 1) / 2));
		assert_true(round != 1 || allowed.n);
		assert_true(dropped.n + allowed.n == DROP53_WAYS);
		sources__free(&dropped);
		sources__free(&allowed);
	}
	reset__counters(&kernel.filter, true);
	read_account(&kernel, DROP53_ACCOUNT_ALLOWED, &allowed);
	assert_int_equal(allowed.n, 0);
	assert_int_equal(allowed.untracked.packets, 2000);
	sources__free(&allowed);
	reset__counters(&kernel.filter, false);
	run_crowd(&kernel, 1);
	read_account(&kernel, DROP53_ACCOUNT_ALLOWED, &allowed);
	assert_int_equal(allowed.total.packets, 1);
	assert_int_equal(allowed.untracked.packets + allowed.n, 1);
	sources__free(&allowed);
	kernel__free(&kernel);
}

/* Their tags stay in the L1 cache: drop53.h. Dropped ones lie everywhere. */
static void allowed_sources_keep_to_the_first_sets(void **state)
{
	const struct drop53_config config = {.sets = 4 * DROP53_ALLOWED_SETS};
	const __u32 first = DROP53_ALLOWED_SETS * DROP53_WAYS;
	__u32 inside[DROP53_ACCOUNT__N] = {}, beyond[DROP53_ACCOUNT__N] = {}, i, account;
	struct source_table allowed;
	struct drop53_source slot;
	struct kernel kernel;

	(void)state;
	assert_int_equal(kernel__load(&kernel, &config, 1), 0);
	run_crowd(&kernel, 1000);
	allow(&kernel, "0.0.0.0/0\n");
	run_crowd(&kernel, 1000);
	for (i = 0; i < config.sets * DROP53_WAYS; i++) {
		assert_int_equal(bpf_map_lookup_elem(kernel.filter.sources, &i, &slot), 0);
		if (!slot.packets)
			continue;
		account = drop53_account(slot.state);
		i < first ? inside[account]++ : beyond[account]++;
	}
	assert_int_equal(inside[DROP53_ACCOUNT_ALLOWED], 1000);
	assert_int_equal(beyond[DROP53_ACCOUNT_ALLOWED], 0);
	assert_int_equal(inside[DROP53_ACCOUNT_DROPPED] + beyond[DROP53_ACCOUNT_DROPPED], 1000);
	assert_true(beyond[DROP53_ACCOUNT_DROPPED] > 500);
	read_account(&kernel, DROP53_ACCOUNT_ALLOWED, &allowed);
	assert_int_equal(allowed.capacity, first * kernel.settings->cpus);
	sources__free(&allowed);
	kernel__free(&kernel);
}

/* ---- A flood from forged addresses, with some real sources in it ---- */

struct mixture {
	struct bpf_object *object;
	int program, traffic;
};

static void open_mixture(struct mixture *mixture, const struct kernel *kernel, __u64 seed,
			 __u64 alone)
{
	char self[PATH_MAX] = "", path[2 * PATH_MAX];
	const __u32 zero = 0;
	struct bpf_map *map;
	struct mixture_traffic traffic = {.random = seed * 0x9e3779b97f4a7c15ull | 1,
					  .alone = alone};

	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(path, sizeof(path), "%s/../tools/e2e_mixture.bpf.o", dirname(self));
	mixture->object = bpf_object__open_file(path, NULL);
	assert_non_null(mixture->object);
	assert_int_equal(bpf_object__load(mixture->object), 0);
	mixture->program =
		bpf_program__fd(bpf_object__find_program_by_name(mixture->object, "mixture"));
	mixture->traffic = bpf_object__find_map_fd_by_name(mixture->object, ".data.traffic");
	assert_int_equal(bpf_map_update_elem(mixture->traffic, &zero, &traffic, BPF_ANY), 0);
	map = bpf_object__find_map_by_name(mixture->object, "programs");
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(map), &zero, &kernel->filter.program, BPF_ANY), 0);
}

static unsigned int heavy_number(const struct source *source)
{
	return source->address[2] << 8 | source->address[3];
}

/*
 * 16 Mi addresses drawn at random, and MIXTURE_HEAVY ones that together send every tenth packet:
 * all of them are listed, and 98 of 100 with at most one packet in a hundred missing.
 */
static void check_accuracy(__u64 seed, __u32 alone)
{
	/* The default size on this machine. */
	const struct drop53_config config = {.sets = (16u << 20) / sizeof(struct drop53_source) /
						     libbpf_num_possible_cpus() / DROP53_WAYS};
	unsigned int listed = 0, right = 0, n;
	struct mixture_traffic traffic;
	struct source_table table;
	struct mixture mixture;
	const __u32 zero = 0;
	struct kernel kernel;

	assert_int_equal(kernel__load(&kernel, &config, seed), 0);
	open_mixture(&mixture, &kernel, seed, alone);
	assert_int_equal(program__run(mixture.program, LAYERS(ETH(), IP4(), UDP(.dport = 53)),
				      alone + MIXTURE_PACKETS),
			 1);
	assert_int_equal(bpf_map_lookup_elem(mixture.traffic, &zero, &traffic), 0);
	read_table(&kernel, &table);
	assert_int_equal(table.total.packets, alone + MIXTURE_PACKETS);
	for (size_t i = 0; i < table.n; i++) {
		const struct source *source = &table.sources[i];

		if (source->address[0] != 198)
			continue;
		n = heavy_number(source);
		assert_true(n < MIXTURE_HEAVY);
		assert_true(source->count.packets <= traffic.sent[n]);
		listed++;
		right += source->count.packets * 100 >= traffic.sent[n] * 99;
	}
	print_message("# seed %llu%s: %u of %d listed, %u to 1 %%\n", seed,
		      alone ? ", into a full table" : "", listed, MIXTURE_HEAVY, right);
	assert_int_equal(listed, MIXTURE_HEAVY);
	assert_true(right >= 98);
	sources__free(&table);
	bpf_object__close(mixture.object);
	kernel__free(&kernel);
}

static void heavy_sources_stay_in_a_flood_of_forged_ones(void **state)
{
	int seeds = getenv("DROP53_NIGHTLY") ? 20 : 2;

	(void)state;
	for (int seed = 1; seed <= seeds; seed++)
		check_accuracy(seed, 0);
}

/* The harder case: there is no free slot any more when the first of them comes. */
static void heavy_sources_get_into_a_full_table(void **state)
{
	int seeds = getenv("DROP53_NIGHTLY") ? 20 : 1;

	(void)state;
	for (int seed = 1; seed <= seeds; seed++)
		check_accuracy(seed, 2000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_source_is_counted_by_packets_bytes_protocol_and_time, setup, teardown),
		cmocka_unit_test_setup_teardown(the_family_is_part_of_the_key, setup, teardown),
		cmocka_unit_test_setup_teardown(what_passes_is_nobodys_drop, setup, teardown),
		cmocka_unit_test_setup_teardown(a_drop_without_a_source_is_untracked, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			a_reset_of_the_sources_makes_them_untracked_and_empties_the_sets, setup,
			teardown),
		cmocka_unit_test(without_a_table_everything_is_untracked),
		cmocka_unit_test(sources_are_cut_to_the_masks),
		cmocka_unit_test_setup_teardown(
			allowed_and_dropped_packets_of_one_source_are_two_accounts, setup,
			teardown),
		cmocka_unit_test(what_is_evicted_goes_back_to_its_own_account),
		cmocka_unit_test(allowed_sources_keep_to_the_first_sets),
		cmocka_unit_test(heavy_sources_stay_in_a_flood_of_forged_ones),
		cmocka_unit_test(heavy_sources_get_into_a_full_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
