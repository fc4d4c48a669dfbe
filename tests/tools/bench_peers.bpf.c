// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the benchmark compares drop53 with: programs that do nothing, and the filter that most
 * would write, with an LRU_PERCPU_HASH for the counters by source.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PORT	    53
#define SOURCES	    65536
#define VLAN_LENGTH 4

struct count {
	__u64 packets;
	__u64 bytes;
};

struct packet {
	__u32 family; /* 0: not IP */
	__u32 to_port;
	void *source;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, SOURCES);
	__type(key, struct in_addr);
	__type(value, struct count);
} lru_ipv4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, SOURCES);
	__type(key, struct in6_addr);
	__type(value, struct count);
} lru_ipv6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct count);
} lru_total SEC(".maps");

/* One VLAN tag, no IPv4 options, no extension headers: the short cut is its author's, too. */
static __always_inline void parse(void *data, void *end, struct packet *packet)
{
	struct ethhdr *eth = data;
	struct udphdr *udp = NULL;
	struct ipv6hdr *ip6;
	struct iphdr *ip;
	__be16 type;

	if ((void *)(eth + 1) + VLAN_LENGTH > end)
		return;
	type = eth->h_proto;
	data = eth + 1;
	if (type == bpf_htons(ETH_P_8021Q)) {
		type = *(__be16 *)(data + 2);
		data += VLAN_LENGTH;
	}
	ip = data;
	ip6 = data;
	if (type == bpf_htons(ETH_P_IP) && (void *)(ip + 1) <= end) {
		packet->family = 4;
		packet->source = &ip->saddr;
		if (ip->protocol == IPPROTO_UDP || ip->protocol == IPPROTO_TCP)
			udp = (void *)(ip + 1);
	} else if (type == bpf_htons(ETH_P_IPV6) && (void *)(ip6 + 1) <= end) {
		packet->family = 6;
		packet->source = &ip6->saddr;
		if (ip6->nexthdr == IPPROTO_UDP || ip6->nexthdr == IPPROTO_TCP)
			udp = (void *)(ip6 + 1);
	}
	if (udp && (void *)(udp + 1) <= end)
		packet->to_port = bpf_ntohs(udp->dest);
}

static __always_inline void add(struct count *count, __u32 bytes)
{
	count->packets++;
	count->bytes += bytes;
}

static __always_inline void add_source(void *map, const void *key, __u32 bytes)
{
	struct count *count = bpf_map_lookup_elem(map, key);
	struct count first = {1, bytes};

	if (count)
		add(count, bytes);
	else
		bpf_map_update_elem(map, key, &first, BPF_ANY);
}

SEC("xdp")
int lru(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct packet packet = {};
	struct count *total;
	__u32 zero = 0;

	parse(data, end, &packet);
	if (packet.to_port != PORT)
		return XDP_PASS;
	if (packet.family == 4)
		add_source(&lru_ipv4, packet.source, end - data);
	else
		add_source(&lru_ipv6, packet.source, end - data);
	total = bpf_map_lookup_elem(&lru_total, &zero);
	if (total)
		add(total, end - data);
	return XDP_DROP;
}

SEC("xdp")
int pass(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_PASS;
}

SEC("xdp")
int drop(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_DROP;
}

/* The plain port match on the tc hook, where there is no source counter at all. */
SEC("tc")
int tc_drop(struct __sk_buff *skb)
{
	struct packet packet = {};

	parse((void *)(long)skb->data, (void *)(long)skb->data_end, &packet);
	return packet.to_port == PORT ? TC_ACT_SHOT : TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
