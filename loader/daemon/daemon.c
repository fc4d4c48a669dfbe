/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/daemon.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "daemon/apply.h"
#include "daemon/complaints.h"
#include "daemon/config.h"
#include "daemon/http.h"
#include "daemon/netwatch.h"
#include "daemon/pages.h"
#include "daemon/privilege.h"
#include "daemon/series.h"
#include "daemon/watch.h"
#include "lib/counters.h"
#include "lib/diag.h"
#include "lib/local.h"
#include "out.h"

#define USEC	    1000000ull
#define SETTLE_USEC (USEC / 5)	/* changes come in bursts: wait for the last of one */
#define POLL_USEC   (30 * USEC) /* for what nobody tells us of */

struct daemon {
	const struct daemon_options *options;
	char path[PATH_MAX];  /* of the configuration, absolute */
	struct config config; /* the one that holds */
	struct holder holder;
	struct pages pages;
	struct list addresses; /* this host's, as last put in force */
	struct complaints complaints;

	sd_event *event;
	sd_event_source *settle, *poll, *walk;
	struct http *http;
	struct netwatch *netwatch;
	struct watch config_watch, list_watch;
	struct series *series;
	bool files_moved, links_moved, addresses_moved; /* since the last look */
};

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

static void tell_status(const struct daemon *daemon)
{
	char *why = NULL;

	if (pages__unready(&daemon->pages, &why))
		return;
	if (*why)
		sd_notifyf(0, "STATUS=%.*s", (int)strcspn(why, "\n"), why);
	else
		sd_notifyf(0, "STATUS=policy %s; every interface is attached",
			   policy__name(daemon->config.policy));
	free(why);
}

static void on_files(void *context);

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
				     on_files, daemon);
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

/*
 * All or nothing: whatever can fail without touching the filter comes first, then the filter as a
 * whole, and what follows that cannot fail but for memory.
 */
static int load(struct daemon *daemon, bool first, struct diag *diag)
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
		socket = http__listen(&files.config.listen, diag);
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

static void reload(struct daemon *daemon)
{
	struct timespec now;
	struct diag diag;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", now.tv_sec * USEC + now.tv_nsec / 1000);
	if (!load(daemon, false, &diag)) {
		out_note("reloaded %s", daemon->path);
	} else {
		daemon->pages.reloaded = false;
		if (complaints__is_new(&daemon->complaints, diag.text))
			out_error("not reloaded, all stays as it was: %s", diag.text);
	}
	sd_notify(0, "READY=1");
	tell_status(daemon);
}

static void report_interface(void *context, const char *interface, const struct diag *failure)
{
	struct daemon *daemon = context;

	if (!failure)
		out_note("%s: attached", interface);
	else if (complaints__is_new(&daemon->complaints, failure->text))
		out_error("%s", failure->text);
}

static void follow_interfaces(struct daemon *daemon)
{
	struct diag diag;

	if (apply__interfaces(&daemon->holder, &daemon->config, report_interface, daemon, &diag) &&
	    complaints__is_new(&daemon->complaints, diag.text))
		out_error("%s", diag.text);
	tell_status(daemon);
}

static void follow_addresses(struct daemon *daemon)
{
	struct diag diag;

	if (daemon->config.scope != DROP53_SCOPE_LOCAL)
		return;
	if (apply__addresses(&daemon->holder, &daemon->addresses, &diag) &&
	    complaints__is_new(&daemon->complaints, diag.text))
		out_error("%s", diag.text);
}

static int on_settled(sd_event_source *source, uint64_t usec, void *context)
{
	struct daemon *daemon = context;
	bool changed;

	(void)source, (void)usec;
	/* Both are asked: each remembers what it saw. */
	changed = watch__changed(&daemon->config_watch) | watch__changed(&daemon->list_watch);
	if (changed)
		reload(daemon);
	if (daemon->links_moved)
		follow_interfaces(daemon);
	if (daemon->addresses_moved)
		follow_addresses(daemon);
	daemon->links_moved = daemon->addresses_moved = false;
	return 0;
}

static void settle(struct daemon *daemon)
{
	sd_event_source_set_time_relative(daemon->settle, SETTLE_USEC);
	sd_event_source_set_enabled(daemon->settle, SD_EVENT_ONESHOT);
}

static void on_files(void *context)
{
	settle(context);
}

static void on_network(void *context, bool links, bool addresses)
{
	struct daemon *daemon = context;

	daemon->links_moved |= links;
	daemon->addresses_moved |= addresses;
	settle(daemon);
}

static int on_poll(sd_event_source *source, uint64_t usec, void *context)
{
	struct daemon *daemon = context;

	sd_event_source_set_time(source, usec + POLL_USEC);
	/* What failed for a passing reason is tried again; the reason is said once. */
	if (!daemon->pages.reloaded)
		reload(daemon);
	daemon->links_moved = daemon->addresses_moved = true;
	return on_settled(source, usec, context);
}

