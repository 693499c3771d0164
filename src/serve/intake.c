/* SPDX-License-Identifier: Apache-2.0 */
/* From what was asked for to a checked job. */
#include "serve/intake.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/endpoint.h"
#include "aws/s3uri.h"
#include "aws/sagemaker.h"
#include "base/clock.h"
#include "base/discard.h"
#include "base/mem.h"
#include "base/str.h"

/* --- a new job ------------------------------------------------------ */

static int64_t
seconds_or(int64_t asked_s, int64_t configured_ms)
{
	return asked_s != 0 ? asked_s : configured_ms / 1000;
}

void
intake_fill(struct job_spec *spec, const struct intake *in,
    const struct conf *conf, const struct conf_endpoint *endpoint)
{
	spec->endpoint = xstrdup_or_null(in->endpoint);
	spec->content_type =
	    xstrdup_or_null(in->content_type != NULL ? in->content_type
						     : endpoint->content_type);
	spec->accept = xstrdup_or_null(in->accept);
	spec->custom_attributes = xstrdup_or_null(in->custom_attributes);
	spec->inference_id = xstrdup_or_null(in->inference_id);
	spec->extension = xstrdup_or_null(in->extension);
	spec->filename = xstrdup_or_null(in->filename);
	spec->tags = xstrdup_or_null(in->tags);
	spec->request_ttl_s =
	    seconds_or(in->request_ttl_s, endpoint->request_ttl_ms);
	spec->invocation_timeout_s = seconds_or(
	    in->invocation_timeout_s, endpoint->invocation_timeout_ms);
	spec->own_names = endpoint->output_names == CONF_NAMES_AWAITD;
	spec->avoid_duplicates = endpoint->duplicates == CONF_DUPLICATES_AVOID;
	spec->retry_failed = endpoint->retry_failed == CONF_RETRY_TRANSIENT;
	spec->deployment = xstrdup_or_null(conf->global.deployment);
	spec->output_path = xstrdup_or_null(endpoint->output_path);
}

/* A prefix that no upload could go to is found now. */
static int
check_upload(const struct job_spec *spec, struct error *err)
{
	char *bucket, *key;

	if (spec->input != INPUT_FILE)
		return 0;
	if (s3_uri_parse(spec->input_location, 0, &bucket, &key, err) == -1)
		return err_prefix(err, "input_prefix");
	free(bucket);
	free(key);
	return 0;
}

int
intake_check(const struct job *job, struct error *err)
{
	const struct job_spec *spec = &job->spec;
	struct sagemaker_invoke in = {
	    .endpoint_name = spec->endpoint,
	    .content_type = spec->content_type,
	    .accept = spec->accept,
	    .custom_attributes = spec->custom_attributes,
	    .inference_id = spec->inference_id,
	    .input_location = spec->input_location,
	    .output_path_extension = spec->extension,
	    .filename = spec->filename,
	    .request_ttl_s = spec->request_ttl_s,
	    .invocation_timeout_s = spec->invocation_timeout_s,
	};

	if (sagemaker_check(&in, err) == -1)
		return -1;
	return check_upload(spec, err);
}

int
intake_region(struct job_spec *spec, struct sites *sites,
    const struct conf_endpoint *endpoint, const char *region,
    const char *profile, struct error *err)
{
	struct site *site;
	char *found;

	if (region == NULL)
		region = endpoint->region;
	if (endpoint_region(region, profile, &found, err) == -1)
		return -1;
	if (sites_get(sites, found, &site, err) == -1) {
		free(found);
		return -1;
	}
	free(spec->region);
	spec->region = found;
	return 0;
}

/* --- how an input travels ------------------------------------------- */

bool
intake_inline(const struct conf_endpoint *endpoint, int64_t size)
{
	return size > 0 && size <= SAGEMAKER_BODY_MAX &&
	    endpoint->inline_bodies == CONF_INLINE_AUTO;
}

int
intake_no_prefix(
    const struct conf_endpoint *endpoint, int64_t size, struct error *err)
{
	if (size == 0)
		err_set(err, ERR_USAGE,
		    "the input is empty, and an empty "
		    "one cannot go inline");
	else if (endpoint->inline_bodies == CONF_INLINE_NEVER)
		err_set(err, ERR_USAGE,
		    "the input must be uploaded (inline = never)");
	else
		err_set(err, ERR_USAGE,
		    "the input has %lld bytes, and at most %d go inline",
		    (long long)size, SAGEMAKER_BODY_MAX);
	return err_hint(err,
	    "Give --input-prefix s3://bucket/path (or the key input_prefix), "
	    "so that it can be uploaded.");
}

