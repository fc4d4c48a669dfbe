/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the filter lives between commands: pins in a bpffs directory, and the lock around them. */
#ifndef DROP53_STATE_H
#define DROP53_STATE_H

#include <limits.h>
#include <stdbool.h>

struct diag;

#define STATE_DEFAULT_BPFFS "/sys/fs/bpf"
#define STATE_DIRECTORY	    "drop53"
/* Behind its name, and before a process id: a directory on its way in or out. */
#define STATE_ASIDE "-new-"

/* Names of the pins, under BPFFS/drop53/. No dots: bpffs refuses them. */
#define PIN_PROGRAM	  "program"
#define PIN_PROGRAM_FRAGS "program-frags" /* only where the kernel has multi-buffer XDP */
#define PIN_EXPLAIN	  "explain"
#define PIN_SETTINGS	  "settings"
#define PIN_COUNTERS	  "counters"
#define PIN_CPUS	  "cpus"
#define PIN_TAGS	  "tags"
#define PIN_SOURCES	  "sources"
#define PIN_SETS	  "sets"
/* link-IFINDEX: an interface's bpf_link. list-SLOT: the allow-list in that slot of `sets`. */
#define PIN_LINK "link-%u"
#define PIN_LIST "list-%u"

/* Paths and the lock. Made by the caller, filled by state__open(), released by state__close(). */
struct state {
	char bpffs[PATH_MAX / 2];
	char directory[PATH_MAX / 2 + 16];
	int lock; /* descriptor of the locked bpffs directory, or -1 */
};

/*
 * @bpffs: a mounted bpf file system, or NULL for $DROP53_BPFFS or /sys/fs/bpf.
 * Fails with -ENOTDIR or -ENODEV, and the command that mounts one, where there is none.
 */
int state__open(struct state *state, const char *bpffs, struct diag *diag);
void state__close(struct state *state);

/*
 * Keeps every other command that changes something out until state__close(). Waits ten seconds for
 * one that is at work, then fails with -ETIMEDOUT. Also clears away what a killed command left.
 */
int state__lock(struct state *state, struct diag *diag);

bool state__exists(const struct state *state);

/* @path: PATH_MAX bytes. The name is a printf format. Returns @path. */
char *state__path(const struct state *state, char *path, const char *name, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Takes the whole state away: in one step out of its place, then piece by piece. Killed in
 * between, the next command that locks the state clears the rest away.
 */
int state__discard(const struct state *state, struct diag *diag);

/* Removes a directory of pins with everything in it; gone already is no error. */
int state__remove(const char *directory, struct diag *diag);

#endif
