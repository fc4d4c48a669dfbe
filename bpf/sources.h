/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dropped and allowed packets by source, each on an account of its own: while the allow-list is
 * empty all of this is the drops'. The aim: a source that is in the table costs two cache lines,
 * one that is not and never will be, as in a flood from forged addresses, sixteen bytes that stay
 * in the L2 cache; and nothing is ever lost, for what no slot holds is `untracked`.
 *
 * Pressure: a newcomer to a set with a free slot takes it. In a full set it takes the least
 * counted slot, but only one time in DROP53_ADMIT_ONE_IN: a one-off source mostly touches no slot
 * and evicts nobody, while a source worth listing is in after some sixteen packets.
 */
#ifndef DROP53_SOURCES_H
#define DROP53_SOURCES_H

#include "maps.h"
#include "parse.h"

#define TAG(entry)    ((entry) >> DROP53_WEIGHT_BITS)
#define WEIGHT(entry) ((entry) & ((1 << DROP53_WEIGHT_BITS) - 1))
#define TAG_BITS      (16 - DROP53_WEIGHT_BITS)

/* What is being counted, and where. */
struct counted {
	__u64 address[2]; /* as the key: cut to --source-len */
	__u32 family;
	__u32 account; /* enum drop53_account */
	__u32 owner;   /* of the slot, as in its state */
	__u32 tcp;     /* 0 or 1 */
	__u64 bytes;
	__u64 now;
	__u32 epoch; /* the current one, */
	__u32 zero;  /* and the one before which everything counts as nothing */
};

/*
 * A keyed hash in two multiplications (IPv4) or four (IPv6): multilinear, with random keys, so
 * that two addresses meet by chance alone (Lemire and Kaser, "Strongly universal string hashing is
 * fast", 2014), and a last mix because both halves of the result are used.
 */
static __always_inline __u64 hash_address(const struct counted *what)
{
	__u64 hash = config.hash_key[0];

	hash += (__u32)what->address[0] * config.hash_key[1];
	if (what->family == DROP53_FAMILY_IPV6) {
		hash += (what->address[0] >> 32) * config.hash_key[2];
		hash += (__u32)what->address[1] * config.hash_key[3];
		hash += (what->address[1] >> 32) * config.hash_key[4];
	}
	hash ^= hash >> 32;
	return hash * config.hash_key[5];
}

/* A tag is never 0, which is a free slot's. */
static __always_inline __u16 hash_tag(__u64 hash)
{
	__u16 tag = hash >> 32 & ((1 << TAG_BITS) - 1);

	return (tag ? tag : 1) << DROP53_WEIGHT_BITS;
}

static __always_inline struct drop53_source *slot_of(__u32 set, __u32 way)
{
	__u32 index = set * DROP53_WAYS + way;

	return bpf_map_lookup_elem(&sources, &index);
}

static __always_inline void count_untracked(struct drop53_cpu *own, const struct counted *what,
					    __u32 account, __u64 packets, __u64 bytes)
{
	if (own->epoch < what->zero) {
		own->untracked[DROP53_ACCOUNT_DROPPED] = (struct drop53_count){};
		own->untracked[DROP53_ACCOUNT_ALLOWED] = (struct drop53_count){};
		own->epoch = what->epoch;
	}
	account &= DROP53_ACCOUNT__N - 1;
	own->untracked[account].packets += packets;
	own->untracked[account].bytes += bytes;
}

/* Lehmer's generator on the CPU's own line; its upper bits are good enough to toss a coin with. */
static __always_inline int admitted(struct drop53_cpu *own)
{
	own->random = own->random * 1664525u + 1013904223u;
	return own->random < 0xffffffffu / DROP53_ADMIT_ONE_IN;
}

static __always_inline int holds(const struct drop53_source *slot, const struct counted *what)
{
	return slot->address[0] == what->address[0] && slot->address[1] == what->address[1] &&
	       (slot->state & DROP53_STATE_OWNER) == what->owner && slot->epoch == what->epoch;
}

/* Counts into the slot that holds the source; keeps its weight in the set up to date. */
static __always_inline void count_in(struct drop53_source *slot, __u16 *entry,
				     const struct counted *what)
{
	__u64 packets = slot->packets + 1;

	slot->packets = packets;
	slot->bytes += what->bytes;
	slot->tcp_packets += what->tcp;
	slot->last_seen = what->now;
	if (!(packets & (packets - 1)) && WEIGHT(*entry) < (1 << DROP53_WEIGHT_BITS) - 1)
		*entry += 1;
}

/*
 * Gives the slot to a new source. The locked additions order the stores around them on x86; where
 * they do not, readers wait for a grace period instead (loader/lib/slots.c).
 */
