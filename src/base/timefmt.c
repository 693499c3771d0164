/* SPDX-License-Identifier: Apache-2.0 */
/* Instants as text. No locale and no time zone enters here. */
#include "base/timefmt.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char days[7][4] = {
    "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* What four digits of a year can say: 0000-01-01 to the end of 9999. */
#define FIRST_MS INT64_C(-62167219200000)
#define LAST_MS INT64_C(253402300799999)

/* Fields with a whole year and month, and the milliseconds. */
struct parts {
	unsigned year, month, day, wday, hour, min, sec, ms;
};

/* Each number is cut to its digits, so that the compiler knows its width. */
static struct parts
split(int64_t ms)
{
	struct parts p;
	struct tm tm;
	time_t secs;
	int64_t rest;

	ms = ms < FIRST_MS ? FIRST_MS : ms > LAST_MS ? LAST_MS : ms;
	rest = (ms % 1000 + 1000) % 1000;
	secs = (time_t)((ms - rest) / 1000);
	gmtime_r(&secs, &tm);
	p.year = (unsigned)(tm.tm_year + 1900) % 10000;
	p.month = (unsigned)(tm.tm_mon + 1) % 100;
	p.day = (unsigned)tm.tm_mday % 100;
	p.wday = (unsigned)tm.tm_wday % 7;
	p.hour = (unsigned)tm.tm_hour % 100;
	p.min = (unsigned)tm.tm_min % 100;
	p.sec = (unsigned)tm.tm_sec % 100;
	p.ms = (unsigned)rest % 1000;
	return p;
}

/* Join fields that were read as text, and find the day of the week; refuses a
 * 31st of February. */
static int
join(struct tm *tm, int64_t *out_ms)
{
	struct tm copy = *tm;
	time_t secs = timegm(&copy);

	if (copy.tm_mday != tm->tm_mday || copy.tm_mon != tm->tm_mon ||
	    copy.tm_hour != tm->tm_hour || copy.tm_min != tm->tm_min)
		return -1;
	tm->tm_wday = copy.tm_wday;
	*out_ms = (int64_t)secs * 1000;
	return 0;
}

/*
 * Compare `s` with a pattern in which '9' stands for one digit; the digits go
 * to `digits` in their order.
 */
static int
match(const char *s, const char *pattern, char *digits)
{
	if (strlen(s) != strlen(pattern))
		return -1;
	for (; *s != '\0'; s++, pattern++) {
		if (*pattern == '9') {
			if (*s < '0' || *s > '9')
				return -1;
			*digits++ = *s;
		} else if (*s != *pattern) {
			return -1;
		}
	}
	return 0;
}

static int
number(const char *digits, int n)
{
	int value = 0;

	while (n-- > 0)
		value = value * 10 + (*digits++ - '0');
	return value;
}

/* Fourteen digits, yyyymmddhhmmss. */
static int
from_digits(const char *digits, int64_t *out_ms)
{
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	tm.tm_year = number(digits, 4) - 1900;
	tm.tm_mon = number(digits + 4, 2) - 1;
	tm.tm_mday = number(digits + 6, 2);
	tm.tm_hour = number(digits + 8, 2);
	tm.tm_min = number(digits + 10, 2);
	tm.tm_sec = number(digits + 12, 2);
	return join(&tm, out_ms);
}

void
timefmt_iso(int64_t ms, char out[TIMEFMT_ISO_SIZE])
{
	struct parts p = split(ms);

	snprintf(out, TIMEFMT_ISO_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
	    p.year, p.month, p.day, p.hour, p.min, p.sec, p.ms);
}

int
timefmt_parse_iso(const char *s, int64_t *out_ms)
{
	char digits[18];
	int64_t ms;

	if (match(s, "9999-99-99T99:99:99.999Z", digits) == 0) {
		if (from_digits(digits, &ms) == -1)
			return -1;
		*out_ms = ms + number(digits + 14, 3);
		return 0;
	}
	if (match(s, "9999-99-99T99:99:99Z", digits) == 0)
		return from_digits(digits, out_ms);
	return -1;
}

/* ".5" or nothing; *s moves behind it. */
static int
take_fraction(const char **s, int *ms)
{
	const char *p = *s;
	int scale = 100;

	*ms = 0;
	if (*p != '.')
		return 0;
	for (p++; *p >= '0' && *p <= '9'; p++) {
		*ms += (*p - '0') * scale;
		scale /= 10;
	}
	if (p - *s < 2)
		return -1;
	*s = p;
	return 0;
}

