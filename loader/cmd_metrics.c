/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "lib/metrics.h"
#include "out.h"

enum { OPTION_TEXTFILE = 1 };

static const struct option options[] = {
	{"textfile", required_argument, NULL, OPTION_TEXTFILE},
	{},
};

static int write_all(int fd, const char *text, size_t length)
{
	ssize_t written;

	while (length) {
		written = write(fd, text, length);
		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			text += written;
			length -= written;
		}
	}
	return fsync(fd) ? -errno : 0;
}

/*
 * Beside the file and over it by rename: who reads it sees the old text or the new, whole. The
 * temporary name does not end in .prom, so that node_exporter does not read it.
 */
static int write_textfile(const char *path, const char *text, size_t length, struct diag *diag)
{
	char aside[PATH_MAX];
	int fd, err = 0;

	if (snprintf(aside, sizeof(aside), "%s.%d", path, getpid()) >= (int)sizeof(aside))
		return diag__fail(diag, ENAMETOOLONG, "--textfile: the path is too long");
	fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return diag__fail(diag, errno == EACCES || errno == EPERM ? EACCES : EIO,
				  "%s: cannot create: %s", aside, strerror(errno));
	err = write_all(fd, text, length);
	/* The collector runs as another user, whatever our umask. */
	if (!err && fchmod(fd, 0644))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(aside, path))
		err = -errno;
	if (!err)
		return 0;
	unlink(aside);
	return diag__fail(diag, EIO, "%s: cannot write: %s; the file is as it was", path,
			  strerror(-err));
}

static int read_metrics(struct context *context, struct metrics *metrics)
{
	struct filter filter;
	struct state state;
	int err;

	err = open_filter(context, &state, &filter, FILTER_READ);
	if (err == -ENOENT) {
		/* An error would leave a textfile that says all is well. */
		out_warning("%s", context->diag.text);
		err = 0;
	} else if (!err) {
		err = metrics__read(&filter, metrics, &context->diag);
		if (!err)
			err = sources__each(&filter, NULL, NULL, &metrics->sources, &context->diag);
	}
	close_filter(&state, &filter);
	return err;
}

int cmd_metrics(struct context *context, int argc, char **argv)
{
	const char *textfile = NULL;
	struct metrics metrics = {};
	char *text = NULL;
	int option, err;
	size_t length;
	FILE *memory;

	while ((option = next_option(context, argc, argv, options)) != -1) {
		if (option == '?')
			return -EINVAL;
		textfile = optarg;
	}
	if (optind < argc)
		return usage_error(context, argv[0], "'%s': takes no arguments", argv[optind]);
	err = read_metrics(context, &metrics);
	if (err)
		goto out;
	memory = open_memstream(&text, &length);
	if (memory)
		metrics__write(memory, &metrics);
	if (!memory || ferror(memory) | fclose(memory))
		err = diag__fail(&context->diag, ENOMEM, "out of memory");
	else if (textfile)
		err = write_textfile(textfile, text, length, &context->diag);
	else
		out("%s", text);
out:
	free(text);
	metrics__free(&metrics);
	return err;
}
