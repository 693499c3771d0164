/* SPDX-License-Identifier: Apache-2.0 */
/* From options to a checked job. */
#include "cmd/request.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/sagemaker.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/input.h"
#include "job/route.h"
#include "job/tags.h"
#include "net/url.h"
#include "serve/intake.h"

#define AT(field) offsetof(struct request_options, field)

const struct cmd_option request_cmd_options[] = {
    {"endpoint", 'e', OPT_TEXT, AT(endpoint), "ENDPOINT",
	"the asynchronous endpoint (EndpointName)"},
    {"content-type", 't', OPT_TEXT, AT(content_type), "TYPE",
	"of the input, for the model (ContentType)"},
    {"accept", 'a', OPT_TEXT, AT(accept), "TYPE",
	"wanted of the result (Accept)"},
    {"custom-attributes", 0, OPT_TEXT, AT(custom_attributes), "TEXT",
	"passed on to the model (CustomAttributes)"},
    {"inference-id", 0, OPT_TEXT, AT(inference_id), "ID",
	"instead of one of ours (InferenceId)"},
    {"input-location", 0, OPT_TEXT, AT(input_location), "S3URI",
	"the input by reference, as INPUT s3://… is"},
    {"extension", 0, OPT_TEXT, AT(extension), "PATH",
	"below the output path (S3OutputPathExtension)"},
    {"filename", 0, OPT_TEXT, AT(filename), "NAME",
	"of the output object (Filename)"},
    {"request-ttl", 0, OPT_TEXT, AT(request_ttl), "TIME",
	"how long it may queue (RequestTTLSeconds)"},
    {"invocation-timeout", 0, OPT_TEXT, AT(invocation_timeout), "TIME",
	"for the model (InvocationTimeoutSeconds)"},
    {"input-prefix", 0, OPT_TEXT, AT(input_prefix), "S3URI",
	"upload inputs that cannot go inline here"},
    {"output-path", 0, OPT_TEXT, AT(output_path), "S3URI",
	"the endpoint's S3OutputPath, where it is known"},
    {"deliver", 0, OPT_TEXT_IF, AT(deliver), "TARGETS",
	"tell these, or the endpoint's targets"},
    {"callback", 0, OPT_TEXT, AT(callback), "URL",
	"tell this URL, too, what became of it"},
    {"tag", 0, OPT_LIST, AT(tags), "TAG",
	"a word to find the job by; may be given again"},
    {"poll-interval", 0, OPT_INTERVAL, AT(poll_interval_ms), "TIME",
	"look at this fixed interval"},
};
const size_t request_cmd_options_len = ARRAY_LEN(request_cmd_options);

/* Flags that stand for keys go the way of keys: one check, one meaning. */
static int
set_flag(struct app *app, const struct request_options *o, const char *key,
    const char *value, struct error *err)
{
	char *section, *flag, *p;
	int rc;

	if (value == NULL)
		return 0;
	section = xasprintf("endpoint %s", o->endpoint);
	flag = xasprintf("--%s", key);
	for (p = flag; *p != '\0'; p++) {
		if (*p == '_')
			*p = '-';
	}
	rc = conf_set(app->conf, section, key, value, flag, err);
	if (rc == -1)
		err->code = ERR_USAGE;
	free(section);
	free(flag);
	return rc;
}

/* The service model's limits of what names the job, before any file. */
static int
check_endpoint(const struct request_options *o, struct error *err)
{
	struct sagemaker_invoke in = {.endpoint_name = o->endpoint};

	if (o->endpoint == NULL) {
		err_set(err, ERR_USAGE, "no endpoint was named");
		return err_hint(err, "Give -e ENDPOINT.");
	}
	return sagemaker_check(&in, err);
}

/* In the flag's words; whether a target is there, the service knows. */
static int
check_deliver(const char *deliver, struct error *err)
{
	const char *list = deliver, *rest;
	struct route one, other;
	bool twice = false;

	while (!twice && list != NULL && route_next(&list, &one)) {
		rest = list;
		while (!twice && route_next(&rest, &other)) {
			twice = str_eq(one.target, other.target);
			route_done(&other);
		}
		if (twice) {
			err_set(err, ERR_USAGE,
			    "--deliver names the target \"%s\" twice",
			    one.target);
			err_hint(err,
			    "Name it once; without \" on success\" or \" on "
			    "failure\" it hears of both.");
		}
		route_done(&one);
	}
	return twice ? -1 : 0;
}

int
request_configure(struct app *app, const struct request_options *o,
    const struct conf_endpoint **out, struct error *err)
{
	if (check_endpoint(o, err) == -1 ||
	    check_deliver(o->deliver, err) == -1 ||
	    set_flag(app, o, "request_ttl", o->request_ttl, err) == -1 ||
	    set_flag(app, o, "invocation_timeout", o->invocation_timeout,
		err) == -1 ||
	    set_flag(app, o, "input_prefix", o->input_prefix, err) == -1 ||
	    set_flag(app, o, "output_path", o->output_path, err) == -1)
		return -1;
	app->poll_interval_ms = o->poll_interval_ms;
	*out = conf_endpoint(app->conf, o->endpoint);
	return 0;
}