/* "Z" or "+02:00", and nothing behind it. */
static int
take_offset(const char *s, int64_t *ms)
{
	char digits[4];
	int hours, minutes;

	*ms = 0;
	if (match(s, "Z", digits) == 0 || match(s, "z", digits) == 0)
		return 0;
	if (match(s, "+99:99", digits) == -1 &&
	    match(s, "-99:99", digits) == -1)
		return -1;
	hours = number(digits, 2);
	minutes = number(digits + 2, 2);
	if (hours > 23 || minutes > 59)
		return -1;
	*ms = (hours * 60 + minutes) * INT64_C(60000);
	if (*s == '-')
		*ms = -*ms;
	return 0;
}

int
timefmt_parse_rfc3339(const char *s, int64_t *out_ms)
{
	char head[20], digits[14];
	int64_t ms, offset;
	int fraction;

	if (strlen(s) < sizeof(head))
		return -1;
	memcpy(head, s, sizeof(head) - 1);
	head[sizeof(head) - 1] = '\0';
	if (head[10] == 't' || head[10] == ' ')
		head[10] = 'T';
	s += sizeof(head) - 1;
	if (match(head, "9999-99-99T99:99:99", digits) == -1 ||
	    from_digits(digits, &ms) == -1 ||
	    take_fraction(&s, &fraction) == -1 || take_offset(s, &offset) == -1)
		return -1;
	*out_ms = ms + fraction - offset;
	return 0;
}

/* n digits: printf(3) took a third of the time of a signature. */
static char *
put(char *out, unsigned value, int n)
{
	int i;

	for (i = n - 1; i >= 0; i--, value /= 10)
		out[i] = (char)('0' + value % 10);
	return out + n;
}

void
timefmt_amz(int64_t ms, char out[TIMEFMT_AMZ_SIZE])
{
	struct parts p = split(ms);

	out = put(put(put(out, p.year, 4), p.month, 2), p.day, 2);
	*out++ = 'T';
	out = put(put(put(out, p.hour, 2), p.min, 2), p.sec, 2);
	*out++ = 'Z';
	*out = '\0';
}

int
timefmt_parse_amz(const char *s, int64_t *out_ms)
{
	char digits[15];

	if (match(s, "99999999T999999Z", digits) == -1)
		return -1;
	return from_digits(digits, out_ms);
}

void
timefmt_http(int64_t ms, char out[TIMEFMT_HTTP_SIZE])
{
	struct parts p = split(ms);

	snprintf(out, TIMEFMT_HTTP_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT",
	    days[p.wday], p.day, months[p.month - 1], p.year, p.hour, p.min,
	    p.sec);
}

int
timefmt_parse_http(const char *s, int64_t *out_ms)
{
	char text[TIMEFMT_HTTP_SIZE], digits[13];
	int64_t ms;
	struct tm tm;
	int month;

	if (strlen(s) != TIMEFMT_HTTP_SIZE - 1)
		return -1;
	memcpy(text, s, sizeof(text));
	for (month = 0; month < 12; month++) {
		if (memcmp(text + 8, months[month], 3) == 0)
			break;
	}
	if (month == 12)
		return -1;
	memcpy(text, "xxx", 3);
	memcpy(text + 8, "xxx", 3);
	if (match(text, "xxx, 99 xxx 9999 99:99:99 GMT", digits) == -1)
		return -1;
	memset(&tm, 0, sizeof(tm));
	tm.tm_mday = number(digits, 2);
	tm.tm_mon = month;
	tm.tm_year = number(digits + 2, 4) - 1900;
	tm.tm_hour = number(digits + 6, 2);
	tm.tm_min = number(digits + 8, 2);
	tm.tm_sec = number(digits + 10, 2);
	/* The day of the week, too, must be the one that would be written. */
	if (join(&tm, &ms) == -1 || memcmp(s, days[tm.tm_wday], 3) != 0)
		return -1;
	*out_ms = ms;
	return 0;
}

void
timefmt_day(int64_t ms, char out[TIMEFMT_DAY_SIZE])
{
	struct parts p = split(ms);

	snprintf(
	    out, TIMEFMT_DAY_SIZE, "%04u-%02u-%02u", p.year, p.month, p.day);
}

void
timefmt_span(int64_t ms, char out[TIMEFMT_SPAN_SIZE])
{
	long long s = ms / 1000;

	if (ms < 1000)
		snprintf(out, TIMEFMT_SPAN_SIZE, "%lld ms", (long long)ms);
	else if (s < 60)
		snprintf(out, TIMEFMT_SPAN_SIZE, "%lld.%lld s", s,
		    (long long)ms % 1000 / 100);
	else if (s < 3600)
		snprintf(
		    out, TIMEFMT_SPAN_SIZE, "%lld m %02lld s", s / 60, s % 60);
	else
		snprintf(out, TIMEFMT_SPAN_SIZE, "%lld h %02lld m", s / 3600,
		    s / 60 % 60);
}
