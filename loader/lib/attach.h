/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The filter on interfaces: pinned bpf_links, which outlive the process that made them. */
#ifndef DROP53_ATTACH_H
#define DROP53_ATTACH_H

#include <stdbool.h>
#include <stddef.h>

#include "drop53.h"
#include "lib/filter.h"

struct diag;

enum xdp_mode { XDP_MODE_AUTO, XDP_MODE_NATIVE, XDP_MODE_GENERIC };

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

/* What attach__all() did with an interface. */
enum attach_result { ATTACH_NEW, ATTACH_ALREADY };

/*
 * Attaches every one of @n interfaces, or none: natively, or generically where @mode is auto and
 * the driver has no XDP. An interface that is attached already stays as it is.
 * Fails with -ENODEV (no such interface), -EBUSY (somebody else's program, named in the
 * diagnostic, which is left alone), -EOPNOTSUPP, -EPERM, -EINVAL (attached in another mode),
 * -ENOSPC (no slot left).
 * @results: @n of them; undefined after a failure
 */
int attach__all(struct filter *filter, char *const names[], size_t n, enum xdp_mode mode,
		enum attach_result *results, struct diag *diag);

/*
 * The same in two steps, for a caller that has more to do and may fail at it: the interfaces are
 * attached when it returns 0, and attach__cancel() makes that undone. Either ends the plan.
 */
struct attach_plan;
int attach__begin(struct filter *filter, char *const names[], size_t n, enum xdp_mode mode,
		  enum attach_result *results, struct attach_plan **plan, struct diag *diag);
void attach__finish(struct attach_plan *plan);
void attach__cancel(struct attach_plan *plan);

/*
 * Detaches every one of @n interfaces; fails with -ENOENT, having done nothing, if one of them is
 * not attached. A name is looked for among the interfaces there are now, and among the names that
 * attached ones had (an interface may be gone or renamed).
 */
int attach__detach(struct filter *filter, char *const names[], size_t n, struct diag *diag);
int attach__detach_everything(struct filter *filter, struct diag *diag);

/*
 * Detaches everything that is pinned, whatever version of drop53 made it, and removes the state:
 * for one that filter__open() cannot read. The state must be locked.
 */
int attach__detach_unread(struct state *state, struct diag *diag);

/*
 * The interfaces that the filter is or should be attached to, in order of ifindex.
 * @attachments: DROP53_MAX_INTERFACES of them. Returns how many.
 */
int attach__list(const struct filter *filter, struct attachment *attachments);

/* "native" or "generic" */
const char *xdp_mode__name(enum xdp_mode mode);

#endif
