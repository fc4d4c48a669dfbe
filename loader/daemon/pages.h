/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the daemon answers: /metrics, /healthz, /readyz, and a page that names them. */
#ifndef DROP53_PAGES_H
#define DROP53_PAGES_H

#include <stdbool.h>
#include <stdio.h>

#include "daemon/config.h"
#include "daemon/http.h"
#include "lib/sources.h"

struct series;

/* What the daemon knows and the kernel does not. */
struct pages {
	const char *bpffs; /* or NULL */
	const struct config *config;
	const struct series *series;   /* by source */
	bool reloaded;		       /* the last reload was good */
	double reloaded_at;	       /* the last good one, in seconds since 1970 */
	double started_at;	       /* the process, likewise */
	unsigned long long errors;     /* scrapes that failed */
	struct source_summary sources; /* of the last walk over the table */
};

/* An http_answer; @context: a struct pages. */
void pages__answer(void *context, const char *path, struct http_page *page);

/*
 * Why the host is not protected as configured, a line each, or nothing.
 * @why: allocated. Returns 0 or -errno.
 */
int pages__unready(const struct pages *pages, char **why);

#endif
