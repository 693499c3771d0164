/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An INPUT word becomes a job's input: a location is passed on, a small file
 * is taken into the job, a large one is uploaded from where it lies, standard
 * input is kept in the state folder until the service has it.
 */
#ifndef CMD_INPUT_H
#define CMD_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "conf/conf.h"
#include "job/job.h"

struct input_options {
	const char *word; /* a path, "-", or s3://… */
	const char *folder; /* of the state files */
	const struct conf_endpoint *endpoint;
	/* Of a file to be uploaded leave out size and digest. */
	bool undigested;
};

/* Is the word a location, to be passed on as it is? */
bool input_is_location(const char *word);

/*
 * Any other word, to be read from offset 0, and its size. Standard input is
 * kept in a file without a name. ERR_USAGE where there is no such file; *fd is
 * the caller's.
 */
int input_open(const char *word, int *fd, int64_t *size, struct error *err);

/* Fills the input's members of job->spec. */
int input_take(
    const struct input_options *o, struct job *job, struct error *err);

#endif
