/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#define MOVES                                                                               \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_DELETE | IN_ATTRIB | \
	 IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

static int on_event(sd_event_source *source, const struct inotify_event *event, void *context)
{
	struct watch *watch = context;

	(void)source, (void)event;
	watch->moved(watch->context);
	return 0;
}

static void directory_of(const char *path, char directory[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		snprintf(directory, PATH_MAX, ".");
	else
		snprintf(directory, PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path),
			 path);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* The directory may have come later, or been replaced as a whole. */
static void follow_directory(struct watch *watch)
{
	char directory[PATH_MAX];
	struct stat now;

	directory_of(watch->path, directory);
	if (stat(directory, &now))
		memset(&now, 0, sizeof(now));
	if (watch->source && now.st_ino == watch->directory.st_ino &&
	    now.st_dev == watch->directory.st_dev)
		return;
	watch->source = sd_event_source_disable_unref(watch->source);
	watch->directory = now;
	/* Where it fails (too many watches) the caller's polling is what is left. */
	if (now.st_ino)
		sd_event_add_inotify(watch->event, &watch->source, directory, MOVES, on_event,
				     watch);
}

void watch__start(struct watch *watch, sd_event *event, const char *path,
		  void (*moved)(void *context), void *context)
{
	*watch = (struct watch){.event = event, .moved = moved, .context = context};
	snprintf(watch->path, sizeof(watch->path), "%s", path);
	watch__changed(watch);
}

void watch__stop(struct watch *watch)
{
	watch->source = sd_event_source_disable_unref(watch->source);
	watch->path[0] = '\0';
}

bool watch__changed(struct watch *watch)
{
	struct stat now;
	bool same;

	if (!*watch->path)
		return false;
	follow_directory(watch);
	if (stat(watch->path, &now))
		memset(&now, 0, sizeof(now));
	same = is_same(&now, &watch->seen);
	watch->seen = now;
	return !same;
}
