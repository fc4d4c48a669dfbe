/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every row of the table of frames through the loaded program: what its twin `explain` says, what
 * the program does, and what it counts. Once for the variant on multi-buffer frames, whole and
 * split at every byte, and once for the plain one.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/frame_program.h"
#include "../support/frame_table.h"

#define PLAIN_MAX 3400 /* bytes that fit a frame's linear part, with headroom and tail */

/* What the parser found, as `explain` returns it. */
static __u32 word_of(const struct frame_row *row, __u32 word)
{
	/* Of ordinary traffic nothing is said but that it is. */
	return row->why == DROP53_REASON_OTHER ? word & 0xff : word & 0xffffff;
}

static __u32 expected_word(const struct frame_row *row)
{
	return row->why | row->family << 8 | row->protocol << 16;
}

static bool is_drop(const struct frame_row *row)
{
	return row->why == DROP53_REASON_PORT53 || row->why == DROP53_REASON_TOO_DEEP;
}

/* One row, built, and the program that it goes through. */
struct trial {
	struct frame_program *program;
	const struct frame_row *row;
	unsigned char bytes[FRAME_MAX];
	size_t length;
};

static void expect_word(const struct trial *trial, size_t length, unsigned int linear)
{
	__u32 word = 0;
	int err = frame_program__explain(trial->program, trial->bytes, length, linear, &word);

	if (err)
		fail_msg("%s: %zu bytes, %u linear: not run: %s", trial->row->name, length, linear,
			 strerror(-err));
	if (word_of(trial->row, word) != expected_word(trial->row))
		fail_msg("%s: %zu bytes, %u linear: explain says %s (%#x) instead of %s (%#x)",
			 trial->row->name, length, linear, frame__reason(word & 0xff), word,
			 frame__reason(trial->row->why), expected_word(trial->row));
}

static void for_each_row(void **state, void (*check)(struct trial *trial))
{
	static struct trial trial;

	trial.program = *state;
	if (!trial.program)
		skip();
	for (size_t i = 0; i < frame_table_count; i++) {
		trial.row = &frame_table[i];
		trial.length = frame_row__build(trial.row, 0, trial.bytes, FRAME_MAX);
		check(&trial);
	}
}

static void check_explain(struct trial *trial)
{
	if (trial->length <= PLAIN_MAX)
		expect_word(trial, trial->length, FRAME_ALL_LINEAR);
}

static void explain_says_what_the_table_says(void **state)
{
	for_each_row(state, check_explain);
}

static void check_long(struct trial *trial)
{
	if (trial->length > PLAIN_MAX)
		expect_word(trial, trial->length, FRAME_ALL_LINEAR);
}

static void headers_beyond_the_linear_part_are_found(void **state)
{
	for_each_row(state, check_long);
}

/* A frame that was cut is another frame with bytes behind it, so these rows stay out. */
static void check_padded(struct trial *trial)
{
	size_t padded = 9014;

	if (trial->row->why == DROP53_REASON_MALFORMED || trial->length > padded)
		return;
	memset(trial->bytes + trial->length, 0xff, padded - trial->length);
	expect_word(trial, padded, FRAME_ALL_LINEAR);
}

static void padding_over_several_buffers_changes_nothing(void **state)
{
	for_each_row(state, check_padded);
}

static void check_splits(struct trial *trial)
{
	unsigned int linear, most = trial->length < PLAIN_MAX ? trial->length : PLAIN_MAX;

	for (linear = 0; linear <= most; linear++)
		expect_word(trial, trial->length, linear);
}

/* Linux 6.18 lets a test run say where the linear part ends; older ones refuse. */
static bool kernel_splits(struct frame_program *program)
{
	const unsigned char frame[64] = {0};
	__u32 word;

	return !frame_program__explain(program, frame, sizeof(frame), 20, &word);
}

static void split_at_every_byte_it_is_the_same(void **state)
{
	if (*state && !kernel_splits(*state)) {
		print_message("# SKIP this kernel's test runs do not split frames (6.18 does)\n");
		skip();
	}
	for_each_row(state, check_splits);
}

static enum drop53_outcome outcome_of(const struct frame_row *row, enum drop53_policy policy)
{
	switch (row->why) {
	case DROP53_REASON_PORT53:
		return policy == DROP53_POLICY_MONITOR ? DROP53_OUTCOME_PORT53_WOULD_DROP
						       : DROP53_OUTCOME_PORT53_DROP;
	case DROP53_REASON_TOO_DEEP:
		return policy == DROP53_POLICY_MONITOR ? DROP53_OUTCOME_TOO_DEEP_WOULD_DROP
						       : DROP53_OUTCOME_TOO_DEEP_DROP;
	case DROP53_REASON_FRAGMENT:
		return DROP53_OUTCOME_FRAGMENT_PASS;
	default:
		return DROP53_OUTCOME_MALFORMED_PASS;
	}
}

