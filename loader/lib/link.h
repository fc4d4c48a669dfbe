/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One bpf_link on one interface's XDP hook, and who else may be there. */
#ifndef DROP53_LINK_H
#define DROP53_LINK_H

#include <stdbool.h>

#include "lib/attach.h"

/* The pinned link of @ifindex: a descriptor, or -errno. */
int link__open(const struct filter *filter, __u32 ifindex);

/* True if it still leads to @ifindex; @program_id: the program that runs there. */
bool link__alive(int link, __u32 ifindex, __u32 *program_id);

/* True if a program is on the interface, in any mode. */
bool link__is_held(__u32 ifindex);

/*
 * Links the program that suits the interface's MTU; @mode becomes native or generic, what it is.
 * Returns a descriptor, not pinned: it lets go when it is closed. -errno with the diagnostic
 * filled: -EBUSY names whoever holds the hook.
 */
int link__create(const struct filter *filter, const char *name, __u32 ifindex, enum xdp_mode *mode,
		 struct diag *diag);

/* The words for an error of the hook's. Returns -error, or -EBUSY where somebody holds it. */
int link__fail(int error, const char *name, __u32 ifindex, enum xdp_mode mode, struct diag *diag);

#endif
