/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon itself, in the metrics that every Prometheus client has: process_*. */
#ifndef DROP53_PROCESS_H
#define DROP53_PROCESS_H

#include <stdio.h>

/*
 * When it was started, in seconds since 1970. To be asked once: a later answer follows the clock,
 * and who compares two would see a restart.
 */
double process__started(void);

/* @started: what process__started() said */
void process__write(FILE *out, double started);

#endif
