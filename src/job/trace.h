/* SPDX-License-Identifier: Apache-2.0 */
/*
 * W3C Trace Context: the two header fields that tie what several programs do
 * to one trace. They are passed on; what is not sound is dropped, as the
 * recommendation has it.
 * https://www.w3.org/TR/trace-context/, sections 3.2 and 3.3
 */
#ifndef JOB_TRACE_H
#define JOB_TRACE_H

/* "00-TRACE-PARENT-FLAGS" and its NUL. */
#define TRACE_PARENT_SIZE 56

/* It is this long in all, or it is dropped; 512 is the least that is to be
 * passed on. */
#define TRACE_STATE_MAX 2048

/*
 * A traceparent as it is passed on: of a later version than 00, what 00 knows
 * of it. NULL where it is none. The caller's.
 */
char *trace_parent(const char *s);

/* The same of a tracestate, which may hold blanks beside its commas; its
 * members stay as they are, and in their order. */
char *trace_state(const char *s);

#endif
