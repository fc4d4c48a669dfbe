/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract between the program in bpf/ and the loader: every word, map value and setting that
 * both sides know is declared here, once.
 *
 * Integers are in host byte order unless a comment says otherwise; addresses are kept as they are
 * on the wire (network byte order). Times are in jiffies (bpf_jiffies64), see struct
 * drop53_settings.
 */
#ifndef DROP53_H
#define DROP53_H

#include <linux/types.h>

#include "set_layout.h"

/* Changes whenever a map's layout or meaning does: an upgrade over another number is refused. */
#define DROP53_ABI  2

#define DROP53_PORT 53

/* Words, in the order of their enum: X(NAME, "json and metric word"). */
#define DROP53_POLICIES(X)    \
	X(ENFORCE, "enforce") \
	X(MONITOR, "monitor")
#define DROP53_SCOPES(X) \
	X(ANY, "any")    \
	X(LOCAL, "local")
#define DROP53_FAMILIES(X) \
	X(NONE, "none")    \
	X(IPV4, "ipv4")    \
	X(IPV6, "ipv6")
#define DROP53_PROTOCOLS(X) \
	X(NONE, "none")     \
	X(UDP, "udp")       \
	X(TCP, "tcp")
#define DROP53_VERDICTS(X) \
	X(PASS, "pass")    \
	X(DROP, "drop")    \
	X(WOULD_DROP, "would_drop")

/*
 * Why a packet was judged as it was: X(NAME, "word", meaning for a person). OTHER is ordinary
 * traffic; it is first, and no counter ever holds it.
 */
#define DROP53_REASONS(X)                                                                \
	X(OTHER, "other", "not port-53 traffic")                                         \
	X(PORT53, "port53", "UDP or TCP to port 53")                                     \
	X(ALLOWED, "allowed", "the source is in the allow-list")                         \
	X(NOT_LOCAL, "not_local", "the destination is not one of this host's addresses") \
	X(FRAGMENT, "fragment", "a later fragment: it has no port")                      \
	X(MALFORMED, "malformed", "the headers are broken or end too early")             \
	X(TOO_DEEP, "too_deep", "the headers are nested past the parser's limit")

/*
 * What is counted: every reason together with each verdict that it can get. The verdict and the
 * counter both come from the index into this list, so they cannot disagree.
 * X(REASON, VERDICT)
 */
#define DROP53_OUTCOMES(X)      \
	X(PORT53, DROP)         \
	X(PORT53, WOULD_DROP)   \
	X(TOO_DEEP, DROP)       \
	X(TOO_DEEP, WOULD_DROP) \
	X(ALLOWED, PASS)        \
	X(NOT_LOCAL, PASS)      \
	X(FRAGMENT, PASS)       \
	X(MALFORMED, PASS)

#define DROP53_ENUM_POLICY(name, word)	     DROP53_POLICY_##name,
#define DROP53_ENUM_SCOPE(name, word)	     DROP53_SCOPE_##name,
#define DROP53_ENUM_FAMILY(name, word)	     DROP53_FAMILY_##name,
#define DROP53_ENUM_PROTOCOL(name, word)     DROP53_PROTOCOL_##name,
#define DROP53_ENUM_VERDICT(name, word)	     DROP53_VERDICT_##name,
#define DROP53_ENUM_REASON(name, word, why)  DROP53_REASON_##name,
#define DROP53_ENUM_OUTCOME(reason, verdict) DROP53_OUTCOME_##reason##_##verdict,
enum drop53_policy { DROP53_POLICIES(DROP53_ENUM_POLICY) DROP53_POLICY__N };
enum drop53_scope { DROP53_SCOPES(DROP53_ENUM_SCOPE) DROP53_SCOPE__N };
enum drop53_family { DROP53_FAMILIES(DROP53_ENUM_FAMILY) DROP53_FAMILY__N };
enum drop53_protocol { DROP53_PROTOCOLS(DROP53_ENUM_PROTOCOL) DROP53_PROTOCOL__N };
enum drop53_verdict { DROP53_VERDICTS(DROP53_ENUM_VERDICT) DROP53_VERDICT__N };
enum drop53_reason { DROP53_REASONS(DROP53_ENUM_REASON) DROP53_REASON__N };
enum drop53_outcome { DROP53_OUTCOMES(DROP53_ENUM_OUTCOME) DROP53_OUTCOME__N };

/* The parser's limits: one header more is `too_deep`. */
#define DROP53_MAX_TAGS	      8	 /* VLAN tags, 0x8100 and 0x88a8 */
#define DROP53_MAX_EXTENSIONS 16 /* IPv6 extension headers, and AH under IPv4 */

