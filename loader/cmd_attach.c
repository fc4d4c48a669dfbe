/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd.h"
#include "lib/allowlist.h"
#include "lib/attach.h"
#include "lib/attachment.h"
#include "lib/counters.h"
#include "lib/local.h"
#include "lib/policy.h"
#include "lib/server.h"
#include "out.h"

/* -1 or NULL: not given, so that a second attach leaves the setting as it is. */
struct attach_request {
	struct filter_options load;
	enum xdp_mode mode;
	int policy;
	int scope;
	const char *allow_file;
	struct list list;
	char **names;
	int n;
};

enum { OPTION_MODE = 1, OPTION_POLICY, OPTION_SCOPE, OPTION_ALLOW, OPTION_SOURCES, OPTION_LENGTH };

static const struct option options[] = {
	{"xdp-mode", required_argument, NULL, OPTION_MODE},
	{"policy", required_argument, NULL, OPTION_POLICY},
	{"scope", required_argument, NULL, OPTION_SCOPE},
	{"allow-file", required_argument, NULL, OPTION_ALLOW},
	{"sources", required_argument, NULL, OPTION_SOURCES},
	{"source-len", required_argument, NULL, OPTION_LENGTH},
	{},
};

static int take_option(struct context *context, int option, struct attach_request *request)
{
	static const char *const modes[] = {"auto", "native", "generic"};
	static const char *const policies[] = {"enforce", "monitor"};
	static const char *const scopes[] = {"any", "local"};
	unsigned long long number;
	int result = 0;

	switch (option) {
	case OPTION_MODE:
		result = parse_word(context, "--xdp-mode", optarg, modes, 3);
		request->mode = result;
		break;
	case OPTION_POLICY:
		result = request->policy = parse_word(context, "--policy", optarg, policies, 2);
		break;
	case OPTION_SCOPE:
		result = request->scope = parse_word(context, "--scope", optarg, scopes, 2);
		break;
	case OPTION_ALLOW:
		request->allow_file = optarg;
		break;
	case OPTION_SOURCES:
		result = parse_number(context, "--sources", optarg, 1, 1u << 24, &number);
		if (!result)
			request->load.sources = number;
		break;
	case OPTION_LENGTH:
		result =
			parse_lengths(context, "--source-len", optarg, request->load.source_length);
		break;
	default:
		return -EINVAL;
	}
	return result < 0 ? result : 0;
}

static int parse(struct context *context, int argc, char **argv, struct attach_request *request)
{
	int option, err, i, j;

	while ((option = next_option(context, argc, argv, options)) != -1) {
		err = take_option(context, option, request);
		if (err)
			return err;
	}
	request->names = argv + optind;
	/* A name given twice is one interface. */
	for (i = optind; i < argc; i++) {
		for (j = 0; j < request->n && strcmp(request->names[j], argv[i]); j++)
			;
		if (j == request->n)
			request->names[request->n++] = argv[i];
	}
	if (!request->n)
		return usage_error(context, argv[0], "no interface given");
	if (request->n > DROP53_MAX_INTERFACES)
		return usage_error(context, argv[0], "at most %d interfaces",
				   DROP53_MAX_INTERFACES);
	return 0;
}

/* Everything that may be set while packets arrive. Before attaching: the first packet counts. */
static int apply_settings(struct context *context, struct filter *filter,
			  const struct attach_request *request)
{
	int err;

	if (request->allow_file) {
		err = allowlist__check_owner(filter, &context->diag);
		if (!err)
			err = allowlist__commit(filter, &request->list, NULL, &context->diag);
		if (err)
			return err;
	}
	if (request->scope >= 0) {
		if (request->scope == DROP53_SCOPE_LOCAL) {
			err = local__update(filter, &context->diag);
			if (err)
				return err;
		}
		__atomic_store_n(&filter->settings->scope, request->scope, __ATOMIC_RELEASE);
	}
	if (request->policy >= 0)
		policy__set(filter, request->policy, 0);
	return 0;
}

