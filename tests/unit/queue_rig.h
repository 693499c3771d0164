/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue with real commands, files and a database; only the wall clock is
 * the test's, so that a time to live passes at once.
 */
#ifndef TESTS_QUEUE_RIG_H
#define TESTS_QUEUE_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "local/conf.h"
#include "local/db.h"
#include "local/metrics.h"
#include "local/objects.h"
#include "local/queue.h"

#define RIG_GIVE_UP_MS 20000

struct queue_rig {
	int64_t wall; /* ms */
	char *dir, *tmp_dir, *objects_dir, *db_path;
	struct loop *loop;
	struct db *db;
	struct seal *seal;
	struct objects *objects;
	struct http_client *client;
	struct faults *faults;
	struct place *place;
	struct sns *sns;
	struct conf conf;
	struct queue *queue;
	struct conf_endpoint endpoint;
	/* Of the log's lines. The loop stops behind the last end that is
	 * wanted; where none is, behind the third that is put off. */
	unsigned ends_wanted, ends, running, put_off;
	int64_t put_off_at[3]; /* monotonic */
	unsigned warnings;
	char last_line[1024];
	bool kept; /* one waits for another S3; the loop stops */
	struct loop_timer *give_up;
};

extern struct queue_rig rig;

int rig_setup(void **state);
int rig_teardown(void **state);

void rig_open(void);
void rig_close(void);
void rig_run_until(unsigned wanted);
void rig_command(const char *text);

/* One request whose objects are abc/NAME and abc/NAME-error. */
void rig_submit_for(
    const char *name, const char *body, const char *input, int64_t timeout_s);
void rig_submit(const char *name, const char *body, const char *input);

/* The object's bytes, the caller's, or NULL where there is none. */
char *rig_object(const char *key, int64_t *modified_at);
/* NULL: there is none. */
void rig_assert_object(const char *key, const char *expected);
/* Make an object, and then take its bytes away. */
void rig_object_without_bytes(const char *key);

/* How many requests the database holds. */
unsigned rig_queued(void);
const struct metrics_endpoint *rig_metrics(void);

#endif
