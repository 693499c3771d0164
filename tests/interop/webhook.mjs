// SPDX-License-Identifier: Apache-2.0
// Webhooks between our driver and the libraries that receivers use:
// standardwebhooks and svix believe what we send, and nothing that differs in
// one byte; and awaitd listen believes what they sign.
//   POSTHOOK=…/tests/support/posthook AWAITD=…/awaitd node webhook.mjs
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { assert, check, run } from './tap.mjs';

const id = 'msg_01hz4k9p3w7x5v2q8r6t0y1n3b';
const key = Buffer.from(Array.from({ length: 32 }, (_, i) => i * 7 & 255));
const secret = `whsec_${key.toString('base64')}`;
const other = `whsec_${key.toString('base64').replace('A', 'B')}`;
const libraries = {
	standardwebhooks: StandardWebhook,
	svix: SvixWebhook,
};
const folder = mkdtempSync(join(tmpdir(), 'awaitd-webhook-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
const secretFile = join(folder, 'secret');
writeFileSync(secretFile, `${secret}\n`, { mode: 0o600 });

// A receiver that keeps what comes.
const got = [];
const server = createServer(async (request, response) => {
	const pieces = [];
	for await (const piece of request)
		pieces.push(piece);
	got.push({ headers: request.headers,
	    body: Buffer.concat(pieces).toString('utf8') });
	response.writeHead(204).end();
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
server.unref();
const url = `http://127.0.0.1:${server.address().port}/hook`;

// Its output's first line, when it has ended.
async function post(to, body, attempt = 1, ...more) {
	const child = spawn(process.env.POSTHOOK,
	    [to, secretFile, id, String(attempt), ...more],
	    { stdio: ['pipe', 'pipe', 'inherit'] });
	const ended = once(child, 'close');
	let out = '';
	child.stdout.on('data', (piece) => { out += piece; });
	child.stdin.end(body);
	assert.equal((await ended)[0], 0);
	return out.trim();
}

async function received(body, attempt = 1, ...more) {
	got.length = 0;
	assert.equal(await post(url, body, attempt, ...more), 'ok 204');
	assert.equal(got.length, 1);
	assert.equal(got[0].body, body);
	return got[0];
}

// A program that serves: its port, lines of output, and its end.
async function serve(file, args, env, portOf) {
	const child = spawn(file, args, { env: { ...process.env, ...env },
	    stdio: ['ignore', 'pipe', 'pipe'] });
	const lines = [];
	createInterface({ input: child.stdout }).on('line',
	    (line) => lines.push(line));
	const errors = createInterface({ input: child.stderr });
	for await (const line of errors) {
		const match = portOf.exec(line);
		if (match !== null)
			return { port: Number(match[1]), lines, child };
	}
	throw new Error(`${file} does not say where it is`);
}

async function stop({ child }) {
	const ended = once(child, 'close');
	child.kill('SIGTERM');
	return ended;
}

const event = JSON.stringify({ type: 'inference.completed',
    timestamp: '2026-11-22T08:01:01.007Z',
    data: { job: '01hz4k9p3w7x5v2q8r6t0y1n3b', result: 'é 日本語 😀\n' } });

for (const [name, Webhook] of Object.entries(libraries)) {
	check(`${name} verifies what the driver sends`, async () => {
		for (const body of [event, '{}', `{"a":"${'x'.repeat(200000)}"}`]) {
			const { headers } = await received(body);
			assert.deepEqual(new Webhook(secret).verify(body, headers),
			    JSON.parse(body));
		}
	});

	check(`${name} refuses it where one byte differs`, async () => {
		const { headers, body } = await received(event, 2);
		const webhook = new Webhook(secret);
		const refused = (h, b = body, w = webhook) => assert.throws(
		    () => w.verify(b, { ...headers, ...h }), /signature|timestamp/i);
		const signature = headers['webhook-signature'];
		const at = Number(headers['webhook-timestamp']);

		webhook.verify(body, headers);
		refused({}, body.replace('é', 'è'));
		refused({}, `${body} `);
		refused({}, body.slice(0, -1));
		refused({ 'webhook-id': id.replace('b', 'c') });
		refused({ 'webhook-timestamp': String(at - 1) });
		refused({ 'webhook-timestamp': String(at - 1000) });
		refused({ 'webhook-signature': signature.replace('v1,', 'v1a,') });
		for (const i of [3, 20, signature.length - 2])
			refused({ 'webhook-signature': signature.slice(0, i) +
			    (signature[i] === 'A' ? 'B' : 'A') +
			    signature.slice(i + 1) });
		refused({}, body, new Webhook(other));
	});

	check(`awaitd listen verifies what ${name} signs`, async () => {
		const listener = await serve(process.env.AWAITD, ['listen',
		    '--listen', '127.0.0.1:0', '--secret-file', secretFile,
		    '--count', '3', '--json'], {}, /127\.0\.0\.1:([0-9]+)/);
		const now = new Date();
		const headers = {
			'webhook-id': id,
			'webhook-timestamp': String(Math.floor(now / 1000)),
			'webhook-signature': new Webhook(secret).sign(id, now, event),
		};
		const send = async (body, h) => (await fetch(
		    `http://127.0.0.1:${listener.port}/`, { method: 'POST',
		    body, headers: { ...headers, ...h, connection: 'close' } }))
		    .status;
		const ended = once(listener.child, 'close');

		assert.equal(await send(event), 204);
		assert.equal(await send(`${event} `), 401);
		assert.equal(await send(event, { 'webhook-signature':
		    new Webhook(other).sign(id, now, event) }), 401);
		assert.deepEqual(await ended, [0, null]);
		const lines = listener.lines.map((line) => JSON.parse(line));
		assert.deepEqual(lines.map((line) => line.verified),
		    [true, false, false]);
		assert.equal(lines[0].body, event);
		assert.equal(lines[0].id, id);
	});
}

check('an attempt and a replay are told apart', async () => {
	let { headers } = await received(event, 7);
	assert.equal(headers['awaitd-attempt'], '7');
	assert.equal(headers['awaitd-replay'], undefined);
	({ headers } = await received(event, 8, 'replay'));
	assert.equal(headers['awaitd-replay'], '1');
	assert.equal(headers['content-type'], 'application/json');
	assert.match(headers['user-agent'], /^awaitd\/[0-9]/);
	assert.equal(headers.accept, undefined);
	assert.equal(headers['accept-encoding'], undefined);
});

check('contrib/receivers/receiver.mjs takes each event once', async () => {
	const receiver = await serve(process.execPath,
	    [new URL('receiver.mjs', import.meta.url).pathname, '0'],
	    { AWAITD_WEBHOOK_SECRET: `${secret}\n` }, /127\.0\.0\.1:([0-9]+)/);
	const to = `http://127.0.0.1:${receiver.port}/`;

	try {
		assert.equal(await post(to, event), 'ok 204');
		assert.equal(await post(to, event, 2), 'ok 204');
		const { headers } = await received(event);
		for (const body of [`${event} `, 'x'.repeat(2000000)]) {
			const answer = await fetch(to, { method: 'POST', body,
			    headers: { 'webhook-id': id,
				'webhook-timestamp': headers['webhook-timestamp'],
				'webhook-signature': headers['webhook-signature'],
			    } });
			assert.equal(answer.status, body.length > 1048576 ? 413 : 401);
		}
		assert.equal((await fetch(to)).status, 405);
	} finally {
		await stop(receiver);
	}
	assert.deepEqual(receiver.lines,
	    [`${id} application/json ${Buffer.byteLength(event)}`]);
});

await run();
process.exit();
