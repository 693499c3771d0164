// SPDX-License-Identifier: Apache-2.0
// Checks that print a line of TAP each, and clients for one awaitd-local.
//   node FILE.mjs PORT
import assert from 'node:assert/strict';
import http from 'node:http';

export { assert };

const port = Number(process.argv[2]);
const checks = [];

export function check(name, body) {
	checks.push({ name, body });
}

// The plan is printed first, so that a script that dies is noticed.
export async function run() {
	console.log(`1..${checks.length}`);
	for (const [i, { name, body }] of checks.entries()) {
		try {
			await body();
			console.log(`ok ${i + 1} - ${name}`);
		} catch (e) {
			console.log(`not ok ${i + 1} - ${name}`);
			for (const line of String(e.stack ?? e).split('\n'))
				console.log(`# ${line}`);
			process.exitCode = 1;
		}
	}
}

const local = {
	accessKeyId: 'awaitd-local',
	secretAccessKey: 'awaitd-local-demo-secret-key',
};

// Options for a client of the SDK; `more` is added.
export function client(more = {}) {
	return {
		region: 'us-east-1',
		endpoint: `http://127.0.0.1:${port}`,
		credentials: local,
		maxAttempts: 1,
		...more,
	};
}

export function s3client(more = {}) {
	return client({ forcePathStyle: true, ...more });
}

// bucket.localhost need not be known to any resolver.
export function virtualHost() {
	const agent = new http.Agent({
		lookup: (host, options, done) => options.all ?
		    done(null, [{ address: '127.0.0.1', family: 4 }]) :
		    done(null, '127.0.0.1', 4),
	});
	return {
		endpoint: `http://localhost:${port}`,
		forcePathStyle: false,
		requestHandler: { httpAgent: agent },
	};
}

// Fails with this name and status, and a message that has the text.
export async function fails(promise, name, status, text = '') {
	const e = await promise.then(() => null, (error) => error);
	assert.ok(e, `${name} was expected, and all went well`);
	assert.equal(e.name, name);
	assert.equal(e.$metadata?.httpStatusCode, status);
	assert.ok(e.message.includes(text), e.message);
	return e;
}

// One GET with just these headers, Host too: what fetch() would not send.
export function raw(url, headers) {
	return new Promise((resolve, reject) => {
		http.get(url, { headers }, (response) => {
			let body = '';
			response.on('data', (piece) => { body += piece; });
			response.on('end', () =>
			    resolve({ status: response.statusCode, body }));
		}).on('error', reject);
	});
}

// What the function returns once it is not undefined; up to 20 s.
export async function eventually(fn) {
	for (let i = 0; i < 400; i++) {
		const value = await fn();
		if (value !== undefined)
			return value;
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	throw new Error('it did not happen within 20 s');
}
