// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include <cmocka.h>

#include "daemon/config.h"
#include "lib/diag.h"

#define NAME "/etc/drop53.conf"

static int parse(const char *text, struct config *config, struct diag *diag)
{
	return config__parse_text(NAME, text, strlen(text), config, diag);
}

static void defaults(void **unused)
{
	struct sockaddr_in *listen;
	struct config config;
	struct diag diag;

	(void)unused;
	assert_int_equal(parse("interfaces: [eth0]\n", &config, &diag), 0);
	assert_int_equal(config.n_interfaces, 1);
	assert_string_equal(config.interfaces[0], "eth0");
	assert_int_equal(config.mode, XDP_MODE_AUTO);
	assert_int_equal(config.policy, DROP53_POLICY_ENFORCE);
	assert_int_equal(config.scope, DROP53_SCOPE_ANY);
	assert_string_equal(config.allow_file, "");
	assert_int_equal(config.load.sources, 0);
	assert_int_equal(config.sources, METRICS_SOURCES_PREFIX);
	assert_int_equal(config.source_length[DROP53_FAMILY_IPV4], 24);
	assert_int_equal(config.source_length[DROP53_FAMILY_IPV6], 56);
	assert_int_equal(config.top, 20);
	assert_false(config.detach_on_exit);
	listen = (struct sockaddr_in *)&config.listen;
	assert_int_equal(listen->sin_family, AF_INET);
	assert_int_equal(listen->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

static void every_key(void **unused)
{
	static const char text[] = "interfaces:\n- eth0\n- \"ens*\"\nxdp_mode: generic\n"
				   "policy: monitor\nscope: local\nallow_file: lists/allow\n"
				   "sources: 4096\nsource_len: 24,64\nlisten: \"[::1]:9000\"\n"
				   "metrics_sources: address\nmetrics_source_len: 16,48\n"
				   "metrics_top: 100\nmetrics_min_rate: 1\n"
				   "metrics_newcomers: 7\non_exit: detach\n";
	struct sockaddr_in6 *listen;
	struct config config;
	struct diag diag;

	(void)unused;
	assert_int_equal(parse(text, &config, &diag), 0);
	assert_int_equal(config.n_interfaces, 2);
	assert_int_equal(config.mode, XDP_MODE_GENERIC);
	assert_int_equal(config.policy, DROP53_POLICY_MONITOR);
	assert_int_equal(config.scope, DROP53_SCOPE_LOCAL);
	assert_string_equal(config.allow_file, "/etc/lists/allow");
	assert_int_equal(config.load.sources, 4096);
	assert_int_equal(config.load.source_length[DROP53_FAMILY_IPV4], 24);
	assert_int_equal(config.load.source_length[DROP53_FAMILY_IPV6], 64);
	assert_int_equal(config.sources, METRICS_SOURCES_ADDRESS);
	assert_int_equal(config.source_length[DROP53_FAMILY_IPV4], 16);
	assert_int_equal(config.source_length[DROP53_FAMILY_IPV6], 48);
	assert_int_equal(config.top, 100);
	assert_int_equal(config.min_rate, 1);
	assert_int_equal(config.newcomers, 7);
	assert_true(config.detach_on_exit);
	listen = (struct sockaddr_in6 *)&config.listen;
	assert_int_equal(listen->sin6_family, AF_INET6);
	assert_int_equal(listen->sin6_port, htons(9000));
}

static void nothing_is_served_when_off(void **unused)
{
	struct config config;

	(void)unused;
	assert_int_equal(parse("interfaces: [a]\nlisten: off\n", &config, NULL), 0);
	assert_int_equal(config.listen.ss_family, 0);
}

static void patterns(void **unused)
{
	struct config config;

	(void)unused;
	assert_int_equal(parse("interfaces: [eth0, 'en*', '?']\n", &config, NULL), 0);
	assert_true(config__wants(&config, "eth0"));
	assert_true(config__wants(&config, "ens3"));
	assert_true(config__wants(&config, "x"));
	assert_false(config__wants(&config, "eth1"));
	assert_int_equal(parse("interfaces: ['*']\n", &config, NULL), 0);
	assert_false(config__wants(&config, "lo"));
	assert_int_equal(parse("interfaces: [lo]\n", &config, NULL), 0);
	assert_true(config__wants(&config, "lo"));
	assert_true(config__is_name("eth0"));
	assert_false(config__is_name("eth[01]"));
}

/* Each wrong in one way, and where: the text behind the first line, which is good. */
static const struct {
	const char *text;
	const char *message;
} wrong[] = {
	/* every key of the wrong type, or with a wrong value */
	{"xdp_mode: [auto]", "2:11: xdp_mode: must be one value, not a list"},
	{"xdp_mode: fast", "2:11: xdp_mode: \"fast\": must be one of auto, native, generic"},
	{"xdp_mode:", "2:10: xdp_mode: has no value"},
	{"policy: {enforce: 1}", "2:9: policy: must be one value, not a group of keys"},
	{"policy: Enforce", "2:9: policy: \"Enforce\": must be one of enforce, monitor"},
	{"scope: all", "2:8: scope: \"all\": must be one of any, local"},
	{"scope: [any]", "2:8: scope: must be one value, not a list"},
	{"allow_file: []", "2:13: allow_file: must be one value, not a list"},
	{"allow_file: \"\"", "2:13: allow_file: has no value"},
	{"allow_file: \"a\\0b\"", "2:13: allow_file: holds a NUL byte"},
	{"sources: many", "2:10: sources: \"many\": must be a number from 1 to 16777216"},
	{"sources: \"4096\"", "2:10: sources: \"4096\": must be a number from 1 to 16777216"},
	{"sources: -1", "2:10: sources: \"-1\": must be a number"},
	{"sources: 0", "2:10: sources: \"0\": must be a number"},
	{"sources: 16777217", "2:10: sources: \"16777217\": must be a number"},
	{"sources: 99999999999999999999999", "2:10: sources: "},
	{"sources: 1.5", "2:10: sources: \"1.5\""},
	{"source_len: 24", "2:13: source_len: \"24\": must be two prefix lengths"},
	{"source_len: [24, 56]", "2:13: source_len: must be one value, not a list"},
	{"source_len: 33,128", "2:13: source_len: \"33,128\""},
	{"source_len: 32,129", "2:13: source_len: \"32,129\""},
	{"source_len: 0,56", "2:13: source_len: \"0,56\""},
	{"listen: 9000", "2:9: listen: \"9000\": must be ADDRESS:PORT"},
	{"listen: localhost:9000", "2:9: listen: \"localhost:9000\""},
	{"listen: 127.0.0.1:0", "2:9: listen: \"127.0.0.1:0\""},
	{"listen: 127.0.0.1:65536", "2:9: listen: \"127.0.0.1:65536\""},
	{"listen: 127.0.0.1:80x", "2:9: listen: \"127.0.0.1:80x\""},
	{"listen: 300.0.0.1:80", "2:9: listen: \"300.0.0.1:80\""},
	{"listen: \"[::g]:80\"", "2:9: listen: \"[::g]:80\""},
	{"listen: [off]", "2:9: listen: must be one value, not a list"},
	{"metrics_sources: on",
	 "2:18: metrics_sources: \"on\": must be one of off, prefix, address"},
	{"metrics_source_len: /24", "2:21: metrics_source_len: \"/24\""},
	{"metrics_top: 101", "2:14: metrics_top: \"101\": must be a number from 1 to 100"},
	{"metrics_min_rate: 0", "2:19: metrics_min_rate: \"0\""},
	{"metrics_newcomers: x", "2:20: metrics_newcomers: \"x\""},
	{"on_exit: stay", "2:10: on_exit: \"stay\": must be one of keep, detach"},
	/* the keys themselves */
	{"interfaces: [eth1]", "2:1: interfaces: is there twice"},
	{"policy: monitor\npolicy: monitor", "3:1: policy: is there twice"},
	{"polcy: enforce", "2:1: \"polcy\": no such key"},
	{"<<: {}", "2:1: \"<<\": no such key"},
	{"? [a]\n: b", "2:3: a key: must be one value, not a list"},
	/* YAML itself */
	{"policy: [", "3:1: while parsing a flow node"},
	{"\tpolicy: enforce", "2:1: "},
	{"policy: enforce\n---\npolicy: monitor", "4:1: a second document; one is enough"},
	{"policy: *nothing", "2:9: found undefined alias"},
	{"policy: \xff", "2:9: invalid leading UTF-8 octet"},
	{"policy: \x01", "2:9: control characters are not allowed"},
};

static void every_mistake_has_a_place(void **unused)
{
	char text[256], expected[256];
	struct config config, before;
	struct diag diag;
	size_t i;

	(void)unused;
	memset(&config, 0x5a, sizeof(config));
	before = config;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), "interfaces: [eth0]\n%s\n", wrong[i].text);
		snprintf(expected, sizeof(expected), NAME ":%s", wrong[i].message);
		assert_int_equal(parse(text, &config, &diag), -EBADMSG);
		if (strncmp(diag.text, expected, strlen(expected)))
			fail_msg("%s\ngives:    %s\nexpected: %s", text, diag.text, expected);
		assert_memory_equal(&config, &before, sizeof(config));
	}
}

