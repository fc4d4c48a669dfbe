// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Series by source over a table that the program itself fills. Time passes when a test says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../support/kernel.h"
#include "daemon/series_priv.h"
#include "lib/attach.h"
#include "lib/allowlist.h"
#include "lib/counters.h"
#include "lib/diag.h"
#include "lib/list.h"
#include "lib/reset.h"

#define NAME "drop53_source_dropped_packets_total"

static struct {
	struct pinned pinned;
	struct series *series;
	struct source_summary summary;
} test;

static const struct config by_address = {
	.sources = METRICS_SOURCES_ADDRESS,
	.top = 20,
	.min_rate = 10,
	.newcomers = 5,
};

static void open_series(const struct config *config)
{
	struct diag diag;

	assert_int_equal(series__open(&test.series, &diag), 0);
	series__configure(test.series, config);
}

static void start(const struct config *config)
{
	memset(&test, 0, sizeof(test));
	pinned__new(&test.pinned, NULL);
	open_series(config);
}

/* Also of a test that failed: the next one is to find nothing of it. */
static int end(void **unused)
{
	(void)unused;
	series__close(test.series);
	pinned__free(&test.pinned);
	return 0;
}

static void drop(const char *source, int packets)
{
	program__run(test.pinned.filter.program,
		     LAYERS(ETH(), IP4(.src = source), UDP(.dport = 53)), packets);
}

static __u64 count_drops(void)
{
	struct counter *counters;
	struct diag diag;
	int n = counters__read(&test.pinned.filter, &counters, &diag);
	__u64 packets;

	assert_true(n >= 0);
	packets = counters__of(counters, n, DROP53_ACCOUNT_DROPPED).packets;
	free(counters);
	return packets;
}

/* From 10.0.0.0, .1, ... over lo, with headers of our own making, until all of it is dropped. */
static void flood(__u32 sources, int packets)
{
	struct {
		struct iphdr ip;
		struct udphdr udp;
	} packet = {{.ihl = 5, .version = 4, .ttl = 64, .protocol = IPPROTO_UDP},
		    {.dest = htons(53), .len = htons(sizeof(struct udphdr))}};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW), i;
	__u64 wanted = count_drops() + (__u64)sources * packets;
	char *lo = "lo";
	enum attach_result result;
	struct diag diag;
	__u32 source;

	assert_true(fd >= 0);
	if (attach__all(&test.pinned.filter, &lo, 1, XDP_MODE_GENERIC, &result, &diag))
		fail_msg("%s", diag.text);
	packet.ip.daddr = to.sin_addr.s_addr;
	for (source = 0; source < sources; source++) {
		packet.ip.saddr = htonl(0x0a000000 + source);
		for (i = 0; i < packets; i++)
			assert_int_equal(sendto(fd, &packet, sizeof(packet), 0,
						(struct sockaddr *)&to, sizeof(to)),
					 sizeof(packet));
	}
	while (count_drops() < wanted)
		usleep(1000);
	close(fd);
}

/* The next walk, @seconds after the last. */
static void walk(int seconds)
{
	struct diag diag;

	if (test.series->last)
		test.series->last -= seconds;
	if (series__walk(test.series, SANDBOX_BPFFS, &test.summary, &diag))
		fail_msg("%s", diag.text);
}

static void write_to(char **text)
{
	size_t length;
	FILE *out = open_memstream(text, &length);

	series__write(out, test.series);
	fclose(out);
}

static int count_series(void)
{
	char *text, *at;
	int n = 0;

	write_to(&text);
	for (at = text; (at = strstr(at, "\n" NAME "{")); at++)
		n++;
	free(text);
	return n;
}

/* The value of the series of @source, or -1. */
static long value(const char *source)
{
	char *text, wanted[128], *at;
	long number = -1;

	write_to(&text);
	snprintf(wanted, sizeof(wanted), "\n" NAME "{source=\"%s\",family=\"ipv4\"} ", source);
	at = strstr(text, wanted);
	if (at)
		number = atol(at + strlen(wanted));
	free(text);
	return number;
}

