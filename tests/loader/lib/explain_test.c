// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../support/kernel.h"
#include "lib/allowlist.h"
#include "lib/counters.h"
#include "lib/explain.h"

static int enter(void **state)
{
	(void)state;
	return sandbox__enter();
}

static struct pinned pinned;
static struct explainer explainer;

static int setup(void **state)
{
	static const char text[] = "192.0.2.0/24\n!192.0.2.128/25\n2001:db8::/32\n";
	struct list list;

	(void)state;
	pinned__new(&pinned, NULL);
	assert_int_equal(list__parse_text("test", text, strlen(text), &list, NULL, NULL), 0);
	assert_int_equal(allowlist__commit(&pinned.filter, &list, NULL, NULL), 0);
	list__free(&list);
	return explainer__open(&explainer, &pinned.filter, NULL);
}

static int teardown(void **state)
{
	(void)state;
	explainer__close(&explainer);
	pinned__free(&pinned);
	return 0;
}

static void judge(const void *frame, size_t length, enum drop53_verdict verdict,
		  enum drop53_reason reason, const char *match)
{
	struct explanation explanation;
	char text[PREFIX_TEXT];

	assert_int_equal(explainer__judge(&explainer, frame, length, &explanation, NULL), 0);
	assert_int_equal(explanation.reason, reason);
	assert_int_equal(explanation.verdict, verdict);
	if (!match)
		assert_null(explanation.match);
	else
		assert_string_equal(prefix__format(explanation.match, text), match);
}

#define JUDGE(verdict, reason, match, ...)                                                     \
	do {                                                                                   \
		static unsigned char frame[FRAME_MAX];                                         \
		size_t length = frame__build(LAYERS(__VA_ARGS__), frame, FRAME_MAX);           \
		judge(frame, length, DROP53_VERDICT_##verdict, DROP53_REASON_##reason, match); \
	} while (0)

static void verdict_reason_and_match_of_a_frame(void **state)
{
	(void)state;
	JUDGE(DROP, PORT53, NULL, ETH(), IP4(.src = "198.51.100.1"), UDP(.dport = 53));
	JUDGE(PASS, ALLOWED, "192.0.2.0/24", ETH(), IP4(.src = "192.0.2.1"), UDP(.dport = 53));
	JUDGE(DROP, PORT53, "!192.0.2.128/25", ETH(), IP4(.src = "192.0.2.200"), TCP(.dport = 53));
	JUDGE(PASS, ALLOWED, "2001:db8::/32", ETH(), IP6(.src = "2001:db8::1"), UDP(.dport = 53));
	JUDGE(PASS, OTHER, "192.0.2.0/24", ETH(), IP4(.src = "192.0.2.1"), UDP(.dport = 80));
	JUDGE(PASS, FRAGMENT, NULL, ETH(), IP4(.src = "10.0.0.1", .offset = 5), DATA(.size = 40));
	JUDGE(DROP, TOO_DEEP, NULL, ETH(), TAG(.repeat = 9), IP4(), UDP(.dport = 53));
	JUDGE(PASS, MALFORMED, NULL, ETH(), IP4(.src = "10.0.0.1"), UDP(.dport = 53), CUT(6));
}

static void with_policy_monitor_a_drop_would_be_one(void **state)
{
	(void)state;
	pinned.filter.settings->policy = DROP53_POLICY_MONITOR;
	explainer__close(&explainer);
	assert_int_equal(explainer__open(&explainer, &pinned.filter, NULL), 0);
	JUDGE(WOULD_DROP, PORT53, NULL, ETH(), IP4(.src = "10.0.0.1"), UDP(.dport = 53));
	JUDGE(WOULD_DROP, TOO_DEEP, NULL, ETH(), TAG(.repeat = 9), IP4(), UDP(.dport = 53));
	JUDGE(PASS, ALLOWED, "192.0.2.0/24", ETH(), IP4(.src = "192.0.2.1"), UDP(.dport = 53));
}

/* 0 to 14 bytes, which the kernel refuses, as well as frames longer than it takes. */
static void frames_of_any_length_get_an_answer(void **state)
{
	size_t longest = 300000, length, headers;
	unsigned char *frame = calloc(1, longest);

	(void)state;
	assert_non_null(frame);
	headers = frame__build(LAYERS(ETH(), IP4(.src = "10.0.0.1"), UDP(.dport = 53)), frame, 100);
	for (length = 0; length < headers - 4; length++)
		judge(frame, length, DROP53_VERDICT_PASS, DROP53_REASON_MALFORMED, NULL);
	for (length = headers; length < longest; length = length * 5 / 4)
		judge(frame, length, DROP53_VERDICT_DROP, DROP53_REASON_PORT53, NULL);
	judge(frame, longest, DROP53_VERDICT_DROP, DROP53_REASON_PORT53, NULL);
	free(frame);
}

static void nothing_is_counted(void **state)
{
	struct counter *counters;
	int n, i;

	verdict_reason_and_match_of_a_frame(state);
	n = counters__read(&pinned.filter, &counters, NULL);
	for (i = 0; i < n; i++)
		assert_int_equal(counters[i].count.packets, 0);
	free(counters);
}

/* The frame made for a question is a packet to port 53 from and to whom was asked. */
static void check_question(const char *source, const char *target, enum drop53_protocol protocol)
{
	struct packet_question question = {.protocol = protocol};
	int family = strchr(source, ':') ? AF_INET6 : AF_INET;
	struct explanation explanation;
	__u8 frame[QUESTION_FRAME];
	size_t length;

	question.family = family == AF_INET6 ? DROP53_FAMILY_IPV6 : DROP53_FAMILY_IPV4;
	assert_int_equal(inet_pton(family, source, question.source), 1);
	assert_int_equal(inet_pton(family, target, question.target), 1);
	length = question__frame(&question, frame);
	assert_true(length <= QUESTION_FRAME);
	assert_int_equal(explainer__judge(&explainer, frame, length, &explanation, NULL), 0);
	assert_int_equal(explanation.reason, DROP53_REASON_PORT53);
	assert_int_equal(explanation.family, question.family);
	assert_memory_equal(explanation.source, question.source, 16);
	assert_memory_equal(frame + (family == AF_INET6 ? 38 : 30), question.target,
			    family == AF_INET6 ? 16 : 4);
	assert_int_equal(frame[family == AF_INET6 ? 20 : 23],
			 protocol == DROP53_PROTOCOL_TCP ? 6 : 17);
}

static void questions_become_frames(void **state)
{
	(void)state;
	check_question("198.51.100.1", "203.0.113.9", DROP53_PROTOCOL_UDP);
	check_question("198.51.100.1", "203.0.113.9", DROP53_PROTOCOL_TCP);
	check_question("2001:db9::1", "2001:db9::2", DROP53_PROTOCOL_UDP);
	check_question("2001:db9::1", "2001:db9::2", DROP53_PROTOCOL_TCP);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(verdict_reason_and_match_of_a_frame),
		TEST(with_policy_monitor_a_drop_would_be_one),
		TEST(frames_of_any_length_get_an_answer),
		TEST(nothing_is_counted),
		TEST(questions_become_frames),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
