// SPDX-License-Identifier: Apache-2.0
// poll.mjs WAITERS: the AWS SDK for JavaScript at the S3 of AWS_ENDPOINT_URL,
// which has no keys: CPU time of a HEAD, 64 at a time, and the memory of
// waitUntilObjectExists between two looks, with so many of them.
import {
	HeadObjectCommand, S3Client, waitUntilObjectExists
} from '@aws-sdk/client-s3';
import { setMaxListeners } from 'node:events';
import { Agent } from 'node:http';

const LOOKS = 3000;
const AT_ONCE = 64;
const waiters = Number(process.argv[2]);
const client = new S3Client({
	forcePathStyle: true,
	requestHandler: {
		httpAgent: new Agent({ keepAlive: true, maxSockets: AT_ONCE }),
		// It warns of queues that are meant to be there.
		socketAcquisitionWarningTimeout: 3600000
	}
});
let begun = 0;

async function look() {
	const Key = `out/awaitd/2026-11-22/01kaz5q8m4${begun}-1.out`;
	try {
		await client.send(new HeadObjectCommand({ Bucket: 'b', Key }));
	} catch (e) {
		if (e.$metadata?.httpStatusCode === 404)
			return;
		throw e;
	}
	throw new Error('it is there');
}

async function looks(n) {
	begun = 0;
	await Promise.all(Array.from({ length: AT_ONCE }, async () => {
		while (begun++ < n)
			await look();
	}));
}

function memory() {
	global.gc();
	global.gc();
	return process.memoryUsage();
}

await looks(LOOKS / 3);
const before = process.cpuUsage();
await looks(LOOKS);
const { user, system } = process.cpuUsage(before);

const empty = memory();
let asked = 0;
client.middlewareStack.add(next => async args => {
	try {
		return await next(args);
	} finally {
		asked++;
	}
}, { step: 'initialize' });
const over = new AbortController();
setMaxListeners(0, over.signal);
const all = Array.from({ length: waiters }, (_, i) => waitUntilObjectExists(
	{
		client, maxWaitTime: 36000, minDelay: 3600, maxDelay: 3600,
		abortSignal: over.signal
	},
	{ Bucket: 'b', Key: `out/awaitd/2026-11-22/01kaz5q8m4${i}-1.out` }
).catch(() => {}));
while (asked < waiters)
	await new Promise(done => setTimeout(done, 100));
await new Promise(done => setTimeout(done, 100));
const full = memory();
const each = what => ((full[what] - empty[what]) / waiters).toFixed(0);

console.log(`aws_js_us=${((user + system) / LOOKS).toFixed(0)}`,
	`js_bytes_per_job=${each('rss')}`,
	`js_heap_bytes_per_job=${each('heapUsed')}`);
over.abort();
await Promise.all(all);
process.exit(0);
