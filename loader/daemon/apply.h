/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From configuration to filter. Each call takes the state's lock for as long as it changes it. */
#ifndef DROP53_APPLY_H
#define DROP53_APPLY_H

#include <stdbool.h>

#include "daemon/config.h"
#include "lib/list.h"

struct diag;

/* What the daemon works on, and holds. */
struct holder {
	const char *bpffs; /* or NULL */
	bool force;	   /* enforce although this host seems to serve DNS to others */
	int owner; /* locked descriptor of the state's directory, -1 at first: one daemon only */
};

/*
 * Makes the filter what @config says, all of it or nothing: a new one, or the one that is pinned,
 * with its counters. Interfaces that are not there yet are left for apply__interfaces(); what is
 * attached and not wanted is let go.
 * @list: the allow-list, or NULL to leave it to the command line
 */
int apply__config(struct holder *holder, const struct config *config, const struct list *list,
		  struct diag *diag);

/* What became of an interface: attached, or why not. */
typedef void (*apply_report)(void *context, const char *interface, const struct diag *failure);

/*
 * Whether the pinned filter, if there is one, is another than apply__config() has made or taken
 * over: somebody has detached everything and attached again.
 */
bool apply__is_replaced(const struct holder *holder);

/*
 * Attaches what is wanted and not attached: it has appeared, or lost its filter. An interface that
 * fails does not keep the others from it.
 */
int apply__interfaces(struct holder *holder, const struct config *config, apply_report report,
		      void *context, struct diag *diag);

/* This host's addresses, put in force if they have changed since @last (updated). */
int apply__addresses(struct holder *holder, struct list *last, struct diag *diag);

/* On the way out: the list is anybody's again; with @detach the filter goes too. */
int apply__leave(struct holder *holder, bool detach, struct diag *diag);

#endif
