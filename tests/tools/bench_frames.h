/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The frames that the benchmark sends: whole, and with the checksums that the peers look at. */
#ifndef BENCH_FRAMES_H
#define BENCH_FRAMES_H

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

struct bench_frame_spec {
	int family; /* 4 or 6 */
	bool tagged;
	bool listed; /* the source is in BENCH_LISTED_IPV4 or _IPV6 */
	int extensions;
	int protocol;
	int source_port, port;
};

struct bench_frame {
	unsigned char data[256];
	unsigned int length;
};

#define BENCH_SOURCE_IPV4	 "10.0.0.1"
#define BENCH_SOURCE_IPV6	 "2001:db8:0:0:ffff:ffff:0:1" /* as bench_traffic.bpf.c draws it */
#define BENCH_LISTED_SOURCE_IPV4 "198.51.100.7"
#define BENCH_LISTED_SOURCE_IPV6 "2001:db8:a::7"
#define BENCH_TARGET_IPV4	 "192.0.2.2"
#define BENCH_TARGET_IPV6	 "2001:db8:53::2"

/* A query for the address of example.com, after the ports: what a resolver is sent all day. */
static const unsigned char bench_query[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0"
					   "\7example\3com\0\0\1\0\1";

static inline unsigned int bench_sum(const void *data, unsigned int length, unsigned int sum)
{
	const unsigned char *byte = data;

	for (unsigned int i = 0; i < length; i++)
		sum += i & 1 ? byte[i] : byte[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static inline void *bench_frame__append(struct bench_frame *frame, const void *data,
					unsigned int length)
{
	void *at = frame->data + frame->length;

	if (data)
		memcpy(at, data, length);
	else
		memset(at, 0, length);
	frame->length += length;
	return at;
}

static inline void bench_frame__ethernet(struct bench_frame *frame,
					 const struct bench_frame_spec *spec)
{
	/* Target and source as the script gives them to both ends of every veth pair. */
	static const unsigned char addresses[] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
	unsigned short type = htons(spec->family == 6 ? ETH_P_IPV6 : ETH_P_IP);
	unsigned short tag[] = {htons(ETH_P_8021Q), htons(7)};

	bench_frame__append(frame, addresses, sizeof(addresses));
	if (spec->tagged)
		bench_frame__append(frame, tag, sizeof(tag));
	bench_frame__append(frame, &type, sizeof(type));
}

static inline struct iphdr *bench_frame__ipv4(struct bench_frame *frame,
					      const struct bench_frame_spec *spec,
					      unsigned int payload)
{
	struct iphdr *ip = bench_frame__append(frame, NULL, sizeof(*ip));

	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = spec->protocol;
	ip->tot_len = htons(sizeof(*ip) + payload);
	inet_pton(AF_INET, spec->listed ? BENCH_LISTED_SOURCE_IPV4 : BENCH_SOURCE_IPV4, &ip->saddr);
	inet_pton(AF_INET, BENCH_TARGET_IPV4, &ip->daddr);
	ip->check = htons(~bench_sum(ip, sizeof(*ip), 0) & 0xffff);
	return ip;
}

/* Destination options of eight bytes each, all padding, before the protocol. */
static inline void bench_frame__ipv6(struct bench_frame *frame, const struct bench_frame_spec *spec,
				     unsigned int payload)
{
	unsigned char padding[] = {IPPROTO_DSTOPTS, 0, 1, 4, 0, 0, 0, 0};
	struct ipv6hdr *ip = bench_frame__append(frame, NULL, sizeof(*ip));

	ip->version = 6;
	ip->hop_limit = 64;
	ip->nexthdr = spec->extensions ? IPPROTO_DSTOPTS : spec->protocol;
	ip->payload_len = htons(spec->extensions * sizeof(padding) + payload);
	inet_pton(AF_INET6, spec->listed ? BENCH_LISTED_SOURCE_IPV6 : BENCH_SOURCE_IPV6,
		  &ip->saddr);
	inet_pton(AF_INET6, BENCH_TARGET_IPV6, &ip->daddr);
	for (int left = spec->extensions; left; left--) {
		if (left == 1)
			padding[0] = spec->protocol;
		bench_frame__append(frame, padding, sizeof(padding));
	}
}

static inline void bench_frame__transport(struct bench_frame *frame,
					  const struct bench_frame_spec *spec)
{
	if (spec->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = bench_frame__append(frame, NULL, sizeof(*tcp));

		tcp->source = htons(spec->source_port);
		tcp->dest = htons(spec->port);
		tcp->doff = sizeof(*tcp) / 4;
		tcp->ack = 1;
	} else if (spec->protocol == IPPROTO_UDP) {
		struct udphdr *udp = bench_frame__append(frame, NULL, sizeof(*udp));

		udp->source = htons(spec->source_port);
		udp->dest = htons(spec->port);
		udp->len = htons(sizeof(*udp) + sizeof(bench_query) - 1);
	} else {
		static const unsigned char echo_request[8] = {8};

		bench_frame__append(frame, echo_request, sizeof(echo_request));
	}
}

static inline unsigned int bench_transport_length(int protocol)
{
	return protocol == IPPROTO_TCP ? sizeof(struct tcphdr) : sizeof(struct udphdr);
}

/* UDP over IPv6 needs its checksum; over IPv4 it is left out, and TCP's nobody here looks at. */
static inline void bench_frame__checksum(struct bench_frame *frame, unsigned int network,
					 unsigned int transport)
{
	struct ipv6hdr *ip = (void *)(frame->data + network);
	struct udphdr *udp = (void *)(frame->data + transport);
	unsigned int sum = IPPROTO_UDP + ntohs(udp->len);

	sum = bench_sum(&ip->saddr, 2 * sizeof(ip->saddr), sum);
	udp->check = htons(~bench_sum(udp, ntohs(udp->len), sum) & 0xffff);
}

static inline void bench_frame__build(struct bench_frame *frame,
				      const struct bench_frame_spec *spec)
{
	unsigned int payload = bench_transport_length(spec->protocol) + sizeof(bench_query) - 1;
	unsigned int network, transport;

	frame->length = 0;
	bench_frame__ethernet(frame, spec);
	network = frame->length;
	if (spec->family == 6)
		bench_frame__ipv6(frame, spec, payload);
	else
		bench_frame__ipv4(frame, spec, payload);
	transport = frame->length;
	bench_frame__transport(frame, spec);
	bench_frame__append(frame, bench_query, sizeof(bench_query) - 1);
	if (spec->family == 6 && spec->protocol == IPPROTO_UDP)
		bench_frame__checksum(frame, network, transport);
}

#endif
