/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "list_lines.h"

#include <arpa/inet.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 64 /* no prefix takes as many characters */

static bool read_bits(const char *text, int most, __u8 *bits)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 3 || text[digits] || (*text == '0' && digits > 1))
		return false;
	*bits = atoi(text);
	return atoi(text) <= most;
}

static bool any_bit_behind(const __u8 address[static 16], int length)
{
	int i;

	for (i = length; i < 128; i++)
		if (address[i / 8] & 1 << (7 - i % 8))
			return true;
	return false;
}

bool list_lines__prefix(const char *text, size_t length, struct prefix *prefix)
{
	char copy[LONGEST] = "", *address = copy, *slash;
	struct prefix result = {};
	bool ipv6;

	if (length >= sizeof(copy) || memchr(text, '\0', length))
		return false;
	memcpy(copy, text, length);
	if (*copy == '!') {
		result.except = 1;
		address++;
	}
	slash = strchr(address, '/');
	if (slash)
		*slash = '\0';
	ipv6 = strchr(address, ':');
	result.family = ipv6 ? DROP53_FAMILY_IPV6 : DROP53_FAMILY_IPV4;
	result.length = ipv6 ? 128 : 32;
	if (inet_pton(ipv6 ? AF_INET6 : AF_INET, address, result.address) != 1)
		return false;
	if (slash && !read_bits(slash + 1, ipv6 ? 128 : 32, &result.length))
		return false;
	if (any_bit_behind(result.address, result.length))
		return false;
	*prefix = result;
	return true;
}

static bool is_same(const struct prefix *a, const struct prefix *b)
{
	return a->family == b->family && a->length == b->length &&
	       !memcmp(a->address, b->address, sizeof(a->address));
}

static void keep(struct list_lines *lines, const struct prefix *prefix)
{
	size_t i;

	for (i = 0; i < lines->n; i++) {
		if (!is_same(&lines->prefix[i], prefix))
			continue;
		lines->clash |= lines->prefix[i].except != prefix->except;
		lines->file.repeats++;
		return;
	}
	lines->prefix[lines->n++] = *prefix;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* @length: without the newline */
static bool take_line(struct list_lines *lines, const char *line, size_t length)
{
	const char *end = line + length, *comment;
	struct prefix prefix;

	if (length > LIST_MAX_LINE || memchr(line, '\0', length))
		return false;
	if (end > line && end[-1] == '\r')
		end--;
	comment = memchr(line, '#', end - line);
	if (comment)
		end = comment;
	if (lines->file.lines == 1 && end - line >= 3 && !memcmp(line, "\xef\xbb\xbf", 3))
		line += 3;
	while (line < end && is_blank(*line))
		line++;
	while (line < end && is_blank(end[-1]))
		end--;
	if (line == end)
		return true;
	if (!list_lines__prefix(line, end - line, &prefix))
		return false;
	keep(lines, &prefix);
	return true;
}

void list_lines__of(const char *text, size_t length, struct list_lines *lines)
{
	const char *end = text + length, *newline;

	*lines = (struct list_lines){.prefix = calloc(length + 1, sizeof(struct prefix))};
	if (!lines->prefix)
		err(1, "lines of %zu bytes", length);
	for (; text < end; text = newline + 1) {
		newline = memchr(text, '\n', end - text);
		if (!newline) {
			lines->file.unfinished = true;
			newline = end;
		}
		lines->file.lines++;
		if (!take_line(lines, text, newline - text)) {
			lines->wrong = lines->file.lines;
			lines->n = 0;
			return;
		}
	}
}

void list_lines__free(struct list_lines *lines)
{
	free(lines->prefix);
	*lines = (struct list_lines){};
}
