/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "frame_pcap.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame_put.h"

#define TAGS 10 /* filters, for 0 to 9 tags: each `vlan` moves what follows it by one tag */

struct frame_pcap {
	struct bpf_program port[TAGS], chain[TAGS];
};

static void compile(pcap_t *dead, struct bpf_program *program, int tags, const char *expression)
{
	char text[400] = "";

	while (tags--)
		strcat(text, "vlan and ");
	strcat(text, expression);
	/* Unoptimised: libpcap's optimiser does not take the loops that protochain makes. */
	if (pcap_compile(dead, program, text, 0, PCAP_NETMASK_UNKNOWN))
		frame__mistake(pcap_geterr(dead));
}

struct frame_pcap *frame_pcap__new(void)
{
	struct frame_pcap *pcap = calloc(1, sizeof(*pcap));
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 65535);

	if (!pcap || !dead)
		frame__mistake("no memory");
	for (int tags = 0; tags < TAGS; tags++) {
		compile(dead, &pcap->port[tags], tags, "(udp dst port 53 or tcp dst port 53)");
		compile(dead, &pcap->chain[tags], tags,
			"(ip6 protochain 17 or ip6 protochain 6 or"
			" ip protochain 17 or ip protochain 6)");
	}
	pcap_close(dead);
	return pcap;
}

void frame_pcap__free(struct frame_pcap *pcap)
{
	for (int tags = 0; tags < TAGS; tags++) {
		pcap_freecode(&pcap->port[tags]);
		pcap_freecode(&pcap->chain[tags]);
	}
	free(pcap);
}

static bool any_matches(const struct bpf_program *programs, const void *frame, size_t length)
{
	for (int tags = 0; tags < TAGS; tags++)
		if (bpf_filter(programs[tags].bf_insns, frame, length, length))
			return true;
	return false;
}

bool frame_pcap__says_53(const struct frame_pcap *pcap, const void *frame, size_t length)
{
	return any_matches(pcap->port, frame, length);
}

bool frame_pcap__says_transport(const struct frame_pcap *pcap, const void *frame, size_t length)
{
	return any_matches(pcap->chain, frame, length);
}
