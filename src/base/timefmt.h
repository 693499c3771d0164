/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instants as text, always UTC. Each writes at most the size named with it,
 * NUL included; each parser takes its one form and nothing else, returning 0,
 * or -1 with *out_ms untouched. An instant before the year 0 or after 9999 is
 * written as the nearest that four digits can say.
 */
#ifndef BASE_TIMEFMT_H
#define BASE_TIMEFMT_H

#include <stdint.h>

/* ISO 8601 with milliseconds: 2013-05-24T00:00:00.000Z */
#define TIMEFMT_ISO_SIZE 25
void timefmt_iso(int64_t ms, char out[TIMEFMT_ISO_SIZE]);
int timefmt_parse_iso(const char *s, int64_t *out_ms);

/* RFC 3339 as anybody may write it: 2013-05-24T02:00:00.5+02:00. Any number of
 * digits behind the second, what is below a millisecond dropped. */
int timefmt_parse_rfc3339(const char *s, int64_t *out_ms);

/* AWS's basic form, as SigV4 signs it: 20130524T000000Z */
#define TIMEFMT_AMZ_SIZE 17
void timefmt_amz(int64_t ms, char out[TIMEFMT_AMZ_SIZE]);
int timefmt_parse_amz(const char *s, int64_t *out_ms);

/* HTTP's date (RFC 9110, 5.6.7): Fri, 24 May 2013 00:00:00 GMT */
#define TIMEFMT_HTTP_SIZE 30
void timefmt_http(int64_t ms, char out[TIMEFMT_HTTP_SIZE]);
int timefmt_parse_http(const char *s, int64_t *out_ms);

/* The day: 2013-05-24 */
#define TIMEFMT_DAY_SIZE 11
void timefmt_day(int64_t ms, char out[TIMEFMT_DAY_SIZE]);

/* A length of time for people, such as "850 ms", "12.3 s", "4 m 05 s". */
#define TIMEFMT_SPAN_SIZE 32
void timefmt_span(int64_t ms, char out[TIMEFMT_SPAN_SIZE]);

#endif