/* --- the same again ------------------------------------------------- */

static int
input_gone(const struct job *job, struct error *err)
{
	err_set(err, ERR_NOT_FOUND, "the input of job %s is gone", job->id);
	return err_hint(err, "Submit it anew, with its input.");
}

/* Is the file there that was to be uploaded? Whether it is still the same is
 * found when it is. */
static bool
is_there(const struct job_spec *spec)
{
	struct stat st;

	return spec->input_path != NULL && !spec->input_spooled &&
	    stat(spec->input_path, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size == spec->input_size;
}

/* Another job's upload has another place under the same prefix. */
static void
move_upload(struct job *again, const struct job *job)
{
	char *place = again->spec.input_location;

	if (!str_ends(place, job->id))
		return;
	place[strlen(place) - strlen(job->id)] = '\0';
	again->spec.input_location = job_upload_place(again, place);
	free(place);
}

static void
use_location(struct job_spec *spec)
{
	spec->input = INPUT_LOCATION;
	spec->input_size = 0;
	spec->input_spooled = false;
	xfree(&spec->input_path);
	xfree(&spec->input_sha256);
}

static int
not_ours(const struct job *job, struct error *err)
{
	err_set(err, ERR_REFUSED,
	    "the request of job %s was somebody else's: nothing is submitted "
	    "for it",
	    job->id);
	return err_hint(err,
	    "Have it made again by whoever made it, or 'awaitd submit' it "
	    "with its input.");
}

static int
repeat_input(struct job *again, const struct job *job, struct error *err)
{
	switch (job->spec.input) {
	case INPUT_FOREIGN:
		return not_ours(job, err);
	case INPUT_LOCATION:
		return 0;
	case INPUT_BODY:
		return job->spec.body != NULL ? 0 : input_gone(job, err);
	case INPUT_FILE:
		if (job->nsubs > 0)
			/* A submission is made behind its upload. */
			use_location(&again->spec);
		else if (is_there(&job->spec))
			move_upload(again, job);
		else
			return input_gone(job, err);
		return 0;
	}
	abort();
}

int
intake_repeat(const struct job *job, struct job **out, struct error *err)
{
	struct job *copy = job_clone(job, true), *again = job_new();

	again->spec = copy->spec;
	memset(&copy->spec, 0, sizeof(copy->spec));
	job_free(copy);
	xfree(&again->spec.idempotency_key);
	xfree(&again->spec.idempotency_hash);
	free(again->spec.retry_of);
	again->spec.retry_of = xstrdup(job->id);
	if (repeat_input(again, job, err) == -1) {
		job_free(again);
		return -1;
	}
	*out = again;
	return 0;
}

/* --- the engine ----------------------------------------------------- */

void
intake_policy(
    const struct conf *conf, const char *endpoint, struct engine_policy *out)
{
	const struct conf_endpoint *e = conf_endpoint(conf, endpoint);

	out->plan.start_ms = e->poll_start_ms;
	out->plan.max_ms = e->poll_max_ms;
	out->plan.interval_ms = e->poll_interval_ms;
	out->plan.delay_ms = e->poll_delay_ms;
	out->plan.requests = (double)e->poll_requests;
	out->input_prefix = e->input_prefix;
	out->bucket_owner = e->expected_bucket_owner;
	out->doubt_grace_ms = e->doubt_grace_ms;
	out->late_looks_ms = e->late_looks_ms;
	out->sweep = e->sweep == CONF_SWEEP_AUTO;
}

void
intake_budget(const struct conf *conf, struct engine_budget *out)
{
	out->bucket_per_second = conf->global.bucket_requests_per_second;
	out->price_get = conf->global.price_get;
	out->price_list = conf->global.price_list;
}

/* --- what is left over ---------------------------------------------- */

static void
prune_input(const char *folder, const char *name)
{
	struct stat st;
	char *path;

	if (!str_ends(name, INTAKE_SUFFIX))
		return;
	path = xasprintf("%s/%s", folder, name);
	if (lstat(path, &st) == 0 &&
	    (int64_t)st.st_mtime * 1000 + INTAKE_ORPHAN_MS < clock_wall_ms())
		discard_path(path);
	free(path);
}

void
intake_prune(const char *folder)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		prune_input(folder, entry->d_name);
	if (dir != NULL)
		closedir(dir);
}
