/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/set_pages.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/diag.h"

/* Pages that are made at once: as many descriptors are open, of the 1024 there are by default. */
#define BATCH	512
#define THREADS 64 /* that put them in place */

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
	const __u32 spare = DROP53_SPARE_PAGE;
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

/* What one thread puts in place. */
struct share {
	pthread_t thread;
	bool started;
	int sets;
	__u32 n;
	const __u32 *index;
	const int *page;
	int error; /* an errno, 0: done */
};

static void *put_share(void *data)
{
	struct share *share = data;
	__u32 done = share->n, i;

	if (!bpf_map_update_batch(share->sets, share->index, share->page, &done, NULL))
		return NULL;
	for (i = 0; i < share->n && !share->error; i++)
		if (bpf_map_update_elem(share->sets, &share->index[i], &share->page[i], BPF_ANY))
			share->error = errno;
	return NULL;
}

/*
 * All signals are the caller's. Without a thread its share is done here, as the last one is: a
 * small list takes no thread.
 */
static void start_share(struct share *share, bool last)
{
	sigset_t all, before;

	if (last) {
		put_share(share);
		return;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	share->started = !pthread_create(&share->thread, NULL, put_share, share);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!share->started)
		put_share(share);
}

/*
 * A batch of a map of maps waits for one grace period from Linux 6.8 on, before that for one a
 * page, as single updates do where there are no such batches (before 5.19): a million prefixes took
 * 10 s. Threads that wait at the same time wait for the same one.
 */
static int put_places(int sets, const struct places *places, struct diag *diag)
{
	__u32 each = (places->n + THREADS - 1) / THREADS, at, n = 0, i;
	struct share share[THREADS];
	int error = 0;

	for (at = 0; at < places->n; at += each) {
		share[n] = (struct share){
			.sets = sets,
			.n = places->n - at < each ? places->n - at : each,
			.index = &places->index[at],
			.page = &places->page[at],
		};
		start_share(&share[n++], at + each >= places->n);
	}
	for (i = 0; i < n; i++) {
		if (share[i].started)
			pthread_join(share[i].thread, NULL);
		if (share[i].error)
			error = share[i].error;
	}
	errno = error;
	return error ? failed(diag) : 0;
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
	struct drop53_address_set *set = &settings->address_set[slot];
	struct work *work;
	int err = 0;

	if (pages > SET_MAX_PAGES)
		return diag__fail(diag, E2BIG,
				  "allow-list: too large: its compiled form would be over %u MB",
				  SET_ALL_PAGES / 1000 * SET_LINE / 1000);
	work = calloc(1, sizeof(*work));
	if (!work)
		return diag__fail(diag, ENOMEM, "allow-list: out of memory");
	/* First, so that whoever comes after us knows what to give back should we be killed. */
	if (set->pages < pages)
		set->pages = pages;
	for (first = 0; !err && first < pages; first += BATCH) {
		at = first * SET_PAGE_LINES;
		err = put_batch(sets, work, (slot << SET_PAGE_SHIFT) + first, &lines[at], n - at,
				settings->line_skew, diag);
	}
	free(work);
	if (!err)
		set->roots = n ? lines->header.roots : (struct set_roots){};
	if (!err)
		err = set_pages__release(sets, settings, slot, pages, diag);
	return err;
}

/* All of them become one blank page: an update is done in batches, and a deletion is not. */
int set_pages__release(int sets, struct drop53_settings *settings, __u32 slot, __u32 keep,
		       struct diag *diag)
{
	__u32 held = settings->address_set[slot].pages, i;
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
		settings->address_set[slot].pages = keep;
	return err;
}
