// SPDX-License-Identifier: Apache-2.0
// Queues as AWS's own client calls them, and what topics and buckets put there.
// The server must have the queue "declared" of tests/system/interop.sh.
//   node sqs.mjs PORT
import crypto from 'node:crypto';
import * as s3 from '@aws-sdk/client-s3';
import * as sns from '@aws-sdk/client-sns';
import * as sqs from '@aws-sdk/client-sqs';
import { assert, check, client, fails, run, s3client } from './tap.mjs';

const api = new sqs.SQSClient(client());
const topics = new sns.SNSClient(client());
const objects = new s3.S3Client(s3client());
const account = '123456789012';

function call(name, input = {}, by = api) {
	return by.send(new sqs[`${name}Command`](input));
}

function arn(name) {
	return `arn:aws:sqs:us-east-1:${account}:${name}`;
}

async function create(name, Attributes = {}) {
	const answer = await call('CreateQueue', { QueueName: name, Attributes });
	return answer.QueueUrl;
}

// Up to n messages, within the wait.
async function receive(QueueUrl, more = {}) {
	const answer = await call('ReceiveMessage', { QueueUrl,
	    MaxNumberOfMessages: 10, WaitTimeSeconds: 5, ...more });
	return answer.Messages ?? [];
}

async function numbers(QueueUrl) {
	const { Attributes } = await call('GetQueueAttributes',
	    { QueueUrl, AttributeNames: ['All'] });
	return Attributes;
}

check('a queue is made once, found and listed', async () => {
	const url = await create('one', { VisibilityTimeout: '7' });
	assert.match(url, new RegExp(`^http://127\\.0\\.0\\.1:\\d+/${account}/one$`));
	assert.equal(await create('one', { VisibilityTimeout: '7' }), url);
	await fails(create('one', { VisibilityTimeout: '8' }),
	    'QueueNameExists', 400);
	const found = await call('GetQueueUrl', { QueueName: 'one' });
	assert.equal(found.QueueUrl, url);
	const { QueueUrls } = await call('ListQueues', { QueueNamePrefix: 'on' });
	assert.deepEqual(QueueUrls, [url]);
	await create('p1');
	await create('p2');
	const first = await call('ListQueues',
	    { QueueNamePrefix: 'p', MaxResults: 1 });
	assert.equal(first.QueueUrls.length, 1);
	const second = await call('ListQueues', { QueueNamePrefix: 'p',
	    MaxResults: 1, NextToken: first.NextToken });
	assert.ok(second.QueueUrls[0].endsWith('/p2'));
});

check('what is no queue is refused in the words of the service', async () => {
	await fails(call('GetQueueUrl', { QueueName: 'none' }),
	    'QueueDoesNotExist', 400);
	await fails(call('SendMessage', { QueueUrl:
	    `http://127.0.0.1/${account}/none`, MessageBody: 'x' }),
	    'QueueDoesNotExist', 400);
	await fails(create('a b'), 'InvalidParameterValue', 400);
	await fails(create('a.fifo'), 'UnsupportedOperation', 400);
	await fails(create('a', { VisibilityTimeout: '-1' }),
	    'InvalidAttributeValue', 400);
	await fails(create('a', { Odd: '1' }), 'InvalidAttributeName', 400);
});

check('who has no key is not let in', async () => {
	const credentials = { accessKeyId: 'awaitd-local',
	    secretAccessKey: 'wrong' };
	const other = new sqs.SQSClient(client({ credentials }));
	const e = await call('ListQueues', {}, other).catch((error) => error);
	assert.equal(e.$metadata.httpStatusCode, 403);
	const nobody = new sqs.SQSClient(client({ credentials:
	    { accessKeyId: 'nobody', secretAccessKey: 'x' } }));
	const f = await call('ListQueues', {}, nobody).catch((error) => error);
	assert.equal(f.name, 'InvalidClientTokenId');
});

check('a message is sent, received and deleted', async () => {
	const QueueUrl = await create('plain');
	const MessageBody = 'a body with "quotes", \n lines and ü€😀';
	const sent = await call('SendMessage', { QueueUrl, MessageBody });
	assert.equal(sent.MD5OfMessageBody,
	    crypto.createHash('md5').update(MessageBody).digest('hex'));
	const [m] = await receive(QueueUrl,
	    { MessageSystemAttributeNames: ['All'] });
	assert.equal(m.Body, MessageBody);
	assert.equal(m.MessageId, sent.MessageId);
	assert.equal(m.Attributes.ApproximateReceiveCount, '1');
	assert.ok(Math.abs(Number(m.Attributes.SentTimestamp) - Date.now()) <
	    60000);
	const seen = await numbers(QueueUrl);
	assert.equal(seen.ApproximateNumberOfMessages, '0');
	assert.equal(seen.ApproximateNumberOfMessagesNotVisible, '1');
	await call('DeleteMessage',
	    { QueueUrl, ReceiptHandle: m.ReceiptHandle });
	const after = await numbers(QueueUrl);
	assert.equal(after.ApproximateNumberOfMessagesNotVisible, '0');
	// Twice is no error; what is no handle is.
	await call('DeleteMessage',
	    { QueueUrl, ReceiptHandle: m.ReceiptHandle });
	await fails(call('DeleteMessage', { QueueUrl, ReceiptHandle: 'x' }),
	    'ReceiptHandleIsInvalid', 404);
});

