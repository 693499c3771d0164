/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of a topic, a subscription or a queue. */
#ifndef AWS_ATTRIBUTE_H
#define AWS_ATTRIBUTE_H

/* Both are set; borrowed for the length of the callback that gives them. */
struct aws_attribute {
	const char *name;
	const char *value;
};

#endif
