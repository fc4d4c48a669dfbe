// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is answered, over a filter in the kernel, without a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../support/kernel.h"
#include "daemon/pages.h"
#include "daemon/process.h"
#include "daemon/series.h"
#include "lib/attach.h"
#include "lib/diag.h"

static struct {
	struct pinned pinned;
	struct config config;
	struct series *series;
	struct pages pages;
	struct http_page page; /* the last one */
} test;

static void start(const char *interfaces)
{
	struct diag diag;
	char text[128];

	memset(&test, 0, sizeof(test));
	snprintf(text, sizeof(text), "interfaces: %s\n", interfaces);
	assert_int_equal(config__parse_text("test", text, strlen(text), &test.config, &diag), 0);
	assert_int_equal(series__open(&test.series, &diag), 0);
	series__configure(test.series, &test.config);
	test.pages = (struct pages){.bpffs = SANDBOX_BPFFS,
				    .config = &test.config,
				    .series = test.series,
				    .reloaded = true,
				    .reloaded_at = 12.25,
				    .started_at = process__started()};
	pinned__new(&test.pinned, NULL);
}

static void end(void)
{
	free(test.page.body);
	series__close(test.series);
	pinned__free(&test.pinned);
}

static void attach(const char *name)
{
	char interface[DROP53_IFNAME], *names[] = {interface};
	enum attach_result result;
	struct diag diag;

	snprintf(interface, sizeof(interface), "%s", name);
	if (attach__all(&test.pinned.filter, names, 1, XDP_MODE_GENERIC, &result, &diag))
		fail_msg("%s", diag.text);
}

static void ask(const char *path)
{
	free(test.page.body);
	test.page = (struct http_page){.status = 200, .type = "text/plain"};
	pages__answer(&test.pages, path, &test.page);
	assert_non_null(test.page.body);
}

static void assert_answer(const char *path, unsigned int status, const char *body)
{
	ask(path);
	assert_int_equal(test.page.status, status);
	assert_string_equal(test.page.body, body);
}

static void assert_metric(const char *line)
{
	char wanted[256];

	ask("/metrics");
	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	if (!strstr(test.page.body, wanted))
		fail_msg("%s\nis not in\n%s", line, test.page.body);
}

static void paths(void **unused)
{
	(void)unused;
	start("[lo]");
	assert_answer("/healthz", 200, "alive\n");
	ask("/");
	assert_int_equal(test.page.status, 200);
	assert_string_equal(test.page.type, "text/html; charset=utf-8");
	assert_non_null(strstr(test.page.body, "href=\"/metrics\""));
	ask("/metrics");
	assert_string_equal(test.page.type, "text/plain; version=0.0.4; charset=utf-8");
	assert_int_equal(test.page.length, strlen(test.page.body));
	assert_answer("/metrics/", 404, "not found; there are /metrics, /healthz, /readyz\n");
	assert_answer("", 404, "not found; there are /metrics, /healthz, /readyz\n");
	end();
}

static void readiness(void **unused)
{
	struct drop53_settings *settings;

	(void)unused;
	start("[lo, eth7]");
	settings = test.pinned.filter.settings;
	assert_answer("/readyz", 503, "lo: not attached\neth7: not attached\n");
	attach("lo");
	assert_answer("/readyz", 503, "eth7: not attached\n");
	test.config.n_interfaces = 1;
	assert_answer("/readyz", 200, "ready\n");
	settings->policy = DROP53_POLICY_MONITOR;
	assert_answer("/readyz", 503, "policy monitor, configured is enforce\n");
	test.config.policy = DROP53_POLICY_MONITOR;
	settings->scope = DROP53_SCOPE_LOCAL;
	assert_answer("/readyz", 503, "scope local, configured is any\n");
	end();
}

/* What a pattern matches is expected as if it were named; what it could match is not. */
static void patterns(void **unused)
{
	(void)unused;
	start("[\"dum*\"]");
	assert_answer("/readyz", 503, "no interface matches\n");
	assert_metric("drop53_interface_attached{interface=\"dum*\",xdp_mode=\"none\"} 0");
	sandbox__do("ip link add dum0 type veth peer name dum1");
	assert_answer("/readyz", 503, "dum1: not attached\ndum0: not attached\n");
	assert_metric("drop53_interface_attached{interface=\"dum0\",xdp_mode=\"none\"} 0");
	assert_null(strstr(test.page.body, "dum*"));
	attach("dum0");
	assert_metric("drop53_interface_attached{interface=\"dum0\",xdp_mode=\"generic\"} 1");
	assert_metric("drop53_interface_attached{interface=\"dum1\",xdp_mode=\"none\"} 0");
	sandbox__do("ip link del dum0");
	end();
}

static void what_the_daemon_knows(void **unused)
{
	(void)unused;
	start("[lo]");
	test.pages.reloaded = false;
	test.pages.sources = (struct source_summary){.tracked = 3, .capacity = 9};
	test.pages.sources.untracked.packets = 77;
	assert_metric("drop53_config_last_reload_successful 0");
	assert_metric("drop53_config_last_reload_success_timestamp_seconds 12.250");
	assert_metric("drop53_scrape_errors_total 0");
	assert_metric("drop53_sources_tracked 3");
	assert_metric("drop53_sources_capacity 9");
	assert_metric("drop53_sources_untracked_packets_total 77");
	assert_metric("drop53_enforcing 1");
	end();
}

/* Two answers that differ would look like a restart. */
static void the_start_stands_still(void **unused)
{
	static const char name[] = "\nprocess_start_time_seconds ";
	char first[64], *line;

	(void)unused;
	start("[lo]");
	test.pages.started_at = 1234567890.125;
	ask("/metrics");
	line = strstr(test.page.body, name);
	assert_non_null(line);
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(line + 1, "\n"), line + 1);
	assert_string_equal(first, "process_start_time_seconds 1234567890.125");
	end();
}

static void without_a_filter(void **unused)
{
	(void)unused;
	start("[lo]");
	pinned__free(&test.pinned);
	assert_metric("drop53_enforcing 0");
	assert_metric("drop53_interface_attached{interface=\"lo\",xdp_mode=\"none\"} 0");
	assert_metric("drop53_scrape_errors_total 0");
	assert_null(strstr(test.page.body, "drop53_packets_total"));
	ask("/readyz");
	assert_int_equal(test.page.status, 503);
	pinned__new(&test.pinned, NULL);
	end();
}

/* A scrape that cannot be answered is an error, and counted. */
static void errors_are_counted(void **unused)
{
	(void)unused;
	start("[lo]");
	test.pages.bpffs = "/proc";
	ask("/metrics");
	assert_int_equal(test.page.status, 500);
	assert_non_null(strstr(test.page.body, "/proc: not a bpf file system"));
	ask("/metrics");
	test.pages.bpffs = SANDBOX_BPFFS;
	assert_metric("drop53_scrape_errors_total 2");
	end();
}

static int enter(void **unused)
{
	(void)unused;
	return sandbox__enter();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(readiness),
		cmocka_unit_test(patterns),
		cmocka_unit_test(what_the_daemon_knows),
		cmocka_unit_test(the_start_stands_still),
		cmocka_unit_test(without_a_filter),
		cmocka_unit_test(errors_are_counted),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