check('who waits hears of a message as soon as it is there', async () => {
	const QueueUrl = await create('long');
	const began = Date.now();
	const waits = receive(QueueUrl, { WaitTimeSeconds: 20 });
	await new Promise((resolve) => setTimeout(resolve, 300));
	await call('SendMessage', { QueueUrl, MessageBody: 'now' });
	const [m] = await waits;
	assert.equal(m.Body, 'now');
	assert.ok(Date.now() - began < 5000);
});

check('who waits for nothing hears so in time', async () => {
	const QueueUrl = await create('empty');
	const began = Date.now();
	assert.deepEqual(await receive(QueueUrl, { WaitTimeSeconds: 1 }), []);
	const ms = Date.now() - began;
	assert.ok(ms >= 900 && ms < 5000, `${ms} ms`);
	await call('SetQueueAttributes', { QueueUrl,
	    Attributes: { ReceiveMessageWaitTimeSeconds: '1' } });
	const again = Date.now();
	const answer = await call('ReceiveMessage', { QueueUrl });
	assert.equal(answer.Messages, undefined);
	assert.ok(Date.now() - again >= 900);
});

check('what is not deleted comes again, and counts', async () => {
	const QueueUrl = await create('again', { VisibilityTimeout: '1' });
	await call('SendMessage', { QueueUrl, MessageBody: 'x' });
	const [a] = await receive(QueueUrl);
	assert.deepEqual(await receive(QueueUrl, { WaitTimeSeconds: 0 }), []);
	const [b] = await receive(QueueUrl,
	    { AttributeNames: ['ApproximateReceiveCount'] });
	assert.equal(b.MessageId, a.MessageId);
	assert.notEqual(b.ReceiptHandle, a.ReceiptHandle);
	assert.equal(b.Attributes.ApproximateReceiveCount, '2');
});

check('a message is given back, or kept for longer', async () => {
	const QueueUrl = await create('back', { VisibilityTimeout: '60' });
	await call('SendMessage', { QueueUrl, MessageBody: 'x' });
	const [a] = await receive(QueueUrl);
	await call('ChangeMessageVisibility', { QueueUrl,
	    ReceiptHandle: a.ReceiptHandle, VisibilityTimeout: 0 });
	const [b] = await receive(QueueUrl);
	assert.equal(b.MessageId, a.MessageId);
	const answer = await call('ChangeMessageVisibilityBatch', { QueueUrl,
	    Entries: [{ Id: 'old', ReceiptHandle: a.ReceiptHandle,
		VisibilityTimeout: 0 }, { Id: 'new',
		ReceiptHandle: b.ReceiptHandle, VisibilityTimeout: 0 }] });
	assert.deepEqual(answer.Successful.map((e) => e.Id), ['new']);
	assert.equal(answer.Failed[0].Id, 'old');
	assert.equal(answer.Failed[0].Code, 'MessageNotInflight');
	assert.equal((await receive(QueueUrl)).length, 1);
});

check('batches are taken entry by entry', async () => {
	const QueueUrl = await create('batch');
	const Entries = Array.from({ length: 10 }, (_, i) =>
	    ({ Id: `e${i}`, MessageBody: `m${i}` }));
	Entries[3].MessageBody = 'a\u0001b';
	const sent = await call('SendMessageBatch', { QueueUrl, Entries });
	assert.equal(sent.Successful.length, 9);
	assert.deepEqual(sent.Failed.map((f) => [f.Id, f.Code, f.SenderFault]),
	    [['e3', 'InvalidMessageContents', true]]);
	const got = await receive(QueueUrl);
	assert.equal(got.length, 9);
	const gone = await call('DeleteMessageBatch', { QueueUrl, Entries:
	    got.map((m, i) => ({ Id: `${i}`,
		ReceiptHandle: m.ReceiptHandle })) });
	assert.equal(gone.Successful.length, 9);
	await fails(call('SendMessageBatch', { QueueUrl, Entries: [] }),
	    'EmptyBatchRequest', 400);
	await fails(call('SendMessageBatch', { QueueUrl, Entries:
	    [{ Id: 'a', MessageBody: 'x' }, { Id: 'a', MessageBody: 'y' }] }),
	    'BatchEntryIdsNotDistinct', 400);
	await fails(call('SendMessageBatch', { QueueUrl, Entries:
	    [{ Id: 'a b', MessageBody: 'x' }] }), 'InvalidBatchEntryId', 400);
	await fails(call('SendMessageBatch', { QueueUrl, Entries:
	    Array.from({ length: 11 }, (_, i) =>
		({ Id: `e${i}`, MessageBody: 'x' })) }),
	    'TooManyEntriesInBatchRequest', 400);
});

