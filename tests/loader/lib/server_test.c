// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../support/kernel.h"
#include "lib/server.h"

static int enter(void **state)
{
	(void)state;
	return sandbox__enter();
}

/* A socket of @type on an address and port; TCP listens. */
static int serve(int type, const char *address, int port)
{
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	int family = strchr(address, ':') ? AF_INET6 : AF_INET, only = 1;
	int fd = socket(family, type, 0);

	if (family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
		assert_int_equal(inet_pton(family, address, &ipv6.sin6_addr), 1);
		assert_int_equal(bind(fd, (struct sockaddr *)&ipv6, sizeof(ipv6)), 0);
	} else {
		assert_int_equal(inet_pton(family, address, &ipv4.sin_addr), 1);
		assert_int_equal(bind(fd, (struct sockaddr *)&ipv4, sizeof(ipv4)), 0);
	}
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void expect(int type, const char *address, int port, const char *words)
{
	int fd = serve(type, address, port);
	char what[256] = "";

	assert_int_equal(server__find(what, sizeof(what)), words ? 1 : 0);
	if (words && !strstr(what, words))
		fail_msg("'%s' does not say '%s'", what, words);
	close(fd);
}

static void nobody_serves(void **state)
{
	char what[256];

	(void)state;
	assert_int_equal(server__find(what, sizeof(what)), 0);
}

static void whoever_serves_port_53_to_others_is_found(void **state)
{
	(void)state;
	expect(SOCK_DGRAM, "0.0.0.0", 53, "UDP 0.0.0.0 port 53");
	expect(SOCK_STREAM, "0.0.0.0", 53, "TCP 0.0.0.0 port 53");
	expect(SOCK_DGRAM, "::", 53, "UDP :: port 53");
	expect(SOCK_STREAM, "::", 53, "TCP :: port 53");
	sandbox__do("ip addr add 192.0.2.53/32 dev lo");
	expect(SOCK_DGRAM, "192.0.2.53", 53, "UDP 192.0.2.53 port 53");
	sandbox__do("ip addr del 192.0.2.53/32 dev lo");
}

static void loopback_and_other_ports_are_nobodys_business(void **state)
{
	(void)state;
	expect(SOCK_DGRAM, "127.0.0.53", 53, NULL);
	expect(SOCK_STREAM, "127.0.0.1", 53, NULL);
	expect(SOCK_DGRAM, "::1", 53, NULL);
	expect(SOCK_STREAM, "::1", 53, NULL);
	expect(SOCK_DGRAM, "0.0.0.0", 5353, NULL);
	expect(SOCK_STREAM, "::", 13568, NULL); /* 53 in the other byte order */
}

static void one_among_many_sockets_is_found(void **state)
{
	int fds[200], i;

	(void)state;
	for (i = 0; i < 200; i++)
		fds[i] = serve(SOCK_DGRAM, "0.0.0.0", 2000 + i);
	expect(SOCK_DGRAM, "0.0.0.0", 53, "UDP 0.0.0.0");
	expect(SOCK_DGRAM, "127.0.0.1", 53, NULL);
	for (i = 0; i < 200; i++)
		close(fds[i]);
}

static void a_kubelet_is_found_by_its_name(void **state)
{
	char what[256];

	(void)state;
	assert_int_equal(prctl(PR_SET_NAME, "kubelet"), 0);
	assert_int_equal(server__find(what, sizeof(what)), 1);
	assert_non_null(strstr(what, "kubelet"));
	assert_int_equal(prctl(PR_SET_NAME, "kubelets"), 0);
	assert_int_equal(server__find(what, sizeof(what)), 0);
}

static void words_that_do_not_fit_are_cut(void **state)
{
	int fd = serve(SOCK_DGRAM, "0.0.0.0", 53);
	char what[12];

	(void)state;
	assert_int_equal(server__find(what, sizeof(what)), 1);
	assert_int_equal(strlen(what), sizeof(what) - 1);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_serves),
		cmocka_unit_test(whoever_serves_port_53_to_others_is_found),
		cmocka_unit_test(loopback_and_other_ports_are_nobodys_business),
		cmocka_unit_test(one_among_many_sockets_is_found),
		cmocka_unit_test(a_kubelet_is_found_by_its_name),
		cmocka_unit_test(words_that_do_not_fit_are_cut),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