int
request_word(const struct request_options *o, const char *word,
    const char **out, bool *location, struct error *err)
{
	const char *input = word != NULL ? word : o->input_location;

	if (word != NULL && o->input_location != NULL) {
		err_set(err, ERR_USAGE,
		    "both the input %s and --input-location %s were given",
		    word, o->input_location);
		return err_hint(err, "Give one of the two.");
	}
	if (str_empty(input)) {
		err_set(err, ERR_USAGE, "no input was given");
		return err_hint(err,
		    "Name a file, - for standard input, or an s3:// "
		    "location.");
	}
	*out = input;
	*location = word == NULL || input_is_location(word);
	return 0;
}

static int
take_body(const struct request_options *o, const struct conf_endpoint *e,
    struct job *job, struct error *err)
{
	size_t len = strlen(o->body);

	if (!intake_inline(e, (int64_t)len)) {
		intake_no_prefix(e, (int64_t)len, err);
		return err_hint(err, "Put it into a file, and name that.");
	}
	job->spec.input = INPUT_BODY;
	job->spec.body = xmemdup(o->body, len);
	job->spec.body_len = len;
	job->spec.input_size = (int64_t)len;
	return 0;
}

static int
take_input(const struct request_options *o, const struct conf_endpoint *e,
    const char *word, const char *folder, struct job *job, struct error *err)
{
	struct input_options io = {
	    .folder = folder,
	    .endpoint = e,
	    .undigested = o->undigested,
	};
	bool location;

	if (o->body != NULL)
		return take_body(o, e, job, err);
	if (request_word(o, word, &io.word, &location, err) == -1)
		return -1;
	if (word != NULL)
		return input_take(&io, job, err);
	job->spec.input = INPUT_LOCATION;
	job->spec.input_location = xstrdup(io.word);
	return 0;
}

void
request_drop(struct job *take_job)
{
	if (take_job->spec.input_spooled)
		unlink(take_job->spec.input_path);
	job_free(take_job);
}

int
request_tags(const struct request_options *o, char **out, struct error *err)
{
	if (tags_join(o->tags.v, o->tags.n, out, err) == -1)
		return err_prefix(err, "--tag");
	return 0;
}

static int
fill(struct job *job, const struct app *app, const struct request_options *o,
    const struct conf_endpoint *endpoint, struct error *err)
{
	struct intake in = {
	    .endpoint = o->endpoint,
	    .content_type = o->content_type,
	    .accept = o->accept,
	    .custom_attributes = o->custom_attributes,
	    .inference_id = o->inference_id,
	    .extension = o->extension,
	    .filename = o->filename,
	    .request_ttl_s = o->request_ttl_s,
	    .invocation_timeout_s = o->invocation_timeout_s,
	};
	char *tags;

	if (request_tags(o, &tags, err) == -1)
		return -1;
	in.tags = tags;
	intake_fill(&job->spec, &in, app->conf, endpoint);
	free(tags);
	return 0;
}

/* Whether it may be named is the service's to say. */
static int
check_told(const struct request_options *o, struct error *err)
{
	struct url url;

	if (o->deliver != NULL && str_has_control(o->deliver))
		return err_set(
		    err, ERR_USAGE, "--deliver: it holds a control character");
	if (o->callback == NULL)
		return 0;
	if (url_parse(o->callback, &url, err) == -1)
		return err_prefix(err, "--callback");
	url_done(&url);
	return 0;
}

int
request_check(const struct app *app, const struct request_options *o,
    const struct conf_endpoint *endpoint, const char *location,
    struct error *err)
{
	struct job *job;
	int rc;

	if (check_told(o, err) == -1)
		return -1;
	job = job_new();
	rc = fill(job, app, o, endpoint, err);
	job->spec.input = INPUT_LOCATION;
	job->spec.input_location = xstrdup_or_null(location);
	if (rc == 0)
		rc = intake_check(job, err);
	job_free(job);
	return rc;
}

int
request_job(const struct app *app, const struct request_options *o,
    const struct conf_endpoint *endpoint, const char *word, const char *folder,
    struct job **out, struct error *err)
{
	struct job *job = job_new();

	/* Twice: the members before the input is read, and then with it. */
	if (fill(job, app, o, endpoint, err) == -1 ||
	    intake_check(job, err) == -1 ||
	    intake_region(&job->spec, app->sites, endpoint,
		app->globals->region, app->globals->profile, err) == -1 ||
	    take_input(o, endpoint, word, folder, job, err) == -1 ||
	    intake_check(job, err) == -1) {
		request_drop(job);
		return -1;
	}
	*out = job;
	return 0;
}