check('a message may be late, and must not be too long', async () => {
	const QueueUrl = await create('limits', { MaximumMessageSize: '1024' });
	await call('SendMessage',
	    { QueueUrl, MessageBody: 'late', DelaySeconds: 1 });
	assert.equal((await numbers(QueueUrl)).ApproximateNumberOfMessagesDelayed,
	    '1');
	assert.deepEqual(await receive(QueueUrl, { WaitTimeSeconds: 0 }), []);
	assert.equal((await receive(QueueUrl)).length, 1);
	await fails(call('SendMessage',
	    { QueueUrl, MessageBody: 'x'.repeat(1025) }),
	    'InvalidParameterValue', 400);
	await fails(call('SendMessage', { QueueUrl, MessageBody: 'x',
	    MessageAttributes: { a: { DataType: 'String', StringValue: 'b' } } }),
	    'UnsupportedOperation', 400);
});

check('what is received too often goes to the dead letters', async () => {
	const dead = await create('dead');
	const QueueUrl = await create('source', { VisibilityTimeout: '0',
	    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn('dead'),
		maxReceiveCount: 2 }) });
	const { MessageId } = await call('SendMessage',
	    { QueueUrl, MessageBody: 'poison' });
	assert.equal((await receive(QueueUrl)).length, 1);
	assert.equal((await receive(QueueUrl)).length, 1);
	assert.deepEqual(await receive(QueueUrl, { WaitTimeSeconds: 0 }), []);
	const [m] = await receive(dead);
	assert.equal(m.MessageId, MessageId);
	assert.equal(m.Body, 'poison');
});

check('a queue is purged, and deleted', async () => {
	const QueueUrl = await create('gone');
	await call('SendMessage', { QueueUrl, MessageBody: 'x' });
	await call('PurgeQueue', { QueueUrl });
	assert.equal((await numbers(QueueUrl)).ApproximateNumberOfMessages, '0');
	await call('SendMessage', { QueueUrl, MessageBody: 'x' });
	await call('DeleteQueue', { QueueUrl });
	await fails(receive(QueueUrl), 'QueueDoesNotExist', 400);
	assert.equal((await numbers(await create('gone')))
	    .ApproximateNumberOfMessages, '0');
});

check('a queue of the configuration is there', async () => {
	const { QueueUrl } = await call('GetQueueUrl', { QueueName: 'declared' });
	const a = await numbers(QueueUrl);
	assert.equal(a.VisibilityTimeout, '45');
	assert.equal(a.QueueArn, arn('declared'));
	assert.deepEqual(JSON.parse(a.RedrivePolicy), { deadLetterTargetArn:
	    arn('declared-dead'), maxReceiveCount: 3 });
});

async function subscribe(topic, queue, raw) {
	const { TopicArn } = await topics.send(
	    new sns.CreateTopicCommand({ Name: topic }));
	const url = await create(queue);
	const { SubscriptionArn } = await topics.send(new sns.SubscribeCommand({
	    TopicArn, Protocol: 'sqs', Endpoint: arn(queue),
	    Attributes: { RawMessageDelivery: String(raw) } }));
	assert.match(SubscriptionArn, /^arn:aws:sns:/);
	return { TopicArn, url };
}

check('a topic puts its messages into a queue, in their envelope', async () => {
	const { TopicArn, url } = await subscribe('to-queue', 'wrapped', false);
	const { MessageId } = await topics.send(new sns.PublishCommand({
	    TopicArn, Message: 'hello "you"', Subject: 'about' }));
	const [m] = await receive(url);
	const e = JSON.parse(m.Body);
	assert.equal(e.Type, 'Notification');
	assert.equal(e.MessageId, MessageId);
	assert.equal(e.TopicArn, TopicArn);
	assert.equal(e.Message, 'hello "you"');
	assert.equal(e.Subject, 'about');
	assert.ok(e.Signature.length > 300 && e.SigningCertURL);
});