static const struct {
	const char *text;
	const char *message;
} wrong_interfaces[] = {
	{"", "1:1: interfaces: missing"},
	{"# nothing\n", "1:1: interfaces: missing"},
	{"policy: enforce\n", "1:1: interfaces: missing"},
	{"interfaces: eth0\n", "1:13: interfaces: must be a list, as in [eth0]"},
	{"interfaces: []\n", "1:13: interfaces: the list is empty"},
	{"interfaces:\n- eth0\n- [eth1]\n", "3:3: interfaces: must be one value, not a list"},
	{"interfaces: [eth0, eth0]\n", "1:20: interfaces: \"eth0\": is there twice"},
	{"interfaces: [a/b]\n", "1:14: interfaces: \"a/b\": not an interface's name"},
	{"interfaces: [\"a b\"]\n", "1:14: interfaces: \"a b\": not an interface's name"},
	{"interfaces: [abcdefghijklmnop]\n", "1:14: interfaces: "},
	{"- eth0\n", "1:1: must be lines of KEY: VALUE"},
	{"eth0\n", "1:1: must be lines of KEY: VALUE"},
};

static void interfaces_are_needed(void **unused)
{
	char expected[256];
	struct config config;
	struct diag diag;
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(wrong_interfaces) / sizeof(wrong_interfaces[0]); i++) {
		snprintf(expected, sizeof(expected), NAME ":%s", wrong_interfaces[i].message);
		assert_int_equal(parse(wrong_interfaces[i].text, &config, &diag), -EBADMSG);
		if (strncmp(diag.text, expected, strlen(expected)))
			fail_msg("%s\ngives:    %s\nexpected: %s", wrong_interfaces[i].text,
				 diag.text, expected);
	}
}

