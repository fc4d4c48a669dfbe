/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Between daemon.c (the loop) and reload.c (what the files say) alone. */
#ifndef DROP53_DAEMON_PRIV_H
#define DROP53_DAEMON_PRIV_H

#include "daemon/apply.h"
#include "daemon/complaints.h"
#include "daemon/config.h"
#include "daemon/daemon.h"
#include "daemon/http.h"
#include "daemon/netwatch.h"
#include "daemon/pages.h"
#include "daemon/series.h"
#include "daemon/watch.h"
#include "lib/diag.h"

struct daemon {
	const struct daemon_options *options;
	char path[PATH_MAX];  /* of the configuration, absolute */
	struct config config; /* the one that holds */
	struct holder holder;
	struct pages pages;
	struct list addresses; /* this host's, as last put in force */
	struct complaints complaints;
	struct diag failure; /* of the last reload, unless that was good */

	sd_event *event;
	sd_event_source *settle, *poll, *walk;
	struct http *http;
	struct netwatch *netwatch;
	struct watch config_watch, list_watch;
	struct series *series;
	bool files_moved, links_moved, addresses_moved; /* since the last look */
};

/*
 * Takes over both files as they are now, all or nothing: whatever can fail without touching the
 * filter comes first, then the filter as a whole, and what follows that cannot fail but for memory.
 */
int daemon__load(struct daemon *daemon, bool first, struct diag *diag);

/* The same while running: said, and told to the service manager. */
void daemon__reload(struct daemon *daemon);

/* One line for the service manager. */
void daemon__tell_status(const struct daemon *daemon);

/* Something has moved: look at everything once it has settled. @daemon: a struct daemon */
void daemon__settle(void *daemon);

#endif
