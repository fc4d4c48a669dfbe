/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The only writer to stdout and stderr. */
#ifndef DROP53_OUT_H
#define DROP53_OUT_H

#include <jansson.h>

#include <linux/types.h>

/* What was asked for: stdout. */
void out(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Text as it is, of that length. */
void out_bytes(const char *text, size_t length);

/* For the person at the terminal, never in the way of --json: one line on stderr. */
void out_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void out_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void out_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints one JSON document and frees it. */
void out_json(json_t *document);

/* For documents too large to build whole: one value, freed, with no newline. */
void out_json_part(json_t *value);

/* Flushes stdout; -errno if anything of it could not be written (a full disk, a closed pipe). */
int out_finish(void);

#define TIME_TEXT 32
/* @ns: since the epoch. RFC 3339, UTC, to the millisecond. Returns @text. */
const char *format_time(__u64 ns, char text[TIME_TEXT]);

#define SIZE_TEXT 32
/* "4.0 KiB". Returns @text. */
const char *format_bytes(__u64 bytes, char text[SIZE_TEXT]);

#endif
