/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Why a library call failed, in the words that the user will read: the library never prints. */
#ifndef DROP53_DIAG_H
#define DROP53_DIAG_H

#include <stdarg.h>

/*
 * Owned by the caller, who may pass NULL where the words do not matter. One line, no newline:
 * what failed, on what, why, and the mend.
 */
struct diag {
	char text[1024];
};

/*
 * Writes the message and returns -error, so that a failing path is one line:
 *	return diag__fail(diag, EINVAL, "%s: prefix length over 32", text);
 * @error: a positive errno. What it means for the exit code is main.c's business: EINVAL is a
 * usage error, EPERM and EACCES a lack of privileges, EOPNOTSUPP a kernel or device that cannot,
 * EBUSY a hook held by someone else; all others are plain failures (EBADMSG: a file that says
 * something wrong).
 */
int diag__fail(struct diag *diag, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message that is already there. Returns @result unchanged. */
int diag__within(struct diag *diag, int result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
