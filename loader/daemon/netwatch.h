/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Interfaces that come, go or are renamed, and changes of this host's addresses, by rtnetlink. */
#ifndef DROP53_NETWATCH_H
#define DROP53_NETWATCH_H

#include <stdbool.h>
#include <systemd/sd-event.h>

struct diag;
struct netwatch;

/* What has changed since the last call, many messages in one. */
typedef void (*netwatch_moved)(void *context, bool links, bool addresses);

int netwatch__open(struct netwatch **netwatch, sd_event *event, netwatch_moved moved, void *context,
		   struct diag *diag);
void netwatch__close(struct netwatch *netwatch);

#endif
