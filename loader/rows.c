/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rows.h"

#include <time.h>

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull

char *put_number(char *at, __u64 number)
{
	char digits[20], *end = digits + sizeof(digits), *first = end;

	do {
		*--first = '0' + number % 10;
		number /= 10;
	} while (number);
	memcpy(at, first, end - first);
	return at + (end - first);
}

char *put_blanks(char *at, const char *start, int width)
{
	do
		*at++ = ' ';
	while (at - start < width);
	return at;
}

char *put_column(char *at, __u64 number, int width)
{
	char digits[20], *end = put_number(digits, number);
	int blanks = width - (int)(end - digits);

	*at++ = ' ';
	for (; blanks > 0; blanks--)
		*at++ = ' ';
	memcpy(at, digits, end - digits);
	return at + (end - digits);
}

char *put_time(char *at, struct row_clock *clock, __u64 ns)
{
	__u64 second = ns / NS_PER_S, ms = ns % NS_PER_S / NS_PER_MS;
	char *text = clock->text[second % ROW_SECONDS];
	time_t seconds = second;
	struct tm utc;

	if (!*text || clock->second[second % ROW_SECONDS] != second) {
		clock->second[second % ROW_SECONDS] = second;
		gmtime_r(&seconds, &utc);
		strftime(text, sizeof(clock->text[0]), "%Y-%m-%dT%H:%M:%S.", &utc);
	}
	at = put_text(at, text);
	*at++ = '0' + ms / 100;
	*at++ = '0' + ms / 10 % 10;
	*at++ = '0' + ms % 10;
	*at++ = 'Z';
	return at;
}
