/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/set_pages.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/diag.h"

/* Pages that are made at once: as many descriptors are open, of the 1024 there are by default. */
#define BATCH 512

/* Behind the pages of all slots is one that no packet asks for. */
static const __u32 spare = DROP53_SETS__N << SET_PAGE_SHIFT;

int set_pages__blank(struct diag *diag)
{
	int page = bpf_map_create(BPF_MAP_TYPE_ARRAY, "set_page", sizeof(__u32), SET_PAGE_BYTES, 1,
				  NULL);

	if (page < 0)
		return diag__fail(diag, errno, "cannot make a table of %d bytes for the list: %s",
				  SET_PAGE_BYTES, strerror(errno));
	return page;
}

static int failed(struct diag *diag)
{
	return diag__fail(diag, errno, "cannot put the list in place: %s", strerror(errno));
}

/* An update of a map of maps by user space ends with a grace period. */
int set_pages__wait(int sets, struct diag *diag)
{
	int blank = set_pages__blank(diag), err = 0;

	if (blank < 0)
		return blank;
	if (bpf_map_update_elem(sets, &spare, &blank, BPF_ANY))
		err = failed(diag);
	close(blank);
	return err;
}

/* Some pages at their places among all. */
struct places {
	__u32 n;
	__u32 index[SET_MAX_PAGES];
	int page[SET_MAX_PAGES];
};

static void add_place(struct places *places, __u32 index, int page)
{
	places->index[places->n] = index;
	places->page[places->n++] = page;
}

/*
 * One grace period for all (Linux 6.8). Before that a batch waits for one a page, as single updates
 * do where there are no batches of a map of maps (before 5.19).
 */
static int put_places(int sets, const struct places *places, struct diag *diag)
{
	__u32 done = places->n, i;

	if (!done || !bpf_map_update_batch(sets, places->index, places->page, &done, NULL))
		return 0;
	for (i = 0; i < places->n; i++)
		if (bpf_map_update_elem(sets, &places->index[i], &places->page[i], BPF_ANY))
			return failed(diag);
	return 0;
}

/* A page with the lines in it. @buffer: SET_PAGE_BYTES, of which those before @skew are zero */
static int make_page(const struct set_line *lines, __u32 n, __u32 skew, char *buffer,
		     struct diag *diag)
{
	const __u32 only = 0;
	int page = set_pages__blank(diag), err;

	if (page < 0)
		return page;
	memcpy(buffer + skew, lines, (size_t)n * SET_LINE);
	memset(buffer + skew + (size_t)n * SET_LINE, 0, SET_PAGE_BYTES - skew - n * SET_LINE);
	if (!bpf_map_update_elem(page, &only, buffer, BPF_ANY))
		return page;
	err = failed(diag);
	close(page);
	return err;
}

/* What goes into one batch. */
struct work {
	struct places places;
	char buffer[SET_PAGE_BYTES];
};

static int put_batch(int sets, struct work *work, __u32 first, const struct set_line *lines,
		     __u32 n, __u32 skew, struct diag *diag)
{
	__u32 at = 0, here;
	int page, err = 0;

	for (work->places.n = 0; !err && at < n && work->places.n < BATCH; at += here) {
		here = n - at < SET_PAGE_LINES ? n - at : SET_PAGE_LINES;
		page = make_page(&lines[at], here, skew, work->buffer, diag);
		if (page < 0)
			err = page;
		else
			add_place(&work->places, first + work->places.n, page);
	}
	if (!err)
		err = put_places(sets, &work->places, diag);
	while (work->places.n)
		close(work->places.page[--work->places.n]);
	return err;
}

int set_pages__put(int sets, struct drop53_settings *settings, __u32 slot,
		   const struct set_line *lines, __u32 n, struct diag *diag)
{
	__u32 pages = (n + SET_PAGE_LINES - 1) / SET_PAGE_LINES, first, at;
	struct work *work;
	int err = 0;

	if (pages > SET_MAX_PAGES)
		return diag__fail(diag, E2BIG,
				  "allow-list: too large: its compiled form would be over %u MB",
				  SET_ALL_PAGES / 1000000 * SET_LINE);
	work = calloc(1, sizeof(*work));
	if (!work)
		return diag__fail(diag, ENOMEM, "allow-list: out of memory");
	/* First, so that whoever comes after us knows what to give back should we be killed. */
	if (settings->set_pages[slot] < pages)
		settings->set_pages[slot] = pages;
	for (first = 0; !err && first < pages; first += BATCH) {
		at = first * SET_PAGE_LINES;
		err = put_batch(sets, work, (slot << SET_PAGE_SHIFT) + first, &lines[at], n - at,
				settings->line_skew, diag);
	}
	free(work);
	if (!err)
		err = set_pages__release(sets, settings, slot, pages, diag);
	return err;
}

/* All of them become one blank page: an update is done in batches, and a deletion is not. */
int set_pages__release(int sets, struct drop53_settings *settings, __u32 slot, __u32 keep,
		       struct diag *diag)
{
	__u32 held = settings->set_pages[slot], i;
	struct places *places;
	int blank, err;

	if (held <= keep)
		return 0;
	blank = set_pages__blank(diag);
	if (blank < 0)
		return blank;
	places = calloc(1, sizeof(*places));
	if (!places) {
		close(blank);
		return diag__fail(diag, ENOMEM, "allow-list: out of memory");
	}
	for (i = keep; i < held; i++)
		add_place(places, (slot << SET_PAGE_SHIFT) + i, blank);
	err = put_places(sets, places, diag);
	free(places);
	close(blank);
	if (!err)
		settings->set_pages[slot] = keep;
	return err;
}
