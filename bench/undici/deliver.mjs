// SPDX-License-Identifier: Apache-2.0
// deliver.mjs PORT N: N webhooks of 1 kB, signed as Standard Webhooks has it,
// 64 at a time over kept connections; no journal. Prints CPU time each.
import { createHmac } from 'node:crypto';
import { Pool } from 'undici';

const AT_ONCE = 64;
const [port, count] = process.argv.slice(2).map(Number);
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: AT_ONCE });
const key = Buffer.from('MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=',
    'base64');
const body = 'x'.repeat(1024);
let begun;

async function post(n) {
	const id = `msg_${String(n).padStart(26, '0')}`;
	const at = Math.floor(Date.now() / 1000);
	const mac = createHmac('sha256', key).update(`${id}.${at}.${body}`)
	    .digest('base64');
	const { statusCode, body: answer } = await pool.request({
		path: '/hook',
		method: 'POST',
		headers: {
			'user-agent': 'bench',
			'content-type': 'application/json',
			'webhook-id': id,
			'webhook-timestamp': String(at),
			'webhook-signature': `v1,${mac}`
		},
		body
	});
	await answer.dump();
	if (statusCode !== 200)
		throw new Error(`answered ${statusCode}`);
}

async function all(n) {
	begun = 0;
	await Promise.all(Array.from({ length: AT_ONCE }, async () => {
		while (begun < n)
			await post(begun++);
	}));
}

await all(2000);
const before = process.cpuUsage();
const began = performance.now();
await all(count);
const { user, system } = process.cpuUsage(before);
const s = (performance.now() - began) / 1000;
console.log(`us=${((user + system) / count).toFixed(1)} ` +
    `per_s=${Math.round(count / s)}`);
await pool.close();
