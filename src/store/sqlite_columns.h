/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns, each list once: from it follow the texts of the statements,
 * what is bound to them, what is read from them and what is checked. X(kind,
 * name): the name is the member's and the column's; the kinds are those of
 * sqlite_put_… and sqlite_get_….
 *
 * A row's sum is over its table's letter, the row's own place (so that one
 * that moved is noticed), and its columns, in this order:
 *
 *   j  seq, id, created_at, SPEC, length(body), body_sum
 *   s  seq, job's id, owner, epoch, STATE, subs
 *   u  seq, job's id, SUBMISSION
 *   d  seq, job's seq, id, job's id, FROZEN, owner, epoch, DELIVERY
 *   a  delivery's seq, delivery's id, ATTEMPT
 *   l  seq, job's id, LATE
 *   i  key, hash, job's id, created_at
 *   k  name, value
 *   n  source, message_id, forget_at
 *   t  seq, job's id, inference_id, endpoint, event_at, reason
 *   e  seq, at, type, job, delivery, n
 */
#ifndef STORE_SQLITE_COLUMNS_H
#define STORE_SQLITE_COLUMNS_H

/* clang-format off */
/* Of struct job_spec, in job. */
#define SPEC_COLUMNS(X)                 \
	X(TEXT, endpoint)               \
	X(TEXT, region)                 \
	X(TEXT, content_type)           \
	X(TEXT, accept)                 \
	X(TEXT, custom_attributes)      \
	X(TEXT, inference_id)           \
	X(TEXT, extension)              \
	X(TEXT, filename)               \
	X(INT, request_ttl_s)           \
	X(INT, invocation_timeout_s)    \
	X(FLAG, own_names)              \
	X(FLAG, avoid_duplicates)       \
	X(FLAG, retry_failed)           \
	X(TEXT, deployment)             \
	X(TEXT, output_path)            \
	X(TEXT, deliver)                \
	X(TEXT, callback_url)           \
	X(TEXT, traceparent)            \
	X(TEXT, tracestate)             \
	X(TEXT, tags)                   \
	X(TEXT, retry_of)               \
	X(TEXT, idempotency_key)        \
	X(TEXT, idempotency_hash)       \
	X(ENUM, input)                  \
	X(TEXT, input_path)             \
	X(INT, input_size)              \
	X(TEXT, input_sha256)           \
	X(FLAG, input_spooled)          \
	X(TEXT, input_location)

/* Of struct job, in job_state. */
#define STATE_COLUMNS(X)                \
	X(ENUM, state)                  \
	X(ENUM, outcome)                \
	X(INT, submitted_at)            \
	X(INT, deadline_at)             \
	X(INT, deadline_mono)           \
	X(INT, boot)                    \
	X(INT, completed_at)            \
	X(TEXT, result_location)        \
	X(TEXT, result_etag)            \
	X(TEXT, result_type)            \
	X(INT, result_size)             \
	X(TEXT, result_sha256)          \
	X(TEXT, error_code)             \
	X(TEXT, error_text)

#define SUBMISSION_COLUMNS(X)           \
	X(COUNT, n)                     \
	X(ENUM, fate)                   \
	X(INT, intent_at)               \
	X(INT, ended_at)                \
	X(TEXT, inference_id)           \
	X(TEXT, extension)              \
	X(TEXT, filename)               \
	X(TEXT, predicted)              \
	X(TEXT, output_location)        \
	X(TEXT, failure_location)       \
	X(TEXT, request_id)             \
	X(TEXT, note)                   \
	X(INT, intent_mono)             \
	X(INT, ended_mono)              \
	X(INT, boot)                    \
	X(TEXT, before_etag)            \
	X(INT, before_at)

/* Of struct job, in late_result. */
#define LATE_COLUMNS(X)                 \
	X(INT, late_at)                 \
	X(TEXT, late_location)          \
	X(TEXT, late_etag)              \
	X(TEXT, late_type)              \
	X(INT, late_size)

/* Of a delivery: what never changes, and what does. */
#define FROZEN_COLUMNS(X)               \
	X(TEXT, target)                 \
	X(TEXT, event)                  \
	X(INT, created_at)              \
	X(TEXT, content_type)           \
	X(INT, body_size)               \
	X(TEXT, body_sha256)            \
	X(FLAG, by_reference)           \
	X(TEXT, about)                  \
	X(ENUM, payload)                \
	X(ENUM, format)                 \
	X(INT, url_expires_at)

#define DELIVERY_COLUMNS(X)             \
	X(ENUM, state)                  \
	X(INT, due_at)                  \
	X(INT, ended_at)                \
	X(COUNT, attempts)              \
	X(COUNT, failures)              \
	X(COUNT, interruptions)         \
	X(INT, interrupted_since)       \
	X(COUNT, replays)               \
	X(STATUS, last_status)          \
	X(TEXT, note)

#define ATTEMPT_COLUMNS(X)              \
	X(COUNT, n)                     \
	X(ENUM, outcome)                \
	X(FLAG, replay)                 \
	X(INT, started_at)              \
	X(INT, ended_at)                \
	X(STATUS, status)               \
	X(TEXT, note)                   \
	X(TEXT, response)               \
	X(TEXT, error_class)            \
	X(TEXT, request_headers)        \
	X(TEXT, response_headers)
/* clang-format on */

#endif
