/* SPDX-License-Identifier: GPL-2.0-only */
/* From a packet's addresses to a reason: is the source allowed, is the destination this host? */
#ifndef DROP53_ALLOW_H
#define DROP53_ALLOW_H

#include "maps.h"
#include "parse.h"
#include "set.h"

/*
 * Looks an address up in the set of slot @slot. Global: verified once for both callers, in a third
 * of the instructions that the program takes with the walk written into it.
 * @high, @low: the address as it lies in memory, in network byte order; IPv4 in @high's first
 *	four bytes
 */
__noinline int look_up(__u64 high, __u64 low, __u32 family, __u32 slot)
{
	__u64 address[2] = {high, low};
	struct set_pages set = {
		.map = &sets,
		.first = slot << SET_PAGE_SHIFT,
		.skew = settings.line_skew & (SET_LINE - 1),
	};

	if (family == DROP53_FAMILY_IPV4)
		return set_contains4(&set, address[0]);
	return set_contains6(&set, (const __be32 *)address);
}

/*
 * @word: one of settings' DROP53_SET_* words, read once, so that a packet sees one list. An empty
 * list is told by its bits, without a look-up.
 */
static __always_inline int in_set(__u32 word, __u32 pair, __u32 family, const __u64 address[2])
{
	if (!(word & (family == DROP53_FAMILY_IPV4 ? DROP53_SET_IPV4 : DROP53_SET_IPV6)))
		return 0;
	return look_up(address[0], address[1], family, pair + (word & DROP53_SET_INDEX));
}

/*
 * 1 if Linux would deliver the destination here: the routing table `local`, multicast and
 * 255.255.255.255. Global and out of line: only --scope local pays for it.
 */
__noinline int is_local(struct xdp_md *ctx, __u32 l3, __u32 family)
{
	struct packet_kind kind = {.family = family, .l3 = l3};
	__u64 target[2];
	__u8 first;

	if (!load_address(ctx, &kind, IPV4_TARGET, IPV6_TARGET, target))
		return 1;
	first = ((const __u8 *)target)[0];
	if (family == DROP53_FAMILY_IPV6 && first == 0xff)
		return 1;
	if (family == DROP53_FAMILY_IPV4 && (first >> 4 == 0xe || target[0] == join(~0u, 0)))
		return 1;
	return in_set(settings.local, DROP53_SETS_LOCAL, family, target);
}

/* Turns the parser's PORT53 into the final reason; TOO_DEEP is only told from traffic in transit.
 */
static __always_inline int check_allow_list(struct xdp_md *ctx, const struct packet *packet)
{
	if (packet->kind.why == DROP53_REASON_PORT53 &&
	    in_set(settings.allow, DROP53_SETS_ALLOW, packet->kind.family, packet->source))
		return DROP53_REASON_ALLOWED;
	if (settings.scope == DROP53_SCOPE_LOCAL && packet->kind.family != DROP53_FAMILY_NONE &&
	    (packet->kind.why == DROP53_REASON_PORT53 ||
	     packet->kind.why == DROP53_REASON_TOO_DEEP) &&
	    !is_local(ctx, packet->kind.l3, packet->kind.family))
		return DROP53_REASON_NOT_LOCAL;
	return packet->kind.why;
}

#endif