static __always_inline void take_over(struct drop53_source *slot, struct drop53_cpu *own,
				      const struct counted *what)
{
	if (slot->packets && slot->epoch >= what->zero)
		count_untracked(own, what, drop53_account(slot->state), slot->packets, slot->bytes);
	__sync_fetch_and_add(&slot->state, DROP53_STATE_STEP);
	slot->packets = 1;
	slot->bytes = what->bytes;
	slot->tcp_packets = what->tcp;
	slot->first_seen = what->now;
	slot->last_seen = what->now;
	slot->address[0] = what->address[0];
	slot->address[1] = what->address[1];
	slot->epoch = what->epoch;
	/* The old owner goes and the new one comes by addition too: no other store may pass. */
	__sync_fetch_and_add(&slot->state,
			     DROP53_STATE_STEP + what->owner - (slot->state & DROP53_STATE_OWNER));
}

static __always_inline void empty_set(struct drop53_set *set, __u16 epoch)
{
	int way;

	for (way = 0; way < DROP53_WAYS; way++)
		set->tag[way] = 0;
	set->epoch = epoch;
}

/* The least counted way of a full set. */
static __always_inline __u32 least_way(const struct drop53_set *set)
{
	__u32 least = ~0u, best = 0, way, weight;

	for (way = 0; way < DROP53_WAYS; way++) {
		weight = WEIGHT(set->tag[way]);
		if (weight < least) {
			least = weight;
			best = way;
		}
	}
	return best;
}

/* The first free way. Sets fill up in order and empty as a whole. */
static __always_inline __u32 free_way(const struct drop53_set *set)
{
	__u32 way;

	for (way = 0; way < DROP53_WAYS - 1; way++)
		if (!set->tag[way])
			break;
	return way;
}

static __always_inline void count_newcomer(struct drop53_set *set, __u32 index, __u16 tag,
					   struct drop53_cpu *own, const struct counted *what)
{
	int full = set->tag[DROP53_WAYS - 1];
	struct drop53_source *slot;
	__u32 way;

	/* The coin first: under a flood nearly every packet ends here. */
	if (full && !admitted(own)) {
		count_untracked(own, what, what->account, 1, what->bytes);
		return;
	}
	way = full ? least_way(set) : free_way(set);
	slot = slot_of(index, way);
	if (!slot || way >= DROP53_WAYS) {
		count_untracked(own, what, what->account, 1, what->bytes);
		return;
	}
	take_over(slot, own, what);
	set->tag[way] = tag;
}

static __always_inline void count_in_set(const struct counted *what, __u32 cpu,
					 struct drop53_cpu *own)
{
	__u64 hash = hash_address(what);
	__u16 tag = hash_tag(hash);
	__u32 among = drop53_sets(config.sets, what->account);
	__u32 index = cpu * config.sets + (__u32)((hash >> 32) * among >> 32), way;
	struct drop53_set *set = bpf_map_lookup_elem(&tags, &index);
	struct drop53_source *slot;

	if (!set || !config.sets) { /* loaded by a stranger, who knows nothing of CPUs */
		count_untracked(own, what, what->account, 1, what->bytes);
		return;
	}
	if (set->epoch != (__u16)what->epoch)
		empty_set(set, what->epoch);
	for (way = 0; way < DROP53_WAYS; way++) {
		if (TAG(set->tag[way] ^ tag))
			continue;
		slot = slot_of(index, way);
		if (slot && holds(slot, what)) {
			count_in(slot, &set->tag[way], what);
			return;
		}
	}
	count_newcomer(set, index, tag, own, what);
}

/* Adds a packet to its source's slot, or to `untracked`: never to neither, never to both. */
static __always_inline void count_source(const struct packet *packet, __u32 account, __u32 cpu,
					 __u64 bytes, __u64 now, __u64 epochs)
{
	struct drop53_cpu *own = bpf_map_lookup_elem(&cpus, &cpu);
	struct counted what = {
		.family = packet->kind.family,
		.account = account,
		.owner = drop53_owner(packet->kind.family, account),
		.tcp = packet->kind.protocol == DROP53_PROTOCOL_TCP,
		.bytes = bytes,
		.now = now,
		.epoch = epochs,
		.zero = epochs >> 32,
	};

	if (!own)
		return;
	/* Each family by name: the verifier does not follow an index into the masks. */
	if (what.family == DROP53_FAMILY_IPV4) {
		what.address[0] = packet->source[0] & config.source_mask[DROP53_FAMILY_IPV4][0];
	} else if (what.family == DROP53_FAMILY_IPV6) {
		what.address[0] = packet->source[0] & config.source_mask[DROP53_FAMILY_IPV6][0];
		what.address[1] = packet->source[1] & config.source_mask[DROP53_FAMILY_IPV6][1];
	} else {
		count_untracked(own, &what, account, 1, bytes);
		return;
	}
	count_in_set(&what, cpu, own);
}

#endif
