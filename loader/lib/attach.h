/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The filter on interfaces: pinned bpf_links, which outlive the process that made them. */
#ifndef DROP53_ATTACH_H
#define DROP53_ATTACH_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/filter.h"

struct diag;

enum xdp_mode { XDP_MODE_AUTO, XDP_MODE_NATIVE, XDP_MODE_GENERIC };

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

/* The mode that a flag of the kernel's (XDP_FLAGS_SKB_MODE or XDP_FLAGS_DRV_MODE) stands for. */
enum xdp_mode xdp_mode__of(__u32 flags);

/* "native" or "generic" */
const char *xdp_mode__name(enum xdp_mode mode);

#endif
