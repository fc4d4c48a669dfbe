/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a frame to a reason. The rule: no frame whose outer headers say port 53 gets past, whatever
 * they are wrapped in; none is stopped unless its headers say 53 or are nested past the limit.
 *
 * There are two ways through. parse_straight() sees at most one VLAN tag and plain IPv4 or IPv6
 * with the port in the linear part: nearly all traffic, in a dozen comparisons on packet memory.
 * Whatever it cannot decide goes to parse_odd(), which starts again from the first byte and reads
 * every header by frame_load32(): a global function, so that the verifier walks its loops once and
 * not once for each way of getting there, and so that headers in other buffers read alike.
 *
 * The same text is built for the BPF target and natively: native.h stands in for the kernel.
 */
#ifndef DROP53_PARSE_H
#define DROP53_PARSE_H

#include <linux/if_ether.h>

#include "drop53.h"

#ifdef __bpf__
#include "frame.h"
#define NOT_INLINE    __noinline
#define ALWAYS_INLINE static __always_inline
#else
#include "native.h"
#define NOT_INLINE    static __attribute__((noinline, unused))
#define ALWAYS_INLINE static inline __attribute__((always_inline, unused))
#define xdp_md	      frame
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define wire16(number) ((__be16)__builtin_bswap16(number))
#else
#define wire16(number) ((__be16)(number))
#endif

/* parse_straight() alone says this: look again, out of line. */
#define DROP53_ODD DROP53_REASON__N

/* What parse_odd() found, in the 32 bits that a global function may return on Linux 5.10. */
struct packet_kind {
	__u8 why; /* enum drop53_reason; PORT53 until allow-list and scope have spoken */
	__u8 family;
	__u8 protocol;
	__u8 l3; /* offset of the IP header, where family says that there is one */
};

union packet_word {
	struct packet_kind kind;
	__u32 word;
};

struct packet {
	struct packet_kind kind;
	/* The outermost IP source as it lies in memory: network byte order, IPv4 in the first word.
	 */
	__u64 source[2];
};

/* IPv6's fixed header and IPv4's, as far as the parser looks at them (RFC 791, RFC 8200). */
#define IPV4_MIN_HEADER	  20
#define IPV4_FRAGMENT	  4 /* offset of identification and the fragment word */
#define IPV4_TTL_PROTOCOL 8 /* offset of TTL, protocol, checksum */
#define IPV4_SOURCE	  12
#define IPV4_TARGET	  16
#define IPV6_HEADER	  40
#define IPV6_LENGTH_NEXT  4 /* offset of payload length, next header, hop limit */
#define IPV6_SOURCE	  8
#define IPV6_TARGET	  24

/* What may follow an IP header (IANA, "Assigned Internet Protocol Numbers"). */
enum next_header {
	NEXT_HOP_BY_HOP = 0,
	NEXT_TCP = 6,
	NEXT_UDP = 17,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_AH = 51,
	NEXT_DESTINATION = 60,
};

#define PORTS		   4	  /* bytes: source and destination port */
#define FRAGMENT_OFFSET	   0x1fff /* IPv4: in units of eight bytes */
#define FRAGMENT_MORE	   0x2000
#define FRAGMENT6_MASK	   0xfff8 /* IPv6: the offset's bits; the low three are not part of it */

#define TAG_LENGTH	   4
#define ETHERTYPE_CUSTOMER wire16(ETH_P_8021Q)
#define ETHERTYPE_SERVICE  wire16(ETH_P_8021AD)

ALWAYS_INLINE int is_tag(__be16 type)
{
	return type == ETHERTYPE_CUSTOMER || type == ETHERTYPE_SERVICE;
}

ALWAYS_INLINE __u8 transport(__u8 protocol)
{
	return protocol == NEXT_UDP   ? DROP53_PROTOCOL_UDP
	       : protocol == NEXT_TCP ? DROP53_PROTOCOL_TCP
				      : DROP53_PROTOCOL_NONE;
}

/* The headers that are walked. ESP hides what follows; mobility, HIP and shim6 end the chain. */
ALWAYS_INLINE int is_extension(__u8 protocol)
{
	return protocol == NEXT_HOP_BY_HOP || protocol == NEXT_ROUTING ||
	       protocol == NEXT_FRAGMENT || protocol == NEXT_DESTINATION || protocol == NEXT_AH;
}

