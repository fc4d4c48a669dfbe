/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* --scope local: which destinations are this host's own. */
#ifndef DROP53_LOCAL_H
#define DROP53_LOCAL_H

#include "lib/filter.h"
#include "lib/list.h"

struct diag;

/*
 * The routing table `local` of the caller's network namespace: addresses, subnet broadcasts and
 * AnyIP routes, both families (rtnetlink). @list: the caller's to free
 */
int local__read(struct list *list, struct diag *diag);

/* Reads it and puts it in force. The state must be locked. */
int local__update(struct filter *filter, struct diag *diag);

#endif
