// SPDX-License-Identifier: Apache-2.0
// InvokeEndpointAsync as AWS's own client sends it. The server must have the
// endpoints "cat", "fail" and "env" of tests/system/interop.sh.
import { GetObjectCommand, PutObjectCommand, S3Client }
	from '@aws-sdk/client-s3';
import { InvokeEndpointAsyncCommand, SageMakerRuntimeClient }
	from '@aws-sdk/client-sagemaker-runtime';
import { assert, check, client, eventually, fails, run, s3client }
	from './tap.mjs';

const runtime = new SageMakerRuntimeClient(client());
const s3 = new S3Client(s3client());

function invoke(input, by = runtime) {
	return by.send(new InvokeEndpointAsyncCommand(
	    { EndpointName: 'cat', ...input }));
}

function place(uri) {
	const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.*)$/.exec(uri);
	return { Bucket, Key };
}

function bytesOf(uri) {
	return eventually(async () => {
		try {
			const r = await s3.send(new GetObjectCommand(place(uri)));
			return Buffer.from(await r.Body.transformToByteArray());
		} catch (e) {
			if (e.name === 'NoSuchKey')
				return undefined;
			throw e;
		}
	});
}

check('an inline body comes back as the very same bytes', async () => {
	const body = Buffer.from(Array.from({ length: 70000 },
	    (_, i) => (i * 7919) & 255));
	const r = await invoke({ Body: body });
	assert.equal(r.$metadata.httpStatusCode, 202);
	assert.match(r.OutputLocation, /\/[0-9a-f-]{36}\.out$/);
	assert.match(r.FailureLocation, /\/[0-9a-f-]{36}-error\.out$/);
	assert.ok(!r.OutputLocation.includes(r.InferenceId));
	assert.ok(body.equals(await bytesOf(r.OutputLocation)));
});

check('an object named by InputLocation is the input', async () => {
	await s3.send(new PutObjectCommand(
	    { Bucket: 'awaitd-local', Key: 'in/a b.txt', Body: 'by reference' }));
	const r = await invoke({ InputLocation: 's3://awaitd-local/in/a b.txt' });
	assert.equal(String(await bytesOf(r.OutputLocation)), 'by reference');
});

check('Filename and S3OutputPathExtension name the output', async () => {
	const r = await invoke({ Body: 'named', Filename: 'result-1.json',
	    S3OutputPathExtension: 'team/2026' });
	assert.equal(r.OutputLocation,
	    's3://awaitd-local/cat/output/team/2026/result-1.json');
	assert.equal(String(await bytesOf(r.OutputLocation)), 'named');
});

check('the facts of a request reach the model', async () => {
	const r = await invoke({ EndpointName: 'env', Body: 'x',
	    InferenceId: 'order-17', ContentType: 'text/x-a', Accept: 'text/x-b',
	    CustomAttributes: 'c=1, d' });
	assert.equal(r.InferenceId, 'order-17');
	assert.equal(String(await bytesOf(r.OutputLocation)),
	    'order-17|env|text/x-a|text/x-b|c=1, d|1\n');
});

check('a failing model leaves its standard error', async () => {
	const r = await invoke({ EndpointName: 'fail', Body: 'x' });
	assert.equal(String(await bytesOf(r.FailureLocation)), 'out of luck\n');
});

check('a missing input leaves a failure that names it', async () => {
	const r = await invoke({ InputLocation: 's3://awaitd-local/in/none' });
	assert.match(String(await bytesOf(r.FailureLocation)),
	    /s3:\/\/awaitd-local\/in\/none/);
});

check('a model that takes too long leaves a failure', async () => {
	const r = await invoke({ EndpointName: 'slow', Body: 'x',
	    InvocationTimeoutSeconds: 1 });
	assert.equal(String(await bytesOf(r.FailureLocation)),
	    'Model did not respond within 1 seconds');
});

