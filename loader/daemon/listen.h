/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A socket to serve on. */
#ifndef DROP53_LISTEN_H
#define DROP53_LISTEN_H

#include <sys/socket.h>

struct diag;

/*
 * A listening TCP socket, or -errno.
 * @before: the socket that this will replace, on the same port perhaps; or -1
 */
int listen__open(const struct sockaddr_storage *address, int before, struct diag *diag);

#endif
