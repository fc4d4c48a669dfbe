/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "frame_anatomy.h"

struct cursor {
	const unsigned char *bytes;
	size_t at, length;
};

static bool has(const struct cursor *c, size_t size)
{
	return c->at <= c->length && size <= c->length - c->at;
}

static unsigned int byte(const struct cursor *c, size_t offset)
{
	return c->bytes[c->at + offset];
}

static unsigned int half(const struct cursor *c, size_t offset)
{
	return byte(c, offset) << 8 | byte(c, offset + 1);
}

static struct anatomy verdict(struct anatomy a, enum drop53_reason why)
{
	a.why = why;
	return a;
}

static enum drop53_protocol transport(unsigned int number)
{
	return number == 17  ? DROP53_PROTOCOL_UDP
	       : number == 6 ? DROP53_PROTOCOL_TCP
			     : DROP53_PROTOCOL_NONE;
}

static bool walked(const struct anatomy *a)
{
	bool ipv6 = a->family == DROP53_FAMILY_IPV6;

	return a->number == 51 ||
	       (ipv6 && (a->number == 0 || a->number == 43 || a->number == 44 || a->number == 60));
}

static struct anatomy look_at_port(struct anatomy a, const struct cursor *c)
{
	a.protocol = transport(a.number);
	if (a.protocol == DROP53_PROTOCOL_NONE)
		return verdict(a, DROP53_REASON_OTHER);
	if (!has(c, 4))
		return verdict(a, DROP53_REASON_MALFORMED);
	a.transport = c->at;
	return verdict(a, half(c, 2) == 53 ? DROP53_REASON_PORT53 : DROP53_REASON_OTHER);
}

/* Reads the options of a hop-by-hop or destination header of @size bytes as type, length, value. */
static bool has_odd_options(const struct cursor *c, size_t size)
{
	size_t at = 2, end = size < c->length - c->at ? size : c->length - c->at;

	while (at < end) {
		unsigned int type = byte(c, at);

		if (type == 0) {
			at++;
			continue;
		}
		if ((type != 1 && type != 0x1e) || at + 1 >= end)
			return true;
		at += 2 + byte(c, at + 1);
	}
	return at != size;
}

/* Steps over one header after the other from a.number on. */
static struct anatomy walk(struct anatomy a, struct cursor *c)
{
	unsigned int kind, size;

	while (walked(&a)) {
		if (++a.extensions > DROP53_MAX_EXTENSIONS)
			return verdict(a, DROP53_REASON_TOO_DEEP);
		if (!has(c, 4))
			return verdict(a, DROP53_REASON_MALFORMED);
		kind = a.number;
		a.number = byte(c, 0);
		size = kind == 44 ? 8 : kind == 51 ? (byte(c, 1) + 2) * 4 : (byte(c, 1) + 1) * 8;
		a.reserved_byte |= kind == 44 && byte(c, 1);
		a.authentication |= kind == 51;
		a.odd_content |= (kind == 0 || kind == 60) && has_odd_options(c, size);
		a.odd_content |= kind == 43 && half(c, 2);
		if (kind == 44 && half(c, 2) >> 3) {
			a.protocol = transport(a.number);
			return verdict(a, DROP53_REASON_FRAGMENT);
		}
		c->at += size;
	}
	return look_at_port(a, c);
}

static struct anatomy dissect_ip4(struct anatomy a, struct cursor *c)
{
	size_t header;

	a.family = DROP53_FAMILY_IPV4;
	if (!has(c, 1))
		return verdict(a, DROP53_REASON_MALFORMED);
	a.version = byte(c, 0) >> 4;
	header = (byte(c, 0) & 15) * 4;
	if (a.version != 4 || header < 20 || !has(c, header))
		return verdict(a, DROP53_REASON_MALFORMED);
	a.packet_end = c->at + half(c, 2);
	a.source = c->bytes + c->at + 12;
	a.number = byte(c, 9);
	if (half(c, 6) & 0x1fff) {
		a.protocol = transport(a.number);
		return verdict(a, DROP53_REASON_FRAGMENT);
	}
	for (size_t option = 20; option < header; option++)
		a.odd_content |= byte(c, option) != 1;
	c->at += header;
	return walk(a, c);
}

static struct anatomy dissect_ip6(struct anatomy a, struct cursor *c)
{
	a.family = DROP53_FAMILY_IPV6;
	if (has(c, 1))
		a.version = byte(c, 0) >> 4;
	if (a.version != 6 || !has(c, 40))
		return verdict(a, DROP53_REASON_MALFORMED);
	a.packet_end = c->at + 40 + half(c, 4);
	a.source = c->bytes + c->at + 8;
	a.number = byte(c, 6);
	c->at += 40;
	return walk(a, c);
}

struct anatomy anatomy__of(const unsigned char *bytes, size_t length)
{
	struct cursor c = {.bytes = bytes, .length = length};
	struct anatomy a = {.why = DROP53_REASON_OTHER};
	size_t type_at = 12;

	for (;;) {
		c.at = type_at;
		if (!has(&c, 2))
			return verdict(a, DROP53_REASON_MALFORMED);
		a.ethertype = half(&c, 0);
		if (a.ethertype != 0x8100 && a.ethertype != 0x88a8)
			break;
		if (++a.tags > DROP53_MAX_TAGS)
			return verdict(a, DROP53_REASON_TOO_DEEP);
		type_at += 4;
	}
	c.at += 2;
	if (a.ethertype == 0x0800)
		return dissect_ip4(a, &c);
	if (a.ethertype == 0x86dd)
		return dissect_ip6(a, &c);
	return verdict(a, DROP53_REASON_OTHER);
}
