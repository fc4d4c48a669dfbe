/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The parser, natively: every row of the table at every alignment, split at every byte and cut at
 * every byte, in memory where a read outside the frame faults.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/frame_native.h"
#include "../support/frame_put.h"
#include "../support/frame_table.h"

struct bench {
	struct frame_guard linear, rest;
	const struct frame_row *row;
	unsigned char bytes[FRAME_MAX];
	size_t length;
	struct finding whole; /* what the parser says of the row in one piece */
};

/* The frame's first @linear bytes of @length in one guarded place, the others in another. */
static struct frame place(struct bench *bench, size_t length, size_t linear)
{
	const void *head = frame_guard__at_end(&bench->linear, bench->bytes, linear);
	const void *tail =
		frame_guard__at_end(&bench->rest, bench->bytes + linear, length - linear);

	return frame_native__split(head, linear, tail, length - linear);
}

static int setup(void **state)
{
	static struct bench bench;

	bench.linear = frame_guard__new(FRAME_MAX);
	bench.rest = frame_guard__new(FRAME_MAX);
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	frame_guard__free(&bench->linear);
	frame_guard__free(&bench->rest);
	return 0;
}

static void for_each_row(void **state, void (*check)(struct bench *bench))
{
	struct bench *bench = *state;

	for (size_t i = 0; i < frame_table_count; i++) {
		bench->row = &frame_table[i];
		bench->length = frame_row__build(bench->row, 0, bench->bytes, FRAME_MAX);
		bench->whole = frame_native__parse(place(bench, bench->length, bench->length));
		check(bench);
	}
}

static void expect_same(const struct bench *bench, struct finding finding, const char *how,
			size_t at)
{
	if (!frame_native__same(&bench->whole, &finding))
		fail_msg("%s, %s %zu: %s, but as a whole %s", bench->row->name, how, at,
			 frame_native__text(&finding), frame_native__text(&bench->whole));
}

static void check_row(struct bench *bench)
{
	const struct frame_row *row = bench->row;
	struct finding right = {.why = row->why};

	if (row->why != DROP53_REASON_OTHER) {
		right.family = row->family;
		right.protocol = row->protocol;
		right.l3 = bench->whole.l3;
	}
	if (row->why == DROP53_REASON_PORT53 || row->why == DROP53_REASON_TOO_DEEP)
		frame_row__source(row, right.source);
	if (!frame_native__same(&bench->whole, &right))
		fail_msg("%s: %s instead of %s", row->name, frame_native__text(&bench->whole),
			 frame_native__text(&right));
}

static void the_table_holds(void **state)
{
	for_each_row(state, check_row);
}

/* Around the frame lie bytes that say 53 wherever a parser strays. */
static void check_alignments(struct bench *bench)
{
	static unsigned char around[FRAME_MAX + 128];

	for (size_t at = 1; at <= 16; at++) {
		put_ports(around, sizeof(around));
		memcpy(around + at, bench->bytes, bench->length);
		expect_same(bench,
			    frame_native__parse(
				    frame_native__split(around + at, bench->length, NULL, 0)),
			    "at an address that is odd by", at);
	}
}

static void alignment_changes_nothing(void **state)
{
	for_each_row(state, check_alignments);
}

static void check_splits(struct bench *bench)
{
	struct finding odd;

	for (size_t linear = 0; linear <= bench->length; linear++) {
		struct frame frame = place(bench, bench->length, linear);

		expect_same(bench, frame_native__parse(frame), "split at", linear);
		odd = frame_native__parse_odd(frame);
		if (!frame_native__same_but_source(&bench->whole, &odd))
			fail_msg("%s, out of line, split at %zu: %s, but as a whole %s",
				 bench->row->name, linear, frame_native__text(&odd),
				 frame_native__text(&bench->whole));
	}
}

static void splits_change_nothing(void **state)
{
	for_each_row(state, check_splits);
}

/* Less of a frame says the same or that it is broken: never 53 where the whole does not. */
static void check_cuts(struct bench *bench)
{
	for (size_t length = 0; length < bench->length; length++) {
		struct finding cut = frame_native__parse(place(bench, length, length));
		struct finding split = frame_native__parse(place(bench, length, length / 2));

		if (!frame_native__same(&cut, &split))
			fail_msg("%s, cut at %zu: %s, but split %s", bench->row->name, length,
				 frame_native__text(&cut), frame_native__text(&split));
		if (cut.why != DROP53_REASON_MALFORMED)
			expect_same(bench, cut, "cut at", length);
	}
}

static void cuts_are_malformed_or_change_nothing(void **state)
{
	for_each_row(state, check_cuts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_holds),
		cmocka_unit_test(alignment_changes_nothing),
		cmocka_unit_test(splits_change_nothing),
		cmocka_unit_test(cuts_are_malformed_or_change_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
