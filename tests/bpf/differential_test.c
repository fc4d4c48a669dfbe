/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Generated frames, judged by the loaded program, by the parser built natively and by parsers that
 * nobody here wrote: libpcap's compiled filters and tshark. The program and a second opinion
 * written for the tests (frame_anatomy.c) must agree on everything. Where the others disagree, one
 * of the explanations below must fit, each of which knows what those do differently; a
 * disagreement that none explains fails.
 *
 * DROP53_SEED=N generates other frames, DROP53_NIGHTLY=1 a million of them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/frame_explain.h"
#include "../support/frame_generate.h"
#include "../support/frame_native.h"
#include "../support/frame_pcap.h"
#include "../support/frame_program.h"
#include "../support/frame_table.h"

#define FRAMES	       20000
#define NIGHTLY_FRAMES 1000000
#define BATCH	       20000
#define SHORTEST_RUN   14   /* bytes: BPF_PROG_TEST_RUN refuses less */
#define ONE_BUFFER     3000 /* bytes that it runs in one buffer on every kernel */
#define WORST_SHOWN    10

enum other { PCAP, TSHARK, OTHERS };

static const struct {
	const char *name;
	const struct explanation *list;
} explanations[OTHERS] = {
	[PCAP] = {"libpcap", pcap_explanations},
	[TSHARK] = {"tshark", tshark_explanations},
};

struct bench {
	struct frame_generator generator;
	struct frame_program *program; /* NULL: cannot be loaded here */
	struct frame_pcap *pcap;
	struct frame_batch batch;
	struct sight sights[BATCH];
	struct tshark_opinion opinions[BATCH];
	size_t seen, unexplained;
	size_t refused;				    /* by the kernel, as too long to run */
	size_t explained[OTHERS][EXPLANATIONS_MAX]; /* by what disagreed, as in `explanations` */
};

static void show(const struct sight *s, const char *what)
{
	print_message("# frame %zu, %zu bytes: %s: %s;", s->number, s->length, what,
		      frame__reason(s->anatomy.why));
	for (size_t i = 0; i < s->length && i < 160; i++)
		print_message(" %02x", s->bytes[i]);
	print_message("\n");
}

static void expect(struct bench *bench, const struct sight *s, bool holds, const char *what)
{
	if (!holds && bench->unexplained++ < WORST_SHOWN)
		show(s, what);
}

/* They disagree. */
static void explain(struct bench *bench, const struct sight *s, enum other other)
{
	int index = sight__explain(s, explanations[other].list);

	if (index >= 0)
		bench->explained[other][index]++;
	expect(bench, s, index >= 0, explanations[other].name);
}

static bool is_stopped(unsigned int why)
{
	return why == DROP53_REASON_PORT53 || why == DROP53_REASON_TOO_DEEP;
}

/* The parser, natively, against the second opinion: no difference is allowed. */
static void compare_native(struct bench *bench, const struct sight *s, struct finding *finding)
{
	const struct anatomy *a = &s->anatomy;
	struct finding odd;

	*finding = frame_native__parse(frame_native__split(s->bytes, s->length, NULL, 0));
	odd = frame_native__parse_odd(frame_native__split(s->bytes, s->length, NULL, 0));
	expect(bench, s, finding->why == a->why, "the parser's reason");
	expect(bench, s, frame_native__same_but_source(finding, &odd), "the parser out of line");
	if (a->why != DROP53_REASON_OTHER)
		expect(bench, s, finding->family == a->family && finding->protocol == a->protocol,
		       "the parser's family or protocol");
	if (s->stopped && a->source)
		expect(bench, s,
		       !memcmp(finding->source, a->source,
			       a->family == DROP53_FAMILY_IPV6 ? 16 : 4),
		       "the parser's source");
}

/*
 * Without multi-buffer frames a kernel runs none that is longer than a page has room for: EMSGSIZE,
 * EINVAL from older ones.
 */
static bool is_too_long_here(const struct bench *bench, const struct sight *s, int err)
{
	return (err == -EMSGSIZE || err == -EINVAL) && s->length > ONE_BUFFER &&
	       !frame_program__has_frags(bench->program);
}

static void compare_own(struct bench *bench, const struct sight *s)
{
	struct finding finding;
	union packet_word word;
	int err;

	compare_native(bench, s, &finding);
	if (!bench->program || s->length < SHORTEST_RUN)
		return;
	err = frame_program__explain(bench->program, s->bytes, s->length, FRAME_ALL_LINEAR,
				     &word.word);
	if (err) {
		expect(bench, s, is_too_long_here(bench, s, err), "not run by the kernel");
		bench->refused++;
		return;
	}
	expect(bench, s, word.kind.why == finding.why, "the loaded program's reason");
	if (finding.why != DROP53_REASON_OTHER)
		expect(bench, s,
		       word.kind.family == finding.family &&
			       word.kind.protocol == finding.protocol && word.kind.l3 == finding.l3,
		       "the loaded program's family, protocol or offset");
}

static void compare_pcap(struct bench *bench, const struct sight *s)
{
	if (s->stopped != s->pcap_53)
		explain(bench, s, PCAP);
}

