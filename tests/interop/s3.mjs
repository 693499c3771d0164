// SPDX-License-Identifier: Apache-2.0
// The object store as AWS's own client uses it. The server must have the
// user "reader", who may not list, of tests/system/interop.sh.
import { CreateBucketCommand, DeleteObjectCommand, GetObjectCommand,
	HeadBucketCommand, HeadObjectCommand, ListObjectsV2Command,
	PutObjectCommand, S3Client, paginateListObjectsV2 }
	from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { assert, check, client, fails, run, s3client, virtualHost }
	from './tap.mjs';

const Bucket = 'interop';
const s3 = new S3Client(s3client());
const reader = new S3Client(s3client({ credentials:
    { accessKeyId: 'reader', secretAccessKey: 'reader-secret' } }));

const put = (Key, Body, more = {}, by = s3) =>
	by.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key, more = {}, by = s3) =>
	by.send(new GetObjectCommand({ Bucket, Key, ...more }));
const head = (Key, more = {}, by = s3) =>
	by.send(new HeadObjectCommand({ Bucket, Key, ...more }));
const list = (more = {}, by = s3) =>
	by.send(new ListObjectsV2Command({ Bucket, ...more }));
const text = async (r) => r.Body.transformToString();
const md5 = (data) => createHash('md5').update(data).digest('hex');

check('a bucket is made, and is there', async () => {
	await fails(s3.send(new HeadBucketCommand({ Bucket })), 'NotFound', 404);
	await fails(put('a', 'b'), 'NoSuchBucket', 404);
	await s3.send(new CreateBucketCommand({ Bucket }));
	const r = await s3.send(new HeadBucketCommand({ Bucket }));
	assert.equal(r.$metadata.httpStatusCode, 200);
});

check('an object comes back with type and metadata', async () => {
	const w = await put('first', 'hello', { ContentType: 'text/x-hello',
	    CacheControl: 'no-cache', Metadata: { 'one': '1', 'two-b': 'zwei' } });
	assert.equal(w.ETag, `"${md5('hello')}"`);
	const r = await get('first');
	assert.equal(await text(r), 'hello');
	assert.equal(r.ContentType, 'text/x-hello');
	assert.equal(r.CacheControl, 'no-cache');
	assert.deepEqual(r.Metadata, { 'one': '1', 'two-b': 'zwei' });
	assert.equal(r.ETag, w.ETag);
	assert.ok(Math.abs(Date.now() - r.LastModified.getTime()) < 60000);
	const h = await head('first');
	assert.equal(h.ContentLength, 5);
	assert.deepEqual(h.Metadata, r.Metadata);
});

check('an empty object is an object', async () => {
	await put('empty', '');
	const r = await get('empty');
	assert.equal(r.ContentLength, 0);
	assert.equal(await text(r), '');
});

for (const key of ['a//b/./c +%.txt', 'ünïcode/日本語 🙂', 'dots/../up',
    "quote'\"<&>", 'a=b&c?d#e', 'trailing/']) {
	check(`the key ${JSON.stringify(key).replaceAll('#', '.')}`, async () => {
		await put(key, `body of ${key}`);
		assert.equal(await text(await get(key)), `body of ${key}`);
		const r = await list({ Prefix: key });
		assert.deepEqual(r.Contents.map((o) => o.Key), [key]);
		const u = await list({ Prefix: key, EncodingType: 'url' });
		assert.equal(decodeURIComponent(u.Contents[0].Key), key);
		await s3.send(new DeleteObjectCommand({ Bucket, Key: key }));
		await fails(get(key), 'NoSuchKey', 404);
	});
}

check('a missing key is NoSuchKey to GET and NotFound to HEAD', async () => {
	await fails(get('none'), 'NoSuchKey', 404);
	await fails(head('none'), 'NotFound', 404);
	const r = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'none' }));
	assert.equal(r.$metadata.httpStatusCode, 204);
});

