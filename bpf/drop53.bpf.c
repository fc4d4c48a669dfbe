// SPDX-License-Identifier: GPL-2.0-only
/*
 * drop53: drops inbound port-53 traffic. Entry points only; the includes below are a packet's way
 * through, in order: its headers to a reason, the allow-list's word, the verdict and the accounts.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "config.h"
#include "maps.h"
#include "parse.h"
#include "allow.h"
#include "account.h"

static __always_inline int filter(struct xdp_md *ctx, int several_buffers)
{
	struct packet packet = {};
	int why = parse_packet(ctx, &packet);

	if (why == DROP53_REASON_OTHER)
		return XDP_PASS;
	why = check_allow_list(ctx, &packet);
	return conclude(ctx, &packet, why, frame_length(ctx, several_buffers));
}

/* The same judgement without the accounts: the reason, and the parser's findings beside it. */
static __always_inline int judge(struct xdp_md *ctx)
{
	struct packet packet = {};
	union packet_word result;

	if (parse_packet(ctx, &packet) != DROP53_REASON_OTHER)
		packet.kind.why = check_allow_list(ctx, &packet);
	result.kind = packet.kind;
	return result.word;
}

/* For interfaces whose frames fit into one buffer. */
SEC("xdp")
int drop53(struct xdp_md *ctx)
{
	return filter(ctx, 0);
}

/* For jumbo frames, where the kernel has multi-buffer XDP (5.18). */
SEC("xdp.frags")
int drop53_frags(struct xdp_md *ctx)
{
	return filter(ctx, 1);
}

/* One of these two is loaded, the second where the kernel can. */
SEC("xdp")
int explain(struct xdp_md *ctx)
{
	return judge(ctx);
}

SEC("xdp.frags")
int explain_frags(struct xdp_md *ctx)
{
	return judge(ctx);
}

/* Run once at load: the alignment of a page, what jiffies are on the clock user space knows. */
SEC("xdp")
int anchor(struct xdp_md *ctx __attribute__((unused)))
{
	settings.line_skew = set_pages__skew(&sets, DROP53_SPARE_PAGE, &settings.anchor_jiffies);
	settings.anchor_jiffies = bpf_jiffies64();
	settings.anchor_monotonic_ns = bpf_ktime_get_ns();
	return XDP_PASS;
}

/* Some helpers are for GPL programs only. */
char LICENSE[] SEC("license") = "GPL";
