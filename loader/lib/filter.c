/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/filter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/diag.h"

#define NS_PER_S 1000000000ull

/* Opens one pin, for reading where the caller may not write. Returns a descriptor or -errno. */
static int open_pin(const struct state *state, const char *name, bool write, struct diag *diag)
{
	LIBBPF_OPTS(bpf_obj_get_opts, read_only, .file_flags = BPF_F_RDONLY);
	char path[PATH_MAX];
	int fd;

	fd = bpf_obj_get(state__path(state, path, "%s", name));
	if (fd < 0 && !write && (errno == EACCES || errno == EPERM))
		fd = bpf_obj_get_opts(path, &read_only);
	if (fd >= 0)
		return fd;
	if (errno == ENOENT && state__exists(state))
		return diag__fail(diag, EPROTO,
				  "%s: damaged: %s is missing; drop53 detach --all "
				  "clears it away",
				  state->directory, name);
	if (errno == ENOENT)
		return diag__fail(diag, ENOENT,
				  "%s: not attached to any interface; attach it "
				  "first: drop53 attach IFACE",
				  state->directory);
	return diag__fail(diag, errno, "%s: cannot open: %s%s", path, strerror(errno),
			  errno == EACCES || errno == EPERM ? "; run as root" : "");
}

static int copy_settings(struct filter *filter, struct diag *diag)
{
	const __u32 key = 0;

	filter->settings = mmap(NULL, sizeof(*filter->settings), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (filter->settings == MAP_FAILED) {
		filter->settings = NULL;
		return diag__fail(diag, ENOMEM, "out of memory");
	}
	if (bpf_map_lookup_elem(filter->settings_fd, &key, filter->settings))
		return diag__fail(diag, errno, "%s/" PIN_SETTINGS ": cannot read: %s",
				  filter->state->directory, strerror(errno));
	return 0;
}

static int map_settings(struct filter *filter, enum filter_access access, struct diag *diag)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);
	void *at;
	int err;

	if (bpf_obj_get_info_by_fd(filter->settings_fd, &info, &length))
		return diag__fail(diag, errno, "%s: bpf(OBJ_GET_INFO_BY_FD): %s",
				  filter->state->directory, strerror(errno));
	if (info.value_size != sizeof(struct drop53_settings))
		goto other_version;
	if (access == FILTER_WRITE) {
		at = mmap(NULL, sizeof(*filter->settings), PROT_READ | PROT_WRITE, MAP_SHARED,
			  filter->settings_fd, 0);
		if (at == MAP_FAILED)
			return diag__fail(diag, errno, "%s: cannot map the settings: %s",
					  filter->state->directory, strerror(errno));
		filter->settings = at;
		filter->mapped = true;
	} else {
		err = copy_settings(filter, diag);
		if (err)
			return err;
	}
	if (filter->settings->abi == DROP53_ABI)
		return 0;
other_version:
	return diag__fail(diag, EPROTO,
			  "%s: made by another version of drop53, whose tables this "
			  "one cannot read; drop53 detach --all, then attach again",
			  filter->state->directory);
}

static __u64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

void filter__init(struct filter *filter, struct state *state)
{
	*filter = (struct filter){
		.state = state,
		.program = -1,
		.program_frags = -1,
		.explain = -1,
		.settings_fd = -1,
		.counters = -1,
		.cpus = -1,
		.sources = -1,
		.sets = -1,
	};
}

int filter__open(struct filter *filter, struct state *state, enum filter_access access,
		 struct diag *diag)
{
	const struct {
		int *fd;
		const char *name;
		bool needed;   /* also by a mere reader */
		bool optional; /* even by a writer */
	} pins[] = {
		{&filter->settings_fd, PIN_SETTINGS, true, false},
		{&filter->counters, PIN_COUNTERS, true, false},
		{&filter->cpus, PIN_CPUS, true, false},
		{&filter->sources, PIN_SOURCES, true, false},
		{&filter->sets, PIN_SETS, false, false},
		{&filter->program, PIN_PROGRAM, false, false},
		{&filter->program_frags, PIN_PROGRAM_FRAGS, false, true},
		{&filter->explain, PIN_EXPLAIN, false, false},
	};
	size_t i;

	filter__init(filter, state);
	for (i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		*pins[i].fd = open_pin(state, pins[i].name, access == FILTER_WRITE, diag);
		if (*pins[i].fd < 0 && (access == FILTER_WRITE || pins[i].needed) &&
		    !pins[i].optional)
			return *pins[i].fd;
	}
	filter->wall_offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	return map_settings(filter, access, diag);
}

void filter__close(struct filter *filter)
{
	int *fds[] = {
		&filter->program,  &filter->program_frags, &filter->explain, &filter->settings_fd,
		&filter->counters, &filter->cpus,	   &filter->sources, &filter->sets,
	};
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	if (filter->settings)
		munmap(filter->settings, sizeof(*filter->settings));
	filter->settings = NULL;
}

int filter__remove(struct filter *filter, struct diag *diag)
{
	return state__discard(filter->state, diag);
}

bool filter__frags(const struct filter *filter)
{
	return filter->settings->config.frags;
}

__u32 filter__capacity(const struct filter *filter)
{
	return filter->settings->cpus * filter->settings->config.sets * DROP53_WAYS;
}

int filter__program_info(int program, __u32 *id, char tag[17])
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info), i;

	if (bpf_obj_get_info_by_fd(program, &info, &length))
		return -errno;
	*id = info.id;
	for (i = 0; i < sizeof(info.tag); i++)
		sprintf(tag + 2 * i, "%02x", info.tag[i]);
	return 0;
}

__u64 filter__wall_time(const struct filter *filter, __u64 jiffies)
{
	const struct drop53_settings *settings = filter->settings;
	__u64 at = settings->anchor_monotonic_ns +
		   (jiffies - settings->anchor_jiffies) * settings->tick_ns;

	return filter->wall_offset + at;
}

__u64 filter__jiffies_now(const struct filter *filter)
{
	const struct drop53_settings *settings = filter->settings;

	return settings->anchor_jiffies +
	       (clock_ns(CLOCK_MONOTONIC) - settings->anchor_monotonic_ns) / settings->tick_ns;
}

__u64 filter__netns(void)
{
	struct stat status;

	return stat("/proc/self/ns/net", &status) ? 0 : status.st_ino;
}
