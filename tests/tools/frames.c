/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * frames pcap FILE:  writes the table of frames as a capture, in order; on stdout, for each, the
 *		      reason and the source ("-": none) that drop53 must find, and the row's name
 * frames files DIR:  writes each frame into a file of its own: what the fuzzer's corpus is made of
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../support/frame_table.h"

static const char *source_text(const struct frame_row *row, char text[INET6_ADDRSTRLEN])
{
	bool ipv6 = row->family == DROP53_FAMILY_IPV6;
	unsigned char source[16];

	if (row->family == DROP53_FAMILY_NONE ||
	    (row->why != DROP53_REASON_PORT53 && row->why != DROP53_REASON_TOO_DEEP))
		return "-";
	frame_row__source(row, source);
	return inet_ntop(ipv6 ? AF_INET6 : AF_INET, source, text, INET6_ADDRSTRLEN);
}

static int write_pcap(const char *path)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *dumper = dead ? pcap_dump_open(dead, path) : NULL;
	unsigned char bytes[FRAME_MAX];
	char text[INET6_ADDRSTRLEN];

	if (!dumper) {
		fprintf(stderr, "frames: %s: cannot be written\n", path);
		return 1;
	}
	for (size_t i = 0; i < frame_table_count; i++) {
		const struct frame_row *row = &frame_table[i];
		size_t length = frame_row__build(row, 0, bytes, sizeof(bytes));
		struct pcap_pkthdr header = {.caplen = length, .len = length};

		pcap_dump((unsigned char *)dumper, &header, bytes);
		printf("%s %s %s\n", frame__reason(row->why), source_text(row, text), row->name);
	}
	pcap_dump_close(dumper);
	pcap_close(dead);
	return 0;
}

/* "ip4 IHL 6, no operation" is kept as ip4_ihl_6_no_operation. */
static void file_name(char *name, size_t room, const char *directory, const char *row)
{
	int at = snprintf(name, room, "%s/", directory);

	for (; *row && at < (int)room - 1; row++)
		if (isalnum((unsigned char)*row))
			name[at++] = tolower((unsigned char)*row);
		else if (name[at - 1] != '_')
			name[at++] = '_';
	name[at] = 0;
}

static int write_files(const char *directory)
{
	unsigned char bytes[FRAME_MAX];
	char name[300];

	for (size_t i = 0; i < frame_table_count; i++) {
		size_t length = frame_row__build(&frame_table[i], 0, bytes, sizeof(bytes));
		FILE *file;

		file_name(name, sizeof(name), directory, frame_table[i].name);
		file = fopen(name, "wb");
		if (!file || fwrite(bytes, 1, length, file) != length || fclose(file)) {
			fprintf(stderr, "frames: %s: cannot be written\n", name);
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "pcap"))
		return write_pcap(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "files"))
		return write_files(argv[2]);
	fprintf(stderr, "usage: frames pcap FILE | frames files DIR\n");
	return 2;
}