/*
 * Reads of packet memory, in wire order. The kernel lets an IP header start on four bytes (behind
 * an Ethernet header at NET_IP_ALIGN), so the program may read words; a native frame lies anywhere.
 */
#ifdef __bpf__
#define read16(at, offset) (*(const __be16 *)((const __u8 *)(at) + (offset)))
#define read32(at, offset) (*(const __be32 *)((const __u8 *)(at) + (offset)))
#else
struct unaligned16 {
	__be16 value;
} __attribute__((packed, may_alias));
struct unaligned32 {
	__be32 value;
} __attribute__((packed, may_alias));
#define read16(at, offset) (((const struct unaligned16 *)((const __u8 *)(at) + (offset)))->value)
#define read32(at, offset) (((const struct unaligned32 *)((const __u8 *)(at) + (offset)))->value)
#endif
#define read8(at, offset) (((const __u8 *)(at))[offset])

/* Two words as they lie in memory, in one register: a store and a wider load would cost a stall. */
ALWAYS_INLINE __u64 join(__be32 first, __be32 second)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return first | (__u64)second << 32;
#else
	return (__u64)first << 32 | second;
#endif
}

ALWAYS_INLINE int parse_straight_ipv4(const void *header, const void *end, struct packet *packet)
{
	__u8 protocol;

	if ((const __u8 *)header + IPV4_MIN_HEADER + PORTS > (const __u8 *)end)
		return DROP53_ODD;
	if (read8(header, 0) != 0x45)
		return DROP53_ODD;
	if (read16(header, 6) & wire16(FRAGMENT_OFFSET | FRAGMENT_MORE))
		return DROP53_ODD;
	protocol = read8(header, 9);
	if (protocol != NEXT_UDP && protocol != NEXT_TCP)
		return protocol == NEXT_AH ? DROP53_ODD : DROP53_REASON_OTHER;
	if (read16(header, IPV4_MIN_HEADER + 2) != wire16(DROP53_PORT))
		return DROP53_REASON_OTHER;
	packet->kind.family = DROP53_FAMILY_IPV4;
	packet->kind.protocol = transport(protocol);
	packet->source[0] = join(read32(header, IPV4_SOURCE), 0);
	return DROP53_REASON_PORT53;
}

ALWAYS_INLINE int parse_straight_ipv6(const void *header, const void *end, struct packet *packet)
{
	__u8 protocol;

	if ((const __u8 *)header + IPV6_HEADER + PORTS > (const __u8 *)end)
		return DROP53_ODD;
	if (read8(header, 0) >> 4 != 6)
		return DROP53_ODD;
	protocol = read8(header, 6);
	if (protocol != NEXT_UDP && protocol != NEXT_TCP)
		return is_extension(protocol) ? DROP53_ODD : DROP53_REASON_OTHER;
	if (read16(header, IPV6_HEADER + 2) != wire16(DROP53_PORT))
		return DROP53_REASON_OTHER;
	packet->kind.family = DROP53_FAMILY_IPV6;
	packet->kind.protocol = transport(protocol);
	packet->source[0] = join(read32(header, IPV6_SOURCE), read32(header, IPV6_SOURCE + 4));
	packet->source[1] = join(read32(header, IPV6_SOURCE + 8), read32(header, IPV6_SOURCE + 12));
	return DROP53_REASON_PORT53;
}

ALWAYS_INLINE int parse_straight(struct xdp_md *ctx, struct packet *packet)
{
	const void *data = frame_data(ctx), *end = frame_data_end(ctx), *header;
	__be16 type;

	if ((const __u8 *)data + ETH_HLEN + TAG_LENGTH > (const __u8 *)end)
		return DROP53_ODD;
	packet->kind.l3 = ETH_HLEN;
	header = (const __u8 *)data + ETH_HLEN;
	type = read16(data, 12);
	if (type == wire16(ETH_P_IP))
		return parse_straight_ipv4(header, end, packet);
	if (type == wire16(ETH_P_IPV6))
		return parse_straight_ipv6(header, end, packet);
	if (!is_tag(type))
		return DROP53_REASON_OTHER;

	packet->kind.l3 = ETH_HLEN + TAG_LENGTH;
	header = (const __u8 *)data + ETH_HLEN + TAG_LENGTH;
	type = read16(data, 16);
	if (type == wire16(ETH_P_IP))
		return parse_straight_ipv4(header, end, packet);
	if (type == wire16(ETH_P_IPV6))
		return parse_straight_ipv6(header, end, packet);
	return is_tag(type) ? DROP53_ODD : DROP53_REASON_OTHER;
}

