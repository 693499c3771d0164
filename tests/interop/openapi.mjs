// SPDX-License-Identifier: Apache-2.0
// The description of the API: sound by a validator that others wrote, and true
// of a service that runs. Each route is asked, well and badly, and each answer
// is held to its schema, with every member that is not described being an error.
//   AWAITD=…/awaitd node openapi.mjs PORT
// PORT is awaitd-local's, with the endpoints of tests/system/interop.sh.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { assert, check, eventually, run } from './tap.mjs';

const folder = mkdtempSync(join(tmpdir(), 'awaitd-openapi-'));
const at = (name) => join(folder, name);
let service;
process.on('exit', () => {
	service?.kill('SIGKILL');
	rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

// --- a receiver that takes some -------------------------------------------------
const receiver = http.createServer((request, response) => {
	request.resume().on('end', () =>
	    response.writeHead(request.url === '/good' ? 204 : 503).end());
});
receiver.listen(0, '127.0.0.1');
await once(receiver, 'listening');
receiver.unref();

// --- the service -------------------------------------------------------------------
const hook = `http://127.0.0.1:${receiver.address().port}`;
const endpoint = (name) => `
[endpoint ${name}]
output_path = s3://awaitd-local/${name}/output
input_prefix = s3://awaitd-local/in
poll_start = 50ms
poll_max = 200ms
`;
const token = 'correct-horse-battery-staple';
writeFileSync(at('token'), `${token}\n`, { mode: 0o600 });
writeFileSync(at('conf'), `[api]
listen = unix:${at('socket')}, 127.0.0.1:0
token_file = ${at('token')}
${['cat', 'fail', 'slow'].map(endpoint).join('')}
[webhook good]
url = ${hook}/good
allow_networks = 127.0.0.0/8
[webhook bad]
url = ${hook}/bad
allow_networks = 127.0.0.0/8
`);
service = spawn(process.env.AWAITD, ['serve'], {
	env: {
		PATH: process.env.PATH,
		HOME: folder,
		AWAITD_STATE: at('state'),
		AWAITD_CONFIG: at('conf'),
		AWS_ENDPOINT_URL: `http://127.0.0.1:${process.argv[2]}`,
		AWS_ACCESS_KEY_ID: 'awaitd-local',
		AWS_SECRET_ACCESS_KEY: 'awaitd-local-demo-secret-key',
		AWS_REGION: 'us-east-1',
		AWS_EC2_METADATA_DISABLED: 'true',
	},
	stdio: ['ignore', 'ignore', 'pipe'],
});
let log = '';
service.stderr.on('data', (piece) => { log += piece; });
const tcp = await eventually(() => {
	assert.equal(service.exitCode, null, log);
	return / msg=ready/.test(log) &&
	    /the API is at 127\.0\.0\.1:(\d+)/.exec(log)?.[1] || undefined;
});

function ask(method, path, { headers = {}, body, port } = {}) {
	const where = port ? { host: '127.0.0.1', port } :
	    { socketPath: at('socket') };

	return new Promise((resolve, reject) => {
		const request = http.request({ ...where, method, path, headers },
		    async (response) => {
			const pieces = [];

			for await (const piece of response)
				pieces.push(piece);
			resolve({ status: response.statusCode,
				headers: response.headers,
				text: Buffer.concat(pieces).toString() });
		});

		request.on('error', reject);
		request.end(body);
	});
}

// --- the description ------------------------------------------------------------
const doc = JSON.parse((await ask('GET', '/openapi.json')).text);
const ajv = new Ajv({ strict: false, allErrors: true });
formats(ajv);

const resolve = (node) => node.$ref === undefined ? node :
    node.$ref.slice(2).split('/').reduce((o, name) => o[name], doc);

// A schema by itself that lets nothing pass which it does not name. Part of an
// allOf, it is for the whole to say so.
function strict(node, part = false) {
	if (Array.isArray(node))
		return node.map((one) => strict(one));
	if (node === null || typeof node !== 'object')
		return node;
	if (node.$ref !== undefined)
		return strict(resolve(node), part);
	const out = {};
	for (const [key, value] of Object.entries(node)) {
		if (key === 'allOf')
			out[key] = value.map((one) => strict(one, true));
		else if (key === 'properties')
			out[key] = Object.fromEntries(Object.entries(value).map(
			    ([name, one]) => [name, strict(one)]));
		else
			out[key] = strict(value);
	}
	if (!part && (out.properties || out.allOf))
		out.unevaluatedProperties = false;
	return out;
}

const compiled = new Map();
function validator(schema) {
	if (!compiled.has(schema))
		compiled.set(schema, ajv.compile(strict(schema)));
	return compiled.get(schema);
}

function hold(schema, value, what) {
	const valid = validator(schema);

	assert.ok(valid(value),
	    `${what}: ${ajv.errorsText(valid.errors)}\n${JSON.stringify(value)}`);
	// And that this says something: nothing else is let through.
	if (value !== null && typeof value === 'object' && !Array.isArray(value) &&
	    (resolve(schema).properties ?? resolve(schema).allOf))
		assert.ok(!valid({ ...value, undocumented: 1 }), what);
}

// The most literal of those that fit.
function find(path) {
	const parts = path.split('?')[0].split('/');
	const fits = Object.keys(doc.paths).filter((one) => {
		const names = one.split('/');

		return names.length === parts.length && names.every((name, i) =>
		    name.startsWith('{') || name === parts[i]);
	});

	return fits.sort((a, b) => a.split('{').length - b.split('{').length)[0];
}

const seen = new Map(); // of an operation: the statuses that were held
async function told(method, path, status, options = {}) {
	const template = find(path);
	const operation = doc.paths[template]?.[method.toLowerCase()];
	const answer = await ask(method, path, options);
	const what = `${method} ${path}: ${answer.status}`;
	const type = (answer.headers['content-type'] ?? '').split(';')[0];

	assert.equal(answer.status, status, `${what} ${answer.text}`);
	assert.ok(operation, `${what}: not described`);
	const response = resolve(operation.responses[status] ??
	    operation.responses.default);
	for (const [name, header] of Object.entries(response.headers ?? {})) {
		if (resolve(header).required)
			assert.ok(answer.headers[name.toLowerCase()], `${what} ${name}`);
	}
	assert.ok(answer.headers['x-request-id'], what);
	const content = response.content?.[type] ?? response.content?.['*/*'];
	assert.ok(content, `${what}: ${type} is not described`);
	if (status < 400 || type === 'application/problem+json') {
		if (type.endsWith('json')) {
			answer.json = JSON.parse(answer.text);
			hold(content.schema, answer.json, what);
		}
	}
	seen.set(operation, new Set([...(seen.get(operation) ?? []), status]));
	return answer;
}
const problem = async (method, path, status, code, options) => {
	const answer = await told(method, path, status, options);

	assert.equal(answer.json.code, code, answer.text);
	return answer;
};
const json = (value, headers = {}) => ({
	headers: { 'Content-Type': 'application/json', ...headers },
	body: typeof value === 'string' ? value : JSON.stringify(value),
});
const submit = async (value, headers) =>
    (await told('POST', '/v1/jobs', 201, json(value, headers))).json;
const done = async (job) =>
    (await told('GET', `/v1/jobs/${job}?wait=30`, 200)).json;

// --- what there is --------------------------------------------------------------
const nobody = '01jd2k3m4n5p6q7r8s9t0v1w2x';
const ids = {};

check('the description is sound OpenAPI 3.1', async () => {
	const validator = new Validator();
	const result = await validator.validate(structuredClone(doc));

	assert.ok(result.valid, JSON.stringify(result.errors));
	assert.equal(validator.version, '3.1');
	assert.deepEqual(doc, JSON.parse(readFileSync(process.env.OPENAPI)));
});

check('health', async () => {
	await told('GET', '/healthz', 200);
	await told('GET', '/readyz', 200);
	await told('GET', '/openapi.json', 200);
	await problem('GET', '/healthz?x=1', 400, 'bad_parameter');
	const other = doc.components.responses.Other;
	for (const [method, path, status] of [['DELETE', '/v1/jobs', 405],
	    ['GET', '/v1/none', 404]]) {
		const answer = await ask(method, path);

		assert.equal(answer.status, status);
		hold(other.content['application/problem+json'].schema,
		    JSON.parse(answer.text), `${method} ${path}`);
	}
});

check('jobs are taken in both forms', async () => {
	const cat = { endpoint: 'cat', body: 'hello', tags: ['b', 'a:1'],
		content_type: 'text/plain', custom_attributes: 'x=1',
		deliver: ['webhook good'] };
	const first = await submit(cat, { 'Idempotency-Key': 'k',
		traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
		tracestate: 'a=b' });

	ids.ok = first.job;
	assert.deepEqual(first.tags, ['a:1', 'b']);
	const again = await told('POST', '/v1/jobs', 200,
	    json(cat, { 'Idempotency-Key': 'k' }));
	assert.equal(again.json.job, first.job);
	await problem('POST', '/v1/jobs', 409, 'idempotency_key_reused',
	    json({ ...cat, tags: [] }, { 'Idempotency-Key': 'k' }));
	const raw = await told('POST', '/v1/jobs', 201, { body: 'raw', headers: {
		'Content-Type': 'text/plain', 'Awaitd-Endpoint': 'cat',
		'Awaitd-Tags': 'raw, b', 'Awaitd-Deliver': 'webhook bad',
		'Awaitd-Request-Ttl': '600' } });
	ids.bad = raw.json.job;
	assert.equal(raw.headers.location, `/v1/jobs/${ids.bad}`);
	ids.failed = (await submit({ endpoint: 'fail', body_base64: 'eA==',
		tags: ['woe'] })).job;
	ids.slow = (await submit({ endpoint: 'slow', body: 'x' })).job;
});

check('and refused with a code that is described', async () => {
	for (const [status, code, options] of [
	    [400, 'bad_json', json('{')],
	    [400, 'unknown_member', json({ endpoint: 'cat', body: 'x', tag: 'x' })],
	    [400, 'bad_member', json({ endpoint: 'cat', body: 'x', tags: ['a b'] })],
	    [400, 'bad_parameter', { headers: { 'Awaitd-Tags': 'x' } }],
	    [413, 'too_large', json(' '.repeat(300000))],
	    [415, 'unsupported_media_type', { body: 'x' }],
	    [422, 'invalid_request', json({ endpoint: 'a b', body: 'x' })],
	])
		await problem('POST', '/v1/jobs', status, code, options);
});

check('jobs are listed and shown', async () => {
	assert.equal((await done(ids.ok)).outcome, 'ok');
	assert.equal((await done(ids.bad)).outcome, 'ok');
	assert.equal((await done(ids.failed)).outcome, 'failed');
	const all = (await told('GET', '/v1/jobs?order=newest&limit=2', 200)).json;
	assert.equal(all.jobs.length, 2);
	assert.equal(all.next, all.jobs[1].job);
	const some = (await told('GET', '/v1/jobs?tag=a:1&state=done&outcome=ok' +
	    '&endpoint=cat&since=2020-01-01T00:00:00Z', 200)).json;
	assert.deepEqual(some.jobs.map((j) => j.job), [ids.ok]);
	await told('GET', `/v1/jobs/${ids.slow}`, 200);
	await problem('GET', '/v1/jobs?tag=a,b', 400, 'bad_parameter');
	await problem('GET', `/v1/jobs/${nobody}`, 404, 'not_found');
	await told('GET', `/v1/jobs/${ids.ok}/result`, 200);
	const part = await told('GET', `/v1/jobs/${ids.ok}/result`, 206,
	    { headers: { Range: 'bytes=1-3' } });
	assert.equal(part.text, 'ell');
	await problem('GET', `/v1/jobs/${ids.ok}/result`, 416,
	    'range_not_satisfiable', { headers: { Range: 'bytes=5-' } });
	await problem('GET', `/v1/jobs/${ids.slow}/result`, 409, 'not_done');
	await problem('GET', `/v1/jobs/${ids.failed}/result`, 409, 'no_result');
	await problem('GET', `/v1/jobs/${nobody}/result`, 404, 'not_found');
	await told('GET', `/v1/jobs/${ids.ok}/result-url?expires=60`, 200);
	await problem('GET', `/v1/jobs/${ids.ok}/result-url?expires=0`, 400,
	    'bad_parameter');
});

check('jobs are asked for again, one and all', async () => {
	await told('POST', `/v1/jobs/${ids.failed}/retry`, 201,
	    { headers: { 'Idempotency-Key': 'r' } });
	await told('POST', `/v1/jobs/${ids.failed}/retry`, 200,
	    { headers: { 'Idempotency-Key': 'r' } });
	await problem('POST', `/v1/jobs/${ids.ok}/retry`, 409, 'ok');
	await problem('POST', `/v1/jobs/${nobody}/retry`, 404, 'not_found');
	await problem('POST', '/v1/jobs/retry', 400, 'no_filter');
	const dry = await told('POST', '/v1/jobs/retry', 200,
	    json({ tag: 'woe', state: 'done', again: true, dry_run: true }));
	assert.ok(dry.json.matched >= 1);
	const all = await told('POST',
	    '/v1/jobs/retry?tag=woe&again=true&limit=1', 200);
	assert.equal(all.json.retried, 1);
	await done(all.json.jobs[0]);
});

check('jobs are given up, one and all', async () => {
	await told('POST', `/v1/jobs/${ids.slow}/cancel`, 200);
	await problem('POST', `/v1/jobs/${ids.ok}/cancel`, 409, 'done');
	await problem('POST', `/v1/jobs/${nobody}/cancel`, 404, 'not_found');
	await submit({ endpoint: 'slow', body: 'x', tags: ['off'] });
	await told('POST', '/v1/jobs/cancel?tag=off&dry_run=true', 200);
	const off = await told('POST', '/v1/jobs/cancel', 200,
	    json({ tag: 'off' }));
	assert.equal(off.json.cancelled, 1);
	await problem('POST', '/v1/jobs/cancel', 400, 'bad_json', json('{'));
});

check('deliveries', async () => {
	const list = await eventually(async () => {
		const { deliveries } = (await told('GET',
		    '/v1/deliveries?target=webhook+bad', 200)).json;

		return deliveries[0]?.status === 503 ? deliveries : undefined;
	});
	ids.delivery = list[0].delivery;
	await told('GET', `/v1/deliveries/${ids.delivery}`, 200);
	await told('POST', `/v1/deliveries/${ids.delivery}/cancel`, 200);
	await told('POST', '/v1/deliveries/replay?state=dead&dry_run=true', 200);
	await told('POST', '/v1/deliveries/replay', 200, json({ state: 'dead' }));
	await told('POST', `/v1/deliveries/${ids.delivery}/replay`, 200);
	const good = (await told('GET', '/v1/deliveries?state=delivered', 200)).json;
	await problem('POST',
	    `/v1/deliveries/${good.deliveries[0].delivery}/cancel`, 409, 'done');
	await problem('GET', `/v1/deliveries/msg_${nobody}`, 404, 'not_found');
	await problem('GET', '/v1/deliveries?state=lost', 400, 'bad_parameter');
	await problem('POST', '/v1/deliveries/replay', 400, 'no_filter');
});

check('attempts', async () => {
	const of = `/v1/deliveries/${ids.delivery}/attempts`;

	if (doc.paths['/v1/attempts'] === undefined)
		return;
	await told('GET', '/v1/attempts?limit=3&order=newest', 200);
	await told('GET', '/v1/attempts?headers=true&outcome=failed', 200);
	await told('GET', `${of}?headers=true`, 200);
	await told('GET', `${of}/1`, 200);
	await problem('GET', `${of}/999`, 404, 'not_found');
	await problem('GET', '/v1/attempts?class=none-such', 400, 'bad_parameter');
});

check('targets', async () => {
	await told('GET', '/v1/targets', 200);
	await told('POST', '/v1/targets/webhook%20bad/disable', 200);
	await told('POST', '/v1/targets/webhook%20bad/test', 200);
	await told('POST', '/v1/targets/webhook%20bad/enable', 200);
	await problem('POST', '/v1/targets/webhook%20none/enable', 404, 'not_found');
	await problem('POST', '/v1/targets/webhook%20none/test', 404, 'not_found');
	await problem('POST', '/v1/targets/webhook%20bad/test?outcome=expired', 400,
	    'bad_parameter');
});

check('the configuration', async () => {
	if (doc.paths['/v1/reload'] === undefined)
		return;
	await told('GET', '/v1/config', 200);
	await told('GET', '/v1/config?section=api&changed=true', 200);
	writeFileSync(at('conf'), `${readFileSync(at('conf'))}\ntimeout = 7s\n`);
	await told('POST', '/v1/reload', 200);
	writeFileSync(at('conf'), 'nonsense\n');
	await problem('POST', '/v1/reload', 422, 'bad_configuration');
});

check('events', async () => {
	const { Event: event, EventGap: gap } = doc.components.schemas;
	let text = '', type;

	await problem('GET', '/v1/events?after=x', 400, 'bad_parameter');
	await new Promise((resolve, reject) => {
		const request = http.request({ socketPath: at('socket'),
			path: '/v1/events?after=0' }, (response) => {
			type = response.headers['content-type'];
			assert.equal(response.statusCode, 200);
			response.on('data', (piece) => {
				text += piece;
				if ((text.match(/^data: /mg) ?? []).length >= 20)
					resolve(request.destroy());
			}).on('error', () => {});
		});

		request.on('error', reject).end();
	});
	assert.ok(Object.keys(doc.paths['/v1/events'].get.responses[200].content)
	    .includes(type.split(';')[0]), type);
	const all = [...text.matchAll(/^event: (.*)\ndata: (.*)\n\n/mg)];
	assert.ok(all.length >= 19, text);
	for (const [, name, data] of all)
		hold(name === 'gap' ? gap : event, JSON.parse(data), name);
	seen.set(doc.paths['/v1/events'].get, new Set([200, 400]));
});

check('who may not ask hears so', async () => {
	await problem('GET', '/v1/jobs', 401, 'unauthorized', { port: tcp });
	await problem('GET', '/openapi.json', 401, 'unauthorized', { port: tcp });
	await told('GET', '/v1/jobs', 200, { port: tcp,
		headers: { Authorization: `Bearer ${token}` } });
	await told('GET', '/healthz', 200, { port: tcp });
});

check('every operation was held to its description', () => {
	for (const [path, operations] of Object.entries(doc.paths)) {
		for (const [method, operation] of Object.entries(operations))
			assert.ok([...seen.get(operation) ?? []].some(
			    (status) => status < 300), `${method} ${path}`);
	}
});

await run();
service.kill('SIGTERM');
await once(service, 'exit');
