/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Drops by source for Prometheus: which sources are worth a series, and a counter for each that
 * only grows, whatever the table evicts and however often the daemon is killed.
 */
#ifndef DROP53_SERIES_H
#define DROP53_SERIES_H

#include <stdio.h>

#include "daemon/config.h"
#include "lib/sources.h"

struct diag;
struct series;

/* How often the table is walked, and the window that rates are taken over. */
#define SERIES_WINDOW_SECONDS 5

int series__open(struct series **series, struct diag *diag);
void series__close(struct series *series);

/* Which sources, and how many; @config is copied. */
void series__configure(struct series *series, const struct config *config);

/*
 * One walk over the table of the filter pinned in @bpffs.
 * @summary: also with no series wanted; all zero if there is no filter
 */
int series__walk(struct series *series, const char *bpffs, struct source_summary *summary,
		 struct diag *diag);

void series__write(FILE *out, const struct series *series);

#endif
