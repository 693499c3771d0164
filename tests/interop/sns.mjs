// SPDX-License-Identifier: Apache-2.0
// SNS as AWS's own client calls it, and messages as sns-validator believes
// them. The server must have the endpoints "told" and "untold" of
// tests/system/interop.sh, and name a SigningCertURL that the validator takes.
//   SNS_PEM=DATA/sns.pem SNSPROBE=.../snsprobe node sns.mjs PORT
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { PassThrough } from 'node:stream';
import * as sns from '@aws-sdk/client-sns';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { InvokeEndpointAsyncCommand, SageMakerRuntimeClient }
	from '@aws-sdk/client-sagemaker-runtime';
import MessageValidator from 'sns-validator';
import { assert, check, client, eventually, fails, run, s3client }
	from './tap.mjs';

const api = new sns.SNSClient(client());
const pem = readFileSync(process.env.SNS_PEM, 'utf8');
const account = 'arn:aws:sns:us-east-1:123456789012';

// sns-validator gets its certificate over https from Amazon, and here from us.
https.get = (url, done) => {
	const response = new PassThrough();
	assert.match(url, /^https:\/\/sns\.us-east-1\.amazonaws\.com\//);
	response.statusCode = 200;
	done(response);
	response.end(pem);
	return response;
};

function call(name, input = {}, by = api) {
	return by.send(new sns[`${name}Command`](input));
}

// What awaitd itself says of it: "genuine", or why not.
function judged(message, topic = message.TopicArn) {
	return spawnSync(process.env.SNSPROBE, [topic, process.env.SNS_PEM],
	    { input: JSON.stringify(message), encoding: 'utf8' }).stdout.trim();
}

// By sns-validator; awaitd must be of the same opinion.
async function validated(message) {
	const ours = judged(message);
	const [error, m] = await new Promise((resolve) =>
	    new MessageValidator().validate(message,
		(error, m) => resolve([error, m])));
	if (error) {
		assert.notEqual(ours, 'genuine');
		throw error;
	}
	assert.equal(ours, 'genuine');
	return m;
}

// What the documentation has signed, without anybody's validator.
function verifies(m) {
	const names = m.Type === 'Notification' ?
	    ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'] :
	    ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token',
		'TopicArn', 'Type'];
	const text = names.filter((name) => m[name] !== undefined)
	    .map((name) => `${name}\n${m[name]}\n`).join('');
	return crypto.verify(m.SignatureVersion === '2' ? 'sha256' : 'sha1',
	    Buffer.from(text), pem, Buffer.from(m.Signature, 'base64'));
}

// A receiver that keeps what comes, by its path.
const got = [];
const receiver = http.createServer(async (request, response) => {
	const pieces = [];
	for await (const piece of request)
		pieces.push(piece);
	got.push({ path: request.url, headers: request.headers,
	    body: Buffer.concat(pieces).toString('utf8') });
	response.writeHead(200).end();
});
receiver.listen(0, '127.0.0.1');
await once(receiver, 'listening');
receiver.unref();
const hook = `http://127.0.0.1:${receiver.address().port}`;

// The n-th that came to a path.
const arrival = (path, n = 0) => eventually(async () =>
	got.filter((g) => g.path === path)[n]);
const message = async (path, n = 0) =>
	JSON.parse((await arrival(path, n)).body);

// A confirmed subscription at a path; its first message is the confirmation.
async function subscribed(TopicArn, path, more = {}, confirm = {}) {
	const n = got.filter((g) => g.path === path).length;
	await call('Subscribe', { TopicArn, Protocol: 'http',
	    Endpoint: hook + path, ...more });
	const { Token } = await message(path, n);
	return (await call('ConfirmSubscription', { TopicArn, Token, ...confirm }))
	    .SubscriptionArn;
}

async function topic(Name, Attributes) {
	return (await call('CreateTopic', { Name, Attributes })).TopicArn;
}

// One letter at a place is another one.
function changed(s, i) {
	return s.slice(0, i) + (s[i] === 'a' ? 'b' : 'a') + s.slice(i + 1);
}

