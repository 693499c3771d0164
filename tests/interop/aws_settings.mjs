// SPDX-License-Identifier: Apache-2.0
// What the AWS SDK for JavaScript makes of AWS's settings: answers the
// questions of awsprobe (tests/support/awsprobe.c), one JSON line each.
//   awsprobe prepare CASES DIR | node aws_settings.mjs
import { createInterface } from 'node:readline';
import { GetObjectCommand, ListBucketsCommand, S3Client }
	from '@aws-sdk/client-s3';
import { InvokeEndpointAsyncCommand, SageMakerRuntimeClient }
	from '@aws-sdk/client-sagemaker-runtime';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ListAccountsCommand, SSOClient } from '@aws-sdk/client-sso';
import { CreateTokenCommand, SSOOIDCClient } from '@aws-sdk/client-sso-oidc';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

const path = process.env.PATH;

const services = {
	S3: [S3Client, new ListBucketsCommand({})],
	SAGEMAKER_RUNTIME: [SageMakerRuntimeClient,
		new InvokeEndpointAsyncCommand(
		    { EndpointName: 'e', InputLocation: 's3://b/k' })],
	SNS: [SNSClient, new ListTopicsCommand({})],
	SQS: [SQSClient, new ListQueuesCommand({})],
	SSO: [SSOClient, new ListAccountsCommand({ accessToken: 't' })],
	SSO_OIDC: [SSOOIDCClient, new CreateTokenCommand(
	    { clientId: 'c', clientSecret: 's', grantType: 'g' })],
	STS: [STSClient, new GetCallerIdentityCommand({})],
};

const options = (ask) => ({
	...ask.profile && { profile: ask.profile },
	...ask.region && { region: ask.region },
	...ask.url && { endpoint: ask.url },
});

const endOf = (secret) => `${secret.length}:${secret.slice(-4)}`;

async function credentials(ask) {
	const c = await new SNSClient(options(ask)).config.credentials();
	return {
		key: c.accessKeyId,
		secret: endOf(c.secretAccessKey),
		...c.sessionToken && { token: endOf(c.sessionToken) },
		...c.accountId && { account: c.accountId },
		expires: c.expiration !== undefined,
	};
}

async function endpoint(ask) {
	let [Client, command] = services[ask.service];
	let caught;
	if (ask.bucket !== undefined)
		command = new GetObjectCommand({ Bucket: ask.bucket, Key: 'k' });
	const client = new Client({
		...options(ask),
		credentials: { accessKeyId: 'AKID', secretAccessKey: 's' },
	});
	client.middlewareStack.add(() => async (args) => {
		caught = args.request;
		throw new Error('caught');
	}, { step: 'deserialize', priority: 'low' });
	await client.send(command).catch((e) => {
		if (!caught)
			throw e;
	});
	const port = caught.port ? `:${caught.port}` : '';
	let url = `${caught.protocol}//${caught.hostname}${port}${caught.path}`;
	if (ask.bucket === undefined)
		url = url.replace(/\/(endpoints\/e\/async-invocations|token|assignment\/accounts)$/, '')
		    .replace(/\/+$/, '');
	const scope = caught.headers.authorization?.split('/');
	return { url, ...scope && { region: scope[2] } };
}

const region = async (ask) =>
	({ region: await new SNSClient(options(ask)).config.region() });

async function retry(ask) {
	const { config } = new SNSClient({ region: 'us-east-1', ...options(ask) });
	return {
		mode: await config.retryMode(),
		attempts: await config.maxAttempts(),
	};
}

async function checksums(ask) {
	const { config } = new S3Client({ region: 'us-east-1', ...options(ask) });
	const always = async (mode) => await mode() === 'WHEN_SUPPORTED';
	return {
		send: await always(config.requestChecksumCalculation),
		verify: await always(config.responseChecksumValidation),
	};
}

const questions = { credentials, endpoint, region, retry, checksums };

for await (const line of createInterface({ input: process.stdin })) {
	const { name, env, ask } = JSON.parse(line);
	for (const variable of Object.keys(process.env))
		delete process.env[variable];
	Object.assign(process.env, { ...env, PATH: path });
	let answer;
	try {
		answer = await questions[ask.what](ask);
	} catch (e) {
		answer = { error: `${e.name}: ${e.message}` };
	}
	console.log(JSON.stringify({ name, ...answer }));
}
