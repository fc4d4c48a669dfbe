/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/diag.h"

#define LOCK_TRIES    200
#define LOCK_PAUSE_MS 50

int state__open(struct state *state, const char *bpffs, struct diag *diag)
{
	struct statfs fs;
	int length;

	state->lock = -1;
	if (!bpffs || !*bpffs)
		bpffs = getenv("DROP53_BPFFS");
	if (!bpffs || !*bpffs)
		bpffs = STATE_DEFAULT_BPFFS;
	length = snprintf(state->bpffs, sizeof(state->bpffs), "%s", bpffs);
	if (length >= (int)sizeof(state->bpffs))
		return diag__fail(diag, ENAMETOOLONG, "--bpffs: the path is too long");
	snprintf(state->directory, sizeof(state->directory), "%s/" STATE_DIRECTORY, bpffs);

	/* Not ENOENT, which means a file system without a filter. */
	if (statfs(bpffs, &fs))
		return diag__fail(diag, errno == ENOENT ? ENODEV : errno,
				  "%s: %s; mount a bpf file system there: mkdir -p %s && mount -t "
				  "bpf bpf %s",
				  bpffs, strerror(errno), bpffs, bpffs);
	if (fs.f_type != BPF_FS_MAGIC)
		return diag__fail(diag, ENODEV,
				  "%s: not a bpf file system; mount one there "
				  "(mount -t bpf bpf %s) or name another with --bpffs",
				  bpffs, bpffs);
	return 0;
}

void state__close(struct state *state)
{
	if (state->lock >= 0)
		close(state->lock);
	state->lock = -1;
}

/* Directories that a killed command was building, or taking down. */
static int sweep(const struct state *state, struct diag *diag)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *directory;
	int err = 0;

	directory = opendir(state->bpffs);
	if (!directory)
		return diag__fail(diag, errno, "%s: %s", state->bpffs, strerror(errno));
	while (!err && (entry = readdir(directory))) {
		if (strncmp(entry->d_name, STATE_DIRECTORY "-new-",
			    strlen(STATE_DIRECTORY "-new-")))
			continue;
		snprintf(path, sizeof(path), "%s/%s", state->bpffs, entry->d_name);
		err = state__remove(path, diag);
	}
	closedir(directory);
	return err;
}

int state__lock(struct state *state, struct diag *diag)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};
	int fd, tries;

	fd = open(state->bpffs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return diag__fail(diag, errno, "%s: %s%s", state->bpffs, strerror(errno),
				  errno == EACCES ? "; run as root" : "");
	for (tries = 0; flock(fd, LOCK_EX | LOCK_NB); tries++) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			int err = errno;

			close(fd);
			return diag__fail(diag, err, "%s: cannot lock: %s", state->bpffs,
					  strerror(err));
		}
		if (tries == LOCK_TRIES) {
			close(fd);
			return diag__fail(diag, ETIMEDOUT,
					  "%s: another drop53 command has been "
					  "at work for ten seconds; try again when it is done",
					  state->bpffs);
		}
		nanosleep(&pause, NULL);
	}
	state->lock = fd;
	return sweep(state, diag);
}

bool state__exists(const struct state *state)
{
	return !access(state->directory, F_OK);
}

char *state__path(const struct state *state, char *path, const char *name, ...)
{
	va_list args;
	int used;

	used = snprintf(path, PATH_MAX, "%s/", state->directory);
	va_start(args, name);
	vsnprintf(path + used, PATH_MAX - used, name, args);
	va_end(args);
	return path;
}

int state__remove(const char *path, struct diag *diag)
{
	struct dirent *entry;
	DIR *directory;
	int err = 0;

	directory = opendir(path);
	if (!directory)
		return errno == ENOENT ? 0
				       : diag__fail(diag, errno, "%s: %s", path, strerror(errno));
	while (!err && (entry = readdir(directory))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (unlinkat(dirfd(directory), entry->d_name, 0) && errno != ENOENT)
			err = diag__fail(diag, errno, "%s/%s: cannot remove the pin: %s", path,
					 entry->d_name, strerror(errno));
	}
	closedir(directory);
	if (!err && rmdir(path) && errno != ENOENT)
		err = diag__fail(diag, errno, "%s: cannot remove: %s", path, strerror(errno));
	return err;
}

int state__discard(const struct state *state, struct diag *diag)
{
	char aside[sizeof(state->directory) + 32];

	snprintf(aside, sizeof(aside), "%s" STATE_ASIDE "%d", state->directory, getpid());
	if (rename(state->directory, aside))
		return diag__fail(diag, errno, "%s: cannot move it aside: %s", state->directory,
				  strerror(errno));
	return state__remove(aside, diag);
}
