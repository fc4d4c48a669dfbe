/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/apply_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/allowlist.h"
#include "lib/attach.h"
#include "lib/detach.h"
#include "lib/diag.h"
#include "lib/local.h"
#include "lib/server.h"

#define OWNER_TRIES    40
#define OWNER_PAUSE_MS 25

static bool is_owned(const struct holder *holder, const struct state *state)
{
	struct stat held, there;

	return holder->owner >= 0 && !fstat(holder->owner, &held) &&
	       !stat(state->directory, &there) && held.st_ino == there.st_ino &&
	       held.st_dev == there.st_dev;
}

/* The lock that says "a daemon lives". Commands that ask for it hold it for an instant. */
static int own(struct holder *holder, const struct state *state, struct diag *diag)
{
	const struct timespec pause = {.tv_nsec = OWNER_PAUSE_MS * 1000000L};
	int fd, tries;

	if (is_owned(holder, state))
		return 0;
	fd = open(state->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return diag__fail(diag, errno, "%s: %s", state->directory, strerror(errno));
	for (tries = 0; flock(fd, LOCK_EX | LOCK_NB); tries++) {
		if (tries < OWNER_TRIES) {
			nanosleep(&pause, NULL);
			continue;
		}
		close(fd);
		return diag__fail(diag, EEXIST,
				  "%s: another drop53 run is at work there; one is enough",
				  state->directory);
	}
	if (holder->owner >= 0)
		close(holder->owner);
	holder->owner = fd;
	return 0;
}

/* To enforce where others are served, with nobody allowed, cuts them off: not by accident. */
static int check_servers(const struct holder *holder, const struct filter *filter,
			 const struct config *config, const struct list *list, bool created,
			 struct diag *diag)
{
	bool enforcing = !created && filter->settings->policy == DROP53_POLICY_ENFORCE &&
			 !filter->settings->fallback_at;
	struct allowlist_status status;
	size_t allowed;
	char what[256];
	int err;

	if (holder->force || enforcing || config->policy != DROP53_POLICY_ENFORCE)
		return 0;
	err = allowlist__status(filter, &status, diag);
	if (err)
		return err;
	allowed = list ? list->n
		       : status.prefixes[DROP53_FAMILY_IPV4] + status.prefixes[DROP53_FAMILY_IPV6];
	if (allowed || server__find(what, sizeof(what)) <= 0)
		return 0;
	return diag__fail(diag, ECANCELED,
			  "not enforced: %s, and the allow-list is empty; allow its clients first, "
			  "or use policy: monitor, or --force",
			  what);
}

/* A list that is in force already makes no new generation. */
static int commit_list(struct filter *filter, const struct list *list, struct diag *diag)
{
	struct list now = {};
	bool same;

	same = !allowlist__read(filter, &now, NULL, NULL) && apply__is_same_list(&now, list);
	list__free(&now);
	return same ? 0 : allowlist__commit(filter, list, NULL, diag);
}

static void set_policy(struct drop53_settings *settings, enum drop53_policy policy)
{
	__atomic_store_n(&settings->policy, policy, __ATOMIC_RELEASE);
	__atomic_store_n(&settings->fallback_at, 0, __ATOMIC_RELEASE);
}

static void restore(struct drop53_settings *settings, const struct drop53_settings *before)
{
	__atomic_store_n(&settings->policy, before->policy, __ATOMIC_RELEASE);
	__atomic_store_n(&settings->fallback_at, before->fallback_at, __ATOMIC_RELEASE);
	__atomic_store_n(&settings->scope, before->scope, __ATOMIC_RELEASE);
	/* The slot before the switch still holds the list that was. */
	__atomic_store_n(&settings->allow, before->allow, __ATOMIC_RELEASE);
}

/* What may be set while packets arrive, before attaching: the first packet counts. */
static int set(struct filter *filter, const struct config *config, const struct list *list,
	       struct diag *diag)
{
	int err = 0;

	if (list)
		err = commit_list(filter, list, diag);
	if (!err && config->scope == DROP53_SCOPE_LOCAL)
		err = local__update(filter, diag);
	if (err)
		return err;
	__atomic_store_n(&filter->settings->scope, config->scope, __ATOMIC_RELEASE);
	set_policy(filter->settings, config->policy);
	return 0;
}

static int change(struct holder *holder, struct filter *filter, const struct config *config,
		  const struct list *list, bool created, struct diag *diag)
{
	struct drop53_settings before = *filter->settings;
	enum attach_result results[DROP53_MAX_INTERFACES];
	struct names names;
	int err;

	if (!filter__matches(filter, &config->load))
		return diag__fail(diag, EEXIST,
				  "sources and source_len are fixed when the filter is loaded; "
				  "drop53 detach --all, and start again");
	err = check_servers(holder, filter, config, list, created, diag);
	if (!err)
		err = apply__find_wanted(config, &names, diag);
	if (err)
		return err;
	apply__drop_dead(filter);
	err = set(filter, config, list, diag);
	if (!err)
		err = attach__all(filter, names.name, names.n, config->mode, results, diag);
	if (err) {
		restore(filter->settings, &before);
		return err;
	}
	snprintf(filter->settings->list_file, DROP53_PATH, "%s", list ? config->allow_file : "");
	return apply__detach_unwanted(filter, config, diag);
}

int apply__config(struct holder *holder, const struct config *config, const struct list *list,
		  struct diag *diag)
{
	struct filter filter = {};
	bool created = false;
	struct state state;
	int err;

	err = state__open(&state, holder->bpffs, diag);
	if (err)
		return err;
	err = state__lock(&state, diag);
	if (err)
		goto out;
	if (state__exists(&state)) {
		err = filter__open(&filter, &state, FILTER_WRITE, diag);
	} else {
		err = filter__create(&filter, &state, &config->load, diag);
		created = !err;
	}
	if (!err)
		err = own(holder, &state, diag);
	if (!err)
		err = change(holder, &filter, config, list, created, diag);
	/* What was made and could not be used goes again. */
	if (err && created)
		filter__remove(&filter, NULL);
	if (filter.state)
		filter__close(&filter);
out:
	state__close(&state);
	return err;
}

bool apply__is_replaced(const struct holder *holder)
{
	struct state state;

	return !state__open(&state, holder->bpffs, NULL) && state__exists(&state) &&
	       !is_owned(holder, &state);
}

int apply__leave(struct holder *holder, bool detach, struct diag *diag)
{
	struct filter filter = {};
	struct state state;
	int err;

	err = apply__open(holder, &state, &filter, diag);
	if (!err) {
		filter.settings->list_file[0] = '\0';
		if (detach)
			err = detach__everything(&filter, diag);
		if (!err && detach)
			err = filter__remove(&filter, diag);
		apply__close(&state, &filter);
	}
	if (holder->owner >= 0)
		close(holder->owner);
	holder->owner = -1;
	return err == -ENOENT ? 0 : err;
}
