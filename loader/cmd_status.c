/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>

#include "cmd.h"
#include "lib/allowlist.h"
#include "lib/attachment.h"
#include "lib/counters.h"
#include "lib/policy.h"
#include "lib/sources.h"
#include "out.h"

struct report {
	struct attachment interfaces[DROP53_MAX_INTERFACES];
	int n;
	enum drop53_policy policy;
	__u64 until; /* wall-clock ns when the policy goes back; 0: never */
	enum drop53_scope scope;
	struct allowlist_status allow;
	struct source_summary sources;
};

static int gather(const struct filter *filter, struct report *report, struct diag *diag)
{
	int err;

	report->n = attachments__list(filter, report->interfaces);
	report->policy = policy__get(filter, &report->until);
	report->scope = filter->settings->scope;
	err = allowlist__status(filter, &report->allow, diag);
	if (err)
		return err;
	return sources__each(filter, NULL, NULL, &report->sources, diag);
}

static json_t *interfaces_json(const struct report *report)
{
	json_t *array = json_array();
	char since[TIME_TEXT];
	int i;

	for (i = 0; i < report->n; i++) {
		const struct attachment *one = &report->interfaces[i];

		json_array_append_new(
			array, json_pack("{s:s, s:i, s:s, s:b, s:b, s:i, s:s, s:s}", "name",
					 one->name, "ifindex", (int)one->ifindex, "xdp_mode",
					 xdp_mode__name(one->mode), "attached", (int)one->attached,
					 "multi_buffer", (int)one->multi_buffer, "program_id",
					 (int)one->program_id, "program_tag", one->program_tag,
					 "attached_since", format_time(one->since, since)));
	}
	return array;
}

static void print_json(const struct report *report)
{
	char until[TIME_TEXT];
	json_t *document;

	document = json_pack(
		"{s:i, s:s, s:s, s:o, s:{s:i, s:i, s:I, s:I}, s:{s:I, s:I, s:I}}", "schema_version",
		1, "policy", policy__name(report->policy), "scope", scope__name(report->scope),
		"interfaces", interfaces_json(report), "allow", "ipv4_prefixes",
		(int)report->allow.prefixes[DROP53_FAMILY_IPV4], "ipv6_prefixes",
		(int)report->allow.prefixes[DROP53_FAMILY_IPV6], "generation",
		(json_int_t)report->allow.generation, "bytes", (json_int_t)report->allow.bytes,
		"sources", "tracked", (json_int_t)report->sources.tracked, "allowed",
		(json_int_t)report->sources.allowed, "capacity",
		(json_int_t)report->sources.capacity);
	if (report->until)
		json_object_set_new(document, "policy_until",
				    json_string(format_time(report->until, until)));
	out_json(document);
}

static void print_text(const struct report *report)
{
	char text[TIME_TEXT], size[SIZE_TEXT];
	int i;

	out("policy      %s", policy__name(report->policy));
	if (report->until)
		out(" until %s unless confirmed", format_time(report->until, text));
	out("\nscope       %s\n", scope__name(report->scope));
	out("allow-list  %u IPv4 and %u IPv6 prefixes, generation %llu, %s\n",
	    report->allow.prefixes[DROP53_FAMILY_IPV4], report->allow.prefixes[DROP53_FAMILY_IPV6],
	    report->allow.generation, format_bytes(report->allow.bytes, size));
	out("sources     %u dropped and %u allowed, in %u slots\n", report->sources.tracked,
	    report->sources.allowed, report->sources.capacity);
	out("\n%-16s %-8s %-9s %-8s %8s  %-16s  %s\n", "INTERFACE", "MODE", "STATE", "FRAMES",
	    "PROGRAM", "TAG", "SINCE");
	for (i = 0; i < report->n; i++) {
		const struct attachment *one = &report->interfaces[i];

		out("%-16s %-8s %-9s %-8s %8u  %-16s  %s\n", one->name, xdp_mode__name(one->mode),
		    one->attached ? "attached" : "LOST", one->multi_buffer ? "jumbo" : "usual",
		    one->program_id, one->program_tag, format_time(one->since, text));
	}
}

/* No filter at all is an answer too, and in JSON of the same shape. */
static int not_attached(struct context *context, bool json)
{
	if (json)
		out_json(json_pack("{s:i, s:n, s:n, s:[], s:{s:i, s:i, s:i}, s:{s:i, s:i, s:i}}",
				   "schema_version", 1, "policy", "scope", "interfaces", "allow",
				   "ipv4_prefixes", 0, "ipv6_prefixes", 0, "generation", 0,
				   "sources", "tracked", 0, "allowed", 0, "capacity", 0));
	out_error("%s", context->diag.text);
	return EXIT_NOT_ATTACHED;
}

static int missing(const struct report *report)
{
	int i, n = 0;

	for (i = 0; i < report->n; i++) {
		if (report->interfaces[i].attached)
			continue;
		n++;
		out_error("%s: no longer attached: the interface is gone, or someone detached it; "
			  "drop53 attach %s, or drop53 detach %s",
			  report->interfaces[i].name, report->interfaces[i].name,
			  report->interfaces[i].name);
	}
	return n;
}

int cmd_status(struct context *context, int argc, char **argv)
{
	struct filter filter;
	struct state state;
	struct report *report = NULL;
	bool json;
	int err;

	err = parse_json_alone(context, argc, argv, &json);
	if (err)
		return err;
	err = open_filter(context, &state, &filter, FILTER_READ);
	if (err == -ENOENT) {
		err = not_attached(context, json);
		goto out;
	}
	if (err)
		goto out;
	report = calloc(1, sizeof(*report));
	err = report ? gather(&filter, report, &context->diag)
		     : diag__fail(&context->diag, ENOMEM, "out of memory");
	if (err)
		goto out;
	if (json)
		print_json(report);
	else
		print_text(report);
	if (missing(report))
		err = EXIT_NOT_ATTACHED;
	else if (!report->n) {
		out_error("attached to no interface; drop53 attach IFACE");
		err = EXIT_NOT_ATTACHED;
	}
out:
	free(report);
	close_filter(&state, &filter);
	return err;
}
