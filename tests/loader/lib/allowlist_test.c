// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../support/kernel.h"
#include "lib/allowlist.h"
#include "lib/compile.h"
#include "lib/diag.h"
#include "lib/set_pages.h"

static int enter(void **state)
{
	(void)state;
	return sandbox__enter();
}

static struct pinned pinned;

static int setup(void **state)
{
	*state = &pinned.filter;
	pinned__new(&pinned, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pinned__free(&pinned);
	return 0;
}

/* Puts the list in @text in force, and returns its generation. */
static __u64 commit(struct filter *filter, const char *text)
{
	__u64 generation = 0;
	struct list list;

	assert_int_equal(list__parse_text("test", text, strlen(text), &list, NULL, NULL), 0);
	assert_int_equal(allowlist__commit(filter, &list, &generation, NULL), 0);
	list__free(&list);
	return generation;
}

static void expect_list(const struct filter *filter, const char *text, __u64 wanted)
{
	char got[1024] = "", one[PREFIX_TEXT];
	__u64 generation = 0;
	struct list list;
	size_t i;

	assert_int_equal(allowlist__read(filter, &list, &generation, NULL), 0);
	for (i = 0; i < list.n; i++) {
		strcat(got, prefix__format(&list.prefix[i], one));
		strcat(got, "\n");
	}
	list__free(&list);
	assert_string_equal(got, text);
	assert_int_equal(generation, wanted);
}

/* Refused before anything is touched: there is neither a map nor a line. */
static void a_set_beyond_its_slot_is_refused(void **state)
{
	struct drop53_settings settings = {};

	(void)state;
	assert_int_equal(
		set_pages__put(-1, &settings, DROP53_SETS_ALLOW, NULL, SET_ALL_PAGES + 1, NULL),
		-E2BIG);
	assert_int_equal(settings.address_set[DROP53_SETS_ALLOW].pages, 0);
}

static void a_new_filter_has_an_empty_list_of_generation_one(void **state)
{
	struct allowlist_status status;

	expect_list(*state, "", 1);
	assert_int_equal(allowlist__status(*state, &status, NULL), 0);
	assert_int_equal(status.generation, 1);
	assert_int_equal(status.prefixes[DROP53_FAMILY_IPV4], 0);
	assert_int_equal(status.prefixes[DROP53_FAMILY_IPV6], 0);
	/* Kernel memory grows with the list: nothing of the pages is an empty one's. */
	assert_true(status.bytes > 0 && status.bytes <= 4096);
}

static void a_commit_is_read_back_and_counts_one_generation(void **state)
{
	struct allowlist_status status;

	assert_int_equal(commit(*state, "192.0.2.0/24\n!192.0.2.7\n2001:db8::/32\n"), 2);
	expect_list(*state, "192.0.2.0/24\n!192.0.2.7\n2001:db8::/32\n", 2);
	assert_int_equal(allowlist__status(*state, &status, NULL), 0);
	assert_int_equal(status.prefixes[DROP53_FAMILY_IPV4], 2);
	assert_int_equal(status.prefixes[DROP53_FAMILY_IPV6], 1);
	assert_int_equal(commit(*state, "10.0.0.0/8\n"), 3);
	expect_list(*state, "10.0.0.0/8\n", 3);
	assert_int_equal(commit(*state, ""), 4);
	expect_list(*state, "", 4);
}

static int verdict_of(struct filter *filter, const char *source)
{
	if (strchr(source, ':'))
		return program__run(filter->program,
				    LAYERS(ETH(), IP6(.src = source), UDP(.dport = 53)), 1);
	return program__run(filter->program, LAYERS(ETH(), IP4(.src = source), UDP(.dport = 53)),
			    1);
}

#define PASS 2
#define DROP 1

static void the_program_goes_by_it_from_the_next_packet_on(void **state)
{
	assert_int_equal(verdict_of(*state, "192.0.2.1"), DROP);
	commit(*state, "192.0.2.0/24\n!192.0.2.7\n");
	assert_int_equal(verdict_of(*state, "192.0.2.1"), PASS);
	assert_int_equal(verdict_of(*state, "192.0.2.7"), DROP);
	assert_int_equal(verdict_of(*state, "2001:db8::1"), DROP);
	commit(*state, "2001:db8::/32\n");
	assert_int_equal(verdict_of(*state, "192.0.2.1"), DROP);
	assert_int_equal(verdict_of(*state, "2001:db8::1"), PASS);
	commit(*state, "");
	assert_int_equal(verdict_of(*state, "2001:db8::1"), DROP);
}

/* Which families hold anything is in the word that switches: an empty one is not looked at. */
static void the_word_says_which_slot_and_which_families(void **state)
{
	struct filter *filter = *state;
	__u32 first = filter->settings->allow & DROP53_SET_INDEX;

	assert_int_equal(filter->settings->allow, first);
	commit(filter, "192.0.2.1\n");
	assert_int_equal(filter->settings->allow, (!first) | DROP53_SET_IPV4);
	commit(filter, "2001:db8::1\n");
	assert_int_equal(filter->settings->allow, first | DROP53_SET_IPV6);
	commit(filter, "192.0.2.1\n2001:db8::1\n");
	assert_int_equal(filter->settings->allow, (!first) | DROP53_SET_IPV4 | DROP53_SET_IPV6);
	/* Nothing but exceptions allows nobody. */
	commit(filter, "!192.0.2.1\n");
	assert_int_equal(filter->settings->allow, first);
}

/* As a commit that is killed before the switch leaves the slot that is not in force. */
static void fill_other_slot(struct filter *filter, const char *text)
{
	__u32 slot = !(filter->settings->allow & DROP53_SET_INDEX);
	struct blob blob = {};
	struct list list;

	assert_int_equal(list__parse_text("test", text, strlen(text), &list, NULL, NULL), 0);
	assert_int_equal(compile__blob(&list, 9, &blob, NULL), 0);
	assert_int_equal(set_pages__put(filter->sets, filter->settings, DROP53_SETS_ALLOW + slot,
					blob.lines, blob.lines->header.list_line, NULL),
			 0);
	compile__free(&blob);
	list__free(&list);
}

/* Killed before the switch, the list that was is still in force, and the next commit works. */
static void until_the_switch_the_old_list_is_in_force(void **state)
{
	struct filter *filter = *state;

	commit(filter, "192.0.2.1\n");
	fill_other_slot(filter, "192.0.2.2\n");
	assert_int_equal(verdict_of(filter, "192.0.2.1"), PASS);
	assert_int_equal(verdict_of(filter, "192.0.2.2"), DROP);
	expect_list(filter, "192.0.2.1\n", 2);
	assert_int_equal(commit(filter, "192.0.2.3\n"), 3);
	assert_int_equal(verdict_of(filter, "192.0.2.1"), DROP);
	assert_int_equal(verdict_of(filter, "192.0.2.2"), DROP);
	assert_int_equal(verdict_of(filter, "192.0.2.3"), PASS);
}

/* What is no longer in force takes no memory, but for the list as it was given. */
static void the_old_list_gives_its_pages_back(void **state)
{
	struct filter *filter = *state;
	__u32 old;

	commit(filter, "192.0.2.1\n");
	old = DROP53_SETS_ALLOW + (filter->settings->allow & DROP53_SET_INDEX);
	assert_int_equal(filter->settings->address_set[old].pages, 1);
	commit(filter, "192.0.2.2\n");
	assert_int_equal(filter->settings->address_set[old].pages, 0);
}

static void a_filter_opened_again_has_the_same_list(void **state)
{
	struct filter again;

	commit(*state, "192.0.2.0/24\n");
	assert_int_equal(filter__open(&again, &pinned.state, FILTER_READ, NULL), 0);
	expect_list(&again, "192.0.2.0/24\n", 2);
	filter__close(&again);
}

static void local_addresses_are_a_pair_of_their_own(void **state)
{
	const struct layer *here = LAYERS(ETH(), IP4(.dst = "192.0.2.53"), UDP(.dport = 53));
	const struct layer *there = LAYERS(ETH(), IP4(.dst = "192.0.2.54"), UDP(.dport = 53));
	struct filter *filter = *state;
	struct list list;

	commit(filter, "10.0.0.0/8\n");
	assert_int_equal(list__parse_text("test", "192.0.2.53\n", 11, &list, NULL, NULL), 0);
	assert_int_equal(allowlist__commit_local(filter, &list, NULL), 0);
	list__free(&list);
	expect_list(filter, "10.0.0.0/8\n", 2);
	assert_int_equal(program__run(filter->program, there, 1), DROP);
	filter->settings->scope = DROP53_SCOPE_LOCAL;
	assert_int_equal(program__run(filter->program, here, 1), DROP);
	assert_int_equal(program__run(filter->program, there, 1), PASS);
	assert_int_equal(verdict_of(filter, "10.1.1.1"), PASS);
}

static void a_list_that_a_running_daemon_owns_is_its_own(void **state)
{
	struct filter *filter = *state;
	struct diag diag = {};
	int daemon;

	assert_int_equal(allowlist__check_owner(filter, NULL), 0);
	strcpy(filter->settings->list_file, "/etc/drop53/allow");
	/* It is not running any more. */
	assert_int_equal(allowlist__check_owner(filter, NULL), 0);
	daemon = open(SANDBOX_BPFFS "/drop53", O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(daemon, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(allowlist__check_owner(filter, &diag), -EPERM);
	assert_non_null(strstr(diag.text, "/etc/drop53/allow"));
	close(daemon);
	assert_int_equal(allowlist__check_owner(filter, NULL), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_beyond_its_slot_is_refused),
		TEST(a_new_filter_has_an_empty_list_of_generation_one),
		TEST(a_commit_is_read_back_and_counts_one_generation),
		TEST(the_program_goes_by_it_from_the_next_packet_on),
		TEST(the_word_says_which_slot_and_which_families),
		TEST(until_the_switch_the_old_list_is_in_force),
		TEST(the_old_list_gives_its_pages_back),
		TEST(a_filter_opened_again_has_the_same_list),
		TEST(local_addresses_are_a_pair_of_their_own),
		TEST(a_list_that_a_running_daemon_owns_is_its_own),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
