/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The interfaces that a filter is attached to, as they are now. */
#ifndef DROP53_ATTACHMENT_H
#define DROP53_ATTACHMENT_H

#include "drop53.h"
#include "lib/attach.h"

/* One interface as `status` tells it. */
struct attachment {
	char name[DROP53_IFNAME]; /* now, or when it was attached if it is gone */
	__u32 ifindex;
	enum xdp_mode mode;
	bool multi_buffer; /* the program for jumbo frames runs there */
	bool attached;	   /* false: the interface is gone, or the link was detached by force */
	__u32 program_id;  /* of the program that runs there */
	char program_tag[17];
	__u64 since; /* CLOCK_REALTIME, ns */
};

/*
 * The interfaces that the filter is or should be attached to, in order of ifindex.
 * @attachments: DROP53_MAX_INTERFACES of them. Returns how many.
 */
int attachments__list(const struct filter *filter, struct attachment *attachments);

#endif