static void a_source_comes_with_all_it_sent(void **unused)
{
	(void)unused;
	start(&by_address);
	drop("192.0.2.1", 7);
	walk(0);
	assert_int_equal(count_series(), 0); /* how fast it sends is not known yet */
	drop("192.0.2.1", 100);
	walk(5);
	assert_int_equal(value("192.0.2.1"), 107);
	drop("192.0.2.1", 1);
	walk(5);
	assert_int_equal(value("192.0.2.1"), 108);
	assert_int_equal(test.summary.tracked, 1);
}

/* The floor is a rate, however long a window was: also one of no length. */
static void the_floor_is_a_rate(void **unused)
{
	(void)unused;
	start(&by_address);
	walk(0);
	drop("192.0.2.1", 49);
	walk(5);
	drop("192.0.2.1", 600);
	walk(61);
	assert_int_equal(count_series(), 0);
	drop("192.0.2.1", 50);
	walk(5);
	assert_int_equal(value("192.0.2.1"), 699);
}

static void a_share_of_the_flood_is_asked_for(void **unused)
{
	(void)unused;
	start(&by_address);
	walk(0);
	drop("192.0.2.1", 200000);
	drop("192.0.2.2", 100);
	walk(5);
	assert_int_equal(value("192.0.2.1"), 200000);
	assert_int_equal(value("192.0.2.2"), -1);
}

static void newcomers_have_a_budget(void **unused)
{
	struct config config = by_address;
	char source[32];
	int i, round;

	(void)unused;
	config.newcomers = 2;
	start(&config);
	walk(0);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 10; i++) {
			snprintf(source, sizeof(source), "192.0.2.%d", i);
			drop(source, 1000);
		}
		walk(30); /* one more each half minute */
		assert_int_equal(count_series(), 2 + round);
	}
}

static void prefixes_are_added_up(void **unused)
{
	struct config config = by_address;

	(void)unused;
	config.sources = METRICS_SOURCES_PREFIX;
	config.source_length[DROP53_FAMILY_IPV4] = 24;
	config.source_length[DROP53_FAMILY_IPV6] = 56;
	start(&config);
	walk(0);
	drop("192.0.2.1", 60);
	drop("192.0.2.200", 70);
	walk(5);
	assert_int_equal(value("192.0.2.0/24"), 130);
	assert_int_equal(count_series(), 1);
	/* Other lengths are other series. */
	config.source_length[DROP53_FAMILY_IPV4] = 16;
	series__configure(test.series, &config);
	drop("192.0.2.1", 60);
	walk(5);
	assert_int_equal(value("192.0.2.0/24"), -1);
}

/* Killed and started again: what was counted stays, what came in between is added. */
static void a_restart_forgets_nothing(void **unused)
{
	(void)unused;
	start(&by_address);
	walk(0);
	drop("192.0.2.1", 100);
	walk(5);
	series__close(test.series);
	drop("192.0.2.1", 20);
	open_series(&by_address);
	walk(0);
	assert_int_equal(value("192.0.2.1"), 120);
}

/* The table is small, and everybody else sends more: the slot is lost, the count is not. */
static void an_eviction_takes_nothing_back(void **unused)
{
	const struct filter_options small = {.sources = 1024};
	__u64 untracked;

	(void)unused;
	memset(&test, 0, sizeof(test));
	pinned__new(&test.pinned, &small);
	open_series(&by_address);
	walk(0);
	drop("192.0.2.1", 60);
	walk(5);
	flood(3000, 300);
	walk(5);
	untracked = test.summary.untracked.packets;
	assert_true(untracked >= 60);
	assert_int_equal(test.series->round.sum[0], 0);
	assert_int_equal(value("192.0.2.1"), 60);
	assert_int_equal(count_series(), 1);
	drop("192.0.2.1", 900);
	walk(5);
	assert_in_range(value("192.0.2.1"), 61, 960);
	assert_true(test.summary.untracked.packets >= untracked);
}

static void allow_only(const char *text)
{
	struct list list = {};

	assert_int_equal(list__parse_text("test", text, strlen(text), &list, NULL, NULL), 0);
	assert_int_equal(allowlist__commit(&test.pinned.filter, &list, NULL, NULL), 0);
	list__free(&list);
}

