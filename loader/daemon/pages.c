/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/pages.h"

#include <errno.h>
#include <microhttpd.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/process.h"
#include "daemon/series.h"
#include "lib/policy.h"
#include "lib/attach.h"
#include "lib/diag.h"
#include "lib/metrics.h"

static int open_filter_read(const struct pages *pages, struct state *state, struct filter *filter,
			    struct diag *diag)
{
	int err;

	err = state__open(state, pages->bpffs, diag);
	if (err)
		return err;
	err = filter__open(filter, state, FILTER_READ, diag);
	if (err)
		filter__close(filter);
	return err;
}

static void expect_interfaces(const struct pages *pages, struct metrics *metrics)
{
	size_t i;

	for (i = 0; i < pages->config->n_interfaces; i++)
		if (config__is_name(pages->config->interfaces[i]))
			metrics__expect(metrics, pages->config->interfaces[i]);
}

static void write_own(FILE *out, const struct pages *pages)
{
	metrics__head(out, "drop53_config_last_reload_successful", "gauge",
		      "Whether the configuration and the allow-list were good when last read.");
	fprintf(out, "drop53_config_last_reload_successful %d\n", pages->reloaded);
	metrics__head(out, "drop53_config_last_reload_success_timestamp_seconds", "gauge",
		      "When they last were, in seconds since 1970.");
	fprintf(out, "drop53_config_last_reload_success_timestamp_seconds %.3f\n",
		pages->reloaded_at);
	metrics__head(out, "drop53_scrape_errors_total", "counter",
		      "Scrapes that could not be answered.");
	fprintf(out, "drop53_scrape_errors_total %llu\n", pages->errors);
}

/* A filter that somebody has removed is told, not an error: nothing is enforced. */
static int read_metrics(const struct pages *pages, struct metrics *metrics, struct diag *diag)
{
	struct filter filter;
	struct state state;
	int err;

	err = open_filter_read(pages, &state, &filter, diag);
	if (err == -ENOENT)
		return 0;
	if (err)
		return err;
	err = metrics__read(&filter, metrics, diag);
	filter__close(&filter);
	if (!err)
		metrics->sources = pages->sources;
	return err;
}

static int metrics_page(struct pages *pages, struct http_page *page)
{
	struct metrics metrics = {};
	struct diag diag;
	FILE *out;
	int err;

	err = read_metrics(pages, &metrics, &diag);
	if (err) {
		pages->errors++;
		page->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
		page->body = strdup(diag.text);
		return err;
	}
	expect_interfaces(pages, &metrics);
	page->type = METRICS_CONTENT_TYPE;
	out = open_memstream(&page->body, &page->length);
	if (out) {
		metrics__write(out, &metrics);
		if (metrics.loaded)
			series__write(out, pages->series);
		write_own(out, pages);
		process__write(out);
		fclose(out);
	}
	metrics__free(&metrics);
	return 0;
}

static const struct attachment *find(const struct attachment *all, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (all[i].attached && !strcmp(all[i].name, name))
			return &all[i];
	return NULL;
}

static void complain_of_interfaces(FILE *out, const struct config *config,
				   const struct filter *filter)
{
	struct attachment all[DROP53_MAX_INTERFACES];
	struct if_nameindex *there = if_nameindex(), *each;
	int n = attach__list(filter, all), wanted = 0;
	size_t i;

	for (i = 0; i < config->n_interfaces; i++)
		if (config__is_name(config->interfaces[i]) && ++wanted &&
		    !find(all, n, config->interfaces[i]))
			fprintf(out, "%s: not attached\n", config->interfaces[i]);
	for (each = there; each && each->if_index; each++) {
		if (!config__wants(config, each->if_name))
			continue;
		wanted++;
		/* Those with a name of their own had their turn. */
		for (i = 0; i < config->n_interfaces; i++)
			if (!strcmp(config->interfaces[i], each->if_name))
				break;
		if (i == config->n_interfaces && !find(all, n, each->if_name))
			fprintf(out, "%s: not attached\n", each->if_name);
	}
	if (!wanted)
		fprintf(out, "no interface matches\n");
	if (there)
		if_freenameindex(there);
}

int pages__unready(const struct pages *pages, char **why)
{
	const struct config *config = pages->config;
	struct filter filter;
	struct state state;
	struct diag diag;
	size_t length;
	__u64 until;
	FILE *out;
	int err;

	out = open_memstream(why, &length);
	if (!out)
		return -ENOMEM;
	err = open_filter_read(pages, &state, &filter, &diag);
	if (err) {
		fprintf(out, "%s\n", diag.text);
	} else {
		complain_of_interfaces(out, config, &filter);
		if (policy__get(&filter, &until) != config->policy)
			fprintf(out, "policy %s, configured is %s\n",
				policy__name(policy__get(&filter, &until)),
				policy__name(config->policy));
		if (filter.settings->scope != config->scope)
			fprintf(out, "scope %s, configured is %s\n",
				scope__name(filter.settings->scope), scope__name(config->scope));
		filter__close(&filter);
	}
	return fclose(out) ? -ENOMEM : 0;
}

static void ready_page(struct pages *pages, struct http_page *page)
{
	if (pages__unready(pages, &page->body))
		return;
	if (*page->body) {
		page->status = MHD_HTTP_SERVICE_UNAVAILABLE;
		return;
	}
	free(page->body);
	page->body = strdup("ready\n");
}

static const char landing[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>drop53</title>"
	"</head>\n<body><h1>drop53 " DROP53_VERSION "</h1>\n<ul>\n"
	"<li><a href=\"/metrics\">/metrics</a>: for Prometheus</li>\n"
	"<li><a href=\"/readyz\">/readyz</a>: is everything filtered as configured?</li>\n"
	"<li><a href=\"/healthz\">/healthz</a>: is the daemon alive?</li>\n"
	"</ul></body></html>\n";

void pages__answer(void *context, const char *path, struct http_page *page)
{
	struct pages *pages = context;

	if (!strcmp(path, "/metrics")) {
		metrics_page(pages, page);
	} else if (!strcmp(path, "/healthz")) {
		page->body = strdup("alive\n");
	} else if (!strcmp(path, "/readyz")) {
		ready_page(pages, page);
	} else if (!strcmp(path, "/")) {
		page->type = "text/html; charset=utf-8";
		page->body = strdup(landing);
	} else {
		page->status = MHD_HTTP_NOT_FOUND;
		page->body = strdup("not found; there are /metrics, /healthz, /readyz\n");
	}
}
