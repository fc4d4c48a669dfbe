/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The filter off its interfaces. */
#ifndef DROP53_DETACH_H
#define DROP53_DETACH_H

#include <stddef.h>

#include "lib/filter.h"

struct diag;

/*
 * Detaches the interface that has @slot, whatever became of it. The state stays, also after the
 * last one: state__discard().
 */
int detach__slot(struct filter *filter, int slot, struct diag *diag);

/*
 * Detaches every one of @n interfaces; fails with -ENOENT, having done nothing, if one of them is
 * not attached. A name is looked for among the interfaces there are now, and among the names that
 * attached ones had (an interface may be gone or renamed).
 */
int detach__interfaces(struct filter *filter, char *const names[], size_t n, struct diag *diag);
int detach__everything(struct filter *filter, struct diag *diag);

/*
 * Detaches everything that is pinned, whatever version of drop53 made it, and removes the state:
 * for one that filter__open() cannot read. The state must be locked.
 */
int detach__unread(struct state *state, struct diag *diag);

#endif
