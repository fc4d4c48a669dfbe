// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/metrics.h"

static char *render(const struct metrics *metrics)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	metrics__write(out, metrics);
	assert_int_equal(fclose(out), 0);
	return text;
}

static char *label_of(const char *value)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	metrics__label(out, "interface", value);
	fclose(out);
	return text;
}

static void assert_label(const char *value, const char *expected)
{
	char *text = label_of(value);

	assert_string_equal(text, expected);
	free(text);
}

static void labels_are_escaped(void **unused)
{
	(void)unused;
	assert_label("eth0", "interface=\"eth0\"");
	assert_label("", "interface=\"\"");
	assert_label("a\"b", "interface=\"a\\\"b\"");
	assert_label("a\\b", "interface=\"a\\\\b\"");
	assert_label("a\nb", "interface=\"a\\\\x0ab\"");
	assert_label("\xff\x01", "interface=\"\\\\xff\\\\x01\"");
}

/* No filter: not enforcing, and nothing that could be taken for a counter. */
static void no_filter_protects_nothing(void **unused)
{
	struct metrics metrics = {};
	char *text;

	(void)unused;
	metrics__expect(&metrics, "eth0");
	metrics__expect(&metrics, "eth0");
	text = render(&metrics);
	assert_non_null(strstr(text, "\ndrop53_enforcing 0\n"));
	assert_non_null(strstr(
		text, "\ndrop53_interface_attached{interface=\"eth0\",xdp_mode=\"none\"} 0\n"));
	assert_null(strstr(text, "_total"));
	assert_int_equal(metrics.n_interfaces, 1);
	free(text);
}

static void a_counter_has_all_its_labels(void **unused)
{
	struct counter counter = {
		.interface = "eth0",
		.family = DROP53_FAMILY_IPV6,
		.protocol = DROP53_PROTOCOL_TCP,
		.verdict = DROP53_VERDICT_WOULD_DROP,
		.reason = DROP53_REASON_PORT53,
		.count = {.packets = 18446744073709551615ull, .bytes = 7},
	};
	struct metrics metrics = {.loaded = true,
				  .policy = DROP53_POLICY_MONITOR,
				  .counters = &counter,
				  .n_counters = 1};
	char *text = render(&metrics);

	(void)unused;
	assert_non_null(strstr(text, "\ndrop53_packets_total{interface=\"eth0\",family=\"ipv6\","
				     "protocol=\"tcp\",verdict=\"would_drop\",reason=\"port53\"} "
				     "18446744073709551615\n"));
	assert_non_null(strstr(text, "\ndrop53_bytes_total{interface=\"eth0\",family=\"ipv6\","
				     "protocol=\"tcp\",verdict=\"would_drop\",reason=\"port53\"} "
				     "7\n"));
	assert_non_null(strstr(text, "\ndrop53_enforcing 0\n"));
	free(text);
}

/* More names than there is room for: the rest is left out, nothing is overwritten. */
static void names_have_a_bound(void **unused)
{
	struct metrics metrics = {};
	char name[DROP53_IFNAME];
	int i;

	(void)unused;
	for (i = 0; i < 10 * DROP53_MAX_INTERFACES; i++) {
		snprintf(name, sizeof(name), "if%d", i);
		metrics__expect(&metrics, name);
	}
	assert_int_equal(metrics.n_interfaces, 2 * DROP53_MAX_INTERFACES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_escaped),
		cmocka_unit_test(no_filter_protects_nothing),
		cmocka_unit_test(a_counter_has_all_its_labels),
		cmocka_unit_test(names_have_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