static void expect_counted(const struct trial *trial, const struct frame_accounts *before,
			   const struct frame_accounts *after, enum drop53_policy policy)
{
	const struct frame_row *row = trial->row;
	const __u32 right = drop53_cell(outcome_of(row, policy), row->family, row->protocol);
	const struct drop53_count *sources = after->sources, *sources_before = before->sources;
	const __u64 to_sources = is_drop(row);

	if (row->why == DROP53_REASON_OTHER) {
		if (before->hash != after->hash)
			fail_msg("%s: ordinary traffic wrote to a map", row->name);
		return;
	}
	for (__u32 cell = 0; cell < DROP53_CELLS; cell++) {
		__u64 packets = after->cell[cell].packets - before->cell[cell].packets;
		__u64 bytes = after->cell[cell].bytes - before->cell[cell].bytes;

		if (packets != (cell == right) || bytes != (cell == right ? trial->length : 0))
			fail_msg("%s: %llu packets, %llu bytes in cell %u (right is %u)", row->name,
				 packets, bytes, cell, right);
	}
	for (__u32 account = 0; account < DROP53_ACCOUNT__N; account++) {
		__u64 packets = sources[account].packets - sources_before[account].packets;
		__u64 bytes = sources[account].bytes - sources_before[account].bytes;
		__u64 wanted = account == DROP53_ACCOUNT_DROPPED ? to_sources : 0;

		if (packets != wanted || bytes != wanted * trial->length)
			fail_msg("%s: the sources of account %u do not add up", row->name, account);
	}
}

/* The program's action and its accounts under @policy. */
static void expect_filtered(struct trial *trial, enum drop53_policy policy)
{
	const struct frame_row *row = trial->row;
	bool drops = is_drop(row) && policy == DROP53_POLICY_ENFORCE;
	struct frame_accounts before, after;
	unsigned char source[16];
	__u32 action = 0;
	__u64 packets;
	int err;

	if (trial->length > PLAIN_MAX && !frame_program__has_frags(trial->program))
		return;
	frame_row__source(row, source);
	frame_program__set_policy(trial->program, policy);
	frame_program__accounts(trial->program, &before);
	packets = frame_program__source_packets(trial->program, row->family, source);
	err = frame_program__filter(trial->program, trial->bytes, trial->length, FRAME_ALL_LINEAR,
				    &action);
	frame_program__accounts(trial->program, &after);
	packets = frame_program__source_packets(trial->program, row->family, source) - packets;
	if (err)
		fail_msg("%s: not run: %s", row->name, strerror(-err));
	if (action != (drops ? XDP_DROP : XDP_PASS))
		fail_msg("%s: action %u instead of a %s", row->name, action,
			 drops ? "drop" : "pass");
	expect_counted(trial, &before, &after, policy);
	if (is_drop(row) && packets != (row->family != DROP53_FAMILY_NONE))
		fail_msg("%s: counted %llu times for its source", row->name, packets);
}

static void check_enforced(struct trial *trial)
{
	expect_filtered(trial, DROP53_POLICY_ENFORCE);
}

static void check_monitored(struct trial *trial)
{
	expect_filtered(trial, DROP53_POLICY_MONITOR);
}

static void the_program_drops_and_counts_as_its_twin_says(void **state)
{
	for_each_row(state, check_enforced);
}

static void with_policy_monitor_it_counts_and_passes(void **state)
{
	for_each_row(state, check_monitored);
}

static void the_table_is_large_and_its_names_are_unique(void **state)
{
	(void)state;
	assert_true(frame_table_count >= 120);
	for (size_t i = 0; i < frame_table_count; i++)
		if (frame_table__find(frame_table[i].name) != &frame_table[i])
			fail_msg("two rows are called %s", frame_table[i].name);
	for (size_t i = 0; i < frame_sequences_count; i++)
		for (size_t n = 0; n < FRAME_SEQUENCE_MAX && frame_sequences[i].rows[n]; n++)
			if (!frame_table__find(frame_sequences[i].rows[n]))
				fail_msg("no row is called %s", frame_sequences[i].rows[n]);
}

static int load(void **state, enum frame_variant variant)
{
	*state = frame_program__load(variant);
	if (!*state)
		print_message("# SKIP cannot load this variant of the program here: %s\n",
			      strerror(errno));
	return 0;
}

static int load_frags(void **state)
{
	return load(state, FRAME_FRAGS);
}

static int load_plain(void **state)
{
	return load(state, FRAME_PLAIN);
}

static int unload(void **state)
{
	frame_program__free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest table[] = {
		cmocka_unit_test(the_table_is_large_and_its_names_are_unique),
	};
	const struct CMUnitTest frags[] = {
		cmocka_unit_test(explain_says_what_the_table_says),
		cmocka_unit_test(headers_beyond_the_linear_part_are_found),
		cmocka_unit_test(padding_over_several_buffers_changes_nothing),
		cmocka_unit_test(split_at_every_byte_it_is_the_same),
		cmocka_unit_test(the_program_drops_and_counts_as_its_twin_says),
		cmocka_unit_test(with_policy_monitor_it_counts_and_passes),
	};
	const struct CMUnitTest plain[] = {
		cmocka_unit_test(explain_says_what_the_table_says),
		cmocka_unit_test(the_program_drops_and_counts_as_its_twin_says),
		cmocka_unit_test(with_policy_monitor_it_counts_and_passes),
	};

	return cmocka_run_group_tests(table, NULL, NULL) +
	       cmocka_run_group_tests_name("multi-buffer", frags, load_frags, unload) +
	       cmocka_run_group_tests_name("plain", plain, load_plain, unload);
}
