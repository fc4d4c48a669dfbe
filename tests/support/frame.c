/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "frame.h"
#include "frame_put.h"

#define IPPROTO_EXPERIMENT 253	  /* RFC 3692 */
#define ETH_P_EXPERIMENT   0x88b5 /* IEEE 802, local experimental */

/* The list with every .repeat carried out, and the frame so far. */
struct builder {
	struct layer layers[FRAME_LAYERS];
	unsigned char *bytes;
	size_t room;
	struct ip_header {
		size_t at;
		int version;
	} ip; /* the one that encloses what is being built */
};

static unsigned int either(int value, unsigned int automatic)
{
	if (value == ZERO)
		return 0;
	return value ? (unsigned int)value : automatic;
}

static unsigned char *take(struct builder *b, size_t at, size_t size)
{
	if (at + size > b->room)
		frame__mistake("longer than the buffer");
	return memset(b->bytes + at, 0, size);
}

static void put_bytes(unsigned char *to, const struct layer *layer)
{
	if (layer->bytes)
		memcpy(to, layer->bytes, layer->size);
	else
		put_ports(to, layer->size);
}

/* IPv4's or TCP's: in both, 1 is "no operation" and 0 ends the list. */
static void put_padded_options(unsigned char *to, const struct layer *layer, size_t room)
{
	if (layer->bytes)
		memcpy(to, layer->bytes, layer->size);
	else
		memset(to, 1, room);
}

static unsigned int checksum_for(int wanted, unsigned int right)
{
	return wanted == WRONG ? (right + 1) & 0xffff : either(wanted, right);
}

/* UDP's and TCP's checksum over @ip's addresses and the segment. */
static unsigned int transport_checksum(const struct builder *b, struct ip_header ip, int protocol,
				       size_t at, size_t end)
{
	uint32_t total = protocol + (end - at);

	if (ip.version == 4)
		total = internet_sum(b->bytes + ip.at + 12, 8, total);
	else if (ip.version == 6)
		total = internet_sum(b->bytes + ip.at + 8, 32, total);
	return ~internet_sum(b->bytes + at, end - at, total) & 0xffff;
}

/* How the header above calls this one; 0 where the two have no such relation. */
static unsigned int number_of(const struct layer *layer, bool above_is_ip)
{
	switch (layer->kind) {
	case LAYER_TAG:
		return either(layer->type, ETH_P_8021Q);
	case LAYER_IP4:
		return above_is_ip ? IPPROTO_IPIP : ETH_P_IP;
	case LAYER_IP6:
		return above_is_ip ? IPPROTO_IPV6 : ETH_P_IPV6;
	case LAYER_EXT:
		return either(layer->type, IPPROTO_DSTOPTS);
	case LAYER_FRAG:
		return IPPROTO_FRAGMENT;
	case LAYER_AH:
		return IPPROTO_AH;
	case LAYER_UDP:
		return IPPROTO_UDP;
	case LAYER_TCP:
		return IPPROTO_TCP;
	default:
		return above_is_ip ? IPPROTO_EXPERIMENT : ETH_P_EXPERIMENT;
	}
}

static unsigned int next_of(const struct layer *layer)
{
	bool is_ip = layer->kind != LAYER_ETH && layer->kind != LAYER_TAG;

	return either(layer->next, number_of(layer + 1, is_ip));
}

/* Keeps only the slice of the payload that this fragment carries; returns the payload's end. */
static size_t slice(struct builder *b, const struct layer *layer, size_t payload, size_t end)
{
	size_t from = layer->from, keep = layer->keep ? (size_t)layer->keep : end - payload - from;

	if (payload + from + keep > end)
		frame__mistake("a fragment of more than there is");
	memmove(b->bytes + payload, b->bytes + payload + from, keep);
	return payload + keep;
}

/* Builds @layer and what is inside it; returns where the packet ends. */
static size_t build(struct builder *b, const struct layer *layer, size_t at);

static size_t build_eth(struct builder *b, const struct layer *layer, size_t at)
{
	unsigned char *to = take(b, at, ETH_HLEN);

	put_mac(to, layer->dst, FRAME_MAC_HERE);
	put_mac(to + ETH_ALEN, layer->src, FRAME_MAC_THERE);
	put16(to + 2 * ETH_ALEN, next_of(layer));
	return build(b, layer + 1, at + ETH_HLEN);
}

static size_t build_tag(struct builder *b, const struct layer *layer, size_t at)
{
	unsigned char *to = take(b, at, 4);

	put16(to, layer->vid);
	put16(to + 2, next_of(layer));
	return build(b, layer + 1, at + 4);
}

static size_t build_ip4(struct builder *b, const struct layer *layer, size_t at)
{
	size_t header = 20 + (layer->size + 3) / 4 * 4, end;
	unsigned char *to = take(b, at, header);

	put_padded_options(to + 20, layer, header - 20);
	put_ip(to + 12, AF_INET, layer->src, FRAME_IP4_THERE);
	put_ip(to + 16, AF_INET, layer->dst, FRAME_IP4_HERE);
	b->ip = (struct ip_header){at, 4};
	end = slice(b, layer, at + header, build(b, layer + 1, at + header));
	to[0] = either(layer->version, 4) << 4 | either(layer->ihl, header / 4);
	put16(to + 2, either(layer->length, end - at));
	put16(to + 4, layer->id);
	put16(to + 6, layer->flags << 14 | !!layer->more << 13 | layer->offset);
	to[8] = either(layer->ttl, 64);
	to[9] = next_of(layer);
	put16(to + 10, checksum_for(layer->checksum, ~internet_sum(to, header, 0) & 0xffff));
	return end;
}

