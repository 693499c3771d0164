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

await run();