check('topics are made, looked at, changed, listed and deleted', async () => {
	const arn = await topic('js');
	assert.equal(arn, `${account}:js`);
	assert.equal(await topic('js'), arn);
	await call('SetTopicAttributes', { TopicArn: arn,
	    AttributeName: 'DisplayName', AttributeValue: 'A <b> & "c" é' });
	const { Attributes } = await call('GetTopicAttributes',
	    { TopicArn: arn });
	assert.equal(Attributes.TopicArn, arn);
	assert.equal(Attributes.Owner, '123456789012');
	assert.equal(Attributes.DisplayName, 'A <b> & "c" é');
	assert.equal(Attributes.SubscriptionsConfirmed, '0');
	assert.equal(JSON.parse(Attributes.EffectiveDeliveryPolicy)
	    .http.defaultHealthyRetryPolicy.numRetries, 3);
	for (let i = 0; i < 101; i++)
		await topic(`page-${i}`);
	const found = [];
	for await (const page of sns.paginateListTopics({ client: api }, {}))
		found.push(...page.Topics.map((t) => t.TopicArn));
	assert.ok(found.length > 101);
	assert.equal(new Set(found).size, found.length);
	assert.ok(found.includes(arn));
	for (let i = 0; i < 101; i++)
		await call('DeleteTopic', { TopicArn: `${account}:page-${i}` });
	const { Topics } = await call('ListTopics');
	assert.ok(Topics.every((t) => !t.TopicArn.includes(':page-')));
});

check('a subscription is confirmed, listed, changed and ended', async () => {
	const TopicArn = await topic('sub');
	const Endpoint = `${hook}/sub`;
	const asked = { TopicArn, Protocol: 'http', Endpoint };
	assert.equal((await call('Subscribe', asked)).SubscriptionArn,
	    'pending confirmation');
	const { SubscriptionArn } = await call('Subscribe',
	    { ...asked, ReturnSubscriptionArn: true });
	assert.ok(SubscriptionArn.startsWith(`${TopicArn}:`));
	const attributes = async () => (await call('GetSubscriptionAttributes',
	    { SubscriptionArn })).Attributes;
	assert.equal((await attributes()).PendingConfirmation, 'true');
	const { Token } = await message('/sub');
	assert.equal((await call('ConfirmSubscription', { TopicArn, Token,
	    AuthenticateOnUnsubscribe: 'true' })).SubscriptionArn,
	    SubscriptionArn);
	const a = await attributes();
	assert.equal(a.PendingConfirmation, 'false');
	assert.equal(a.ConfirmationWasAuthenticated, 'true');
	assert.equal(a.Endpoint, Endpoint);
	assert.equal((await call('Subscribe', asked)).SubscriptionArn,
	    SubscriptionArn);
	for (const list of [await call('ListSubscriptions'),
	    await call('ListSubscriptionsByTopic', { TopicArn })])
		assert.deepEqual(list.Subscriptions.filter(
		    (s) => s.TopicArn === TopicArn), [{ SubscriptionArn,
		    Owner: '123456789012', Protocol: 'http', Endpoint,
		    TopicArn }]);
	await call('SetSubscriptionAttributes', { SubscriptionArn,
	    AttributeName: 'DeliveryPolicy', AttributeValue: JSON.stringify(
		{ healthyRetryPolicy: { numRetries: 7 } }) });
	assert.equal(JSON.parse((await attributes()).EffectiveDeliveryPolicy)
	    .healthyRetryPolicy.numRetries, 7);
	await call('Unsubscribe', { SubscriptionArn });
	await fails(attributes(), 'NotFoundException', 404,
	    'Subscription does not exist');
});

for (const version of ['1', '2']) {
	const path = `/v${version}`;
	const Message = 'é 日本語 😀\n"quoted" \\ / \t\u0001\u007f';

	check(`sns-validator accepts version ${version}`, async () => {
		const TopicArn = await topic(`v${version}`,
		    { SignatureVersion: version });
		await subscribed(TopicArn, path);
		const all = [await message(path)];
		for (const [i, more] of [{}, { Subject: 'Of this and that' },
		    { MessageAttributes: { k: { DataType: 'String',
			StringValue: 'v "w"' } } }].entries()) {
			const { MessageId } = await call('Publish',
			    { TopicArn, Message, ...more });
			const m = await message(path, i + 1);
			assert.equal(m.MessageId, MessageId);
			assert.equal(m.Message, Message);
			assert.equal(m.Subject, more.Subject);
			assert.deepEqual(m.MessageAttributes,
			    more.MessageAttributes &&
			    { k: { Type: 'String', Value: 'v "w"' } });
			all.push(m);
		}
		await call('Publish', { TopicArn, Message: 'x'.repeat(262144) });
		all.push(await message(path, 4));
		for (const m of all) {
			assert.equal(m.SignatureVersion, version);
			assert.ok(verifies(m));
			await validated({ ...m });
		}
	});

	check(`and refuses it where one byte differs (${version})`, async () => {
		const [question, note] = [await message(path), await message(path, 2)];
		const names = ['Message', 'MessageId', 'Timestamp', 'TopicArn',
		    'Signature'];
		for (const [m, more] of [[question, ['Token', 'SubscribeURL']],
		    [note, ['Subject']]]) {
			for (const name of [...names, ...more]) {
				for (const i of [0, m[name].length >> 1]) {
					const other = { ...m, [name]: changed(m[name], i) };
					await assert.rejects(validated(other), /invalid/);
				}
			}
			const other = m.SignatureVersion === '1' ? '2' : '1';
			await assert.rejects(validated({ ...m,
			    SignatureVersion: other }), /invalid/);
		}
	});
}

