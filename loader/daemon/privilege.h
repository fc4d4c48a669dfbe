/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the daemon may do once its program is loaded. */
#ifndef DROP53_PRIVILEGE_H
#define DROP53_PRIVILEGE_H

/*
 * Gives up every capability but CAP_BPF, which a new allow-list's table needs: to attach to an
 * interface that comes later takes none, and the pins are open to their owner. For good: in the
 * bounding set too, where that may be changed. Returns 0 or -errno.
 */
int privilege__drop(void);

#endif