/* As many brackets as fit: refused, and without a stack for each. */
static void deep_nesting(void **unused)
{
	static char text[CONFIG_MAX_BYTES];
	struct config config;
	struct diag diag;

	(void)unused;
	memset(text, '[', sizeof(text));
	assert_int_equal(config__parse_text(NAME, text, sizeof(text), &config, &diag), -EBADMSG);
}

static void too_many_interfaces(void **unused)
{
	char text[4096] = "interfaces:\n";
	struct config config;
	struct diag diag;
	size_t used;
	int i;

	(void)unused;
	for (i = 0; i <= DROP53_MAX_INTERFACES; i++) {
		used = strlen(text);
		snprintf(text + used, sizeof(text) - used, "- eth%d\n", i);
	}
	assert_int_equal(parse(text, &config, &diag), -EBADMSG);
	assert_string_equal(diag.text, NAME ":66:3: interfaces: at most 64 of them");
}

static void the_example_holds_the_defaults(void **unused)
{
	static char text[CONFIG_MAX_BYTES], uncommented[CONFIG_MAX_BYTES];
	struct config plain, example, all;
	char *line, *out = uncommented;
	struct diag diag;
	FILE *file;
	size_t n;

	(void)unused;
	file = fopen("deploy/drop53.conf", "r");
	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	assert_int_equal(parse("interfaces: [eth0]\n", &plain, &diag), 0);
	assert_int_equal(parse(text, &example, &diag), 0);
	assert_memory_equal(&plain, &example, sizeof(plain));
	/* A key behind # is what holds without it, but for what has no default. */
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		out += sprintf(out, "%s\n", line + (line[0] == '#' && line[1] > ' '));
	if (parse(uncommented, &all, &diag))
		fail_msg("%s", diag.text);
	assert_string_equal(all.allow_file, "/etc/drop53/allow");
	assert_int_equal(all.load.sources, 262144);
	assert_int_equal(all.load.source_length[DROP53_FAMILY_IPV6], 128);
	memset(all.allow_file, 0, sizeof(all.allow_file));
	memset(&all.load, 0, sizeof(all.load));
	assert_memory_equal(&plain, &all, sizeof(plain));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_key),
		cmocka_unit_test(nothing_is_served_when_off),
		cmocka_unit_test(patterns),
		cmocka_unit_test(every_mistake_has_a_place),
		cmocka_unit_test(interfaces_are_needed),
		cmocka_unit_test(deep_nesting),
		cmocka_unit_test(too_many_interfaces),
		cmocka_unit_test(the_example_holds_the_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
