/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/pages.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/expected.h"
#include "daemon/process.h"
#include "daemon/series.h"
#include "lib/policy.h"
#include "lib/attachment.h"
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

/* What should be filtered and is not has a series as well: an alert can see it. */
static void expect_interfaces(const struct pages *pages, struct metrics *metrics)
{
	struct expected expected;
	size_t i;

	expected__find(pages->config, &expected);
	for (i = 0; i < expected.n; i++)
		metrics__expect(metrics, expected.name[i]);
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

static void write_metrics(FILE *out, const struct pages *pages, const struct metrics *metrics)
{
	metrics__write(out, metrics);
	if (metrics->loaded)
		series__write(out, pages->series);
	write_own(out, pages);
	process__write(out, pages->started_at);
}

/* Half an answer would be taken for the whole. */
static int render(const struct pages *pages, const struct metrics *metrics, struct http_page *page)
{
	FILE *out = open_memstream(&page->body, &page->length);
	bool bad;

	if (!out)
		return -ENOMEM;
	write_metrics(out, pages, metrics);
	bad = ferror(out);
	if (!fclose(out) && !bad)
		return 0;
	free(page->body);
	page->body = NULL;
	page->length = 0;
	return -ENOMEM;
}

static void metrics_page(struct pages *pages, struct http_page *page)
{
	struct metrics metrics = {};
	struct diag diag;
	int err;

	err = read_metrics(pages, &metrics, &diag);
	if (!err) {
		expect_interfaces(pages, &metrics);
		page->type = METRICS_CONTENT_TYPE;
		err = render(pages, &metrics, page);
		metrics__free(&metrics);
	} else {
		page->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
		page->body = strdup(diag.text);
	}
	pages->errors += err != 0;
}

static bool is_attached(const struct attachment *all, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (all[i].attached && !strcmp(all[i].name, name))
			return true;
	return false;
}

static void complain_of_interfaces(FILE *out, const struct config *config,
				   const struct filter *filter)
{
	struct attachment all[DROP53_MAX_INTERFACES];
	int n = attachments__list(filter, all);
	struct expected expected;
	size_t i;

	expected__find(config, &expected);
	if (expected.nothing_matches)
		fprintf(out, "no interface matches\n");
	for (i = 0; !expected.nothing_matches && i < expected.n; i++)
		if (!is_attached(all, n, expected.name[i]))
			fprintf(out, "%s: not attached\n", expected.name[i]);
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
