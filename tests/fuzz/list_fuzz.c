/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A libFuzzer target: any bytes are an allow-list's file, and its parser
 *	takes what the second opinion of list_lines.c takes, and says the same line of what not,
 *	says "FILE:LINE:COLUMN: " of a place in the file, in printable characters, and then has
 *	touched nothing,
 *	makes a list that, printed as `allow list` prints it, is the same list again,
 *	does the same wherever a read ends, and from a file as from memory.
 * tests/fuzz/list/ is the corpus, each file named for what is in it.
 * list.bats builds and runs this, and list_replay_test.c runs the corpus alone.
 */
#include <stdio.h>
#include <sys/mman.h>

/* Whole, for what a read brings is handed to functions of its own. */
#include "../../loader/lib/list_file.c"

#include "../support/list_lines.h"

#define ALL_SPLITS \
	128 /* a file up to this long is split at every byte, a longer one here and there */
#define SPLIT_STEP 397

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	int err;
	struct list list;
	struct list_file file;
	struct diag diag;
};

/* What a refused file must leave as it was. */
static const struct list list_before = {(void *)8, 53, 5353};
static const struct list_file file_before = {53, 535353, true};

static void expect(bool right, const char *what, const struct outcome *outcome)
{
	if (right)
		return;
	fprintf(stderr, "%s: %d, \"%s\"\n", what, outcome->err, outcome->diag.text);
	abort();
}

static struct outcome outcome_before(void)
{
	return (struct outcome){.list = list_before, .file = file_before};
}

static void outcome_free(struct outcome *outcome)
{
	if (!outcome->err)
		list__free(&outcome->list);
}

/* In memory of exactly its size, so that the sanitizer knows its end. */
static char *copy_of(const void *bytes, size_t size)
{
	char *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, bytes, size);
	return copy;
}

static struct outcome parse_text(const char *name, const void *text, size_t size)
{
	struct outcome outcome = outcome_before();
	char *copy = copy_of(text, size);

	outcome.err =
		list__parse_text(name, copy, size, &outcome.list, &outcome.file, &outcome.diag);
	free(copy);
	return outcome;
}

/* As if the first read had brought @first bytes, and every one after it @step. */
static struct outcome parse_pieces(const char *name, const uint8_t *data, size_t size, size_t first,
				   size_t step)
{
	struct outcome outcome = outcome_before();
	struct reader reader = {.name = name, .diag = &outcome.diag, .line = 1};
	size_t at, length = first;
	char *piece;

	for (at = 0; at < size && !outcome.err; at += length, length = step) {
		if (length > size - at)
			length = size - at;
		piece = copy_of(data + at, length);
		outcome.err = take_block(&reader, piece, length);
		free(piece);
	}
	if (!outcome.err)
		outcome.err = conclude(&reader, &outcome.list, &outcome.file);
	free(reader.entry);
	return outcome;
}

/* A file in memory for the input, and the name it can be opened by. */
static const char *put_into_file(const uint8_t *data, size_t size)
{
	static char name[40];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("list_fuzz", MFD_CLOEXEC);
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	}
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	return name;
}

static struct outcome parse_file(const char *name)
{
	struct outcome outcome = outcome_before();

	outcome.err = list__parse_file(name, &outcome.list, &outcome.file, &outcome.diag);
	return outcome;
}

static bool is_same_prefix(const struct prefix *a, const struct prefix *b)
{
	return !prefix__compare(a, b) && a->except == b->except;
}

static bool is_same_list(const struct list *a, const struct list *b)
{
	size_t i;

	for (i = 0; i < a->n && i < b->n; i++)
		if (!is_same_prefix(&a->prefix[i], &b->prefix[i]))
			return false;
	return a->n == b->n;
}

static bool is_same_file(const struct list_file *a, const struct list_file *b)
{
	return a->lines == b->lines && a->repeats == b->repeats && a->unfinished == b->unfinished;
}

/* Frees the other. */
static void expect_same(const struct outcome *whole, struct outcome other, const char *how)
{
	expect(other.err == whole->err && !strcmp(other.diag.text, whole->diag.text) &&
		       is_same_file(&other.file, &whole->file),
	       how, &other);
	expect(whole->err || is_same_list(&other.list, &whole->list), how, &other);
	outcome_free(&other);
}

/* A line without its newline, or NULL if there is none; behind the last newline is one more. */
static const char *find_line(const char *text, size_t size, size_t line, size_t *length)
{
	const char *end = text + size, *newline = memchr(text, '\n', size);

	while (--line) {
		if (!newline)
			return NULL;
		text = newline + 1;
		newline = memchr(text, '\n', end - text);
	}
	*length = (newline ? newline : end) - text;
	return text;
}

/* The prefix that stands in a line; a clash names two of them. */
static struct prefix prefix_in(const struct outcome *outcome, const char *text, size_t size,
			       size_t line)
{
	size_t length = 0;
	const char *found = line ? find_line(text, size, line, &length) : NULL;
	struct list_lines lines;
	struct prefix prefix;

	expect(found, "no such line", outcome);
	list_lines__of(found, length, &lines);
	expect(!lines.wrong && lines.n == 1, "a line without a prefix", outcome);
	prefix = lines.prefix[0];
	list_lines__free(&lines);
	return prefix;
}

