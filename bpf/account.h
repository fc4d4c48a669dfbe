/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdict and its accounting. Verdict and counter come from one value, the outcome, so they
 * cannot disagree. Everything that is written here lies in lines of this CPU alone: XDP runs with
 * bottom halves disabled, so no other packet's program can come between (see docs/DESIGN.md for
 * kernels with PREEMPT_RT).
 */
#ifndef DROP53_ACCOUNT_H
#define DROP53_ACCOUNT_H

#include "forget.h"
#include "maps.h"
#include "parse.h"
#include "sources.h"

/* What became of a packet, for the accounts. */
struct outcome {
	__u8 index;  /* enum drop53_outcome */
	__u8 action; /* enum xdp_action */
	__u8 source; /* which account its source has for it; NO_SOURCE */
};

#define NO_SOURCE	  DROP53_ACCOUNT__N

#define ACTION_PASS	  XDP_PASS
#define ACTION_DROP	  XDP_DROP
#define ACTION_WOULD_DROP XDP_PASS
#define OUTCOME(why, what, source)                                   \
	{                                                            \
		DROP53_OUTCOME_##why##_##what, ACTION_##what, source \
	}
#define DROPPED(why)                                                     \
	{                                                                \
		OUTCOME(why, DROP, DROP53_ACCOUNT_DROPPED),              \
			OUTCOME(why, WOULD_DROP, DROP53_ACCOUNT_DROPPED) \
	}
#define PASSED(why, source)                                            \
	{                                                              \
		OUTCOME(why, PASS, source), OUTCOME(why, PASS, source) \
	}

/*
 * The one table from reason and policy (enforce, monitor) to verdict, action and counter. A power
 * of two, so that a mask is all the verifier has to know of the reason.
 */
#define OUTCOMES 8
_Static_assert(DROP53_REASON__N <= OUTCOMES, "a row for each reason");
static const struct outcome outcomes[OUTCOMES][DROP53_POLICY__N] = {
	[DROP53_REASON_PORT53] = DROPPED(PORT53),
	[DROP53_REASON_TOO_DEEP] = DROPPED(TOO_DEEP),
	[DROP53_REASON_ALLOWED] = PASSED(ALLOWED, DROP53_ACCOUNT_ALLOWED),
	[DROP53_REASON_NOT_LOCAL] = PASSED(NOT_LOCAL, NO_SOURCE),
	[DROP53_REASON_FRAGMENT] = PASSED(FRAGMENT, NO_SOURCE),
	[DROP53_REASON_MALFORMED] = PASSED(MALFORMED, NO_SOURCE),
};

/* The policy in force: a trial (`policy ... --confirm`) ends by itself, with nobody to end it. */
static __always_inline __u32 policy_now(__u64 now)
{
	__u64 until = settings.fallback_at;

	return until && now >= until ? settings.fallback : settings.policy;
}

/* The slot of the interface in `counters`; the last one for an interface that has none. */
static __always_inline __u32 interface_slot(__u32 ifindex)
{
	__u32 last = config.interfaces - 1, i, slot;

	for (i = 0; i < DROP53_MAX_INTERFACES && i < last; i++) {
		slot = (ifindex + i) & (last - 1) & (DROP53_MAX_INTERFACES - 1);
		if (settings.ifindex[slot] == ifindex)
			return slot;
		if (!settings.ifindex[slot])
			break;
	}
	return last;
}

static __always_inline void add(struct drop53_count *count, __u64 packets, __u64 bytes)
{
	count->packets += packets;
	count->bytes += bytes;
}

/*
 * Zeroes the block after a reset. Global: its loop is verified once. Written so that clang makes a
 * loop of it and not a call of memset, which BPF has not.
 */
__noinline int clear_counters(__u32 index)
{
	struct drop53_counters *block = bpf_map_lookup_elem(&counters, &index);
	volatile struct drop53_count *cell;
	__u32 i;

	if (!block)
		return 0;
	cell = block->cell;
	for (i = 0; i < DROP53_CELLS; i++) {
		cell[i].packets = 0;
		cell[i].bytes = 0;
	}
	return 1;
}

static __always_inline void count_total(struct xdp_md *ctx, const struct packet *packet,
					__u32 outcome, __u32 cpu, __u64 bytes, __u64 epochs)
{
	__u32 cell = drop53_cell(outcome, packet->kind.family, packet->kind.protocol);
	__u32 index = cpu * config.interfaces + interface_slot(ctx->ingress_ifindex);
	struct drop53_counters *block = bpf_map_lookup_elem(&counters, &index);

	if (!block || cell >= DROP53_CELLS)
		return;
	if (block->epoch < epochs >> 32) {
		clear_counters(index);
		block->epoch = epochs;
	}
	add(&block->cell[cell], 1, bytes);
}

/*
 * Counts the packet under the final reason @why, which is not OTHER, and returns its action.
 * @bytes: the frame's length
 */
static __always_inline int conclude(struct xdp_md *ctx, const struct packet *packet, __u32 why,
				    __u64 bytes)
{
	__u64 now = bpf_jiffies64(), epochs = settings.epochs;
	__u32 cpu = bpf_get_smp_processor_id();
	__u32 policy = policy_now(now);
	struct outcome outcome;

	why = forget(why, now) & (OUTCOMES - 1);
	if (policy >= DROP53_POLICY__N)
		return XDP_DROP;
	outcome = outcomes[why][policy];
	count_total(ctx, packet, outcome.index, cpu, bytes, epochs);
	if (outcome.source != NO_SOURCE)
		count_source(packet, outcome.source, cpu, bytes, now, epochs);
	return outcome.action;
}

#endif
