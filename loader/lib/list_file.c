/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads an allow-list from a file, a block at a time: what is held is prefixes, never the text. */
#include "lib/list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/diag.h"
#include "lib/list_sort.h"
#include "lib/quote.h"

#define BLOCK 65536

struct reader {
	const char *name;
	struct diag *diag;
	size_t line; /* number of the one being read, from 1 */
	struct list_entry *entry;
	size_t n, capacity;
	size_t pending; /* how much of a line that goes on in the next block is in `part` */
	char part[LIST_MAX_LINE];
};

static int out_of_memory(struct diag *diag)
{
	return diag__fail(diag, ENOMEM, "allow-list: out of memory");
}

/* The message stands already; @at is where in the line, from 0. */
static int bad_line(struct reader *reader, size_t at)
{
	return diag__within(reader->diag, -EBADMSG, "%s:%zu:%zu", reader->name, reader->line,
			    at + 1);
}

static int append(struct reader *reader, const struct prefix *prefix, size_t at)
{
	size_t capacity = reader->capacity ? 2 * reader->capacity : 64;
	struct list_entry *larger;

	if (reader->n == LIST_MAX_PREFIXES) {
		diag__fail(reader->diag, EBADMSG, "more than %d prefixes in one list",
			   LIST_MAX_PREFIXES);
		return bad_line(reader, at);
	}
	if (reader->n == reader->capacity) {
		larger = realloc(reader->entry, capacity * sizeof(*larger));
		if (!larger)
			return out_of_memory(reader->diag);
		reader->entry = larger;
		reader->capacity = capacity;
	}
	reader->entry[reader->n++] =
		(struct list_entry){.prefix = *prefix, .column = at + 1, .line = reader->line};
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t skip_blanks(const char *text, size_t at, size_t end)
{
	while (at < end && is_blank(text[at]))
		at++;
	return at;
}

/* The first line may begin with the mark that some editors put before UTF-8. */
static size_t skip_mark(const struct reader *reader, const char *text, size_t length)
{
	return reader->line == 1 && length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* @text: a line without its newline */
static int take_line(struct reader *reader, const char *text, size_t length)
{
	const char *nul = memchr(text, '\0', length);
	struct quote quote;
	struct prefix prefix;
	size_t start, end, fault;

	if (nul) {
		diag__fail(reader->diag, EBADMSG, "a NUL byte: not a text file");
		return bad_line(reader, nul - text);
	}
	if (length && text[length - 1] == '\r')
		length--;
	start = skip_blanks(text, skip_mark(reader, text, length), length);
	for (end = start; end < length && !is_blank(text[end]) && text[end] != '#'; end++)
		;
	if (end == start)
		return 0;
	if (prefix__parse(text + start, end - start, &prefix, &fault, reader->diag))
		return bad_line(reader, start + fault);
	end = skip_blanks(text, end, length);
	if (end < length && text[end] != '#') {
		diag__fail(reader->diag, EBADMSG,
			   "%s: one prefix a line, and a comment begins with #",
			   quote__text(&quote, text + end, length - end));
		return bad_line(reader, end);
	}
	return append(reader, &prefix, start);
}

/* Keeps what has no newline yet. */
static int keep_part(struct reader *reader, const char *text, size_t length)
{
	if (length > sizeof(reader->part) - reader->pending) {
		diag__fail(reader->diag, EBADMSG, "a line of more than %zu characters",
			   sizeof(reader->part));
		return bad_line(reader, sizeof(reader->part));
	}
	memcpy(reader->part + reader->pending, text, length);
	reader->pending += length;
	return 0;
}

static int take_block(struct reader *reader, const char *text, size_t length)
{
	const char *end = text + length, *newline;
	int err = 0;

	while (!err && (newline = memchr(text, '\n', end - text))) {
		if (reader->pending || newline - text > LIST_MAX_LINE) {
			err = keep_part(reader, text, newline - text);
			if (!err)
				err = take_line(reader, reader->part, reader->pending);
			reader->pending = 0;
		} else {
			err = take_line(reader, text, newline - text);
		}
		reader->line++;
		text = newline + 1;
	}
	return err ? err : keep_part(reader, text, end - text);
}

/* Two entries for one prefix: merged, unless one allows it and the other does not. */
static int merge_repeats(struct reader *reader)
{
	struct list_entry *first, *next;
	char there[PREFIX_TEXT], here[PREFIX_TEXT];
	size_t kept = 0, i;

	for (i = 0; i < reader->n; i++) {
		next = &reader->entry[i];
		first = kept ? &reader->entry[kept - 1] : NULL;
		if (!first || prefix__compare(&first->prefix, &next->prefix) != 0) {
			reader->entry[kept++] = *next;
		} else if (first->prefix.except != next->prefix.except) {
			diag__fail(reader->diag, EBADMSG, "%s: line %u has %s: keep one of them",
				   prefix__format(&next->prefix, here), first->line,
				   prefix__format(&first->prefix, there));
			reader->line = next->line;
			return bad_line(reader, next->column - 1);
		}
	}
	reader->n = kept;
	return 0;
}

/* From entries to the list, once all lines are in. */
static int conclude(struct reader *reader, struct list *list, struct list_file *file)
{
	struct list_file result = {.unfinished = reader->pending};
	struct prefix *prefix;
	size_t given, i;
	int err = 0;

	if (reader->pending)
		err = take_line(reader, reader->part, reader->pending);
	if (err)
		return err;
	result.lines = reader->line - !reader->pending;
	given = reader->n;
	if (list_sort(reader->entry, reader->n))
		return out_of_memory(reader->diag);
	err = merge_repeats(reader);
	if (err)
		return err;
	result.repeats = given - reader->n;
	prefix = malloc(reader->n * sizeof(*prefix) + 1);
	if (!prefix)
		return out_of_memory(reader->diag);
	for (i = 0; i < reader->n; i++)
		prefix[i] = reader->entry[i].prefix;
	*list = (struct list){prefix, reader->n, reader->n};
	if (file)
		*file = result;
	return 0;
}

int list__parse_text(const char *name, const char *text, size_t length, struct list *list,
		     struct list_file *file, struct diag *diag)
{
	struct reader reader = {.name = name, .diag = diag, .line = 1};
	int err;

	err = take_block(&reader, text, length);
	if (!err)
		err = conclude(&reader, list, file);
	free(reader.entry);
	return err;
}

static const char *why_not_regular(const struct stat *file)
{
	if (S_ISDIR(file->st_mode))
		return "it is a directory";
	return S_ISREG(file->st_mode) ? NULL : "it is not a regular file";
}

static int open_regular(const char *path, struct stat *before, struct diag *diag)
{
	const char *why = NULL;
	int fd = -1, error;

	/* Looked at first: to open a device may do something, and a FIFO would hold us up. */
	if (!stat(path, before)) {
		why = why_not_regular(before);
		if (!why)
			fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	}
	if (fd >= 0 && !fstat(fd, before)) {
		why = why_not_regular(before); /* something else may have that name by now */
		if (!why)
			return fd;
	}
	error = why ? EBADMSG : errno;
	if (fd >= 0)
		close(fd);
	return diag__fail(diag, error, "%s: cannot read the allow-list: %s", path,
			  why ? why : strerror(error));
}

static int read_blocks(struct reader *reader, int fd)
{
	char *block = malloc(BLOCK);
	ssize_t got;
	int err = 0;

	if (!block)
		return out_of_memory(reader->diag);
	do {
		got = read(fd, block, BLOCK);
		if (got > 0)
			err = take_block(reader, block, got);
		else if (got < 0 && errno != EINTR)
			err = diag__fail(reader->diag, errno, "%s: reading the allow-list: %s",
					 reader->name, strerror(errno));
	} while (!err && got);
	free(block);
	return err;
}

/* Someone who writes while we read could leave us half of either text. */
static int unchanged(const struct reader *reader, int fd, const struct stat *before)
{
	struct stat after;

	if (!fstat(fd, &after) && after.st_size == before->st_size &&
	    after.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	    after.st_mtim.tv_nsec == before->st_mtim.tv_nsec)
		return 0;
	return diag__fail(reader->diag, EBADMSG,
			  "%s: changed while it was read: write a new file and rename it",
			  reader->name);
}

int list__parse_file(const char *path, struct list *list, struct list_file *file, struct diag *diag)
{
	struct reader reader = {.name = path, .diag = diag, .line = 1};
	struct stat before;
	int err, fd;

	fd = open_regular(path, &before, diag);
	if (fd < 0)
		return fd;
	err = read_blocks(&reader, fd);
	if (!err)
		err = unchanged(&reader, fd, &before);
	if (!err)
		err = conclude(&reader, list, file);
	free(reader.entry);
	close(fd);
	return err;
}