check('who may not list learns 403 for a missing key', async () => {
	assert.equal(await text(await get('first', {}, reader)), 'hello');
	await fails(get('none', {}, reader), 'AccessDenied', 403);
	const e = await head('none', {}, reader).catch((error) => error);
	assert.equal(e.$metadata.httpStatusCode, 403);
	await fails(list({}, reader), 'AccessDenied', 403);
});

for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256',
    'CRC64NVME']) {
	const member = `Checksum${ChecksumAlgorithm}`;

	check(`${ChecksumAlgorithm} is verified and given back`, async () => {
		const w = await put('sum', 'checked', { ChecksumAlgorithm });
		assert.ok(w[member]);
		const r = await get('sum', { ChecksumMode: 'ENABLED' });
		assert.equal(r[member], w[member]);
		assert.equal(await text(r), 'checked');
		await fails(put('wrong', 'checkeD', { [member]: w[member] }),
		    'BadDigest', 400);
		await fails(get('wrong'), 'NoSuchKey', 404);
	});
}

check('a stream goes in with a checksum in its trailer', async () => {
	const part = Buffer.alloc(100000, 'stream');
	const body = Buffer.concat(Array(30).fill(part));
	const seen = {};
	const by = new S3Client(s3client());
	by.middlewareStack.add((next) => (args) => {
		Object.assign(seen, args.request.headers);
		return next(args);
	}, { step: 'finalizeRequest', priority: 'low' });
	await put('stream', Readable.from(Array(30).fill(part)),
	    { ContentLength: body.length, ContentEncoding: 'gzip' }, by);
	assert.match(seen['x-amz-content-sha256'], /^STREAMING-/);
	const r = await get('stream');
	assert.equal(r.ContentEncoding, 'gzip');
	assert.equal(r.ETag, `"${md5(body)}"`);
	assert.ok(body.equals(Buffer.from(await r.Body.transformToByteArray())));
});

check('without a checksum S3 makes a CRC64NVME', async () => {
	await put('plain', '123456789', {}, new S3Client(s3client(
	    { requestChecksumCalculation: 'WHEN_REQUIRED' })));
	const r = await head('plain', { ChecksumMode: 'ENABLED' });
	assert.equal(r.ChecksumCRC64NVME, 'rosUhgp5mIg=');
	assert.equal(r.ChecksumType, 'FULL_OBJECT');
});

check('a wrong Content-MD5 is BadDigest, a broken one InvalidDigest',
    async () => {
	await fails(put('md5', 'x', { ContentMD5:
	    createHash('md5').update('y').digest('base64') }), 'BadDigest', 400);
	await fails(put('md5', 'x', { ContentMD5: 'AAAA' }),
	    'InvalidDigest', 400);
	await fails(get('md5'), 'NoSuchKey', 404);
});

check('If-None-Match: * makes an object once', async () => {
	await put('once', 'first', { IfNoneMatch: '*' });
	await fails(put('once', 'second', { IfNoneMatch: '*' }),
	    'PreconditionFailed', 412);
	assert.equal(await text(await get('once')), 'first');
});

check('conditions of GET', async () => {
	const { ETag, LastModified } = await head('first');
	const later = new Date(LastModified.getTime() + 1000);
	const earlier = new Date(LastModified.getTime() - 1000);
	const status = (e) => e.$metadata.httpStatusCode;
	assert.equal(await text(await get('first', { IfMatch: ETag })), 'hello');
	await fails(get('first', { IfMatch: '"0"' }), 'PreconditionFailed', 412);
	assert.equal(status(await get('first', { IfNoneMatch: ETag })
	    .catch((e) => e)), 304);
	assert.equal(status(await get('first', { IfModifiedSince: later })
	    .catch((e) => e)), 304);
	assert.equal(await text(await get('first',
	    { IfModifiedSince: earlier })), 'hello');
	await fails(get('first', { IfUnmodifiedSince: earlier }),
	    'PreconditionFailed', 412);
	assert.equal(await text(await get('first',
	    { IfUnmodifiedSince: later })), 'hello');
});

