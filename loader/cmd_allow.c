/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "lib/allowlist.h"
#include "lib/counters.h"
#include "out.h"

/* `add` and `del`: the same but for one call. */
typedef int (*list_change)(struct list *list, const struct prefix *prefixes, size_t n,
			   size_t *changed, struct diag *diag);

static int change(struct context *context, list_change apply, const char *done,
		  const struct prefix *prefixes, size_t n)
{
	struct list list = {};
	struct filter filter;
	struct state state;
	size_t changed = 0;
	__u64 generation;
	int err;

	err = open_filter(context, &state, &filter, FILTER_WRITE);
	if (!err)
		err = allowlist__check_owner(&filter, &context->diag);
	if (!err)
		err = allowlist__read(&filter, &list, &generation, &context->diag);
	if (!err)
		err = apply(&list, prefixes, n, &changed, &context->diag);
	if (!err && changed)
		err = allowlist__commit(&filter, &list, &generation, &context->diag);
	if (!err && changed < n)
		out_note("%zu %s; %zu made no difference (generation %llu)", changed, done,
			 n - changed, generation);
	else if (!err)
		out_note("%zu %s (generation %llu)", changed, done, generation);
	list__free(&list);
	close_filter(&state, &filter);
	return err;
}

static int parse_prefixes(struct context *context, int argc, char **argv, list_change apply,
			  const char *done)
{
	struct prefix *prefixes;
	int err = 0, i;

	if (argc < 2)
		return usage_error(context, "allow", "no prefix given");
	prefixes = calloc(argc - 1, sizeof(*prefixes));
	if (!prefixes)
		return diag__fail(&context->diag, ENOMEM, "out of memory");
	for (i = 1; !err && i < argc; i++)
		err = prefix__parse(argv[i], strlen(argv[i]), &prefixes[i - 1], NULL,
				    &context->diag);
	if (!err)
		err = change(context, apply, done, prefixes, argc - 1);
	free(prefixes);
	return err;
}

static int allow_add(struct context *context, int argc, char **argv)
{
	return parse_prefixes(context, argc, argv, list__add, "added");
}

static int allow_del(struct context *context, int argc, char **argv)
{
	return parse_prefixes(context, argc, argv, list__del, "deleted");
}

static void print_list(const struct list *list, __u64 generation, bool json)
{
	char text[PREFIX_TEXT];
	size_t i;

	if (json)
		out("{\"schema_version\":1,\"generation\":%llu,\"prefixes\":[", generation);
	for (i = 0; i < list->n; i++) {
		const struct prefix *one = &list->prefix[i];

		prefix__format(one, text);
		if (json)
			out("%s{\"prefix\":\"%s\",\"family\":\"%s\",\"exception\":%s}",
			    i ? "," : "", text + one->except, family__name(one->family),
			    one->except ? "true" : "false");
		else
			out("%s\n", text);
	}
	if (json)
		out("]}\n");
}

static int allow_list(struct context *context, int argc, char **argv)
{
	bool json = argc == 2 && !strcmp(argv[1], "--json");
	struct list list = {};
	struct filter filter;
	struct state state;
	__u64 generation;
	int err;

	if (argc > 2 || (argc == 2 && !json))
		return usage_error(context, "allow", "'%s': list takes --json alone",
				   argv[argc - 1]);
	err = open_filter(context, &state, &filter, FILTER_READ);
	if (!err)
		err = allowlist__read(&filter, &list, &generation, &context->diag);
	if (!err)
		print_list(&list, generation, json);
	list__free(&list);
	close_filter(&state, &filter);
	return err;
}

static void note_file(const char *path, const struct list_file *file)
{
	if (file->repeats)
		out_note("%s: %zu repeated prefixes merged", path, file->repeats);
	if (file->unfinished)
		out_warning("%s: the last line has no newline; was the file written to its end?",
			    path);
}

static int allow_replace(struct context *context, int argc, char **argv)
{
	struct list_file file;
	struct filter filter;
	struct state state;
	struct list list;
	__u64 generation;
	int err;

	if (argc != 2)
		return usage_error(context, "allow", "replace takes one file");
	err = list__parse_file(argv[1], &list, &file, &context->diag);
	if (err)
		return err;
	err = open_filter(context, &state, &filter, FILTER_WRITE);
	if (!err)
		err = allowlist__check_owner(&filter, &context->diag);
	if (!err)
		err = allowlist__commit(&filter, &list, &generation, &context->diag);
	if (!err) {
		note_file(argv[1], &file);
		out_note("%zu prefixes in force (generation %llu)", list.n, generation);
	}
	list__free(&list);
	close_filter(&state, &filter);
	return err;
}

static int allow_check(struct context *context, int argc, char **argv)
{
	static const enum drop53_family families[] = {DROP53_FAMILY_IPV4, DROP53_FAMILY_IPV6};
	struct list_summary summary;
	struct list_file file;
	struct list list;
	size_t i;
	int err;

	if (argc != 2)
		return usage_error(context, "allow", "check takes one file");
	err = list__parse_file(argv[1], &list, &file, &context->diag);
	if (err)
		return err;
	err = list__summarize(&list, &summary, &context->diag);
	list__free(&list);
	if (err)
		return err;
	for (i = 0; i < 2; i++) {
		out("%s: %zu prefixes, %zu of them exceptions; %s addresses allowed",
		    family__name(families[i]), summary.prefixes[families[i]],
		    summary.exceptions[families[i]], summary.addresses[families[i]]);
		if (summary.idle[families[i]])
			out("; %zu change nothing", summary.idle[families[i]]);
		out("\n");
	}
	note_file(argv[1], &file);
	return EXIT_DONE;
}

int cmd_allow(struct context *context, int argc, char **argv)
{
	static const struct {
		const char *name;
		command_function run;
	} verbs[] = {
		{"add", allow_add},	    {"del", allow_del},	    {"list", allow_list},
		{"replace", allow_replace}, {"check", allow_check},
	};
	size_t i;

	if (argc < 2)
		return usage_error(context, argv[0], "what about the allow-list?");
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(context, argc - 1, argv + 1);
	return usage_error(context, argv[0], "'%s': add, del, list, replace or check", argv[1]);
}