#define DROP53_LINE	      64 /* bytes in a cache line: what one packet writes shares none with others */

struct drop53_count {
	__u64 packets;
	__u64 bytes; /* the frame as XDP sees it: Ethernet header and padding, no FCS */
};

/* ---- Counters: map `counters`, one block for each CPU and interface slot ---- */

#define DROP53_CELLS (DROP53_OUTCOME__N * DROP53_FAMILY__N * DROP53_PROTOCOL__N)

static inline __attribute__((always_inline)) __u32 drop53_cell(__u32 outcome, __u32 family,
							       __u32 protocol)
{
	return (outcome * DROP53_FAMILY__N + family) * DROP53_PROTOCOL__N + protocol;
}

/*
 * Written by the CPU that owns it alone. Index: cpu * config.interfaces + interface slot. A block
 * whose epoch is older than settings' zero epoch counts as zero.
 */
struct drop53_counters {
	__u32 epoch;
	__u32 reserved[15];
	struct drop53_count cell[DROP53_CELLS];
} __attribute__((aligned(DROP53_LINE)));

/* ---- Sources: maps `tags` and `sources` ---- */

/*
 * The table is split by CPU, and each CPU's part into sets of seven. A set's `tags` line tells
 * which of its seven slots in `sources` may hold an address, and how heavy each is, so that a
 * packet from a source that is not in the table touches 16 bytes and no slot.
 *
 * A tag is 11 bits of the address' hash (never 0) above 5 bits of weight, the slot's packets as a
 * power of two; 0 is a free slot. A set whose epoch is not the current one's low bits is empty.
 */
#define DROP53_WAYS	   7
#define DROP53_WEIGHT_BITS 5
struct drop53_set {
	__u16 epoch;
	__u16 tag[DROP53_WAYS];
};

/* A newcomer to a full set takes its least-counted slot one time in this many: bpf/sources.h. */
#define DROP53_ADMIT_ONE_IN 16

/*
 * Written by the CPU that owns it alone.
 *   index: (cpu * config.sets + set) * DROP53_WAYS + way
 */
struct drop53_source {
	__u64 address[2]; /* network byte order; IPv4 in the first four bytes, the rest zero */
	/*
	 * The owner in the low byte, above it a sequence number that is odd while the slot
	 * changes hands: a reader keeps a copy only if it lay between two equal, even ones.
	 */
	__u32 state;
	__u32 epoch;
	__u64 packets; /* 0: never used */
	__u64 bytes;
	__u64 tcp_packets; /* UDP's are packets - tcp_packets */
	__u64 first_seen;  /* jiffies */
	__u64 last_seen;
} __attribute__((aligned(DROP53_LINE)));

#define DROP53_STATE_OWNER  0xffu /* family, and above it the account */
#define DROP53_STATE_FAMILY 0x7fu
#define DROP53_STATE_STEP   0x100u /* added before and after a change of hands */

/*
 * Dropped and allowed packets of one source are two owners of slots: the table is one, so that the
 * allowed ones cost no memory until there are some.
 */
enum drop53_account { DROP53_ACCOUNT_DROPPED, DROP53_ACCOUNT_ALLOWED, DROP53_ACCOUNT__N };

/*
 * Of a CPU's sets those that an account's sources lie in. The allowed ones keep to the first: the
 * 16 KiB of their tags stay in the L1 cache, where the allow-list fills the L2.
 */
#define DROP53_ALLOWED_SETS 1024
static inline __attribute__((always_inline)) __u32 drop53_sets(__u32 sets, __u32 account)
{
	return account == DROP53_ACCOUNT_ALLOWED && sets > DROP53_ALLOWED_SETS ? DROP53_ALLOWED_SETS
									       : sets;
}

static inline __attribute__((always_inline)) __u32 drop53_owner(__u32 family, __u32 account)
{
	return account << 7 | family;
}

static inline __attribute__((always_inline)) __u32 drop53_account(__u32 state)
{
	return state >> 7 & 1;
}

/* What no slot holds: map `cpus`, one a CPU, written by that CPU alone. */
struct drop53_cpu {
	struct drop53_count untracked[DROP53_ACCOUNT__N];
	__u32 epoch;
	__u32 random; /* state of the generator that decides on admission; not zero */
	__u32 reserved[6];
} __attribute__((aligned(DROP53_LINE)));

/* ---- Configuration: fixed when the program is loaded, in .rodata ---- */

