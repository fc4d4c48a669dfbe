/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Between apply.c (the configuration) and apply_interfaces.c (what comes and goes) alone. */
#ifndef DROP53_APPLY_PRIV_H
#define DROP53_APPLY_PRIV_H

#include "daemon/apply.h"

/* Names of interfaces, copied: if_nameindex() gives its memory back. */
struct names {
	char text[DROP53_MAX_INTERFACES][DROP53_IFNAME];
	char *name[DROP53_MAX_INTERFACES];
	size_t n;
};

/* Opens the filter for changes; an unlocked state and a closed filter on failure. */
int apply__open(struct holder *holder, struct state *state, struct filter *filter,
		struct diag *diag);
void apply__close(struct state *state, struct filter *filter);

/* Interfaces that are there and wanted. */
int apply__find_wanted(const struct config *config, struct names *names, struct diag *diag);

/*
 * Forgets attachments whose interface is gone or that were detached by force: their names may be
 * new interfaces' by now. One that shares its name with a living one stays, for it is by name that
 * it would go.
 */
void apply__drop_dead(struct filter *filter);

int apply__detach_unwanted(struct filter *filter, const struct config *config, struct diag *diag);

bool apply__is_same_list(const struct list *a, const struct list *b);

#endif
