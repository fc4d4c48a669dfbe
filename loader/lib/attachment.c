/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/attachment.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/link.h"
#include "lib/places.h"

/*
 * Is our program on the interface? By the link where it may be opened, which takes write access
 * to its pin; else by asking the interface, which anybody may.
 */
static bool is_attached(const struct filter *filter, const struct drop53_interface *record)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int link = link__open(filter, record->ifindex);
	__u32 program;
	bool alive;

	if (link >= 0) {
		alive = link__alive(link, record->ifindex, &program);
		close(link);
		return alive;
	}
	if (link == -ENOENT || !places__is_here(filter, record))
		return false;
	return !bpf_xdp_query(record->ifindex, 0, &query) &&
	       (query.drv_prog_id == record->program_id ||
		query.skb_prog_id == record->program_id || query.prog_id == record->program_id);
}

static void describe(const struct filter *filter, const struct drop53_interface *record,
		     struct attachment *attachment)
{
	char name[IF_NAMESIZE];
	int program;
	__u32 id;

	*attachment = (struct attachment){
		.ifindex = record->ifindex,
		.mode = xdp_mode__of(record->mode),
		.attached = is_attached(filter, record),
		.program_id = record->program_id,
		.multi_buffer = record->frags,
		.since = record->since,
	};
	memcpy(attachment->name, record->name, sizeof(attachment->name));
	if (places__is_here(filter, record) && if_indextoname(record->ifindex, name))
		snprintf(attachment->name, sizeof(attachment->name), "%s", name);
	/* By the pin, not by the id, which takes CAP_SYS_ADMIN. */
	program = record->frags ? filter->program_frags : filter->program;
	if (program >= 0)
		filter__program_info(program, &id, attachment->program_tag);
}

static int by_ifindex(const void *a, const void *b)
{
	const struct attachment *x = a, *y = b;

	return x->ifindex < y->ifindex ? -1 : x->ifindex > y->ifindex;
}

int attachments__list(const struct filter *filter, struct attachment *attachments)
{
	int slot, n = 0;

	for (slot = 0; slot < DROP53_MAX_INTERFACES; slot++)
		if (filter->settings->interface[slot].mode)
			describe(filter, &filter->settings->interface[slot], &attachments[n++]);
	qsort(attachments, n, sizeof(*attachments), by_ifindex);
	return n;
}
