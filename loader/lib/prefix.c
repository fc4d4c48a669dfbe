/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/prefix.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/diag.h"
#include "lib/quote.h"

/* Advances over what is understood; where it stands when a step fails is the fault. */
struct cursor {
	const char *at, *end;
};

/* A step returns what is wrong, for a person, or NULL. */
typedef const char *fault_t;

static int peek(const struct cursor *in)
{
	return in->at < in->end ? (unsigned char)*in->at : -1;
}

static bool take(struct cursor *in, char c)
{
	if (peek(in) != c)
		return false;
	in->at++;
	return true;
}

/* The value of a hexadecimal digit, or -1. */
static int digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A decimal number without leading zeros. On failure the cursor stays before the number. */
static fault_t take_number(struct cursor *in, unsigned int max, unsigned int *number,
			   const char *missing, const char *too_large)
{
	struct cursor start = *in;
	unsigned int value = 0;

	while (in->at < in->end && *in->at >= '0' && *in->at <= '9') {
		value = value * 10 + (*in->at++ - '0');
		if (value > max) {
			*in = start;
			return too_large;
		}
	}
	if (in->at == start.at)
		return missing;
	if (*start.at == '0' && in->at > start.at + 1) {
		*in = start;
		return "a number with leading zeros: leave them out";
	}
	*number = value;
	return NULL;
}

static fault_t take_ipv4(struct cursor *in, __u8 address[static 4])
{
	unsigned int octet, i;
	fault_t fault;

	for (i = 0; i < 4; i++) {
		if (i && !take(in, '.'))
			return "an IPv4 address has four numbers with dots between them";
		fault = take_number(in, 255, &octet,
				    "an IPv4 address has four numbers with dots between them",
				    "a number over 255 in an IPv4 address");
		if (fault)
			return fault;
		address[i] = octet;
	}
	return NULL;
}

/* One to four hexadecimal digits. */
static fault_t take_group(struct cursor *in, __u8 group[static 2])
{
	unsigned int value = 0, digits = 0;

	for (; digit(peek(in)) >= 0; digits++, in->at++) {
		if (digits == 4)
			return "a group of an IPv6 address has at most four digits";
		value = value << 4 | digit(peek(in));
	}
	if (!digits)
		return "an IPv6 address has groups of hexadecimal digits with colons between them";
	group[0] = value >> 8;
	group[1] = value & 0xff;
	return NULL;
}

/* Whether an IPv4 address, as the last four bytes of an IPv6 one, comes next. */
static bool at_ipv4(const struct cursor *in)
{
	struct cursor ahead = *in;

	while (digit(peek(&ahead)) >= 0)
		ahead.at++;
	return peek(&ahead) == '.';
}

/* Puts the zeros that "::" at byte @gap stands for in front of the bytes after it. */
static void open_gap(__u8 address[static 16], int gap, int used)
{
	memmove(&address[16 - (used - gap)], &address[gap], used - gap);
	memset(&address[gap], 0, 16 - used);
}

static fault_t take_ipv6(struct cursor *in, __u8 address[static 16])
{
	int used = 0, gap = -1;
	bool more = true;
	fault_t fault;

	if (in->end - in->at >= 2 && in->at[0] == ':' && in->at[1] == ':') {
		in->at += 2;
		gap = 0;
		more = digit(peek(in)) >= 0;
	}
	while (more) {
		bool ipv4 = used <= 12 && at_ipv4(in);

		if (used == 16)
			return "more than eight groups in an IPv6 address";
		fault = ipv4 ? take_ipv4(in, &address[used]) : take_group(in, &address[used]);
		if (fault)
			return fault;
		used += ipv4 ? 4 : 2;
		more = !ipv4 && take(in, ':');
		if (!more || peek(in) != ':')
			continue;
		if (gap >= 0)
			return "a second \"::\" in an IPv6 address";
		in->at++;
		gap = used;
		more = digit(peek(in)) >= 0;
	}
	if (gap < 0)
		return used == 16 ? NULL : "an IPv6 address has eight groups, or \"::\" for zeros";
	if (used == 16)
		return "\"::\" besides eight groups in an IPv6 address";
	open_gap(address, gap, used);
	return NULL;
}

static fault_t take_address(struct cursor *in, struct prefix *prefix)
{
	const char *end = in->at;
	char first = 0; /* of what parts an address' groups: 192.0.2.1:53 is an IPv4 one */

	for (; end < in->end && *end != '/' && *end != '%'; end++)
		if (!first && (*end == ':' || *end == '.'))
			first = *end;
	if (end == in->at)
		return "an address is missing";
	if (*in->at == '[')
		return "no brackets: an address alone, without a port";
	if (first == ':') {
		prefix->family = DROP53_FAMILY_IPV6;
		return take_ipv6(in, prefix->address);
	}
	if (*in->at < '0' || *in->at > '9')
		return "not an address (names are not looked up)";
	prefix->family = DROP53_FAMILY_IPV4;
	return take_ipv4(in, prefix->address);
}

