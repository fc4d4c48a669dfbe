/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/process.h"

#include <dirent.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "lib/metrics.h"

/* What /proc/self/stat says, in its units. */
struct usage {
	unsigned long user, system; /* ticks */
	unsigned long long started; /* ticks since boot */
	unsigned long virtual_bytes;
	long resident_pages;
};

static int read_usage(struct usage *usage)
{
	FILE *file = fopen("/proc/self/stat", "re");
	char text[1024];
	const char *rest;
	size_t length;

	if (!file)
		return -1;
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	/* The name before it may hold anything, parentheses too. */
	rest = strrchr(text, ')');
	if (!rest || sscanf(rest,
			    ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d "
			    "%*d %*d %*d %llu %lu %ld",
			    &usage->user, &usage->system, &usage->started, &usage->virtual_bytes,
			    &usage->resident_pages) != 5)
		return -1;
	return 0;
}

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static int count_files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	int n = -1; /* the directory's own */

	if (!directory)
		return 0;
	while ((entry = readdir(directory)))
		n += entry->d_name[0] != '.';
	closedir(directory);
	return n;
}

static void write_one(FILE *out, const char *name, const char *type, const char *help, double value)
{
	metrics__head(out, name, type, help);
	fprintf(out, "%s %.17g\n", name, value);
}

double process__started(void)
{
	struct usage usage;

	if (read_usage(&usage))
		return seconds(CLOCK_REALTIME);
	return seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME) +
	       (double)usage.started / sysconf(_SC_CLK_TCK);
}

void process__write(FILE *out, double started)
{
	double tick = sysconf(_SC_CLK_TCK);
	struct rlimit files = {};
	struct usage usage;

	if (!read_usage(&usage)) {
		write_one(out, "process_cpu_seconds_total", "counter",
			  "CPU time of the daemon, in seconds.",
			  (usage.user + usage.system) / tick);
		write_one(out, "process_virtual_memory_bytes", "gauge", "Address space in use.",
			  usage.virtual_bytes);
		write_one(out, "process_resident_memory_bytes", "gauge",
			  "Memory in use; the kernel's tables that are mapped count too.",
			  (double)usage.resident_pages * sysconf(_SC_PAGESIZE));
	}
	write_one(out, "process_start_time_seconds", "gauge",
		  "When the daemon was started, in seconds since 1970.", started);
	getrlimit(RLIMIT_NOFILE, &files);
	write_one(out, "process_open_fds", "gauge", "Open file descriptors.", count_files());
	write_one(out, "process_max_fds", "gauge", "How many may be open.", files.rlim_cur);
}