static int on_walk(sd_event_source *source, uint64_t usec, void *context)
{
	struct daemon *daemon = context;
	struct diag diag;

	sd_event_source_set_time(source, usec + SERIES_WINDOW_SECONDS * USEC);
	if (series__walk(daemon->series, daemon->holder.bpffs, &daemon->pages.sources, &diag) &&
	    complaints__is_new(&daemon->complaints, diag.text))
		out_error("%s", diag.text);
	return 0;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct daemon *daemon = context;

	(void)source, (void)info;
	watch__changed(&daemon->config_watch);
	watch__changed(&daemon->list_watch);
	complaints__forget(&daemon->complaints);
	reload(daemon);
	return 0;
}

/* Signals are taken before anything is changed: one that comes early is not lost. */
static int prepare(struct daemon *daemon, struct diag *diag)
{
	static const int ends[] = {SIGTERM, SIGINT};
	sigset_t signals;
	int err;
	size_t i;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	err = sd_event_new(&daemon->event);
	for (i = 0; err >= 0 && i < 2; i++)
		err = sd_event_add_signal(daemon->event, NULL, ends[i], NULL, NULL);
	if (err >= 0)
		err = sd_event_add_signal(daemon->event, NULL, SIGHUP, on_hangup, daemon);
	if (err >= 0)
		err = sd_event_add_time_relative(daemon->event, &daemon->settle, CLOCK_MONOTONIC, 0,
						 0, on_settled, daemon);
	if (err >= 0)
		err = sd_event_add_time_relative(daemon->event, &daemon->poll, CLOCK_MONOTONIC,
						 POLL_USEC, USEC, on_poll, daemon);
	if (err >= 0)
		err = sd_event_add_time_relative(daemon->event, &daemon->walk, CLOCK_MONOTONIC, 0,
						 1, on_walk, daemon);
	if (err >= 0)
		err = sd_event_source_set_enabled(daemon->poll, SD_EVENT_ON);
	if (err >= 0)
		err = sd_event_source_set_enabled(daemon->walk, SD_EVENT_ON);
	if (err < 0)
		return diag__fail(diag, -err, "cannot make an event loop: %s", strerror(-err));
	sd_event_source_set_enabled(daemon->settle, SD_EVENT_OFF);
	sd_event_set_watchdog(daemon->event, true);
	return netwatch__open(&daemon->netwatch, daemon->event, on_network, daemon, diag);
}

static int start(struct daemon *daemon, struct diag *diag)
{
	int err;

	err = prepare(daemon, diag);
	if (!err)
		err = series__open(&daemon->series, diag);
	if (err)
		return err;
	daemon->pages.series = daemon->series;
	/* Watched before it is read: a change in between is seen. */
	watch__start(&daemon->config_watch, daemon->event, daemon->path, on_files, daemon);
	err = load(daemon, true, diag);
	if (err)
		return err;
	err = privilege__drop();
	if (err)
		return diag__fail(diag, -err, "cannot give up privileges: %s", strerror(-err));
	follow_interfaces(daemon);
	out_note("started with %s", daemon->path);
	sd_notify(0, "READY=1");
	return 0;
}

static int absolute_path(const char *path, char absolute[PATH_MAX], struct diag *diag)
{
	char here[PATH_MAX] = "";

	if (*path != '/' && !getcwd(here, sizeof(here)))
		return diag__fail(diag, errno, "%s: the working directory: %s", path,
				  strerror(errno));
	if (snprintf(absolute, PATH_MAX, "%s%s%s", here, *here ? "/" : "", path) >= PATH_MAX)
		return diag__fail(diag, ENAMETOOLONG, "%s: the path is too long", path);
	return 0;
}

static void stop(struct daemon *daemon)
{
	http__close(daemon->http);
	netwatch__close(daemon->netwatch);
	watch__stop(&daemon->config_watch);
	watch__stop(&daemon->list_watch);
	series__close(daemon->series);
	list__free(&daemon->addresses);
	sd_event_source_unref(daemon->settle);
	sd_event_source_unref(daemon->poll);
	sd_event_source_unref(daemon->walk);
	sd_event_unref(daemon->event);
}

int daemon__run(const struct daemon_options *options, struct diag *diag)
{
	struct daemon daemon = {
		.options = options,
		.holder = {.bpffs = options->bpffs, .force = options->force, .owner = -1},
		.pages = {.bpffs = options->bpffs},
	};
	bool detach;
	int err;

	daemon.pages.config = &daemon.config;
	err = absolute_path(options->config, daemon.path, diag);
	if (!err)
		err = start(&daemon, diag);
	if (!err)
		err = sd_event_loop(daemon.event);
	if (daemon.holder.owner >= 0) {
		sd_notify(0, "STOPPING=1");
		detach = options->on_exit < 0 ? daemon.config.detach_on_exit : options->on_exit;
		if (!err)
			err = apply__leave(&daemon.holder, detach, diag);
		else
			close(daemon.holder.owner);
	}
	stop(&daemon);
	return err;
}
