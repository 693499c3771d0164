/* SPDX-License-Identifier: Apache-2.0 */
/* What whoever reads PEM files with OpenSSL needs. */
#ifndef NET_PEM_H
#define NET_PEM_H

/* A pem_password_cb that knows none: nobody sits there who could be asked, as
 * OpenSSL would without one. */
int pem_no_passphrase(char *out, int size, int writes, void *arg);

#endif
