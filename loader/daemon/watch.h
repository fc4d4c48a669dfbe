/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Has a file changed? Its directory is watched, not the file: an editor renames a new one over it,
 * and a ConfigMap swaps a symbolic link beside it, after which a watch on the file sees nothing.
 */
#ifndef DROP53_WATCH_H
#define DROP53_WATCH_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

struct watch {
	char path[PATH_MAX];
	struct stat seen; /* as watch__changed() last found it; all zero: not there */
	sd_event *event;
	sd_event_source *source;
	struct stat directory; /* what @source is on */
	void (*moved)(void *context);
	void *context;
};

/* @moved: called when anything in the directory has: then, and now and then, watch__changed() */
void watch__start(struct watch *watch, sd_event *event, const char *path,
		  void (*moved)(void *context), void *context);
void watch__stop(struct watch *watch);

/* Whether the file is another one, or was written to, since this was last asked. */
bool watch__changed(struct watch *watch);

#endif