check('or bare', async () => {
	const { TopicArn, url } = await subscribe('to-queue-raw', 'raw', true);
	await topics.send(new sns.PublishCommand({ TopicArn, Message: 'bare' }));
	const [m] = await receive(url);
	assert.equal(m.Body, 'bare');
	await assert.rejects(topics.send(new sns.SubscribeCommand({ TopicArn,
	    Protocol: 'sqs', Endpoint: arn('not-there') })), /SQS endpoint/);
});

async function configure(Bucket, more) {
	await objects.send(new s3.CreateBucketCommand({ Bucket }));
	return objects.send(new s3.PutBucketNotificationConfigurationCommand({
	    Bucket, NotificationConfiguration: more }));
}

const filter = { Key: { FilterRules: [{ Name: 'prefix', Value: 'out/' },
    { Name: 'suffix', Value: '.out' }] } };

check('a bucket tells a queue what appears in it', async () => {
	const url = await create('events');
	await configure('telling', { QueueConfigurations: [{ Id: 'mine',
	    QueueArn: arn('events'), Events: ['s3:ObjectCreated:*'],
	    Filter: filter }] });
	const [test] = await receive(url);
	assert.equal(JSON.parse(test.Body).Event, 's3:TestEvent');
	assert.equal(JSON.parse(test.Body).Bucket, 'telling');
	const back = await objects.send(
	    new s3.GetBucketNotificationConfigurationCommand(
		{ Bucket: 'telling' }));
	assert.equal(back.QueueConfigurations[0].QueueArn, arn('events'));
	assert.equal(back.QueueConfigurations[0].Filter.Key.FilterRules.length,
	    2);
	for (const Key of ['out/a b+ü.out', 'in/a.out', 'out/a.txt'])
		await objects.send(new s3.PutObjectCommand(
		    { Bucket: 'telling', Key, Body: 'bytes' }));
	const [m, ...rest] = await receive(url);
	assert.equal(rest.length, 0);
	const [r] = JSON.parse(m.Body).Records;
	assert.equal(r.eventSource, 'aws:s3');
	assert.match(r.eventVersion, /^2\./);
	assert.equal(r.eventName, 'ObjectCreated:Put');
	assert.equal(r.s3.configurationId, 'mine');
	assert.equal(r.s3.bucket.name, 'telling');
	assert.equal(r.s3.object.size, 5);
	assert.equal(r.s3.object.eTag,
	    crypto.createHash('md5').update('bytes').digest('hex'));
	assert.equal(r.s3.object.key, 'out/a+b%2B%C3%BC.out');
	assert.deepEqual(await receive(url, { WaitTimeSeconds: 0 }), []);
});

check('a bucket tells a topic, and of what goes', async () => {
	const { TopicArn, url } = await subscribe('bucket-topic', 'of-topic',
	    false);
	await configure('topical', { TopicConfigurations: [{ TopicArn,
	    Events: ['s3:ObjectRemoved:*', 's3:ObjectCreated:Put'] }] });
	await objects.send(new s3.PutObjectCommand(
	    { Bucket: 'topical', Key: 'k', Body: 'x' }));
	await objects.send(new s3.DeleteObjectCommand(
	    { Bucket: 'topical', Key: 'k' }));
	const names = [];
	while (names.length < 3) {
		for (const m of await receive(url)) {
			const e = JSON.parse(m.Body);
			const doc = JSON.parse(e.Message);
			assert.equal(e.Subject, 'Amazon S3 Notification');
			names.push(doc.Event ?? doc.Records[0].eventName);
			await call('DeleteMessage', { QueueUrl: url,
			    ReceiptHandle: m.ReceiptHandle });
		}
	}
	assert.deepEqual(names.sort(), ['ObjectCreated:Put',
	    'ObjectRemoved:Delete', 's3:TestEvent']);
});

check('what is no target, or no event, is refused', async () => {
	const QueueArn = arn('events');
	await assert.rejects(configure('refusing', { QueueConfigurations:
	    [{ QueueArn: arn('none'), Events: ['s3:ObjectCreated:*'] }] }),
	    { name: 'InvalidArgument' });
	await assert.rejects(configure('refusing', { QueueConfigurations:
	    [{ QueueArn, Events: ['s3:LifecycleExpiration:*'] }] }),
	    { name: 'InvalidArgument' });
	await assert.rejects(configure('refusing', { EventBridgeConfiguration:
	    {} }), { name: 'NotImplemented' });
	await configure('refusing', {});
	const back = await objects.send(
	    new s3.GetBucketNotificationConfigurationCommand(
		{ Bucket: 'refusing' }));
	assert.equal(back.QueueConfigurations, undefined);
});

await run();
