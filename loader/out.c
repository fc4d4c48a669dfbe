/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull

#define LINE_TEXT 4096

/*
 * One line whatever is in it: a name from the command line or a file may hold a newline, or tell
 * the terminal to do things. And one write, so that commands at once do not mix theirs.
 */
static void put_line(const char *prefix, const char *text)
{
	char line[LINE_TEXT];
	size_t used = snprintf(line, sizeof(line), "%s", prefix);

	for (; *text && used + sizeof("\\xHH\n") < sizeof(line); text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			used += snprintf(line + used, sizeof(line) - used, "\\x%02x",
					 (unsigned char)*text);
		else
			line[used++] = *text;
	}
	line[used++] = '\n';
	fwrite(line, 1, used, stderr);
}

/* The first thing that went wrong with stdout: a later call may succeed, or fail otherwise. */
static int output_error;

static void note_error(bool failed)
{
	if (failed && !output_error)
		output_error = errno ? errno : EIO;
}

static void complain(const char *prefix, const char *format, va_list args)
{
	char text[LINE_TEXT / 2];

	note_error(fflush(stdout));
	vsnprintf(text, sizeof(text), format, args);
	put_line(prefix, text);
}

void out(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note_error(vprintf(format, args) < 0);
	va_end(args);
}

void out_bytes(const char *text, size_t length)
{
	note_error(fwrite(text, 1, length, stdout) != length);
}

void out_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain("", format, args);
	va_end(args);
}

void out_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain("drop53: warning: ", format, args);
	va_end(args);
}

void out_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain("drop53: ", format, args);
	va_end(args);
}

void out_json_part(json_t *value)
{
	note_error(json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY));
	json_decref(value);
}

void out_json(json_t *document)
{
	out_json_part(document);
	note_error(putchar('\n') == EOF);
}

int out_finish(void)
{
	note_error(fflush(stdout) || ferror(stdout));
	return -output_error;
}

const char *format_time(__u64 ns, char text[TIME_TEXT])
{
	time_t seconds = ns / NS_PER_S;
	struct tm utc;
	size_t used;

	gmtime_r(&seconds, &utc);
	used = strftime(text, TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + used, TIME_TEXT - used, ".%03uZ",
		 (unsigned int)(ns % NS_PER_S / NS_PER_MS));
	return text;
}

const char *format_bytes(__u64 bytes, char text[SIZE_TEXT])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
	double size = bytes;
	int unit = 0;

	while (size >= 1024 && unit < 3) {
		size /= 1024;
		unit++;
	}
	snprintf(text, SIZE_TEXT, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
	return text;
}