check('ranges', async () => {
	for (const [Range, expected, shown] of [
	    ['bytes=1-3', 'ell', 'bytes 1-3/5'], ['bytes=3-', 'lo', 'bytes 3-4/5'],
	    ['bytes=-2', 'lo', 'bytes 3-4/5'], ['bytes=0-99', 'hello',
	    'bytes 0-4/5']]) {
		const r = await get('first', { Range });
		assert.equal(r.$metadata.httpStatusCode, 206);
		assert.equal(r.ContentRange, shown);
		assert.equal(await text(r), expected);
	}
	await fails(get('first', { Range: 'bytes=5-' }), 'InvalidRange', 416);
	await fails(get('empty', { Range: 'bytes=0-' }), 'InvalidRange', 416);
});

check('a listing is in the order of bytes, page by page', async () => {
	const keys = ['A', 'a', 'a/', 'a/b', 'a/c/d', 'a0', 'b', 'é', '日', '🙂'];
	for (const key of keys)
		await put(`l/${key}`, 'x');
	for (const size of [1, 2, 3, 1000]) {
		const found = [];
		for await (const page of paginateListObjectsV2({ client: s3 },
		    { Bucket, Prefix: 'l/', MaxKeys: size }))
			found.push(...(page.Contents ?? []).map((o) => o.Key));
		assert.deepEqual(found, keys.map((key) => `l/${key}`));
	}
	const after = await list({ Prefix: 'l/', StartAfter: 'l/a/b' });
	assert.equal(after.Contents[0].Key, 'l/a/c/d');
	assert.equal(after.KeyCount, 6);
});

check('a delimiter rolls keys up, page by page', async () => {
	for (const size of [1, 2, 1000]) {
		const found = [];
		for await (const page of paginateListObjectsV2({ client: s3 },
		    { Bucket, Prefix: 'l/', Delimiter: '/', MaxKeys: size })) {
			assert.ok(page.KeyCount <= size);
			found.push(...(page.Contents ?? []).map((o) => o.Key),
			    ...(page.CommonPrefixes ?? []).map((p) => p.Prefix));
		}
		assert.deepEqual(found.sort(), ['l/A', 'l/a', 'l/a/', 'l/a0', 'l/b',
		    'l/é', 'l/日', 'l/🙂'].sort());
	}
	const owner = await list({ Prefix: 'l/A', FetchOwner: true });
	assert.ok(owner.Contents[0].Owner.ID);
	await fails(list({ ContinuationToken: 'nonsense' }),
	    'InvalidArgument', 400);
});

check('virtual-host style', async () => {
	const by = new S3Client(client(virtualHost()));
	await put('vhost/a b', 'by host', {}, by);
	assert.equal(await text(await get('vhost/a b')), 'by host');
	const r = await list({ Prefix: 'vhost/' }, by);
	assert.deepEqual(r.Contents.map((o) => o.Key), ['vhost/a b']);
});

check('wrong keys, regions and clocks are told apart', async () => {
	const with_ = (more) => new S3Client(s3client(more));
	await fails(get('first', {}, with_({ credentials:
	    { accessKeyId: 'awaitd-local', secretAccessKey: 'wrong' } })),
	    'SignatureDoesNotMatch', 403);
	await fails(get('first', {}, with_({ credentials:
	    { accessKeyId: 'nobody', secretAccessKey: 'wrong' } })),
	    'InvalidAccessKeyId', 403);
	await fails(get('first', {}, with_({ credentials:
	    { accessKeyId: 'reader', secretAccessKey: 'reader-secret',
		sessionToken: 'x' } })), 'InvalidToken', 400);
	const e = await fails(get('first', {}, with_({ region: 'eu-west-1' })),
	    'AuthorizationHeaderMalformed', 400);
	assert.equal(e.Region, 'us-east-1');
	await fails(get('first', {}, with_(
	    { systemClockOffset: -16 * 60 * 1000 })),
	    'RequestTimeTooSkewed', 403);
});

check('a key of 1024 bytes is taken, one of 1025 is not', async () => {
	await put('k'.repeat(1024), 'x');
	await fails(put('k'.repeat(1025), 'x'), 'KeyTooLongError', 400);
});

await run();
