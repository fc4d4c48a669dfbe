/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/apply_priv.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "lib/allowlist.h"
#include "lib/attach.h"
#include "lib/attachment.h"
#include "lib/detach.h"
#include "lib/diag.h"
#include "lib/local.h"

static void names_add(struct names *names, const char *name)
{
	if (names->n == DROP53_MAX_INTERFACES)
		return;
	snprintf(names->text[names->n], DROP53_IFNAME, "%s", name);
	names->name[names->n] = names->text[names->n];
	names->n++;
}

int apply__open(struct holder *holder, struct state *state, struct filter *filter,
		struct diag *diag)
{
	int err;

	err = state__open(state, holder->bpffs, diag);
	if (err)
		return err;
	err = state__lock(state, diag);
	if (err)
		return err;
	err = filter__open(filter, state, FILTER_WRITE, diag);
	if (err) {
		filter__close(filter);
		state__close(state);
	}
	return err;
}

void apply__close(struct state *state, struct filter *filter)
{
	filter__close(filter);
	state__close(state);
}

int apply__find_wanted(const struct config *config, struct names *names, struct diag *diag)
{
	struct if_nameindex *all = if_nameindex(), *each;

	if (!all)
		return diag__fail(diag, errno, "cannot list interfaces: %s", strerror(errno));
	names->n = 0;
	for (each = all; each->if_index; each++)
		if (config__wants(config, each->if_name))
			names_add(names, each->if_name);
	if_freenameindex(all);
	return 0;
}

static bool is_alive(const struct attachment *all, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (all[i].attached && !strcmp(all[i].name, name))
			return true;
	return false;
}

void apply__drop_dead(struct filter *filter)
{
	struct attachment all[DROP53_MAX_INTERFACES];
	int n = attachments__list(filter, all), i;
	char *name;

	for (i = 0; i < n; i++) {
		name = all[i].name;
		if (!all[i].attached && !is_alive(all, n, name))
			detach__interfaces(filter, &name, 1, NULL);
	}
}

int apply__detach_unwanted(struct filter *filter, const struct config *config, struct diag *diag)
{
	struct attachment all[DROP53_MAX_INTERFACES];
	int n = attachments__list(filter, all), i, err = 0;
	char *name;

	for (i = 0; !err && i < n; i++) {
		name = all[i].name;
		if (!config__wants(config, name))
			err = detach__interfaces(filter, &name, 1, diag);
	}
	return err;
}

bool apply__is_same_list(const struct list *a, const struct list *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->prefix, b->prefix, a->n * sizeof(*a->prefix)));
}

/* Whether there is anything to do, seen without the lock. */
static int find_missing(struct holder *holder, const struct config *config, struct names *missing,
			struct diag *diag)
{
	struct attachment all[DROP53_MAX_INTERFACES];
	struct filter filter = {};
	struct names wanted;
	struct state state;
	int err, n;
	size_t i;

	err = state__open(&state, holder->bpffs, diag);
	if (err)
		return err;
	err = filter__open(&filter, &state, FILTER_READ, diag);
	if (!err)
		err = apply__find_wanted(config, &wanted, diag);
	missing->n = 0;
	if (!err) {
		n = attachments__list(&filter, all);
		for (i = 0; i < wanted.n; i++)
			if (!is_alive(all, n, wanted.name[i]))
				names_add(missing, wanted.name[i]);
	}
	apply__close(&state, &filter);
	return err;
}

int apply__interfaces(struct holder *holder, const struct config *config, apply_report report,
		      void *context, struct diag *diag)
{
	enum attach_result result;
	struct filter filter = {};
	struct names missing;
	struct diag failure;
	struct state state;
	int err;
	size_t i;

	err = find_missing(holder, config, &missing, diag);
	if (err || !missing.n)
		return err;
	err = apply__open(holder, &state, &filter, diag);
	if (err)
		return err;
	apply__drop_dead(&filter);
	for (i = 0; i < missing.n; i++) {
		err = attach__all(&filter, &missing.name[i], 1, config->mode, &result, &failure);
		/* Gone again: the next message says so. */
		if (err != -ENODEV)
			report(context, missing.name[i], err ? &failure : NULL);
	}
	apply__close(&state, &filter);
	return 0;
}

int apply__addresses(struct holder *holder, struct list *last, struct diag *diag)
{
	struct filter filter = {};
	struct state state;
	struct list list;
	int err;

	err = local__read(&list, diag);
	if (err)
		return err;
	if (apply__is_same_list(&list, last))
		goto out;
	err = apply__open(holder, &state, &filter, diag);
	if (err)
		goto out;
	err = allowlist__commit_local(&filter, &list, diag);
	apply__close(&state, &filter);
	if (!err) {
		list__free(last);
		*last = list;
		list = (struct list){};
	}
out:
	list__free(&list);
	return err;
}