check('a TTL below 60 is refused in the words of AWS', () => fails(
    invoke({ Body: 'x', RequestTTLSeconds: 59 }), 'ValidationError', 400,
    "1 validation error detected: Value '59' at 'requestTTLSeconds' failed " +
    'to satisfy constraint: Member must have value greater than or equal to ' +
    '60'));

check('two broken constraints are counted', () => fails(
    invoke({ Body: 'x', Filename: 'a.b.c', InvocationTimeoutSeconds: 3601 }),
    'ValidationError', 400, '2 validation errors detected: '));

check('a body of 128000 bytes is taken', async () => {
	const r = await invoke({ Body: Buffer.alloc(128000, 'y') });
	assert.equal((await bytesOf(r.OutputLocation)).length, 128000);
});

check('a body of 128001 bytes is refused', () => fails(
    invoke({ Body: Buffer.alloc(128001) }), 'ValidationError', 400,
    "at 'body' failed to satisfy constraint: Member must have length less " +
    'than or equal to 128000'));

check('Body and InputLocation exclude each other', () => fails(
    invoke({ Body: 'x', InputLocation: 's3://awaitd-local/in/x' }),
    'ValidationError', 400));

check('one of Body and InputLocation must be there', () => fails(
    invoke({}), 'ValidationError', 400));

check('an unknown endpoint is named in the refusal', () => fails(
    invoke({ EndpointName: 'nobody', Body: 'x' }), 'ValidationError', 400,
    'Endpoint nobody of account 123456789012 not found.'));

check('a wrong secret is refused', () => fails(
    invoke({ Body: 'x' }, new SageMakerRuntimeClient(client({ credentials:
	{ accessKeyId: 'awaitd-local', secretAccessKey: 'wrong' } }))),
    'InvalidSignatureException', 403));

check('an unknown access key is refused', () => fails(
    invoke({ Body: 'x' }, new SageMakerRuntimeClient(client({ credentials:
	{ accessKeyId: 'nobody', secretAccessKey: 'wrong' } }))),
    'UnrecognizedClientException', 403));

check('a signature of another region is refused', () => fails(
    invoke({ Body: 'x' }, new SageMakerRuntimeClient(
	client({ region: 'eu-west-1' }))),
    'InvalidSignatureException', 403));

// --- every member, within its limits and beyond ------------------------------

const at = (member) => `at '${member}' failed to satisfy constraint`;

for (const [member, input] of [
    ['endpointName', { EndpointName: 'n'.repeat(64) }],
    ['endpointName', { EndpointName: 'a_b' }],
    ['endpointName', { EndpointName: '-a' }],
    ['contentType', { ContentType: 'a'.repeat(1025) }],
    ['accept', { Accept: 'a'.repeat(1025) }],
    ['customAttributes', { CustomAttributes: 'a'.repeat(1025) }],
    ['inferenceId', { InferenceId: 'i'.repeat(65) }],
    ['inputLocation', { Body: undefined,
	InputLocation: `s3://b/${'k'.repeat(1020)}` }],
    ['inputLocation', { Body: undefined, InputLocation: 'ftp://b/k' }],
    ['inputLocation', { Body: undefined, InputLocation: 's3:///k' }],
    ['s3OutputPathExtension', { S3OutputPathExtension: 'a'.repeat(513) }],
    ['s3OutputPathExtension', { S3OutputPathExtension: 's3:a' }],
    ['s3OutputPathExtension', { S3OutputPathExtension: 'a b' }],
    ['filename', { Filename: 'f'.repeat(33) }],
    ['filename', { Filename: '.hidden' }],
    ['filename', { Filename: 'a/b' }],
    ['requestTTLSeconds', { RequestTTLSeconds: 21601 }],
    ['requestTTLSeconds', { RequestTTLSeconds: -1 }],
    ['invocationTimeoutSeconds', { InvocationTimeoutSeconds: 0 }],
    ['invocationTimeoutSeconds', { InvocationTimeoutSeconds: 3601 }]]) {
	const value = JSON.stringify(Object.values(input).at(-1));

	check(`${member} ${value.slice(0, 24)} is refused`, async () => {
		const e = await fails(invoke({ Body: 'x', ...input }),
		    'ValidationError', 400, at(member));
		assert.match(e.message, /^1 validation error detected: /);
		assert.equal(e.$fault, 'client');
		assert.match(e.$metadata.requestId, /^[0-9a-f-]{36}$/);
	});
}