/* 255.255.255.0, or what begins like it. */
static bool is_mask(const struct cursor *in)
{
	const char *at = in->at;

	while (at < in->end && *at >= '0' && *at <= '9')
		at++;
	return at > in->at && at < in->end && *at == '.';
}

static fault_t take_length(struct cursor *in, struct prefix *prefix)
{
	unsigned int length = prefix__bits(prefix->family);
	bool ipv4 = prefix->family == DROP53_FAMILY_IPV4;
	fault_t fault;

	prefix->length = length;
	if (!take(in, '/'))
		return NULL;
	if (is_mask(in))
		return "after the \"/\" comes a length in bits, not a mask";
	fault = take_number(in, length, &length, "after the \"/\" comes a length in bits",
			    ipv4 ? "the length of an IPv4 prefix is at most 32"
				 : "the length of an IPv6 prefix is at most 128");
	prefix->length = length;
	return fault;
}

/* What follows a whole prefix. */
static fault_t surplus(const struct cursor *in, const struct prefix *prefix)
{
	if (peek(in) == ':' && prefix->family == DROP53_FAMILY_IPV4)
		return "no port: who may query is told by the address alone";
	switch (peek(in)) {
	case '%':
		return "a zone is not part of a packet's source: leave it out";
	case '-':
		return "a range is written as the prefixes that it is made of";
	case ',':
		return "one address or prefix at a time";
	default:
		return "an address, or ADDRESS/LENGTH, should end here";
	}
}

static fault_t take_prefix(struct cursor *in, struct prefix *prefix)
{
	fault_t fault;

	prefix->except = take(in, '!');
	fault = take_address(in, prefix);
	if (fault)
		return fault;
	fault = take_length(in, prefix);
	return !fault && in->at < in->end ? surplus(in, prefix) : fault;
}

int prefix__parse(const char *text, size_t length, struct prefix *prefix, size_t *fault,
		  struct diag *diag)
{
	struct cursor in = {text, text + length};
	char meant_text[PREFIX_TEXT];
	struct prefix result = {}, meant;
	struct quote quote;
	fault_t why = take_prefix(&in, &result);

	if (why) {
		if (fault)
			*fault = in.at - text;
		return diag__fail(diag, EINVAL, "%s: %s", quote__text(&quote, text, length), why);
	}
	meant = result;
	prefix__mask(meant.address, meant.length);
	if (memcmp(meant.address, result.address, sizeof(meant.address)) != 0) {
		if (fault)
			*fault = result.except;
		return diag__fail(diag, EINVAL, "%s: bits are set below the length: write %s",
				  quote__text(&quote, text, length),
				  prefix__format(&meant, meant_text));
	}
	*prefix = result;
	return 0;
}

const char *prefix__format(const struct prefix *prefix, char text[static PREFIX_TEXT])
{
	int family = prefix->family == DROP53_FAMILY_IPV6 ? AF_INET6 : AF_INET;
	char *at = text;
	size_t used;

	if (prefix->except)
		*at++ = '!';
	inet_ntop(family, prefix->address, at, INET6_ADDRSTRLEN);
	used = strlen(text);
	if (prefix->length < prefix__bits(prefix->family))
		snprintf(text + used, PREFIX_TEXT - used, "/%u", prefix->length);
	return text;
}

static uint64_t half(const struct prefix *prefix, int which)
{
	uint64_t word;

	memcpy(&word, &prefix->address[8 * which], sizeof(word));
	return be64toh(word);
}

int prefix__compare(const struct prefix *a, const struct prefix *b)
{
	uint64_t left, right;
	int i;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	for (i = 0; i < 2; i++) {
		left = half(a, i);
		right = half(b, i);
		if (left != right)
			return left < right ? -1 : 1;
	}
	return (a->length > b->length) - (a->length < b->length);
}

bool prefix__covers(const struct prefix *prefix, enum drop53_family family,
		    const __u8 address[static 16])
{
	__u8 masked[16];

	if (prefix->family != family)
		return false;
	memcpy(masked, address, sizeof(masked));
	prefix__mask(masked, prefix->length);
	return memcmp(masked, prefix->address, sizeof(masked)) == 0;
}

unsigned int prefix__bits(enum drop53_family family)
{
	return family == DROP53_FAMILY_IPV6 ? 128 : 32;
}

void prefix__mask(__u8 address[static 16], unsigned int length)
{
	unsigned int byte = length / 8;

	if (length % 8) {
		address[byte] &= 0xff00 >> length % 8;
		byte++;
	}
	if (byte < 16)
		memset(&address[byte], 0, 16 - byte);
}
