/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parser, natively: every value there is of the fields that it decides by. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../support/frame_native.h"
#include "../support/frame_put.h"
#include "../support/frame_table.h"

/*
 * Writes each value from 0 to @last into the 1 or 2 bytes at @at of the frame that @layers make,
 * and compares the reason with what @expected says of the value; through both paths.
 */
static void sweep(const struct layer *layers, size_t at, size_t width, unsigned int last,
		  int (*expected)(unsigned int value))
{
	unsigned char bytes[512];
	size_t length = frame__build(layers, bytes, sizeof(bytes));
	struct frame frame = frame_native__split(bytes, length, NULL, 0);
	struct finding finding, odd;

	for (unsigned int value = 0; value <= last; value++) {
		if (width == 1)
			bytes[at] = value;
		else
			put16(bytes + at, value);
		finding = frame_native__parse(frame);
		odd = frame_native__parse_odd(frame);
		if (finding.why != expected(value) ||
		    !frame_native__same_but_source(&finding, &odd))
			fail_msg("%#x at %zu: %s, out of line %s, expected %s", value, at,
				 frame_native__text(&finding), frame_native__text(&odd),
				 frame__reason(expected(value)));
	}
}

static int only_53(unsigned int port)
{
	return port == 53 ? DROP53_REASON_PORT53 : DROP53_REASON_OTHER;
}

static void of_all_ports_only_53_is_stopped(void **state)
{
	(void)state;
	sweep(LAYERS(ETH(), IP4(), UDP()), 14 + 20 + 2, 2, 0xffff, only_53);
	sweep(LAYERS(ETH(), IP4(), TCP()), 14 + 20 + 2, 2, 0xffff, only_53);
	sweep(LAYERS(ETH(), IP6(), UDP()), 14 + 40 + 2, 2, 0xffff, only_53);
	sweep(LAYERS(ETH(), IP6(), TCP()), 14 + 40 + 2, 2, 0xffff, only_53);
	sweep(LAYERS(ETH(), TAG(), IP4(), UDP()), 18 + 20 + 2, 2, 0xffff, only_53);
	sweep(LAYERS(ETH(), TAG(.repeat = 8), IP4(.size = 40), TCP()), 46 + 60 + 2, 2, 0xffff,
	      only_53);
	sweep(LAYERS(ETH(), IP6(), EXT(), UDP()), 14 + 48 + 2, 2, 0xffff, only_53);
}

static int no_port(unsigned int port)
{
	(void)port;
	return DROP53_REASON_OTHER;
}

static void of_all_source_ports_none_matters(void **state)
{
	(void)state;
	sweep(LAYERS(ETH(), IP4(), UDP(.dport = 4242)), 14 + 20, 2, 0xffff, no_port);
	sweep(LAYERS(ETH(), IP6(), TCP(.dport = 4242)), 14 + 40, 2, 0xffff, no_port);
}

static int by_protocol4(unsigned int protocol)
{
	return protocol == IPPROTO_UDP || protocol == IPPROTO_TCP ? DROP53_REASON_PORT53
								  : DROP53_REASON_OTHER;
}

/* What follows reads, as an extension header, as one before protocol 78; as a fragment, a later. */
static int by_protocol6(unsigned int protocol)
{
	return protocol == IPPROTO_FRAGMENT ? DROP53_REASON_FRAGMENT : by_protocol4(protocol);
}

static void of_all_protocols_only_udp_and_tcp_have_ports(void **state)
{
	const int sport = 78 << 8;

	(void)state;
	sweep(LAYERS(ETH(), IP4(), UDP(.sport = sport, .dport = 53)), 14 + 9, 1, 0xff,
	      by_protocol4);
	sweep(LAYERS(ETH(), IP6(), UDP(.sport = sport, .dport = 53)), 14 + 6, 1, 0xff,
	      by_protocol6);
	sweep(LAYERS(ETH(), IP6(), EXT(), UDP(.sport = sport, .dport = 53)), 14 + 40, 1, 0xff,
	      by_protocol6);
}

static int by_ethertype(unsigned int type)
{
	return type == 0x0800	? DROP53_REASON_PORT53
	       : type == 0x86dd ? DROP53_REASON_MALFORMED
				: DROP53_REASON_OTHER;
}

