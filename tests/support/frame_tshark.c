/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "frame_tshark.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With a configuration directory of its own, where all but these protocols are switched off. */
#define KEPT "frame|eth|ethertype|vlan|ieee8021ad|ip|ipv6|ipv6[.].*|ah|udp|tcp"
#define CONFIGURE \
	"tshark -G protocols 2>/dev/null | cut -f3 | grep -vxE '" KEPT "' >%s/disabled_protos"
#define DISSECT                                                                                  \
	"WIRESHARK_CONFIG_DIR=%1$s tshark -n -r %1$s/frames.pcap"                                \
	" -o ip.defragment:FALSE -o ipv6.defragment:FALSE -o tcp.analyze_sequence_numbers:FALSE" \
	" -T fields -E occurrence=f -e frame.number -e udp.dstport -e tcp.dstport"               \
	" -e ip.src -e ipv6.src -e frame.protocols 2>/dev/null"

bool frame_tshark__is_there(void)
{
	return !system("command -v tshark >/dev/null 2>&1");
}

static int write_pcap(const struct frame_batch *batch, const char *directory)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 65535);
	const unsigned char *at = batch->bytes;
	pcap_dumper_t *dumper = NULL;
	char path[100];

	snprintf(path, sizeof(path), "%s/frames.pcap", directory);
	if (dead)
		dumper = pcap_dump_open(dead, path);
	if (!dumper)
		return -EIO;
	for (size_t i = 0; i < batch->count; i++) {
		struct pcap_pkthdr header = {.caplen = batch->length[i], .len = batch->length[i]};

		pcap_dump((unsigned char *)dumper, &header, at);
		at += batch->length[i];
	}
	pcap_dump_close(dumper);
	pcap_close(dead);
	return 0;
}

static unsigned int take_port(char **line)
{
	char *field = strsep(line, "\t");

	return field ? strtoul(field, NULL, 10) : 0;
}

/* "eth:ethertype:vlan:ethertype:ipv6:udp": which IP header is the outer one. */
static enum drop53_family outer_family(char *protocols)
{
	char *name;

	while ((name = strsep(&protocols, ":\n"))) {
		if (!strcmp(name, "ip"))
			return DROP53_FAMILY_IPV4;
		if (!strcmp(name, "ipv6"))
			return DROP53_FAMILY_IPV6;
	}
	return DROP53_FAMILY_NONE;
}

/* One line of fields, tabs between them, in the order of DISSECT. */
static int understand(char *line, size_t number, struct tshark_opinion *opinion)
{
	unsigned int udp, tcp;
	char *ip4, *ip6;
	bool has_udp;

	memset(opinion, 0, sizeof(*opinion));
	if (take_port(&line) != number || !line)
		return -EBADMSG;
	has_udp = *line != '\t';
	udp = take_port(&line);
	if (!line)
		return -EBADMSG;
	opinion->protocol = has_udp	    ? DROP53_PROTOCOL_UDP
			    : *line != '\t' ? DROP53_PROTOCOL_TCP
					    : DROP53_PROTOCOL_NONE;
	tcp = take_port(&line);
	opinion->port = has_udp ? udp : tcp;
	ip4 = strsep(&line, "\t");
	ip6 = strsep(&line, "\t");
	if (!ip6 || !line)
		return -EBADMSG;
	opinion->family = outer_family(line);
	if (opinion->family == DROP53_FAMILY_IPV4)
		inet_pton(AF_INET, ip4, opinion->source);
	else if (opinion->family == DROP53_FAMILY_IPV6)
		inet_pton(AF_INET6, ip6, opinion->source);
	return 0;
}

static int read_opinions(const char *directory, size_t count, struct tshark_opinion *opinions)
{
	char command[1000], *line = NULL;
	size_t room = 0, i = 0;
	int err = 0;
	FILE *fields;

	snprintf(command, sizeof(command), DISSECT, directory);
	fields = popen(command, "r");
	if (!fields)
		return -errno;
	while (!err && i < count && getline(&line, &room, fields) > 0) {
		err = understand(line, i + 1, &opinions[i]);
		i++;
	}
	free(line);
	if (pclose(fields) || i < count)
		err = err ? err : -EBADMSG;
	return err;
}

int frame_tshark__ask(const struct frame_batch *batch, struct tshark_opinion *opinions)
{
	char directory[] = "/tmp/drop53-tshark-XXXXXX", command[1000];
	int err;

	if (!mkdtemp(directory))
		return -errno;
	snprintf(command, sizeof(command), CONFIGURE, directory);
	err = system(command) ? -ENOENT : write_pcap(batch, directory);
	if (!err)
		err = read_opinions(directory, batch->count, opinions);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (system(command) && !err)
		err = -EIO;
	return err;
}