/* Allowed sources, 40 to a set, take all slots of the table, and a dropped one takes its back. */
static void a_slot_lent_to_allowed_sources_takes_nothing_back(void **unused)
{
	const struct filter_options small = {.sources = 1024};
	char source[32];
	int i;

	(void)unused;
	memset(&test, 0, sizeof(test));
	pinned__new(&test.pinned, &small);
	open_series(&by_address);
	walk(0);
	drop("192.0.2.1", 600);
	walk(5);
	allow_only("198.18.0.0/15\n");
	for (i = 0; i < 3000; i++) {
		snprintf(source, sizeof(source), "198.18.%d.%d", i / 250, i % 250);
		drop(source, 1000);
	}
	walk(5);
	assert_int_equal(test.series->round.sum[0], 0); /* the slot is another's */
	assert_int_equal(value("192.0.2.1"), 600);
	assert_int_equal(count_series(), 1);
	assert_int_equal(test.summary.tracked, 0);
	assert_true(test.summary.allowed > 0);
	allow_only("");
	drop("192.0.2.1", 5000);
	walk(5);
	assert_in_range(value("192.0.2.1"), 601, 5600);
	assert_int_equal(count_drops(), 5600);
	assert_int_equal(count_series(), 1);
}

static void off_is_off_and_comes_back(void **unused)
{
	struct config off = by_address;
	char *text;

	(void)unused;
	off.sources = METRICS_SOURCES_OFF;
	start(&by_address);
	walk(0);
	drop("192.0.2.1", 100);
	walk(5);
	series__configure(test.series, &off);
	walk(5);
	write_to(&text);
	assert_string_equal(text, "");
	free(text);
	assert_int_equal(test.summary.tracked, 1);
	/* Seen to fall, it is a reader's illusion. */
	test.series->untracked = 12345;
	walk(5);
	assert_int_equal(test.summary.untracked.packets, 12345);
	test.series->untracked = 0;
	drop("192.0.2.1", 11);
	series__configure(test.series, &by_address);
	walk(5);
	assert_int_equal(value("192.0.2.1"), 111);
}

static void a_reset_starts_from_zero(void **unused)
{
	(void)unused;
	start(&by_address);
	walk(0);
	drop("192.0.2.1", 100);
	walk(5);
	reset__counters(&test.pinned.filter, false);
	walk(5);
	assert_int_equal(count_series(), 0);
	drop("192.0.2.1", 60);
	walk(5);
	assert_int_equal(value("192.0.2.1"), 60);
}

/* Everything detached, and attached again by hand: nothing of the old filter's is the new one's. */
static void another_filter_is_another_story(void **unused)
{
	(void)unused;
	start(&by_address);
	walk(0);
	drop("192.0.2.1", 100);
	walk(5);
	test.series->untracked = 99;
	pinned__free(&test.pinned);
	walk(5);
	assert_int_equal(count_series(), 0);
	assert_int_equal(test.summary.capacity, 0);
	pinned__new(&test.pinned, NULL);
	drop("192.0.2.1", 5);
	walk(5);
	assert_int_equal(test.summary.untracked.packets, 0);
	assert_int_equal(count_series(), 0);
	drop("192.0.2.1", 60);
	walk(5);
	assert_int_equal(value("192.0.2.1"), 65);
}

static int enter(void **unused)
{
	(void)unused;
	return sandbox__stay() || sandbox__enter();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_source_comes_with_all_it_sent, end),
		cmocka_unit_test_teardown(the_floor_is_a_rate, end),
		cmocka_unit_test_teardown(a_share_of_the_flood_is_asked_for, end),
		cmocka_unit_test_teardown(newcomers_have_a_budget, end),
		cmocka_unit_test_teardown(prefixes_are_added_up, end),
		cmocka_unit_test_teardown(a_restart_forgets_nothing, end),
		cmocka_unit_test_teardown(an_eviction_takes_nothing_back, end),
		cmocka_unit_test_teardown(a_slot_lent_to_allowed_sources_takes_nothing_back, end),
		cmocka_unit_test_teardown(off_is_off_and_comes_back, end),
		cmocka_unit_test_teardown(a_reset_starts_from_zero, end),
		cmocka_unit_test_teardown(another_filter_is_another_story, end),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