static bool is_down(const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {};
	bool down = false;

	if (fd < 0)
		return false;
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (!ioctl(fd, SIOCGIFFLAGS, &request))
		down = !(request.ifr_flags & IFF_UP);
	close(fd);
	return down;
}

static void report(const struct filter *filter, const struct attach_request *request,
		   const enum attach_result *results)
{
	struct attachment all[DROP53_MAX_INTERFACES];
	int n = attachments__list(filter, all), i, j;

	for (i = 0; i < request->n; i++) {
		for (j = 0; j < n; j++) {
			if (strcmp(all[j].name, request->names[i]))
				continue;
			out_note("%s: %s (%s)", all[j].name,
				 results[i] == ATTACH_ALREADY ? "already attached" : "attached",
				 xdp_mode__name(all[j].mode));
			if (all[j].mode == XDP_MODE_GENERIC && request->mode == XDP_MODE_AUTO)
				out_warning("%s: the driver has no native XDP; generic mode drops "
					    "later and costs more",
					    all[j].name);
		}
		if (is_down(request->names[i]))
			out_warning("%s: the interface is down; it is filtered once it is up",
				    request->names[i]);
	}
	if (request->scope == DROP53_SCOPE_LOCAL)
		out_warning("--scope local: this host's addresses are as they are now; attach "
			    "again when they change");
}

static void warn_of_servers(const struct filter *filter)
{
	struct allowlist_status status;
	struct diag diag;
	char what[256];

	if (!allowlist__status(filter, &status, &diag) &&
	    (status.prefixes[DROP53_FAMILY_IPV4] || status.prefixes[DROP53_FAMILY_IPV6]))
		return;
	if (server__find(what, sizeof(what)) > 0)
		out_warning("%s: nobody is in the allow-list, so nobody else reaches it (drop53 "
			    "allow add PREFIX)",
			    what);
}

/*
 * A new filter gets its settings before the first packet; one that is at work only after
 * everything else went well, so that a command that fails lets nothing through.
 */
static int attach(struct context *context, struct filter *filter,
		  const struct attach_request *request, bool created)
{
	enum attach_result results[DROP53_MAX_INTERFACES];
	__u32 list = filter->settings->allow;
	struct attach_plan *plan;
	int err = 0;

	if (!filter__matches(filter, &request->load))
		return diag__fail(&context->diag, EINVAL,
				  "--sources and --source-len are fixed when the filter is loaded; "
				  "drop53 detach --all first");
	if (created)
		err = apply_settings(context, filter, request);
	if (!err)
		err = attach__begin(filter, request->names, request->n, request->mode, results,
				    &plan, &context->diag);
	if (err)
		return err;
	if (!created)
		err = apply_settings(context, filter, request);
	if (err) {
		/* The list that was is still in its slot. */
		__atomic_store_n(&filter->settings->allow, list, __ATOMIC_RELEASE);
		attach__cancel(plan);
		return err;
	}
	attach__finish(plan);
	report(filter, request, results);
	warn_of_servers(filter);
	return EXIT_DONE;
}

int cmd_attach(struct context *context, int argc, char **argv)
{
	struct attach_request request = {.policy = -1, .scope = -1};
	struct filter filter;
	bool created = false;
	struct state state;
	int err;

	filter__init(&filter, &state);
	err = parse(context, argc, argv, &request);
	if (err)
		return err;
	if (request.allow_file) {
		err = list__parse_file(request.allow_file, &request.list, NULL, &context->diag);
		if (err)
			return err;
	}
	err = state__open(&state, context->bpffs, &context->diag);
	if (!err)
		err = state__lock(&state, &context->diag);
	if (err)
		goto out;
	if (state__exists(&state)) {
		err = filter__open(&filter, &state, FILTER_WRITE, &context->diag);
	} else {
		err = filter__create(&filter, &state, &request.load, &context->diag);
		created = !err;
	}
	if (!err)
		err = attach(context, &filter, &request, created);
	/* What this command made and could not use goes again. */
	if (err < 0 && created)
		filter__remove(&filter, NULL);
	filter__close(&filter);
out:
	state__close(&state);
	list__free(&request.list);
	return err;
}