static void of_all_ethertypes_only_ip_and_tags_are_read(void **state)
{
	(void)state;
	sweep(LAYERS(ETH(), IP4(), UDP(.dport = 53), DATA(.size = 40)), 12, 2, 0xffff,
	      by_ethertype);
	sweep(LAYERS(ETH(), TAG(), IP4(), UDP(.dport = 53), DATA(.size = 40)), 16, 2, 0xffff,
	      by_ethertype);
	sweep(LAYERS(ETH(), TAG(.repeat = 2), IP4(), UDP(.dport = 53), DATA(.size = 40)), 20, 2,
	      0xffff, by_ethertype);
}

static int by_version_and_ihl(unsigned int first)
{
	return first >> 4 == 4 && (first & 15) >= 5 ? DROP53_REASON_PORT53
						    : DROP53_REASON_MALFORMED;
}

static int by_version6(unsigned int first)
{
	return first >> 4 == 6 ? DROP53_REASON_PORT53 : DROP53_REASON_MALFORMED;
}

static void of_all_first_bytes_only_right_ones_pass_for_ip(void **state)
{
	(void)state;
	/* All that follows is 0x0035, so that 53 stands wherever the header may end. */
	sweep(LAYERS(ETH(), IP4(.next = 17), DATA(.size = 64)), 14, 1, 0xff, by_version_and_ihl);
	sweep(LAYERS(ETH(), IP6(.next = 17), DATA(.size = 64)), 14, 1, 0xff, by_version6);
}

static int by_offset4(unsigned int word)
{
	return word & 0x1fff ? DROP53_REASON_FRAGMENT : DROP53_REASON_PORT53;
}

static int by_offset6(unsigned int word)
{
	return word >> 3 ? DROP53_REASON_FRAGMENT : DROP53_REASON_PORT53;
}

static void of_all_fragment_words_only_the_offset_matters(void **state)
{
	(void)state;
	sweep(LAYERS(ETH(), IP4(), UDP(.dport = 53)), 14 + 6, 2, 0xffff, by_offset4);
	sweep(LAYERS(ETH(), IP4(.size = 4), TCP(.dport = 53)), 14 + 6, 2, 0xffff, by_offset4);
	sweep(LAYERS(ETH(), IP6(), FRAG(), UDP(.dport = 53)), 14 + 42, 2, 0xffff, by_offset6);
}

static void extension_headers_of_every_length_are_stepped_over(void **state)
{
	static const int kinds[] = {ZERO, IPPROTO_ROUTING, IPPROTO_DSTOPTS};
	unsigned char bytes[FRAME_MAX];
	struct finding finding;
	size_t length;

	(void)state;
	for (int units = 0; units <= 255; units++) {
		for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
			length =
				frame__build(LAYERS(ETH(), IP6(),
						    EXT(.type = kinds[kind], .size = units * 8 + 6),
						    TCP(.dport = 53)),
					     bytes, sizeof(bytes));
			finding = frame_native__parse(frame_native__split(bytes, length, NULL, 0));
			assert_int_equal(finding.why, DROP53_REASON_PORT53);
		}
		if (units * 4 + 8 <= 12)
			continue;
		length = frame__build(
			LAYERS(ETH(), IP4(), AH(.size = units * 4 - 4), UDP(.dport = 53)), bytes,
			sizeof(bytes));
		finding = frame_native__parse(frame_native__split(bytes, length, NULL, 0));
		assert_int_equal(finding.why, DROP53_REASON_PORT53);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_all_ports_only_53_is_stopped),
		cmocka_unit_test(of_all_source_ports_none_matters),
		cmocka_unit_test(of_all_protocols_only_udp_and_tcp_have_ports),
		cmocka_unit_test(of_all_ethertypes_only_ip_and_tags_are_read),
		cmocka_unit_test(of_all_first_bytes_only_right_ones_pass_for_ip),
		cmocka_unit_test(of_all_fragment_words_only_the_offset_matters),
		cmocka_unit_test(extension_headers_of_every_length_are_stepped_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
