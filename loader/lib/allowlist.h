/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The allow-list in the kernel. A list is in one of two slots, as the pages that the program walks
 * and as a map of the prefixes as given with their generation; a switch is one store of
 * settings.allow. Killed at any instant, the old list stands or the new one.
 */
#ifndef DROP53_ALLOWLIST_H
#define DROP53_ALLOWLIST_H

#include <stdbool.h>

#include "lib/filter.h"
#include "lib/list.h"

struct diag;

/* What `status` says of the list. */
struct allowlist_status {
	__u64 generation;
	__u32 prefixes[DROP53_FAMILY__N];
	__u64 bytes; /* kernel memory: of the pages and of the list as given */
};

/* The empty list of generation 1 for a new filter; @directory: where its pins are. */
int allowlist__create(const char *directory, struct diag *diag);

int allowlist__status(const struct filter *filter, struct allowlist_status *status,
		      struct diag *diag);

/* @list: as it was given, in order; free with list__free(). @generation may be NULL. */
int allowlist__read(const struct filter *filter, struct list *list, __u64 *generation,
		    struct diag *diag);

/*
 * Puts a list in force, for both families at once. The state must be locked.
 * @generation: may be NULL; the new one on success
 */
int allowlist__commit(struct filter *filter, const struct list *list, __u64 *generation,
		      struct diag *diag);

/*
 * Fails with -EPERM and names the file if a running `drop53 run` takes the list from one; then
 * only that file may change it.
 */
int allowlist__check_owner(const struct filter *filter, struct diag *diag);

/* The addresses that count as this host's own, under --scope local: as above, for slot pair 1. */
int allowlist__commit_local(struct filter *filter, const struct list *list, struct diag *diag);

#endif
