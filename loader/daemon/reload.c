/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/daemon_priv.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "daemon/listen.h"
#include "lib/counters.h"
#include "lib/diag.h"
#include "out.h"

#define USEC 1000000ull

/* Both files, as they are now. */
struct files {
	struct config config;
	struct list list;
	bool has_list;
};

static int read_files(const struct daemon *daemon, struct files *files, struct diag *diag)
{
	int err;

	err = config__parse_file(daemon->path, &files->config, diag);
	if (err)
		return err;
	files->has_list = *files->config.allow_file;
	if (!files->has_list)
		return 0;
	return list__parse_file(files->config.allow_file, &files->list, NULL, diag);
}

static double wall_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

void daemon__tell_status(const struct daemon *daemon)
{
	char *why = NULL;

	if (pages__unready(&daemon->pages, &why))
		return;
	if (*why)
		sd_notifyf(0, "STATUS=%.*s", (int)strcspn(why, "\n"), why);
	else if (!daemon->pages.reloaded)
		sd_notifyf(0, "STATUS=not reloaded, all stays as it was: %s", daemon->failure.text);
	else
		sd_notifyf(0, "STATUS=policy %s; every interface is attached",
			   policy__name(daemon->config.policy));
	free(why);
}

/* Takes over what has been applied. */
static void take_over(struct daemon *daemon, struct files *files)
{
	daemon->config = files->config;
	daemon->pages.reloaded = true;
	daemon->pages.reloaded_at = wall_seconds();
	complaints__forget(&daemon->complaints);
	if (strcmp(daemon->list_watch.path, files->config.allow_file)) {
		watch__stop(&daemon->list_watch);
		if (files->has_list)
			watch__start(&daemon->list_watch, daemon->event, files->config.allow_file,
				     daemon__settle, daemon);
	}
	series__configure(daemon->series, &daemon->config);
	list__free(&daemon->addresses);
	/* The parsed list and the compiled one were large, perhaps. */
	malloc_trim(0);
}

/* Serves on @socket instead of what was before; -1: nowhere. */
static int serve(struct daemon *daemon, int socket, struct diag *diag)
{
	struct http *http = NULL;
	int err;

	if (socket >= 0) {
		err = http__open(&http, daemon->event, socket, pages__answer, &daemon->pages, diag);
		if (err)
			return err;
	}
	http__close(daemon->http);
	daemon->http = http;
	return 0;
}

int daemon__load(struct daemon *daemon, bool first, struct diag *diag)
{
	struct files files = {};
	int socket = -1, err;
	bool move;

	err = read_files(daemon, &files, diag);
	if (err)
		goto out;
	move = first ||
	       memcmp(&files.config.listen, &daemon->config.listen, sizeof(files.config.listen));
	if (move && files.config.listen.ss_family) {
		socket = listen__open(&files.config.listen, http__socket(daemon->http), diag);
		if (socket < 0) {
			err = socket;
			goto out;
		}
	}
	err = apply__config(&daemon->holder, &files.config, files.has_list ? &files.list : NULL,
			    diag);
	if (err) {
		if (socket >= 0)
			close(socket);
		goto out;
	}
	if (move)
		err = serve(daemon, socket, diag);
	if (!err)
		take_over(daemon, &files);
out:
	list__free(&files.list);
	return err;
}

void daemon__reload(struct daemon *daemon)
{
	struct timespec now;
	struct diag diag;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", now.tv_sec * USEC + now.tv_nsec / 1000);
	if (!daemon__load(daemon, false, &diag)) {
		out_note("reloaded %s", daemon->path);
	} else {
		daemon->pages.reloaded = false;
		daemon->failure = diag;
		if (complaints__is_new(&daemon->complaints, diag.text))
			out_error("not reloaded, all stays as it was: %s", diag.text);
	}
	sd_notify(0, "READY=1");
	daemon__tell_status(daemon);
}
