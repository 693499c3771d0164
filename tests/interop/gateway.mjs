// SPDX-License-Identifier: Apache-2.0
// The gateway, driven by the unchanged AWS SDK for JavaScript: what is asked of
// it is what SageMaker (awaitd-local) gets, what SageMaker answers is what the
// SDK understands, and the results come by webhook. Then many requests while
// three of ten answers are lost behind an acceptance: each is one job.
//   AWAITD=…/awaitd AWAITD_LOCAL=…/awaitd-local node gateway.mjs PORT [REQUESTS]
// It runs an awaitd-local of its own, as it asks that for faults.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync,
	writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { InvokeEndpointAsyncCommand, SageMakerRuntimeClient }
	from '@aws-sdk/client-sagemaker-runtime';
import { assert, check, client, eventually, fails, run, s3client }
	from './tap.mjs';

const REQUESTS = Number(process.argv[3] ?? process.env.REQUESTS ?? 300);
const DROPPED = 0.3;

const folder = mkdtempSync(join(tmpdir(), 'awaitd-gateway-'));
const at = (name) => join(folder, name);
const children = [];
process.on('exit', () => {
	for (const child of children)
		child.kill('SIGKILL');
	rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

// --- a receiver ---------------------------------------------------------------
const events = new Map(); // of a job, in their order
const receiver = createServer(async (request, response) => {
	const pieces = [];
	for await (const piece of request)
		pieces.push(piece);
	const event = JSON.parse(Buffer.concat(pieces));
	const { job } = event.data;
	events.set(job, [...(events.get(job) ?? []),
	    { ...event, id: request.headers['webhook-id'] }]);
	response.writeHead(204).end();
});
receiver.listen(0, '127.0.0.1');
await once(receiver, 'listening');
receiver.unref();

// --- SageMaker, whose models keep a ledger -------------------------------------
writeFileSync(at('note'), `#!/bin/sh
input=$(cat)
echo "$input" >>"${at('ledger')}"
printf '%s|%s|%s|%s|%s|%s' "$AWAITD_INFERENCE_ID" "$AWAITD_ENDPOINT" \
    "$AWAITD_CONTENT_TYPE" "$AWAITD_ACCEPT" "$AWAITD_CUSTOM_ATTRIBUTES" "$input"
`);
chmodSync(at('note'), 0o755);
writeFileSync(at('local.conf'), `[admin]
listen = unix:${at('admin')}

[endpoint note]
command = "${at('note')}"
max_concurrent_invocations_per_instance = 4
s3_output_path = s3://awaitd-local/note/output
s3_failure_path = s3://awaitd-local/note/failure
`);
writeFileSync(at('ledger'), '');

function start(program, args, env) {
	const child = spawn(program, args,
	    { env, stdio: ['ignore', 'ignore', 'pipe'] });

	child.log = '';
	child.stderr.on('data', (piece) => { child.log += piece; });
	children.push(child);
	return child;
}

const local = start(process.env.AWAITD_LOCAL, ['-c', at('local.conf'),
    '--data', at('data'), '--listen', '127.0.0.1:0', '--port-file',
    at('port')], { PATH: process.env.PATH });
const port = await eventually(() => {
	assert.equal(local.exitCode, null, local.log);
	return existsSync(at('port')) && readFileSync(at('port'), 'utf8').trim() ||
	    undefined;
});

function faults(method, lines) {
	const r = spawnSync('curl', ['-sf', '--unix-socket', at('admin'), '-X',
	    method, ...(lines ? ['--data-binary', lines] : []),
	    'http://localhost/faults'], { encoding: 'utf8' });
	assert.equal(r.status, 0, r.stderr);
	return r.stdout;
}

// --- awaitd ----------------------------------------------------------------------
const keys = { accessKeyId: 'APPKEY7EXAMPLE',
	secretAccessKey: 'a-secret-of-the-gateway' };
const temporary = { accessKeyId: 'ASIAAPP8EXAMPLE', sessionToken: 'a-token',
	secretAccessKey: 'another-secret-of-the-gateway' };
writeFileSync(at('keys'), `[app]
aws_access_key_id = ${keys.accessKeyId}
aws_secret_access_key = ${keys.secretAccessKey}

[other]
aws_access_key_id = ${temporary.accessKeyId}
aws_secret_access_key = ${temporary.secretAccessKey}
aws_session_token = ${temporary.sessionToken}
`, { mode: 0o600 });
writeFileSync(at('conf'), `[gateway]
listen = 127.0.0.1:0
credentials_file = ${at('keys')}

[metrics]
listen = 127.0.0.1:0

[endpoint note]
output_path = s3://awaitd-local/note/output
input_prefix = s3://awaitd-local/in
poll_start = 50ms
poll_max = 200ms
deliver = webhook back

[webhook back]
url = http://127.0.0.1:${receiver.address().port}/
allow_networks = 127.0.0.0/8
`);
const service = start(process.env.AWAITD, ['serve', '--log-level', 'info'], {
	PATH: process.env.PATH,
	HOME: folder,
	AWAITD_STATE: at('state'),
	AWAITD_CONFIG: at('conf'),
	AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
	AWS_ACCESS_KEY_ID: 'awaitd-local',
	AWS_SECRET_ACCESS_KEY: 'awaitd-local-demo-secret-key',
	AWS_REGION: 'us-east-1',
	AWS_EC2_METADATA_DISABLED: 'true',
});
const address = (what) => eventually(() => {
	assert.equal(service.exitCode, null, service.log);
	return what.exec(service.log)?.[1];
});
const endpoint = await address(/the gateway is at (http:\/\/[0-9.]+:\d+)/);
const metrics = `http://${await address(/metrics are at ([0-9.]+:\d+)/)}/metrics`;
await address(/(msg=ready)/);

async function metric(name) {
	const text = await (await fetch(metrics)).text();
	return Number(text.split('\n').find((line) =>
	    line.startsWith(`${name} `))?.split(' ')[1] ?? 0);
}

// --- clients ---------------------------------------------------------------------
const direct = new SageMakerRuntimeClient(
    client({ endpoint: `http://127.0.0.1:${port}` }));
const s3 = new S3Client(s3client({ endpoint: `http://127.0.0.1:${port}` }));
const through = (more = {}) => new SageMakerRuntimeClient(
    client({ endpoint, credentials: keys, ...more }));
const gateway = through();

function invoke(input, by = gateway) {
	return by.send(new InvokeEndpointAsyncCommand(
	    { EndpointName: 'note', ...input }));
}

const jobOf = (r) => /\/([0-9a-z]{26})-\d\.out$/.exec(r.OutputLocation)[1];
const event = (job) => eventually(() => events.get(job)?.[0]);
const result = async (job) => (await event(job)).data.result;
const runs = (text) => readFileSync(at('ledger'), 'utf8').split('\n')
    .filter((line) => line === text).length;

// Nothing came of it, and nothing will: no job, no run.
async function nothing(submitting) {
	const before = await metric('awaitd_jobs_submitted_total') -
	    await metric('awaitd_jobs_withdrawn_total');
	const ledger = readFileSync(at('ledger'), 'utf8');
	const e = await submitting();
	assert.equal(await metric('awaitd_jobs_submitted_total') -
	    await metric('awaitd_jobs_withdrawn_total'), before);
	assert.equal(readFileSync(at('ledger'), 'utf8'), ledger);
	return e;
}

// --- what is asked for, and what comes --------------------------------------------
check('a Body is accepted, and its result comes by webhook', async () => {
	const r = await invoke({ Body: 'inline' });
	assert.equal(r.$metadata.httpStatusCode, 202);
	assert.match(r.FailureLocation, /-error\.out$/);
	assert.match(r.$metadata.requestId, /^[0-9a-f-]{36}$/);
	const job = jobOf(r);
	assert.equal(r.InferenceId, `${job}-1`);
	const e = await event(job);
	assert.equal(e.type, 'inference.completed');
	assert.equal(e.data.output_location, r.OutputLocation);
	assert.equal(e.data.result, `${job}-1|note|application/octet-stream|||inline`);
});

check('an InputLocation, too', async () => {
	await s3.send(new PutObjectCommand(
	    { Bucket: 'awaitd-local', Key: 'up/a b.txt', Body: 'by reference' }));
	const r = await invoke({ InputLocation: 's3://awaitd-local/up/a b.txt' });
	assert.match(await result(jobOf(r)), /\|by reference$/);
});

check('every member reaches the service', async () => {
	const r = await invoke({ Body: 'x', ContentType: 'text/x-a',
	    Accept: 'text/x-b', CustomAttributes: 'c=1, d',
	    InferenceId: 'order 17', RequestTTLSeconds: 60,
	    InvocationTimeoutSeconds: 1, S3OutputPathExtension: 'team/2026',
	    Filename: 'result-1.json' });
	assert.equal(r.InferenceId, 'order 17');
	assert.equal(r.OutputLocation,
	    's3://awaitd-local/note/output/team/2026/result-1.json');
	const e = await eventually(() => [...events.values()].flat().find((one) =>
	    one.data.inference_id === 'order 17'));
	assert.equal(e.data.result, 'order 17|note|text/x-a|text/x-b|c=1, d|x');
	assert.equal(e.data.output_location, r.OutputLocation);
	assert.equal(e.data.custom_attributes, 'c=1, d');
});

check('a body that is too large for inline goes by an upload', async () => {
	const body = 'y'.repeat(300000);
	const r = await invoke({ Body: body });
	const job = jobOf(r);
	const e = await event(job);
	assert.equal(e.data.outcome, 'ok');
	assert.equal(e.data.size, body.length + `${job}-1|note|application/octet-stream|||`.length);
});

check('a client with a session token is known', async () => {
	const r = await invoke({ Body: 't' }, through({ credentials: temporary }));
	assert.match(await result(jobOf(r)), /\|t$/);
});

// --- errors: the same as without the gateway between ------------------------------
for (const [what, input] of [
    ['an unknown endpoint', { EndpointName: 'nobody', Body: 'x' }],
    ['a TTL that is too short', { Body: 'x', RequestTTLSeconds: 59 }],
    ['a time-out that is too long', { Body: 'x',
	InvocationTimeoutSeconds: 3601 }],
    ['a file name that is none', { Body: 'x', Filename: '.hidden' }],
    ['a path that is none', { Body: 'x', S3OutputPathExtension: 's3:a' }],
    ['an id that is too long', { Body: 'x', InferenceId: 'i'.repeat(65) }],
    ['a location that is none', { InputLocation: 'ftp://b/k' }],
    ['no input at all', {}],
    ['an input twice', { Body: 'x', InputLocation: 's3://awaitd-local/x' }],
    ['attributes that are too long', { Body: 'x',
	CustomAttributes: 'a'.repeat(1025) }],
    ['a name that is none', { EndpointName: 'a_b', Body: 'x' }],
    ['two of them', { Body: 'x', Filename: 'a.b.c', RequestTTLSeconds: -1 }]]) {
	check(`${what} is refused in the service's words`, async () => {
		const catching = (by) => invoke(input, by).then(() => null,
		    (e) => e);
		const wanted = await catching(direct);
		const e = await nothing(() => catching(gateway));
		assert.ok(wanted && e, `${wanted} ${e}`);
		assert.equal(e.name, wanted.name);
		assert.equal(e.message, wanted.message);
		assert.equal(e.$fault, wanted.$fault);
		assert.equal(e.$metadata.httpStatusCode,
		    wanted.$metadata.httpStatusCode);
		assert.match(e.$metadata.requestId, /^[0-9a-f-]{36}$/);
	});
}

check('throttling is passed on, and no job', () => nothing(() => {
	faults('POST', 'throttle operation=InvokeEndpointAsync');
	return fails(invoke({ Body: 'throttled' }), 'ThrottlingException', 400,
	    'Rate exceeded');
}));

check('so is a service that is not available', () => nothing(() => {
	faults('POST', 'error-before operation=InvokeEndpointAsync status=503');
	return fails(invoke({ Body: 'busy' }), 'ServiceUnavailable', 503,
	    'Try your call again');
}));

check('an error that says nothing of acceptance is a doubt', async () => {
	faults('POST', 'error-after operation=InvokeEndpointAsync');
	await fails(invoke({ Body: 'doubted' }), 'ServiceUnavailable', 503,
	    'a delivery may still come');
	const e = await eventually(() => [...events.values()].flat().find((one) =>
	    one.data.result?.endsWith('|doubted')));
	assert.equal(e.type, 'inference.completed');
	assert.equal(runs('doubted'), 1);
});

// --- who may ask ---------------------------------------------------------------------
check('a wrong secret is refused', () => nothing(() => fails(
    invoke({ Body: 'x' }, through({ credentials:
	{ ...keys, secretAccessKey: 'wrong' } })),
    'InvalidSignatureException', 403)));

check('an unknown key is refused', () => nothing(() => fails(
    invoke({ Body: 'x' }, through({ credentials:
	{ ...keys, accessKeyId: 'nobody' } })),
    'UnrecognizedClientException', 403)));

check('a token that was changed is refused as expired', () => nothing(() =>
    fails(invoke({ Body: 'x' }, through({ credentials:
	{ ...temporary, sessionToken: 'old' } })),
    'ExpiredTokenException', 403)));

check('awaitd\'s own keys are not the gateway\'s', () => nothing(() => fails(
    invoke({ Body: 'x' }, new SageMakerRuntimeClient(client({ endpoint }))),
    'UnrecognizedClientException', 403)));

check('a body that was changed on the way is refused', () => {
	const by = through();
	by.middlewareStack.add((next) => (args) => {
		args.request.body = 'y';
		return next(args);
	}, { step: 'finalizeRequest', priority: 'low' });
	return nothing(() => fails(invoke({ Body: 'x' }, by),
	    'InvalidSignatureException', 403));
});

check('a member that was added on the way is refused', () => {
	const by = through();
	by.middlewareStack.add((next) => (args) => {
		args.request.headers['x-amzn-sagemaker-filename'] = 'theirs';
		return next(args);
	}, { step: 'finalizeRequest', priority: 'low' });
	return nothing(() => fails(invoke({ Body: 'x' }, by),
	    'InvalidSignatureException', 403, 'SignedHeader'));
});

check('a clock that is off by 14 minutes will do, by 16 not', async () => {
	// It has run before anybody looks whether the others do.
	await result(jobOf(await invoke({ Body: 'x' },
	    through({ systemClockOffset: -14 * 60000 }))));
	for (const minutes of [-16, 16])
		await nothing(() => fails(invoke({ Body: 'x' },
		    through({ systemClockOffset: minutes * 60000 })),
		    'InvalidSignatureException', 403, 'Signature'));
});

check('a member that this gateway does not know is refused', () => {
	const by = through();
	by.middlewareStack.add((next) => (args) => {
		args.request.headers['x-amzn-sagemaker-target-model'] = 'm';
		return next(args);
	}, { step: 'build' });
	return nothing(() => fails(invoke({ Body: 'x' }, by), 'ValidationError',
	    400, 'target-model is not known'));
});

// --- retries of the SDK --------------------------------------------------------------
check('what is throttled twice is accepted the third time, once', async () => {
	faults('POST', 'throttle operation=InvokeEndpointAsync count=2');
	const r = await invoke({ Body: 'patient' }, through({ maxAttempts: 3 }));
	assert.equal(r.$metadata.attempts, 3);
	assert.match(await result(jobOf(r)), /\|patient$/);
	assert.equal(runs('patient'), 1);
});

check('an answer that is lost is found by the SDK\'s next try', async () => {
	faults('POST', 'drop-reply operation=InvokeEndpointAsync');
	const r = await invoke({ Body: 'lost' }, through({ maxAttempts: 3 }));
	assert.equal(r.$metadata.attempts, 2);
	assert.equal(r.$metadata.httpStatusCode, 202);
	assert.equal(r.InferenceId, `${jobOf(r)}-1`);
	assert.match(await result(jobOf(r)), /\|lost$/);
	assert.equal(runs('lost'), 1);
});

check('the same input in two commands is two jobs', async () => {
	const [a, b] = await Promise.all([invoke({ Body: 'twins' }),
	    invoke({ Body: 'twins' })]);
	assert.notEqual(jobOf(a), jobOf(b));
	await Promise.all([event(jobOf(a)), event(jobOf(b))]);
	assert.equal(runs('twins'), 2);
});

// Three of ten calls of the service, by chance that is the same each time: line
// n waits for so many calls that were let pass.
function losses(calls) {
	const lines = [];
	let passed = 0, seed = 7;

	for (let i = 0; i < calls && lines.length < 240; i++) {
		seed = (seed * 1103515245 + 12345) % 2147483648;
		if (seed / 2147483648 < DROPPED)
			lines.push('drop-reply operation=InvokeEndpointAsync ' +
			    `endpoint=note after=${passed}`);
		else
			passed++;
	}
	return lines.join('\n');
}

check(`${REQUESTS} requests, three of ten answers lost`, async () => {
	const jobs = await metric('awaitd_jobs_submitted_total') -
	    await metric('awaitd_jobs_withdrawn_total');
	const by = through({ maxAttempts: 10 });
	const answers = [], waiting = Array.from({ length: REQUESTS },
	    (_, i) => `many-${i}`);
	let attempts = 0;

	faults('POST', losses(2 * REQUESTS));
	await Promise.all(Array.from({ length: 8 }, async () => {
		for (let text; (text = waiting.pop());) {
			const r = await invoke({ Body: text }, by);
			attempts += r.$metadata.attempts;
			answers.push({ text, r, job: jobOf(r) });
		}
	}));
	const dropped = local.log.split('\n').filter((line) =>
	    line.includes('fault=drop-reply')).length - 1;
	faults('DELETE');
	let twice = 0, submissions = 0;
	for (const { text, r, job } of answers) {
		const e = await event(job);
		assert.equal(e.type, 'inference.completed');
		assert.ok(e.data.result.endsWith(`|${text}`), text);
		// The submission that was told is the one that counts.
		assert.equal(r.$metadata.httpStatusCode, 202);
		const n = Number(/-(\d)$/.exec(e.data.inference_id)[1]);
		submissions += n;
		assert.ok(runs(text) >= 1);
		twice += runs(text) > n;
	}
	const made = await metric('awaitd_jobs_submitted_total') -
	    await metric('awaitd_jobs_withdrawn_total') - jobs;
	const distinct = new Set(answers.map(({ job }) => job));
	const told = [...distinct].reduce((sum, job) =>
	    sum + events.get(job).length, 0);
	console.log(`# gateway: requests=${REQUESTS} dropped=${dropped} ` +
	    `attempts=${attempts} jobs=${made} webhooks=${told} ` +
	    `submissions=${submissions} runs_twice=${twice} beyond doubt`);
	assert.ok(dropped >= REQUESTS * DROPPED * 0.8, `${dropped}`);
	assert.ok(attempts > REQUESTS);
	assert.equal(distinct.size, REQUESTS);
	assert.equal(made, REQUESTS);
	assert.equal(told, REQUESTS);
	assert.equal(twice, 0);
});

// --- the end -------------------------------------------------------------------------
check('without a network it is 503, and no job', async () => {
	local.kill('SIGKILL');
	await once(local, 'exit');
	await nothing(() => fails(invoke({ Body: 'x' }), 'ServiceUnavailable',
	    503, 'no delivery will come'));
});

check('the service ends well', async () => {
	service.kill('SIGTERM');
	const [status] = await once(service, 'exit');
	assert.equal(status, 0, service.log);
	assert.ok(!/a-secret|another-secret|a-token/.test(service.log));
});

await run();
