/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <getopt.h>

#include "cmd.h"
#include "lib/allowlist.h"
#include "lib/counters.h"
#include "lib/policy.h"
#include "lib/server.h"
#include "out.h"

#define MAX_TRIAL (7 * 24 * 3600) /* seconds */

enum { OPTION_CONFIRM = 1, OPTION_FORCE };

static const struct option options[] = {
	{"confirm", required_argument, NULL, OPTION_CONFIRM},
	{"force", no_argument, NULL, OPTION_FORCE},
	{},
};

/* To enforce where others are served, with nobody allowed, cuts them off: not by accident. */
static int check_servers(struct context *context, const struct filter *filter)
{
	struct allowlist_status status;
	char what[256];
	int err;

	err = allowlist__status(filter, &status, &context->diag);
	if (err || status.prefixes[DROP53_FAMILY_IPV4] || status.prefixes[DROP53_FAMILY_IPV6])
		return err;
	if (server__find(what, sizeof(what)) <= 0)
		return 0;
	return diag__fail(
		&context->diag, ECANCELED,
		"not enforced: %s, and the allow-list is "
		"empty; allow its clients first (drop53 allow add PREFIX), or use --force",
		what);
}

int cmd_policy(struct context *context, int argc, char **argv)
{
	static const char *const words[] = {"enforce", "monitor"};
	unsigned long long seconds = 0;
	int option, err, policy;
	struct filter filter;
	struct state state;
	bool force = false;

	while ((option = next_option(context, argc, argv, options)) != -1) {
		if (option == '?')
			return -EINVAL;
		force |= option == OPTION_FORCE;
		if (option == OPTION_CONFIRM &&
		    parse_number(context, "--confirm", optarg, 1, MAX_TRIAL, &seconds))
			return -EINVAL;
	}
	if (optind != argc - 1)
		return usage_error(context, argv[0], "one policy, please");
	policy = parse_word(context, "policy", argv[optind], words, 2);
	if (policy < 0)
		return policy;
	err = open_filter(context, &state, &filter, FILTER_WRITE);
	if (!err && policy == DROP53_POLICY_ENFORCE && !force)
		err = check_servers(context, &filter);
	if (!err) {
		policy__set(&filter, policy, seconds);
		if (seconds)
			out_note("policy %s for %llu seconds; drop53 confirm keeps it",
				 policy__name(policy), seconds);
		else
			out_note("policy %s", policy__name(policy));
	}
	close_filter(&state, &filter);
	return err;
}

int cmd_confirm(struct context *context, int argc, char **argv)
{
	enum drop53_policy policy;
	struct filter filter;
	struct state state;
	__u64 until;
	int err;

	if (argc > 1)
		return usage_error(context, argv[0], "'%s': takes no arguments", argv[1]);
	err = open_filter(context, &state, &filter, FILTER_WRITE);
	if (err)
		goto out;
	policy = policy__get(&filter, &until);
	if (!until) {
		err = diag__fail(&context->diag, ESRCH, "no policy is on trial%s; the policy is %s",
				 filter.settings->fallback_at ? " any more: its time was up" : "",
				 policy__name(policy));
		goto out;
	}
	policy__confirm(&filter);
	out_note("policy %s, for good", policy__name(policy));
out:
	close_filter(&state, &filter);
	return err;
}
