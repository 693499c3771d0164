/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An INPUT word becomes a job's input: a location is passed on, a small file
 * is taken into the job, a large one is uploaded from where it lies, standard
 * input is kept in the state folder until the service has it.
 */
#ifndef CMD_INPUT_H
#define CMD_INPUT_H

#include "base/error.h"
#include "conf/conf.h"
#include "job/job.h"

struct input_options {
	const char *word; /* a path, "-", or s3://… */
	const char *folder; /* of the state files */
	const struct conf_endpoint *endpoint;
};

/* Fills the input's members of job->spec. */
int input_take(
    const struct input_options *o, struct job *job, struct error *err);

#endif