struct drop53_config {
	__u32 frags; /* the kernel has multi-buffer frames and bpf_xdp_load_bytes (5.18) */
	/* Interface slots in `counters`: a power of two, and one more for what has no other. */
	__u32 interfaces;
	__u32 sets; /* sets of sources a CPU; 0: none are kept */
	__u32 reserved;
	/* By family, network byte order: what of an address makes a source (--source-len). */
	__u64 source_mask[DROP53_FAMILY__N][2];
	__u64 hash_key[6]; /* random: an attacker cannot aim at a set */
};

/* ---- Settings: what may change while packets arrive ---- */

#define DROP53_MAX_INTERFACES 64
#define DROP53_IFNAME	      16
#define DROP53_PATH	      256

/* Which of `sets`' pairs is in force, in one word so that one store switches. */
#define DROP53_SET_INDEX 1u /* bit 0: the slot of the pair */
#define DROP53_SET_IPV4	 2u /* some IPv4 address is in the set: else it is not even looked at */
#define DROP53_SET_IPV6	 4u

/* Slots of the map-of-maps `sets`, of SET_MAX_PAGES pages each (set_layout.h). */
#define DROP53_SETS_ALLOW 0 /* and 1 */
#define DROP53_SETS_LOCAL 2 /* and 3 */
#define DROP53_SETS__N	  4
/* Behind the pages of all slots is one, always blank, that no packet asks for. */
#define DROP53_SPARE_PAGE (DROP53_SETS__N << SET_PAGE_SHIFT)

/* Of a slot. The roots lie here to save the program a look-up, and change when the pages do. */
struct drop53_address_set {
	struct set_roots roots;
	__u32 pages; /* for user space alone: how many the slot may hold */
	__u32 reserved[5];
} __attribute__((aligned(DROP53_LINE)));

struct drop53_interface {
	__u32 ifindex; /* 0: free */
	/* XDP_FLAGS_DRV_MODE or XDP_FLAGS_SKB_MODE of <linux/if_link.h>; 0: detached, its counts
	 * stay */
	__u32 mode;
	__u64 since;		  /* CLOCK_REALTIME, nanoseconds */
	char name[DROP53_IFNAME]; /* when it was attached; it may have been renamed since */
	__u32 program_id;
	__u32 frags; /* 1: it is the program for frames of several buffers */
};

/*
 * One record, mapped by user space, which changes single aligned words of it. All zero is a safe
 * default: an object loaded by somebody else's loader drops port 53 from everybody.
 */
struct drop53_settings {
	__u32 policy; /* enum drop53_policy */
	__u32 scope;  /* enum drop53_scope */
	/*
	 * `reset` moves the current epoch on. Slots of an older one count as `untracked`, and
	 * everything older than the zero epoch counts as nothing. Both in one word: current in
	 * the low half, zero in the high.
	 */
	__u64 epochs;
	__u32 allow; /* DROP53_SET_* */
	__u32 local; /* DROP53_SET_* */
	/* From this jiffy on `fallback` is the policy, whatever `policy` says; 0: never. */
	__u64 fallback_at;
	__u32 fallback;
	__u32 line_skew; /* bytes from the start of a page of `sets` to its first cache line */
	__u32 reserved[4];

	/* The interface in slot i; a slot is looked for from ifindex % (config.interfaces - 1) on.
	 */
	__u32 ifindex[DROP53_MAX_INTERFACES];
	struct drop53_address_set address_set[DROP53_SETS__N];

	/* From here on for user space alone. */
	__u32 abi;
	__u32 reserved_user;
	__u64 netns; /* inode of the network namespace that the ifindexes belong to */
	/* The same instant on both clocks, taken at load. One jiffy lasts tick_ns. */
	__u64 anchor_jiffies;
	__u64 anchor_monotonic_ns;
	__u64 tick_ns;
	/* The file that a running `drop53 run` takes the allow-list from, or empty. */
	char list_file[DROP53_PATH];
	struct drop53_config config; /* as the program was loaded with */
	__u32 cpus;		     /* possible CPUs, that the tables are split by */
	__u32 reserved_end;
	struct drop53_interface interface[DROP53_MAX_INTERFACES];
	/* What interfaces had counted that gave their slot to another one. */
	struct drop53_count retired[DROP53_CELLS];
} __attribute__((aligned(DROP53_LINE)));

_Static_assert(sizeof(struct drop53_set) == 16, "four sets a line");
_Static_assert(sizeof(struct drop53_source) == DROP53_LINE, "a slot is one line");
_Static_assert(sizeof(struct drop53_cpu) == DROP53_LINE, "a CPU's own line");
_Static_assert(sizeof(struct drop53_counters) % DROP53_LINE == 0, "blocks share no line");
_Static_assert(DROP53_OUTCOME__N < 256 && DROP53_REASON__N < 256, "fit a byte");

#endif
