/* SPDX-License-Identifier: GPL-2.0-only */
/* From a packet's addresses to a reason: is the source allowed, is the destination this host? */
#ifndef DROP53_ALLOW_H
#define DROP53_ALLOW_H

#include "forget.h"
#include "maps.h"
#include "parse.h"
#include "set.h"

#define READ_ONCE(word) (*(const volatile __typeof__(word) *)&(word))

static __always_inline struct set_pages set_in(__u32 slot)
{
	return (struct set_pages){
		.roots = &settings.address_set[slot & (DROP53_SETS__N - 1)].roots,
		.map = &sets,
		.first = slot << SET_PAGE_SHIFT,
		.skew = settings.line_skew & (SET_LINE - 1),
	};
}

/* @address: as it lies in memory, in network byte order; IPv4 in its first four bytes */
static __always_inline int look_up(__u32 slot, __u32 family, const __u64 address[2])
{
	struct set_pages set = set_in(slot);

	if (family == DROP53_FAMILY_IPV4)
		return set_contains4(&set, address[0]);
	return set_contains6(&set, address[0], address[1]);
}

/*
 * Whether a set has addresses of the family: an empty one is not looked at.
 * @word: one of settings' DROP53_SET_* words, read once, so that a packet sees one list
 */
static __always_inline int has_any(__u32 word, __u32 family)
{
	return word & (family == DROP53_FAMILY_IPV4 ? DROP53_SET_IPV4 : DROP53_SET_IPV6);
}

/*
 * Written into the program, for a call takes as long as the walk of a small list. What the verifier
 * knows of the packet it forgets, to go through the walk once for all kinds, and once from its many
 * ends on.
 */
static __always_inline int is_allowed(struct packet *packet)
{
	union packet_word kind = {.kind = packet->kind};
	__u64 unknown = READ_ONCE(settings.epochs);
	__u32 word = READ_ONCE(settings.allow);

	if (!has_any(word, packet->kind.family))
		return 0;
	kind.word = forget(kind.word, unknown);
	packet->kind = kind.kind;
	packet->source[0] = forget(packet->source[0], unknown);
	packet->source[1] = forget(packet->source[1], unknown);
	return forget(look_up(DROP53_SETS_ALLOW + (word & DROP53_SET_INDEX), packet->kind.family,
			      packet->source),
		      unknown) &
	       1;
}

/*
 * 1 if Linux would deliver the destination here: the routing table `local`, multicast and
 * 255.255.255.255. Global and out of line: only --scope local pays for it.
 */
__noinline int is_local(struct xdp_md *ctx, __u32 l3, __u32 family)
{
	struct packet_kind kind = {.family = family, .l3 = l3};
	__u64 target[2];
	__u32 word;
	__u8 first;

	if (!load_address(ctx, &kind, IPV4_TARGET, IPV6_TARGET, target))
		return 1;
	first = ((const __u8 *)target)[0];
	if (family == DROP53_FAMILY_IPV6 && first == 0xff)
		return 1;
	if (family == DROP53_FAMILY_IPV4 && (first >> 4 == 0xe || target[0] == join(~0u, 0)))
		return 1;
	word = READ_ONCE(settings.local);
	return has_any(word, family) &&
	       look_up(DROP53_SETS_LOCAL + (word & DROP53_SET_INDEX), family, target);
}

/* Turns the parser's PORT53 into the final reason; TOO_DEEP is only told from traffic in transit.
 */
static __always_inline int check_allow_list(struct xdp_md *ctx, struct packet *packet)
{
	int allowed = DROP53_REASON_ALLOWED;

	if (packet->kind.why == DROP53_REASON_PORT53 && is_allowed(packet)) {
		/* A branch, and no sum of the answer: what follows need not wait for memory. */
		asm volatile("" : "+r"(allowed));
		return allowed;
	}
	if (settings.scope == DROP53_SCOPE_LOCAL && packet->kind.family != DROP53_FAMILY_NONE &&
	    (packet->kind.why == DROP53_REASON_PORT53 ||
	     packet->kind.why == DROP53_REASON_TOO_DEEP) &&
	    !is_local(ctx, packet->kind.l3, packet->kind.family))
		return DROP53_REASON_NOT_LOCAL;
	return packet->kind.why;
}

#endif