/* Byte @index, 0 to 3, of a word as frame_load32() gives it: in wire order. */
ALWAYS_INLINE __u8 byte_of(__u32 word, int index)
{
	return ((const __u8 *)&word)[index];
}

/* The second half of such a word as a number. */
ALWAYS_INLINE __u16 low_half(__u32 word)
{
	return byte_of(word, 2) << 8 | byte_of(word, 3);
}

/*
 * Walks AH and IPv6's extension headers from @offset on, then looks at the port. An offset grows
 * by at most 2,048 bytes a header: far from overflowing, and checked by each frame_load32().
 * Global, with numbers alone as arguments: verified once, whatever led here. (Written into
 * parse_odd(), Linux 6.1 walks it anew for each number of tags, 400,000 instructions.)
 * Returns a union packet_word's word, of which why and protocol count.
 */
NOT_INLINE __u32 parse_transport(struct xdp_md *ctx, __u32 offset, __u32 family, __u32 protocol)
{
	union packet_word result = {.word = 0};
	struct packet_kind *kind = &result.kind;
	long long word;
	int i;

	for (i = 0; i < DROP53_MAX_EXTENSIONS && is_extension(protocol); i++) {
		/* An IPv4 host reads protocol 0, 43, 44 and 60 as nothing that it knows. */
		if (family == DROP53_FAMILY_IPV4 && protocol != NEXT_AH)
			break;
		word = frame_load32(ctx, offset);
		if (word < 0) {
			kind->why = DROP53_REASON_MALFORMED;
			return result.word;
		}
		if (protocol == NEXT_FRAGMENT) {
			/* Eight bytes whatever its second one says: it is reserved, not a length.
			 */
			offset += 8;
			if (low_half(word) & FRAGMENT6_MASK) {
				kind->protocol = transport(byte_of(word, 0));
				kind->why = DROP53_REASON_FRAGMENT;
				return result.word;
			}
		} else if (protocol == NEXT_AH) {
			offset += (byte_of(word, 1) + 2) * 4;
		} else {
			offset += (byte_of(word, 1) + 1) * 8;
		}
		protocol = byte_of(word, 0);
	}
	if (is_extension(protocol) && (family == DROP53_FAMILY_IPV6 || protocol == NEXT_AH)) {
		kind->why = DROP53_REASON_TOO_DEEP;
		return result.word;
	}
	kind->protocol = transport(protocol);
	if (kind->protocol == DROP53_PROTOCOL_NONE) {
		kind->why = DROP53_REASON_OTHER;
		return result.word;
	}
	word = frame_load32(ctx, offset);
	kind->why = word < 0			    ? DROP53_REASON_MALFORMED
		    : low_half(word) == DROP53_PORT ? DROP53_REASON_PORT53
						    : DROP53_REASON_OTHER;
	return result.word;
}

/* The same for what follows the IP header of @kind. */
ALWAYS_INLINE void parse_payload(struct xdp_md *ctx, struct packet_kind *kind, __u32 length,
				 __u8 protocol)
{
	union packet_word payload = {
		.word = parse_transport(ctx, kind->l3 + length, kind->family, protocol)};

	kind->why = payload.kind.why;
	kind->protocol = payload.kind.protocol;
}

ALWAYS_INLINE void parse_ipv4(struct xdp_md *ctx, struct packet_kind *kind)
{
	long long first, fragment, ttl, last;
	__u32 length;

	first = frame_load32(ctx, kind->l3);
	kind->why = DROP53_REASON_MALFORMED;
	if (first < 0 || byte_of(first, 0) >> 4 != 4)
		return;
	length = (byte_of(first, 0) & 0xf) * 4;
	if (length < IPV4_MIN_HEADER)
		return;
	last = frame_load32(ctx, kind->l3 + length - 4);
	if (last < 0)
		return;
	fragment = frame_load32(ctx, kind->l3 + IPV4_FRAGMENT);
	ttl = frame_load32(ctx, kind->l3 + IPV4_TTL_PROTOCOL);
	if (fragment < 0 || ttl < 0)
		return;
	if (low_half(fragment) & FRAGMENT_OFFSET) {
		kind->protocol = transport(byte_of(ttl, 1));
		kind->why = DROP53_REASON_FRAGMENT;
		return;
	}
	parse_payload(ctx, kind, length, byte_of(ttl, 1));
}

