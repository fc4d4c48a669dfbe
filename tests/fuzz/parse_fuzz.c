/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A libFuzzer target: any bytes are a frame, and the natively built parser
 *	reads nothing outside of it (sanitizers, and pages that fault),
 *	says what the second opinion of frame_anatomy.c says,
 *	says the same by its straight path and out of line, at any alignment and however the
 *	frame is split over buffers.
 * tests/fuzz/parse/ is the corpus: those frames of the table (build/tests/tools/frames files DIR)
 * and finds of the fuzzer that -merge=1 keeps. parse.bats builds and runs this, and
 * parse_replay_test.c runs the corpus alone.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/frame_anatomy.h"
#include "../support/frame_native.h"
#include "../support/frame_put.h"
#include "../support/frame_table.h"

#define LONGEST 8192
#define ALL_SPLITS \
	128 /* a frame up to this long is split at every byte, a longer one here and there */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same(const struct finding *whole, struct finding other, const char *how)
{
	if (frame_native__same(whole, &other))
		return;
	fprintf(stderr, "%s: %s, but as a whole %s\n", how, frame_native__text(&other),
		frame_native__text(whole));
	abort();
}

/* In memory of exactly its size, so that the sanitizer knows its end; odd by @shift. */
static struct finding parse_at(const uint8_t *data, size_t size, size_t shift)
{
	uint8_t *memory = malloc(shift + size + 1);
	struct finding finding;

	if (!memory)
		frame__mistake("no memory");
	memory = realloc(memory, shift + size ? shift + size : 1);
	memcpy(memory + shift, data, size);
	finding = frame_native__parse(frame_native__split(memory + shift, size, NULL, 0));
	free(memory);
	return finding;
}

static void check_split(const struct finding *whole, const uint8_t *data, size_t size, size_t at)
{
	static struct frame_guard linear, rest;
	struct finding odd;
	struct frame frame;

	if (!linear.begin) {
		linear = frame_guard__new(LONGEST);
		rest = frame_guard__new(LONGEST);
	}
	frame = frame_native__split(frame_guard__at_end(&linear, data, at), at,
				    frame_guard__at_end(&rest, data + at, size - at), size - at);
	expect_same(whole, frame_native__parse(frame), "split");
	odd = frame_native__parse_odd(frame);
	if (!frame_native__same_but_source(whole, &odd))
		expect_same(whole, odd, "out of line");
}

static void check_anatomy(const struct finding *finding, const uint8_t *data, size_t size)
{
	struct anatomy a = anatomy__of(data, size);
	struct finding right = {.why = a.why};

	if (a.why != DROP53_REASON_OTHER) {
		right.family = a.family;
		right.protocol = a.protocol;
		right.l3 = finding->l3;
	}
	if (a.source && (a.why == DROP53_REASON_PORT53 || a.why == DROP53_REASON_TOO_DEEP))
		memcpy(right.source, a.source, a.family == DROP53_FAMILY_IPV6 ? 16 : 4);
	expect_same(&right, *finding, "the parser");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct finding whole;

	if (size > LONGEST)
		return 0;
	whole = parse_at(data, size, 0);
	check_anatomy(&whole, data, size);
	for (size_t shift = 1; shift < 4; shift++)
		expect_same(&whole, parse_at(data, size, shift), "at another alignment");
	for (size_t at = 0; at <= size; at += size <= ALL_SPLITS || at < ALL_SPLITS ? 1 : 61)
		check_split(&whole, data, size, at);
	check_split(&whole, data, size, size);
	return 0;
}