check('headers and body are as SNS sends them', async () => {
	const { headers, body } = await arrival('/v1', 1);
	const m = JSON.parse(body);
	assert.equal(headers['x-amz-sns-message-type'], 'Notification');
	assert.equal(headers['x-amz-sns-message-id'], m.MessageId);
	assert.equal(headers['x-amz-sns-topic-arn'], m.TopicArn);
	assert.ok(headers['x-amz-sns-subscription-arn']
	    .startsWith(`${m.TopicArn}:`));
	assert.equal(headers['content-type'], 'text/plain; charset=UTF-8');
	assert.equal(headers['user-agent'],
	    'Amazon Simple Notification Service Agent');
	assert.deepEqual(Object.keys(m), ['Type', 'MessageId', 'TopicArn',
	    'Message', 'Timestamp', 'SignatureVersion', 'Signature',
	    'SigningCertURL', 'UnsubscribeURL']);
	assert.ok(body.startsWith('{\n  "Type" : "Notification",\n'));
	assert.match(m.Timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

check('the links in messages confirm, end and restore', async () => {
	const TopicArn = await topic('links');
	await call('Subscribe', { TopicArn, Protocol: 'http',
	    Endpoint: `${hook}/links` });
	const visit = async (url) => {
		const answer = await fetch(url);
		return [answer.status, await answer.text()];
	};
	const first = await visit((await message('/links')).SubscribeURL);
	assert.equal(first[0], 200);
	assert.match(first[1], /<ConfirmSubscriptionResponse xmlns="http:\/\/sns/);
	await call('Publish', { TopicArn, Message: 'one' });
	const { UnsubscribeURL } = await message('/links', 1);
	assert.equal((await visit(UnsubscribeURL))[0], 200);
	const last = await message('/links', 2);
	assert.equal(last.Type, 'UnsubscribeConfirmation');
	assert.ok(verifies(last));
	// It leaves out the Token here, and refuses Amazon's own as well.
	await assert.rejects(new Promise((resolve, reject) =>
	    new MessageValidator().validate({ ...last },
		(error) => error ? reject(error) : resolve())), /invalid/);
	assert.equal(judged(last), 'genuine');
	assert.equal(judged({ ...last, Type: 'SubscriptionConfirmation' }),
	    "the signature is not SNS's");
	assert.match(judged(last, `${account}:other`), /not configured/);
	assert.equal((await visit(last.SubscribeURL))[0], 200);
	await call('Publish', { TopicArn, Message: 'two' });
	assert.equal((await message('/links', 3)).Message, 'two');
	const { SubscriptionArn } = (await call('ListSubscriptionsByTopic',
	    { TopicArn })).Subscriptions[0];
	await call('Unsubscribe', { SubscriptionArn });
	assert.equal((await visit(UnsubscribeURL))[0], 200);
});

check('raw delivery, structures and batches', async () => {
	const TopicArn = await topic('forms');
	await subscribed(TopicArn, '/forms',
	    { Attributes: { RawMessageDelivery: 'true' } });
	await call('Publish', { TargetArn: TopicArn, MessageStructure: 'json',
	    Message: JSON.stringify({ default: 'd', http: 'h', https: 's' }) });
	const { body, headers } = await arrival('/forms', 1);
	assert.equal(body, 'h');
	assert.equal(headers['x-amz-sns-rawdelivery'], 'true');
	const r = await call('PublishBatch', { TopicArn,
	    PublishBatchRequestEntries: [{ Id: 'a', Message: 'one' },
		{ Id: 'b', Message: 'two', Subject: 'no\nlines' },
		{ Id: 'c', Message: 'three', MessageAttributes: { n: {
		    DataType: 'Number', StringValue: '3' } } }] });
	assert.deepEqual(r.Successful.map((e) => e.Id), ['a', 'c']);
	assert.deepEqual(r.Failed, [{ Id: 'b', Code: 'InvalidParameter',
	    Message: 'Invalid parameter: Subject', SenderFault: true }]);
	const bodies = [await arrival('/forms', 2), await arrival('/forms', 3)]
	    .map((g) => g.body).sort();
	assert.deepEqual(bodies, ['one', 'three']);
});

check('each mistake has its typed error', async () => {
	const TopicArn = await topic('wrong');
	const gone = `${account}:gone`;
	const at = { TopicArn, Protocol: 'http', Endpoint: `${hook}/wrong` };
	const entry = (Id, Message = 'x') => ({ Id, Message });
	const batch = (...list) => ['PublishBatch',
	    { TopicArn, PublishBatchRequestEntries: list }];
	for (const [action, input, name, status, text] of [
	    ['CreateTopic', { Name: 'a b' }, 'InvalidParameterException', 400,
		'Topic Name'],
	    ['CreateTopic', { Name: 'a', Tags: [{ Key: 'k', Value: 'v' }] },
		'InvalidParameterException', 400, 'not supported here'],
	    ['CreateTopic', { Name: 'a', Attributes: { KmsMasterKeyId: 'k' } },
		'InvalidParameterException', 400, 'AttributeName'],
	    ['GetTopicAttributes', { TopicArn: gone }, 'NotFoundException', 404,
		'Topic does not exist'],
	    ['GetTopicAttributes', { TopicArn: 'x' },
		'InvalidParameterException', 400, 'at least 6 elements'],
	    ['GetTopicAttributes', { TopicArn: gone.replace(/\d{12}/,
		'000000000000') }, 'AuthorizationErrorException', 403, ''],
	    ['SetTopicAttributes', { TopicArn, AttributeName:
		'SignatureVersion', AttributeValue: '3' },
		'InvalidParameterException', 400, 'SignatureVersion'],
	    ['SetTopicAttributes', { TopicArn, AttributeName:
		'DeliveryPolicy', AttributeValue: JSON.stringify({ http: {
		    defaultHealthyRetryPolicy: { numRetries: 101 } } }) },
		'InvalidParameterException', 400, 'numRetries'],
	    ['Subscribe', { ...at, TopicArn: gone }, 'NotFoundException', 404,
		'Topic does not exist'],
	    ['Subscribe', { ...at, Protocol: 'email', Endpoint: 'a@b.c' },
		'InvalidParameterException', 400, 'http, https and sqs'],
	    ['Subscribe', { ...at, Protocol: 'https' },
		'InvalidParameterException', 400, 'match the specified protocol'],
	    ['Subscribe', { ...at, Attributes: { FilterPolicy: '{}' } },
		'InvalidParameterException', 400, 'RawMessageDelivery'],
	    ['ConfirmSubscription', { TopicArn, Token: 'x' },
		'InvalidParameterException', 400, 'Token'],
	    ['Unsubscribe', { SubscriptionArn: 'x' },
		'InvalidParameterException', 400, 'SubscriptionArn'],
	    ['GetSubscriptionAttributes', { SubscriptionArn:
		`${TopicArn}:00000000-0000-0000-0000-000000000000` },
		'NotFoundException', 404, 'Subscription does not exist'],
	    ['SetSubscriptionAttributes', { SubscriptionArn: `${TopicArn}:0`,
		AttributeName: 'RawMessageDelivery', AttributeValue: 'true' },
		'NotFoundException', 404, 'Subscription does not exist'],
	    ['ListSubscriptionsByTopic', { TopicArn: gone },
		'NotFoundException', 404, ''],
	    ['ListTopics', { NextToken: '!' }, 'InvalidParameterException', 400,
		'NextToken'],
	    ['Publish', { TopicArn: gone, Message: 'x' }, 'NotFoundException',
		404, 'Topic does not exist'],
	    ['Publish', { TopicArn, Message: '' }, 'InvalidParameterException',
		400, 'Empty message'],
	    ['Publish', { Message: 'x' }, 'InvalidParameterException', 400,
		'TopicArn or TargetArn'],
	    ['Publish', { PhoneNumber: '+15550100', Message: 'x' },
		'InvalidParameterException', 400, 'PhoneNumber'],
	    ['Publish', { TopicArn, Message: 'x'.repeat(262145) },
		'InvalidParameterException', 400, 'too long'],
	    ['Publish', { TopicArn, Message: 'x', Subject: 'é' },
		'InvalidParameterException', 400, 'Subject'],
	    ['Publish', { TopicArn, Message: '{"http":"x"}',
		MessageStructure: 'json' }, 'InvalidParameterException', 400,
		'No default entry'],
	    ['Publish', { TopicArn, Message: 'x', MessageAttributes: { n: {
		DataType: 'Number', StringValue: 'x' } } },
		'InvalidParameterValueException', 400, "'n'"],
	    [...batch(), 'EmptyBatchRequestException', 400, ''],
	    [...batch(...Array.from({ length: 11 }, (_, i) => entry(`i${i}`))),
		'TooManyEntriesInBatchRequestException', 400, ''],
	    [...batch(entry('a'), entry('a')),
		'BatchEntryIdsNotDistinctException', 400, ''],
	    [...batch(entry('a b')), 'InvalidBatchEntryIdException', 400, ''],
	    [...batch(entry('a', 'x'.repeat(200000)),
		entry('b', 'x'.repeat(100000))),
		'BatchRequestTooLongException', 400, ''],
	]) {
		const e = await fails(call(action, input), name, status, text);
		assert.ok(e instanceof sns[name], `${action}: ${name}`);
		assert.equal(e.$fault, 'client');
		assert.ok(e.$metadata.requestId);
	}
});

check('keys, regions and clocks that are wrong are told apart', async () => {
	const by = (more) => call('ListTopics', {},
	    new sns.SNSClient(client(more)));
	await fails(by({ credentials: { accessKeyId: 'awaitd-local',
	    secretAccessKey: 'wrong' } }), 'SignatureDoesNotMatch', 403,
	    'does not match');
	await fails(by({ credentials: { accessKeyId: 'nobody',
	    secretAccessKey: 'wrong' } }), 'InvalidClientTokenId', 403);
	await fails(by({ region: 'eu-west-1' }), 'SignatureDoesNotMatch', 403,
	    'valid region');
	await fails(by({ systemClockOffset: -6 * 60 * 1000 }),
	    'SignatureDoesNotMatch', 403, 'Signature expired');
});

check('an inference is announced when its object is there', async () => {
	const runtime = new SageMakerRuntimeClient(client());
	const s3 = new S3Client(s3client());
	await subscribed(`${account}:good`, '/good');
	await subscribed(`${account}:bad`, '/bad');
	const ask = (EndpointName, Body) => runtime.send(
	    new InvokeEndpointAsyncCommand({ EndpointName, Body,
		ContentType: 'text/csv', CustomAttributes: 'k=v' }));
	const accepted = await ask('told', 'a,b');
	const m = await validated(await message('/good', 1));
	const n = JSON.parse(m.Message);
	assert.equal(m.Subject, undefined);
	assert.deepEqual(Object.keys(n), ['awsRegion', 'eventTime',
	    'receivedTime', 'invocationStatus', 'requestParameters',
	    'responseParameters', 'responseBody', 'inferenceId',
	    'eventVersion', 'eventSource', 'eventName']);
	assert.equal(n.invocationStatus, 'Completed');
	assert.equal(n.inferenceId, accepted.InferenceId);
	assert.equal(n.responseParameters.outputLocation,
	    accepted.OutputLocation);
	assert.deepEqual(n.requestParameters, { contentType: 'text/csv',
	    customAttributes: 'k=v', endpointName: 'told' });
	assert.equal(n.responseBody.encoding, 'BASE64');
	assert.equal(Buffer.from(n.responseBody.content, 'base64').toString(),
	    'a,b');
	const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(
	    n.responseParameters.outputLocation);
	const object = await s3.send(new GetObjectCommand({ Bucket, Key }));
	assert.equal(await object.Body.transformToString(), 'a,b');
	const failed = await ask('untold', 'x');
	const f = JSON.parse((await validated(await message('/bad', 1))).Message);
	assert.equal(f.invocationStatus, 'Failed');
	assert.equal(f.inferenceId, failed.InferenceId);
	assert.match(f.failureReason, /^ClientError: /);
	assert.equal(f.responseParameters.failureLocation,
	    failed.FailureLocation);
	assert.equal(f.responseBody, undefined);
});

await run();
process.exit();