ALWAYS_INLINE void parse_ipv6(struct xdp_md *ctx, struct packet_kind *kind)
{
	long long first, next, last;

	first = frame_load32(ctx, kind->l3);
	next = frame_load32(ctx, kind->l3 + IPV6_LENGTH_NEXT);
	last = frame_load32(ctx, kind->l3 + IPV6_HEADER - 4);
	kind->why = DROP53_REASON_MALFORMED;
	if (first < 0 || next < 0 || last < 0 || byte_of(first, 0) >> 4 != 6)
		return;
	parse_payload(ctx, kind, IPV6_HEADER, byte_of(next, 2));
}

/*
 * Everything that is not straight, from the frame's first byte on.
 * Returns a union packet_word's word.
 */
NOT_INLINE __u32 parse_odd(struct xdp_md *ctx)
{
	union packet_word result = {.word = 0};
	__u32 offset = ETH_HLEN - 4; /* the word whose second half is the EtherType */
	long long word;
	__be16 type;
	int tags;

	for (tags = 0;; tags++) {
		word = frame_load32(ctx, offset);
		if (word < 0) {
			result.kind.why = DROP53_REASON_MALFORMED;
			return result.word;
		}
		offset += TAG_LENGTH;
		type = wire16(low_half(word));
		if (!is_tag(type))
			break;
		if (tags == DROP53_MAX_TAGS) {
			result.kind.why = DROP53_REASON_TOO_DEEP;
			return result.word;
		}
	}
	result.kind.l3 = offset;
	if (type == wire16(ETH_P_IP)) {
		result.kind.family = DROP53_FAMILY_IPV4;
		parse_ipv4(ctx, &result.kind);
	} else if (type == wire16(ETH_P_IPV6)) {
		result.kind.family = DROP53_FAMILY_IPV6;
		parse_ipv6(ctx, &result.kind);
	} else {
		result.kind.why = DROP53_REASON_OTHER;
	}
	return result.word;
}

/*
 * The address at @offset in the IP header of @kind, as in struct packet. False where the frame has
 * no such header or ends before it; @address is then undefined.
 */
ALWAYS_INLINE int load_address(struct xdp_md *ctx, const struct packet_kind *kind,
			       __u32 ipv4_offset, __u32 ipv6_offset, __u64 address[2])
{
	long long first, second, third, fourth;

	if (kind->family == DROP53_FAMILY_IPV4) {
		first = frame_load32(ctx, kind->l3 + ipv4_offset);
		address[0] = join(first, 0);
		address[1] = 0;
		return first >= 0;
	}
	if (kind->family != DROP53_FAMILY_IPV6)
		return 0;
	first = frame_load32(ctx, kind->l3 + ipv6_offset);
	second = frame_load32(ctx, kind->l3 + ipv6_offset + 4);
	third = frame_load32(ctx, kind->l3 + ipv6_offset + 8);
	fourth = frame_load32(ctx, kind->l3 + ipv6_offset + 12);
	address[0] = join(first, second);
	address[1] = join(third, fourth);
	return first >= 0 && second >= 0 && third >= 0 && fourth >= 0;
}

/*
 * The parser. @packet must be all zero.
 * Returns the reason: OTHER for ordinary traffic (the rest of @packet is then undefined), PORT53
 * for what the allow-list and the scope have yet to judge, else a final one. The source is there
 * for PORT53, and for TOO_DEEP if the family is not NONE: the parser has seen the whole header.
 */
ALWAYS_INLINE int parse_packet(struct xdp_md *ctx, struct packet *packet)
{
	union packet_word odd;
	int why;

	why = parse_straight(ctx, packet);
	if (why != DROP53_ODD) {
		packet->kind.why = why;
		return why;
	}
	odd.word = parse_odd(ctx);
	packet->kind = odd.kind;
	if (odd.kind.why == DROP53_REASON_PORT53 || odd.kind.why == DROP53_REASON_TOO_DEEP)
		load_address(ctx, &odd.kind, IPV4_SOURCE, IPV6_SOURCE, packet->source);
	return odd.kind.why;
}

#endif
