/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that change from day to day: names of the configuration, jobs and
 * deliveries of the service on this machine or of state files. What cannot be
 * found out is left out without a word. Takes as long as it takes: who calls
 * sets the limit.
 */
#ifndef CMD_LIVE_H
#define CMD_LIVE_H

#include "cmd/words.h"

void live_endpoints(const struct words *w);
void live_sections(const struct words *w);
void live_targets(const struct words *w);
void live_keys(const struct words *w);
void live_jobs(const struct words *w);
void live_deliveries(const struct words *w);
void live_profiles(const struct words *w);

#endif