static size_t build_ip6(struct builder *b, const struct layer *layer, size_t at)
{
	unsigned char *to = take(b, at, 40);
	size_t end;

	put_ip(to + 8, AF_INET6, layer->src, FRAME_IP6_THERE);
	put_ip(to + 24, AF_INET6, layer->dst, FRAME_IP6_HERE);
	b->ip = (struct ip_header){at, 6};
	end = build(b, layer + 1, at + 40);
	put32(to, either(layer->version, 6) << 28 | layer->flags);
	put16(to + 4, either(layer->length, end - at - 40));
	to[6] = next_of(layer);
	to[7] = either(layer->ttl, 64);
	return end;
}

static size_t build_ext(struct builder *b, const struct layer *layer, size_t at)
{
	size_t content = layer->size ? layer->size : 6, whole = (2 + content + 7) / 8 * 8;
	unsigned char *to = take(b, at, whole);

	to[0] = next_of(layer);
	to[1] = either(layer->length, whole / 8 - 1);
	if (layer->bytes)
		memcpy(to + 2, layer->bytes, layer->size);
	else if (layer->type != IPPROTO_ROUTING)
		put_options(to + 2, whole - 2);
	return build(b, layer + 1, at + whole);
}

static size_t build_frag(struct builder *b, const struct layer *layer, size_t at)
{
	unsigned char *to = take(b, at, 8);

	to[0] = next_of(layer);
	to[1] = layer->reserved;
	put16(to + 2, layer->offset << 3 | layer->flags << 1 | !!layer->more);
	put32(to + 4, layer->id);
	return slice(b, layer, at + 8, build(b, layer + 1, at + 8));
}

static size_t build_ah(struct builder *b, const struct layer *layer, size_t at)
{
	size_t check = layer->size ? layer->size : 12, whole = 12 + check;
	unsigned char *to = take(b, at, whole);

	to[0] = next_of(layer);
	to[1] = either(layer->length, whole / 4 - 2);
	put16(to + 2, layer->reserved);
	put32(to + 4, 0x100); /* SPI; the sequence number and the check value follow */
	put32(to + 8, 1);
	put_ports(to + 12, check);
	return build(b, layer + 1, at + whole);
}

static size_t build_udp(struct builder *b, const struct layer *layer, size_t at)
{
	unsigned char *to = take(b, at, 8);
	const struct ip_header ip = b->ip; /* a tunnel's inside has another */
	unsigned int right;
	size_t end;

	put16(to, either(layer->sport, FRAME_SPORT));
	put16(to + 2, layer->dport);
	end = build(b, layer + 1, at + 8);
	put16(to + 4, either(layer->length, end - at));
	right = transport_checksum(b, ip, IPPROTO_UDP, at, end);
	put16(to + 6, checksum_for(layer->checksum, right ? right : 0xffff));
	return end;
}

static size_t build_tcp(struct builder *b, const struct layer *layer, size_t at)
{
	size_t header = 20 + (layer->size + 3) / 4 * 4, end;
	unsigned char *to = take(b, at, header);
	const struct ip_header ip = b->ip;
	unsigned int right;

	put16(to, either(layer->sport, FRAME_SPORT));
	put16(to + 2, layer->dport);
	put32(to + 4, 1000);
	to[12] = either(layer->doff, header / 4) << 4;
	to[13] = either(layer->flags, SYN);
	put16(to + 14, 64240);
	put_padded_options(to + 20, layer, header - 20);
	end = build(b, layer + 1, at + header);
	right = transport_checksum(b, ip, IPPROTO_TCP, at, end);
	put16(to + 16, checksum_for(layer->checksum, right));
	return end;
}

static size_t build_data(struct builder *b, const struct layer *layer, size_t at)
{
	put_bytes(take(b, at, layer->size), layer);
	return build(b, layer + 1, at + layer->size);
}

static size_t build(struct builder *b, const struct layer *layer, size_t at)
{
	static size_t (*const build_kind[])(struct builder *, const struct layer *, size_t) = {
		[LAYER_ETH] = build_eth,   [LAYER_TAG] = build_tag, [LAYER_IP4] = build_ip4,
		[LAYER_IP6] = build_ip6,   [LAYER_EXT] = build_ext, [LAYER_FRAG] = build_frag,
		[LAYER_AH] = build_ah,	   [LAYER_UDP] = build_udp, [LAYER_TCP] = build_tcp,
		[LAYER_DATA] = build_data, [LAYER_CUT] = NULL,
	};

	return build_kind[layer->kind] ? build_kind[layer->kind](b, layer, at) : at;
}

static void repeat(struct builder *b, const struct layer *layers)
{
	size_t count = 0;

	for (; layers->kind != LAYER_END; layers++) {
		for (int n = 0; n < (layers->repeat ? layers->repeat : 1); n++) {
			if (count == FRAME_LAYERS - 1)
				frame__mistake("too many layers");
			b->layers[count++] = *layers;
		}
	}
	b->layers[count] = (struct layer){.kind = LAYER_END};
}

size_t frame__build(const struct layer *layers, unsigned char *bytes, size_t room)
{
	struct builder b;
	size_t end;

	b.bytes = bytes;
	b.room = room;
	b.ip = (struct ip_header){0, 0};
	repeat(&b, layers);
	end = build(&b, b.layers, 0);
	for (; layers->kind != LAYER_END; layers++) {
		if (layers->kind == LAYER_TRAILER) {
			put_bytes(take(&b, end, layers->size), layers);
			end += layers->size;
		} else if (layers->kind == LAYER_CUT) {
			end -= layers->size;
		}
	}
	return end;
}
