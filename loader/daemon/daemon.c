/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/daemon_priv.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/privilege.h"
#include "daemon/process.h"
#include "lib/diag.h"
#include "out.h"

#define USEC	    1000000ull
#define SETTLE_USEC (USEC / 5)	/* changes come in bursts: wait for the last of one */
#define POLL_USEC   (30 * USEC) /* for what nobody tells us of */

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
	daemon__tell_status(daemon);
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
		daemon__reload(daemon);
	if (daemon->links_moved)
		follow_interfaces(daemon);
	if (daemon->addresses_moved)
		follow_addresses(daemon);
	daemon->links_moved = daemon->addresses_moved = false;
	return 0;
}

void daemon__settle(void *context)
{
	struct daemon *daemon = context;

	sd_event_source_set_time_relative(daemon->settle, SETTLE_USEC);
	sd_event_source_set_enabled(daemon->settle, SD_EVENT_ONESHOT);
}

static void on_network(void *context, bool links, bool addresses)
{
	struct daemon *daemon = context;

	daemon->links_moved |= links;
	daemon->addresses_moved |= addresses;
	daemon__settle(daemon);
}

/* From now on, not from when it was due: who was stopped for an hour has nothing to make up. */
static void again_in(sd_event_source *source, uint64_t usec)
{
	sd_event_source_set_time_relative(source, usec);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_poll(sd_event_source *source, uint64_t usec, void *context)
{
	struct daemon *daemon = context;

	again_in(source, POLL_USEC);
	/* What failed for a passing reason is tried again; the reason is said once. */
	if (!daemon->pages.reloaded)
		daemon__reload(daemon);
	daemon->links_moved = daemon->addresses_moved = true;
	return on_settled(source, usec, context);
}

static void walk(struct daemon *daemon)
{
	struct diag diag;

	if (series__walk(daemon->series, daemon->holder.bpffs, &daemon->pages.sources, &diag) &&
	    complaints__is_new(&daemon->complaints, diag.text))
		out_error("%s", diag.text);
}

static int on_walk(sd_event_source *source, uint64_t usec, void *context)
{
	struct daemon *daemon = context;

	(void)usec;
	again_in(source, SERIES_WINDOW_SECONDS * USEC);
	/* A filter made by hand has neither our list nor our policy. A failure is on_poll()'s. */
	if (daemon->pages.reloaded && apply__is_replaced(&daemon->holder))
		daemon__reload(daemon);
	walk(daemon);
	return 0;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct daemon *daemon = context;

	(void)source, (void)info;
	watch__changed(&daemon->config_watch);
	watch__changed(&daemon->list_watch);
	complaints__forget(&daemon->complaints);
	daemon__reload(daemon);
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
		err = sd_event_add_time_relative(daemon->event, &daemon->walk, CLOCK_MONOTONIC,
						 SERIES_WINDOW_SECONDS * USEC, 1, on_walk, daemon);
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
	watch__start(&daemon->config_watch, daemon->event, daemon->path, daemon__settle, daemon);
	err = daemon__load(daemon, true, diag);
	if (err)
		return err;
	err = privilege__drop();
	if (err)
		return diag__fail(diag, -err, "cannot give up privileges: %s", strerror(-err));
	follow_interfaces(daemon);
	/* Before the first scrape, which would see the counts of sources at 0. */
	walk(daemon);
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
	daemon.pages.started_at = process__started();
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
