/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "frame_explain.h"

bool sight__tshark_says_53(const struct sight *s)
{
	return s->tshark.protocol != DROP53_PROTOCOL_NONE && s->tshark.port == 53;
}

static bool too_deep(const struct sight *s)
{
	return s->anatomy.why == DROP53_REASON_TOO_DEEP;
}

bool sight__protochain_is_sound(const struct sight *s)
{
	const struct anatomy *a = &s->anatomy;

	return a->source && !a->authentication && !a->reserved_byte &&
	       (a->why == DROP53_REASON_PORT53 || a->why == DROP53_REASON_OTHER);
}

static bool extension_headers(const struct sight *s)
{
	return s->stopped && s->anatomy.extensions > 0 &&
	       (s->pcap_transport || !sight__protochain_is_sound(s));
}

static bool foreign_tag(const struct sight *s)
{
	return !s->stopped && s->anatomy.ethertype == 0x9100;
}

static bool broken_first_byte(const struct sight *s)
{
	return s->anatomy.why == DROP53_REASON_MALFORMED && s->anatomy.family && !s->anatomy.source;
}

const struct explanation pcap_explanations[] = {
	{"nested past the limit: dropped whatever it is", too_deep},
	{"port filters do not walk extension headers or AH", extension_headers},
	{"libpcap takes 0x9100 for a tag, Linux does not", foreign_tag},
	{"libpcap looks neither at the version nor for an IHL below 5", broken_first_byte},
	{NULL, NULL},
};

static bool length_ends_before_port(const struct sight *s)
{
	return s->stopped && s->anatomy.packet_end < s->anatomy.transport + 4;
}

static bool odd_content(const struct sight *s)
{
	return s->stopped && s->anatomy.odd_content;
}

static bool other_version(const struct sight *s)
{
	return !s->stopped && s->anatomy.ethertype == 0x0800 && s->anatomy.version == 6;
}

static bool extension_under_ip4(const struct sight *s)
{
	unsigned int number = s->anatomy.number;

	return !s->stopped && s->anatomy.family == DROP53_FAMILY_IPV4 &&
	       (number == 0 || number == 43 || number == 44 || number == 60);
}

static bool tunnel(const struct sight *s)
{
	return !s->stopped && (s->anatomy.number == 4 || s->anatomy.number == 41);
}

const struct explanation tshark_explanations[] = {
	{"nested past the limit: dropped whatever it is", too_deep},
	{"the IP header's length ends before the port: drop53 never looks at it",
	 length_ends_before_port},
	{"tshark gives up on options and routing headers that it finds broken", odd_content},
	{"tshark takes 0x9100 for a tag, Linux does not", foreign_tag},
	{"tshark goes by the version, Linux by the EtherType", other_version},
	{"tshark walks IPv6's extension headers under IPv4, Linux does not", extension_under_ip4},
	{"tshark looks into IP in IP", tunnel},
	{NULL, NULL},
};

int sight__explain(const struct sight *sight, const struct explanation *explanations)
{
	for (int i = 0; explanations[i].text; i++)
		if (explanations[i].fits(sight))
			return i;
	return -1;
}
