// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../support/kernel.h"
#include "lib/list.h"
#include "lib/local.h"

static int enter(void **state)
{
	int err = sandbox__enter();

	(void)state;
	if (err)
		return err;
	sandbox__do("ip link add eth0 type veth peer name eth1");
	sandbox__do("ip link set eth0 up && ip link set eth1 up");
	sandbox__do("ip addr add 192.0.2.53/24 dev eth0");
	sandbox__do("ip addr add 2001:db8::53/64 dev eth0 nodad");
	return 0;
}

static bool holds(const char *text)
{
	struct prefix prefix;
	struct list list;
	bool found = false;
	size_t i;

	assert_int_equal(prefix__parse(text, strlen(text), &prefix, NULL, NULL), 0);
	assert_int_equal(local__read(&list, NULL), 0);
	for (i = 0; i < list.n; i++)
		found |= !prefix__compare(&list.prefix[i], &prefix);
	list__free(&list);
	return found;
}

static void addresses_and_broadcasts_of_both_families_are_in_it(void **state)
{
	(void)state;
	assert_true(holds("127.0.0.0/8"));
	assert_true(holds("192.0.2.53"));
	assert_true(holds("192.0.2.255"));
	assert_true(holds("::1"));
	assert_true(holds("2001:db8::53"));
	/* A neighbour, the network that it is in, and a route elsewhere are not. */
	assert_false(holds("192.0.2.1"));
	assert_false(holds("192.0.2.0/24"));
	assert_false(holds("2001:db8::/64"));
	sandbox__do("ip route add 203.0.113.0/24 via 192.0.2.1");
	assert_false(holds("203.0.113.0/24"));
}

static void an_anyip_route_is_in_it_while_it_is_there(void **state)
{
	(void)state;
	sandbox__do("ip route add local 198.51.100.0/24 dev lo");
	sandbox__do("ip -6 route add local 2001:db8:77::/48 dev lo");
	assert_true(holds("198.51.100.0/24"));
	assert_true(holds("2001:db8:77::/48"));
	sandbox__do("ip route del local 198.51.100.0/24 dev lo");
	assert_false(holds("198.51.100.0/24"));
}

static void routes_of_other_tables_are_not(void **state)
{
	(void)state;
	sandbox__do("ip route add local 198.51.100.7 dev lo table 77");
	sandbox__do("ip route add blackhole 198.51.100.8");
	assert_false(holds("198.51.100.7"));
	assert_false(holds("198.51.100.8"));
}

/* More than one message of a dump holds. */
static void a_thousand_addresses_are_all_in_it(void **state)
{
	(void)state;
	sandbox__do("for i in $(seq 0 999); do "
		    "echo addr add 10.7.$((i / 250)).$((i %% 250 + 1))/32 dev eth0; done | "
		    "ip -batch -");
	assert_true(holds("10.7.0.1"));
	assert_true(holds("10.7.3.250"));
	assert_true(holds("10.7.1.77"));
	assert_true(holds("2001:db8::53"));
}

static void an_update_puts_it_in_force(void **state)
{
	const struct layer *here = LAYERS(ETH(), IP4(.dst = "192.0.2.53"), UDP(.dport = 53));
	const struct layer *there = LAYERS(ETH(), IP4(.dst = "192.0.2.54"), UDP(.dport = 53));
	struct pinned pinned;

	(void)state;
	pinned__new(&pinned, NULL);
	pinned.filter.settings->scope = DROP53_SCOPE_LOCAL;
	assert_int_equal(local__update(&pinned.filter, NULL), 0);
	assert_int_equal(program__run(pinned.filter.program, here, 1), 1);
	assert_int_equal(program__run(pinned.filter.program, there, 1), 2);
	sandbox__do("ip addr add 192.0.2.54/24 dev eth0");
	assert_int_equal(program__run(pinned.filter.program, there, 1), 2);
	assert_int_equal(local__update(&pinned.filter, NULL), 0);
	assert_int_equal(program__run(pinned.filter.program, there, 1), 1);
	sandbox__do("ip addr del 192.0.2.54/24 dev eth0");
	assert_int_equal(local__update(&pinned.filter, NULL), 0);
	assert_int_equal(program__run(pinned.filter.program, there, 1), 2);
	assert_int_equal(program__run(pinned.filter.program, here, 1), 1);
	pinned__free(&pinned);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_and_broadcasts_of_both_families_are_in_it),
		cmocka_unit_test(an_anyip_route_is_in_it_while_it_is_there),
		cmocka_unit_test(routes_of_other_tables_are_not),
		cmocka_unit_test(a_thousand_addresses_are_all_in_it),
		cmocka_unit_test(an_update_puts_it_in_force),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