/* protochain says whether the walk ends at UDP or TCP, whatever the port. */
static void compare_chain(struct bench *bench, const struct sight *s)
{
	bool ends_at_transport = s->anatomy.protocol != DROP53_PROTOCOL_NONE;

	if (sight__protochain_is_sound(s))
		expect(bench, s, s->pcap_transport == ends_at_transport, "libpcap's protochain");
}

static void compare_tshark(struct bench *bench, const struct sight *s)
{
	const struct anatomy *a = &s->anatomy;

	if (s->stopped != sight__tshark_says_53(s)) {
		explain(bench, s, TSHARK);
		return;
	}
	if (!s->stopped || a->why == DROP53_REASON_TOO_DEEP)
		return;
	expect(bench, s, s->tshark.family == a->family && s->tshark.protocol == a->protocol,
	       "tshark's family or protocol");
	expect(bench, s,
	       !memcmp(s->tshark.source, a->source, a->family == DROP53_FAMILY_IPV6 ? 16 : 4),
	       "tshark's source");
}

/* Everybody's word on each frame; tshark has given its own already. */
static void look(struct bench *bench)
{
	const unsigned char *at = bench->batch.bytes;

	for (size_t i = 0; i < bench->batch.count; i++) {
		struct sight *s = &bench->sights[i];

		s->number = bench->seen + i;
		s->bytes = at;
		s->length = bench->batch.length[i];
		s->anatomy = anatomy__of(at, s->length);
		s->stopped = is_stopped(s->anatomy.why);
		s->pcap_53 = frame_pcap__says_53(bench->pcap, at, s->length);
		s->pcap_transport = sight__protochain_is_sound(s) &&
				    frame_pcap__says_transport(bench->pcap, at, s->length);
		s->tshark = bench->opinions[i];
		at += s->length;
	}
}

static size_t frames_wanted(void)
{
	return getenv("DROP53_NIGHTLY") ? NIGHTLY_FRAMES : FRAMES;
}

/* Runs @compare over all frames of the seed, batch by batch. */
static void for_each_frame(struct bench *bench, bool with_tshark,
			   void (*compare)(struct bench *bench, const struct sight *sight))
{
	const char *seed = getenv("DROP53_SEED");
	int err = 0;

	frame_generator__seed(&bench->generator, seed ? strtoull(seed, NULL, 0) : 53);
	bench->unexplained = 0;
	for (bench->seen = 0; !err && bench->seen < frames_wanted(); bench->seen += BATCH) {
		frame_batch__generate(&bench->batch, &bench->generator, BATCH);
		if (with_tshark)
			err = frame_tshark__ask(&bench->batch, bench->opinions);
		look(bench);
		for (size_t i = 0; !err && i < BATCH; i++)
			compare(bench, &bench->sights[i]);
	}
	if (err)
		fail_msg("tshark: %s", strerror(-err));
	if (bench->unexplained)
		fail_msg("%zu of %zu frames disagree without an explanation", bench->unexplained,
			 bench->seen);
}

static void report(const struct bench *bench, enum other other)
{
	print_message("# %zu frames\n", bench->seen);
	for (int i = 0; explanations[other].list[i].text; i++)
		print_message("# %7zu  %s\n", bench->explained[other][i],
			      explanations[other].list[i].text);
}

static void the_program_agrees_with_the_second_opinion(void **state)
{
	struct bench *bench = *state;

	if (!bench->program)
		print_message("# the program cannot be loaded here: the native parser alone\n");
	for_each_frame(bench, false, compare_own);
	print_message(
		"# %zu frames, %zu of them too long for this kernel's test runs: by the native "
		"parser alone\n",
		bench->seen, bench->refused);
}

static void libpcap_filters_agree_or_it_is_known_why(void **state)
{
	for_each_frame(*state, false, compare_pcap);
	report(*state, PCAP);
}

static void libpcap_walks_the_same_chains(void **state)
{
	for_each_frame(*state, false, compare_chain);
}

static void tshark_agrees_or_it_is_known_why(void **state)
{
	if (!frame_tshark__is_there()) {
		print_message("# SKIP tshark is not installed\n");
		skip();
	}
	for_each_frame(*state, true, compare_tshark);
	report(*state, TSHARK);
}

/* An explanation that fits no frame explains nothing: the generator or the list is wrong. */
static void every_explanation_is_needed(void **state)
{
	struct bench *bench = *state;

	for (int other = 0; other < OTHERS; other++)
		for (int i = 0; explanations[other].list[i].text; i++)
			if (!bench->explained[other][i] &&
			    (other != TSHARK || frame_tshark__is_there()))
				fail_msg("%s: no frame for: %s", explanations[other].name,
					 explanations[other].list[i].text);
}

static int setup(void **state)
{
	static struct bench bench;

	bench.program = frame_program__load(FRAME_FRAGS);
	if (!bench.program)
		bench.program = frame_program__load(FRAME_PLAIN);
	bench.pcap = frame_pcap__new();
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	frame_program__free(bench->program);
	frame_pcap__free(bench->pcap);
	frame_batch__free(&bench->batch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_program_agrees_with_the_second_opinion),
		cmocka_unit_test(libpcap_filters_agree_or_it_is_known_why),
		cmocka_unit_test(libpcap_walks_the_same_chains),
		cmocka_unit_test(tshark_agrees_or_it_is_known_why),
		cmocka_unit_test(every_explanation_is_needed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
