// SPDX-License-Identifier: Apache-2.0
// What a service really sends, to the libraries that receivers use: cloudevents
// parses it in both modes, standardwebhooks and svix believe it under each of
// two secrets, Node's own ed25519 under the public half of a key.
//   AWAITD=…/awaitd node deliver.mjs PORT-OF-AWAITD-LOCAL
import { spawn, spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync }
	from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HTTP } from 'cloudevents';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { assert, check, eventually, run } from './tap.mjs';

const folder = mkdtempSync(join(tmpdir(), 'awaitd-deliver-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
const at = (name) => join(folder, name);

// --- keys ---------------------------------------------------------------------
const secrets = ['old', 'new'].map((name, n) => `whsec_${Buffer.from(
    Array.from({ length: 32 }, (_, i) => i * 5 + n * 31 & 255))
    .toString('base64')}`);
const pair = generateKeyPairSync('ed25519');
const raw = (key, type) => key.export({ type, format: 'der' }).subarray(-32);
const half = raw(pair.publicKey, 'spki');
const files = { old: secrets[0], new: secrets[1],
	pair: `whsk_${Buffer.concat([raw(pair.privateKey, 'pkcs8'), half])
	    .toString('base64')}` };
for (const [name, text] of Object.entries(files))
	writeFileSync(at(name), `${text}\n`, { mode: 0o600 });

// --- a receiver, by the path of its URL -------------------------------------
const got = {};
const server = createServer(async (request, response) => {
	const pieces = [];
	for await (const piece of request)
		pieces.push(piece);
	(got[request.url.slice(1)] ??= []).push(
	    { headers: request.headers, body: Buffer.concat(pieces) });
	response.writeHead(204).end();
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
server.unref();
const base = `http://127.0.0.1:${server.address().port}/`;

// --- a service -----------------------------------------------------------------
const targets = {
	plain: '',
	structured: 'cloudevents = structured',
	binary: 'cloudevents = binary',
	bytes: 'payload = raw\ncloudevents = binary',
	raw: 'payload = raw',
	reference: 'payload = reference',
	far: 'payload = reference\ncloudevents = structured',
};
const names = Object.keys(targets);
writeFileSync(at('conf'), `[endpoint cat]
poll_start = 50ms
poll_max = 200ms
deliver = ${names.map((name) => `webhook ${name}`).join(', ')}
${names.map((name) => `[webhook ${name}]
url = ${base}${name}
allow_networks = 127.0.0.0/8
secret_file = old, new, pair
${targets[name]}
`).join('')}`);
const env = {
	PATH: process.env.PATH,
	HOME: folder,
	AWAITD_STATE: at('state'),
	AWAITD_CONFIG: at('conf'),
	AWS_ENDPOINT_URL: `http://127.0.0.1:${process.argv[2]}`,
	AWS_ACCESS_KEY_ID: 'awaitd-local',
	AWS_SECRET_ACCESS_KEY: 'awaitd-local-demo-secret-key',
	AWS_REGION: 'us-east-1',
	AWS_EC2_METADATA_DISABLED: 'true',
	TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
	TRACESTATE: 'congo=t61rcWkgMzE',
};
const service = spawn(process.env.AWAITD, ['serve'],
    { env, stdio: ['ignore', 'ignore', 'pipe'] });
let log = '';
service.stderr.on('data', (piece) => { log += piece; });
process.on('exit', () => service.kill('SIGKILL'));
await eventually(() => {
	assert.equal(service.exitCode, null, log);
	return existsSync(at('state/awaitd.sock')) || undefined;
});

const input = Buffer.from('{"é": "\\u0000", "two": 2}\n');
writeFileSync(at('in'), input);
const submitted = spawnSync(process.env.AWAITD, ['submit', '-e', 'cat',
    '-t', 'application/json', '--custom-attributes', 'a b%"+;c=1', at('in')],
    { env, encoding: 'utf8' });
const job = submitted.stdout.trim();

function received(name) {
	return eventually(() => got[name]?.[0]).catch(() => {
		throw new Error(`${name}: nothing came: ${submitted.stderr}${log}`);
	});
}

// --- signatures -------------------------------------------------------------
const libraries = { standardwebhooks: StandardWebhook, svix: SvixWebhook };
for (const [name, Webhook] of Object.entries(libraries)) {
	check(`${name} believes each of them, under both secrets`, async () => {
		for (const target of names) {
			const { headers, body } = await received(target);
			for (const secret of secrets)
				new Webhook(secret).verify(body, headers);
			assert.throws(() => new Webhook(secrets[0]).verify(
			    Buffer.concat([body, Buffer.from(' ')]), headers));
		}
	});
}

check('ed25519 fits the public half of the key', async () => {
	const key = createPublicKey(pair.privateKey);
	for (const target of names) {
		const { headers, body } = await received(target);
		const signature = headers['webhook-signature'].split(' ')
		    .filter((s) => s.startsWith('v1a,'));
		assert.equal(signature.length, 1);
		const message = Buffer.concat([Buffer.from(
		    `${headers['webhook-id']}.${headers['webhook-timestamp']}.`),
		    body]);
		assert.ok(verify(null, message, key,
		    Buffer.from(signature[0].slice(4), 'base64')));
	}
});

// --- forms -------------------------------------------------------------------
check('cloudevents parses the structured mode', async () => {
	for (const target of ['structured', 'far']) {
		const { headers, body } = await received(target);
		assert.match(headers['content-type'],
		    /^application\/cloudevents\+json/);
		const event = HTTP.toEvent({ headers, body: body.toString() });
		assert.ok(event.validate());
		assert.equal(event.id, headers['webhook-id']);
		assert.equal(event.type, 'inference.completed');
		assert.equal(event.subject, job);
		assert.equal(event.source, '/awaitd/us-east-1/cat');
		assert.equal(event.datacontenttype, 'application/json');
		assert.equal(event.traceparent, env.TRACEPARENT);
		assert.equal(event.data.job, job);
		assert.equal(event.data.custom_attributes, 'a b%"+;c=1');
		assert.ok(Math.abs(Date.parse(event.time) - Date.now()) < 300000);
	}
});

check('and the binary one, whatever the bytes are', async () => {
	let { headers, body } = await received('binary');
	let event = HTTP.toEvent({ headers, body: body.toString() });
	assert.ok(event.validate());
	assert.equal(event.id, headers['webhook-id']);
	assert.equal(event.data.job, job);
	assert.equal(event.data.result, input.toString());
	({ headers, body } = await received('bytes'));
	assert.deepEqual(body, input);
	event = HTTP.toEvent({ headers, body });
	assert.equal(event.type, 'inference.completed');
	assert.equal(event.subject, job);
});

check('an event, and bare bytes with their facts', async () => {
	let { headers, body } = await received('plain');
	const event = JSON.parse(body);
	assert.equal(event.type, 'inference.completed');
	assert.equal(event.data.result, input.toString());
	assert.equal(headers['content-type'], 'application/json');
	({ headers, body } = await received('raw'));
	assert.deepEqual(body, input);
	assert.equal(headers['awaitd-job'], job);
	assert.equal(headers['awaitd-event'], 'inference.completed');
	assert.equal(decodeURIComponent(headers['awaitd-custom-attributes']),
	    'a b%"+;c=1');
	for (const target of names) {
		assert.equal(got[target][0].headers.traceparent, env.TRACEPARENT);
		assert.equal(got[target][0].headers.tracestate, env.TRACESTATE);
	}
});

check('the URL of a reference gives the bytes to anybody', async () => {
	const plain = JSON.parse((await received('reference')).body).data;
	const far = JSON.parse((await received('far')).body).data;
	for (const data of [plain, far]) {
		assert.equal(data.result, undefined);
		const answer = await fetch(data.result_url);
		assert.equal(answer.status, 200);
		assert.deepEqual(Buffer.from(await answer.arrayBuffer()), input);
	}
});

check('each came once, and the service ends well', async () => {
	const ended = once(service, 'close');
	service.kill('SIGTERM');
	assert.deepEqual(await ended, [0, null]);
	for (const target of names)
		assert.equal(got[target].length, 1);
	for (const secret of Object.values(files))
		assert.ok(!log.includes(secret.slice(6, 30)));
});

await run();
process.exit();