check('what is sensitive is not repeated', async () => {
	const e = await fails(invoke({ Body: 'x', CustomAttributes:
	    'secret'.repeat(200) }), 'ValidationError', 400);
	assert.ok(!e.message.includes('secret'));
});

check('every member at its limit is taken', async () => {
	const r = await invoke({ Body: 'x', ContentType: 'a'.repeat(1024),
	    Accept: 'a'.repeat(1024), CustomAttributes: 'a'.repeat(1024),
	    InferenceId: `i${' ~'.repeat(31)}i`, RequestTTLSeconds: 21600,
	    S3OutputPathExtension: "a!_.*'()/-".repeat(51) + 'ab',
	    Filename: `${'f'.repeat(27)}.json`, InvocationTimeoutSeconds: 3600 });
	assert.equal(r.$metadata.httpStatusCode, 202);
	assert.equal(r.InferenceId.length, 64);
	assert.ok(r.OutputLocation.endsWith(`/${'f'.repeat(27)}.json`));
	for (const more of [{ RequestTTLSeconds: 60 },
	    { InvocationTimeoutSeconds: 1 }, { InferenceId: '1' }])
		await invoke({ Body: 'x', ...more });
});

check('without a failure path there is no FailureLocation', async () => {
	const r = await invoke({ EndpointName: 'env', Body: 'x' });
	assert.equal(r.FailureLocation, undefined);
	assert.ok(r.OutputLocation);
});

check('an InferenceId is made where none is named', async () => {
	const ids = await Promise.all(['x', 'x'].map(async (Body) =>
	    (await invoke({ Body })).InferenceId));
	assert.match(ids[0], /^[0-9a-f-]{36}$/);
	assert.notEqual(ids[0], ids[1]);
});

check('the same InferenceId twice is two requests', async () => {
	const [a, b] = [await invoke({ Body: 'a', InferenceId: 'twice' }),
	    await invoke({ Body: 'b', InferenceId: 'twice' })];
	assert.equal(String(await bytesOf(a.OutputLocation)), 'a');
	assert.equal(String(await bytesOf(b.OutputLocation)), 'b');
});

check('a clock that is off is told', async () => {
	for (const offset of [-6, 6]) {
		await fails(invoke({ Body: 'x' }, new SageMakerRuntimeClient(
		    client({ systemClockOffset: offset * 60000 }))),
		    'InvalidSignatureException', 403, 'Signature');
	}
	const r = await invoke({ Body: 'x' }, new SageMakerRuntimeClient(
	    client({ systemClockOffset: 4 * 60000 })));
	assert.equal(r.$metadata.httpStatusCode, 202);
});

check('a session token is refused: none is given out here', () => fails(
    invoke({ Body: 'x' }, new SageMakerRuntimeClient(client({ credentials:
	{ accessKeyId: 'awaitd-local', sessionToken: 't',
	    secretAccessKey: 'awaitd-local-demo-secret-key' } }))),
    'UnrecognizedClientException', 403));

check('a body that was changed on the way is refused', async () => {
	const by = new SageMakerRuntimeClient(client());
	by.middlewareStack.add((next) => (args) => {
		args.request.body = 'y';
		return next(args);
	}, { step: 'finalizeRequest', priority: 'low' });
	await fails(invoke({ Body: 'x' }, by), 'InvalidSignatureException', 403);
});

await run();