/* @words: behind the place, which is in @line */
static void check_clash(const struct outcome *outcome, const char *words, const char *text,
			size_t size, size_t line)
{
	struct prefix first, second;
	size_t before = 0;

	words = strstr(words, "line ");
	expect(words && sscanf(words, "line %zu has ", &before) == 1 && before < line,
	       "no line before", outcome);
	first = prefix_in(outcome, text, size, before);
	second = prefix_in(outcome, text, size, line);
	expect(!prefix__compare(&first, &second) && first.except != second.except, "no clash",
	       outcome);
}

static void check_refused(const struct outcome *outcome, const char *name, const char *text,
			  size_t size, const struct list_lines *lines)
{
	const char *words = outcome->diag.text;
	size_t line = 0, column = 0, length = 0;
	int used = 0;

	expect(outcome->err == -EBADMSG, "refused with another error", outcome);
	expect(!memcmp(&outcome->list, &list_before, sizeof(list_before)) &&
		       is_same_file(&outcome->file, &file_before),
	       "refused, but something is changed", outcome);
	expect(strlen(words) < sizeof(outcome->diag.text) - 1, "words cut off", outcome);
	expect(!strncmp(words, name, strlen(name)), "no name", outcome);
	words += strlen(name);
	expect(sscanf(words, ":%zu:%zu: %n", &line, &column, &used) == 2 && words[used],
	       "no line, column and words", outcome);
	expect(line && find_line(text, size, line, &length), "no such line", outcome);
	expect(column && column <= length + 1, "no such column", outcome);
	for (words = outcome->diag.text; *words; words++)
		expect(*words >= ' ' && *words < 0x7f, "a raw character", outcome);
	expect(lines->wrong ? line == lines->wrong : lines->clash, "not the line that is wrong",
	       outcome);
	if (!lines->wrong)
		check_clash(outcome, outcome->diag.text + strlen(name) + used, text, size, line);
}

static void check_order(const struct outcome *outcome)
{
	const struct list *list = &outcome->list;
	size_t i;

	for (i = 1; i < list->n; i++)
		expect(prefix__compare(&list->prefix[i - 1], &list->prefix[i]) < 0, "out of order",
		       outcome);
}

/* In another order, and each for itself, it comes to the same list; and goes again. */
static void check_changes(const struct outcome *outcome)
{
	struct list other = {};
	size_t n = outcome->list.n, changed = 0, i;

	for (i = 0; i < n; i += 2)
		expect(!list__add(&other, &outcome->list.prefix[n - 1 - i], 1, NULL, NULL),
		       "not added", outcome);
	expect(!list__add(&other, outcome->list.prefix, n, &changed, NULL) && changed == n / 2 &&
		       is_same_list(&outcome->list, &other),
	       "another list when added", outcome);
	expect(!list__del(&other, outcome->list.prefix, n, &changed, NULL) && changed == n &&
		       !other.n,
	       "not deleted", outcome);
	list__free(&other);
}

/* As `allow list` prints it: every line is taken, none is merged, and it is the same list. */
static void check_printed(const struct outcome *outcome)
{
	const struct list *list = &outcome->list;
	char *text = malloc(list->n * PREFIX_TEXT + 1), *at = text, *line;
	struct outcome again;
	size_t i;

	if (!text)
		abort();
	for (i = 0; i < list->n; i++) {
		line = at;
		prefix__format(&list->prefix[i], at);
		at += strlen(at);
		expect(strcspn(line, " \t\r\n#%") == (size_t)(at - line), "not one word", outcome);
		*at++ = '\n';
	}
	again = parse_text("printed", text, at - text);
	expect(!again.err && is_same_list(list, &again.list) && again.file.lines == list->n &&
		       !again.file.repeats && !again.file.unfinished,
	       "printed, it is another list", &again);
	outcome_free(&again);
	free(text);
}

static void check_taken(const struct outcome *outcome, const struct list_lines *lines)
{
	size_t i, j;

	expect(!lines->wrong && !lines->clash, "taken, but it is wrong", outcome);
	expect(is_same_file(&outcome->file, &lines->file), "a miscount", outcome);
	expect(outcome->list.n == lines->n, "another number of prefixes", outcome);
	check_order(outcome);
	/* Both have no prefix twice, and as many of them. */
	for (i = 0; i < lines->n; i++) {
		for (j = 0; j < lines->n; j++)
			if (!memcmp(&lines->prefix[i], &outcome->list.prefix[j],
				    sizeof(struct prefix)))
				break;
		expect(j < lines->n, "other prefixes", outcome);
	}
	check_printed(outcome);
	check_changes(outcome);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *name = put_into_file(data, size);
	struct outcome whole = parse_text(name, data, size);
	struct list_lines lines;
	size_t at;

	list_lines__of((const char *)data, size, &lines);
	if (whole.err)
		check_refused(&whole, name, (const char *)data, size, &lines);
	else
		check_taken(&whole, &lines);
	expect_same(&whole, parse_file(name), "from a file");
	expect_same(&whole, parse_pieces(name, data, size, 1, 1), "byte by byte");
	expect_same(&whole, parse_pieces(name, data, size, 7, 7), "seven at a time");
	for (at = 1; at < size; at += size <= ALL_SPLITS ? 1 : SPLIT_STEP)
		expect_same(&whole, parse_pieces(name, data, size, at, size), "split");
	list_lines__free(&lines);
	outcome_free(&whole);
	return 0;
}
