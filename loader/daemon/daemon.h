/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `drop53 run`: keeps the filter as the configuration says, and serves what it counts. */
#ifndef DROP53_DAEMON_H
#define DROP53_DAEMON_H

#include <stdbool.h>

struct diag;

struct daemon_options {
	const char *config; /* path */
	const char *bpffs;  /* or NULL */
	bool force;	    /* enforce although this host seems to serve DNS to others */
	int on_exit;	    /* 0: keep, 1: detach, -1: as the configuration says */
};

/* Returns when it is told to stop: 0, or -errno if it could not start. */
int daemon__run(const struct daemon_options *options, struct diag *diag);

#endif
