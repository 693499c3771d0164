/* SPDX-License-Identifier: Apache-2.0 */
/* Who keeps count of what S3 is asked. */
#ifndef AWS_S3_WATCH_H
#define AWS_S3_WATCH_H

struct s3;

/* Each request that leaves, tries included, and each
 * answer that says "slow down". NULL ends it; else it is copied. */
enum s3_kind { S3_KIND_HEAD, S3_KIND_GET, S3_KIND_LIST, S3_KIND_WRITE };
#define S3_KINDS 4
struct s3_watch {
	void (*sent)(const char *bucket, enum s3_kind kind, void *arg);
	void (*slow_down)(const char *bucket, void *arg);
	void *arg;
};
void s3_watch(struct s3 *s3, const struct s3_watch *watch);

#endif
