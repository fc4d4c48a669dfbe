/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What libpcap's compiled filters say of a frame: a parser that nobody here wrote. */
#ifndef DROP53_TESTS_FRAME_PCAP_H
#define DROP53_TESTS_FRAME_PCAP_H

#include <stdbool.h>
#include <stddef.h>

struct frame_pcap;

/* Aborts where libpcap cannot compile a filter: every release that is still around can. */
struct frame_pcap *frame_pcap__new(void);
void frame_pcap__free(struct frame_pcap *pcap);

/* "udp dst port 53 or tcp dst port 53", behind none to nine tags. Walks no extension header. */
bool frame_pcap__says_53(const struct frame_pcap *pcap, const void *frame, size_t length);

/* "protochain" udp or tcp, likewise: walks extension headers, and looks at no port. */
bool frame_pcap__says_transport(const struct frame_pcap *pcap, const void *frame, size_t length);

#endif
