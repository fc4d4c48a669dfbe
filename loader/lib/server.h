/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Does this host serve DNS to others? Then closing port 53 would be noticed. */
#ifndef DROP53_SERVER_H
#define DROP53_SERVER_H

#include <stddef.h>

/*
 * Looks for sockets on port 53 that are not bound to loopback alone, in the caller's network
 * namespace, and for a kubelet.
 * @what: on 1, a phrase for a message, such as "UDP 0.0.0.0:53 is being served"
 * Returns 1 if there is something, 0 if not, or -errno if the kernel does not tell.
 */
int server__find(char *what, size_t size);

#endif
