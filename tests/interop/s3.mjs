// SPDX-License-Identifier: Apache-2.0
// The object store as AWS's own client uses it. The server must have the
// user "reader", who may not list, of tests/system/interop.sh.
import { CopyObjectCommand, CreateBucketCommand, CreateMultipartUploadCommand,
	DeleteObjectCommand, DeleteObjectsCommand, GetBucketAclCommand,
	GetBucketLocationCommand, GetObjectCommand, HeadBucketCommand,
	HeadObjectCommand, ListBucketsCommand, ListObjectsCommand,
	ListObjectsV2Command, PutObjectCommand, S3Client,
	paginateListBuckets, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { assert, check, client, fails, raw, run, s3client, virtualHost }
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
const remove = (Key, more = {}, by = s3) =>
	by.send(new DeleteObjectCommand({ Bucket, Key, ...more }));
const status = (promise) => promise.then((r) => r.$metadata.httpStatusCode,
    (e) => e.$metadata.httpStatusCode);
const text = async (r) => r.Body.transformToString();
const md5 = (data) => createHash('md5').update(data).digest('hex');

// A client whose requests are changed, before they are signed or behind that.
function changing(change, signed = false) {
	const by = new S3Client(s3client());
	by.middlewareStack.add((next) => (args) => {
		change(args.request);
		return next(args);
	}, signed ? { step: 'finalizeRequest', priority: 'low' } :
	    { step: 'build', priority: 'low' });
	return by;
}

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
	await by.send(new HeadBucketCommand({ Bucket }));
	await by.send(new CreateBucketCommand({ Bucket: 'interop-vhost' }));
	await put('vhost/gone', 'x', {}, by);
	await remove('vhost/gone', {}, by);
	await by.send(new DeleteObjectsCommand({ Bucket, Delete:
	    { Objects: [{ Key: 'vhost/gone' }] } }));
	assert.equal((await by.send(new GetBucketLocationCommand({ Bucket })))
	    .$metadata.httpStatusCode, 200);
	assert.equal(await status(head('vhost/gone', {}, by)), 404);
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

check('headers that are kept come back, whole and in part', async () => {
	const kept = { CacheControl: 'max-age=60', ContentDisposition:
	    'attachment; filename="a b.txt"', ContentEncoding: 'x-own',
	    ContentLanguage: 'mi', ContentType: 'text/x-kept' };
	await put('kept', 'hello', { ...kept, Metadata: { 'CamelCase': 'As Is' },
	    Expires: new Date('2030-01-02T03:04:05Z') });
	for (const r of [await head('kept'), await get('kept'),
	    await get('kept', { Range: 'bytes=1-2' })]) {
		for (const [name, value] of Object.entries(kept))
			assert.equal(r[name], value);
		assert.equal(r.ExpiresString, 'Wed, 02 Jan 2030 03:04:05 GMT');
		assert.deepEqual(r.Metadata, { camelcase: 'As Is' });
	}
	await fails(put('meta', 'x', { Metadata: { a: 'x'.repeat(2048) } }),
	    'MetadataTooLarge', 400);
	await put('meta', 'x', { Metadata: { a: 'x'.repeat(2047) } });
});

check('an answer has the headers that are asked for', async () => {
	const asked = { ResponseCacheControl: 'no-store',
	    ResponseContentDisposition: 'attachment; filename=x',
	    ResponseContentEncoding: 'identity', ResponseContentLanguage: 'de',
	    ResponseContentType: 'text/x-other',
	    ResponseExpires: new Date('2031-01-02T03:04:05Z') };
	const r = await get('kept', asked);
	assert.equal(r.CacheControl, 'no-store');
	assert.equal(r.ContentDisposition, 'attachment; filename=x');
	assert.equal(r.ContentEncoding, 'identity');
	assert.equal(r.ContentLanguage, 'de');
	assert.equal(r.ContentType, 'text/x-other');
	assert.equal(r.ExpiresString, 'Thu, 02 Jan 2031 03:04:05 GMT');
	assert.equal((await head('kept')).ContentType, 'text/x-kept');
	await fails(get('kept', { ResponseContentType: 'a\r\nx-b: c' }),
	    'InvalidArgument', 400);
});

check('conditions of two kinds: the entity tag decides', async () => {
	const { ETag, LastModified } = await head('first');
	const later = new Date(LastModified.getTime() + 1000);
	const earlier = new Date(LastModified.getTime() - 1000);
	assert.equal(await status(get('first',
	    { IfMatch: ETag, IfUnmodifiedSince: earlier })), 200);
	assert.equal(await status(get('first',
	    { IfMatch: '"0"', IfUnmodifiedSince: later })), 412);
	assert.equal(await status(get('first',
	    { IfNoneMatch: ETag, IfModifiedSince: earlier })), 304);
	assert.equal(await status(get('first',
	    { IfNoneMatch: '"0"', IfModifiedSince: later })), 200);
	assert.equal(await status(head('first', { IfMatch: '"0"' })), 412);
	assert.equal(await status(head('first', { IfNoneMatch: ETag })), 304);
	const e = await fails(get('first', { IfMatch: '"0"' }),
	    'PreconditionFailed', 412);
	assert.equal(e.Condition, 'If-Match');
	const r = await get('first', { IfMatch: ETag, Range: 'bytes=1-' });
	assert.equal(await text(r), 'ello');
});

check('an object that was not uploaded in parts is part 1', async () => {
	const r = await get('first', { PartNumber: 1 });
	assert.equal(r.$metadata.httpStatusCode, 206);
	assert.equal(r.ContentRange, 'bytes 0-4/5');
	assert.equal(await text(r), 'hello');
	assert.equal(await status(head('empty', { PartNumber: 1 })), 200);
	await fails(get('first', { PartNumber: 2 }), 'InvalidPartNumber', 416);
	await fails(get('first', { PartNumber: 1, Range: 'bytes=0-1' }),
	    'InvalidRequest', 400);
});

check('If-Match replaces and deletes what was meant', async () => {
	const { ETag } = await put('match', 'one');
	await fails(put('match', 'two', { IfMatch: '"0"' }),
	    'PreconditionFailed', 412);
	const w = await put('match', 'two', { IfMatch: ETag });
	await fails(put('match', 'three', { IfMatch: ETag }),
	    'PreconditionFailed', 412);
	await fails(put('no match', 'x', { IfMatch: '*' }), 'NoSuchKey', 404);
	await fails(remove('match', { IfMatch: ETag }), 'PreconditionFailed',
	    412);
	await fails(remove('no match', { IfMatch: '*' }), 'NoSuchKey', 404);
	assert.equal(await text(await get('match')), 'two');
	assert.equal(await status(remove('match', { IfMatch: w.ETag })), 204);
	assert.equal(await status(head('match')), 404);
	await fails(put('match', 'x', { IfNoneMatch: '"a"' }),
	    'NotImplemented', 501);
});

check('many are deleted at once, and each is told', async () => {
	const keys = ['d/1', 'd/2', 'd/<&>"\'', 'd/é'];
	for (const key of keys)
		await put(key, 'x');
	const { ETag } = await put('d/etag', 'x');
	const del = (Objects, more = {}) => s3.send(new DeleteObjectsCommand(
	    { Bucket, Delete: { Objects, ...more } }));
	let r = await del([...keys, 'd/none'].map((Key) => ({ Key })));
	assert.deepEqual(r.Deleted.map((d) => d.Key), [...keys, 'd/none']);
	assert.equal(r.Errors, undefined);
	r = await del([{ Key: 'd/etag', ETag: '"0"' }, { Key: 'd/none',
	    ETag: '*' }, { Key: 'd/1', VersionId: 'abc' }], { Quiet: true });
	assert.equal(r.Deleted, undefined);
	assert.deepEqual(r.Errors.map((e) => [e.Key, e.Code]), [
	    ['d/etag', 'PreconditionFailed'], ['d/none', 'NoSuchKey'],
	    ['d/1', 'NoSuchVersion']]);
	assert.deepEqual((await list({ Prefix: 'd/' })).Contents.map((o) => o.Key),
	    ['d/etag']);
	r = await del([{ Key: 'd/etag', ETag }], { Quiet: true });
	assert.equal(r.Errors, undefined);
	assert.equal((await list({ Prefix: 'd/' })).KeyCount, 0);
	const thousand = Array.from({ length: 1000 }, (_, i) => ({ Key: `d${i}` }));
	assert.equal((await del(thousand)).Deleted.length, 1000);
	await fails(del([...thousand, { Key: 'd' }]), 'MalformedXML', 400);
	await fails(del([]), 'MalformedXML', 400);
	await fails(del([{ Key: 'k'.repeat(1025) }]), 'MalformedXML', 400);
	const without = changing((request) => {
		for (const name of Object.keys(request.headers)) {
			if (/checksum|content-md5/.test(name))
				delete request.headers[name];
		}
	});
	await fails(without.send(new DeleteObjectsCommand({ Bucket, Delete:
	    { Objects: [{ Key: 'a' }] } })), 'InvalidRequest', 400);
});

check('buckets are listed, page by page, and have a location', async () => {
	for (const name of ['listed-b', 'listed-a'])
		await s3.send(new CreateBucketCommand({ Bucket: name }));
	const found = [];
	for await (const page of paginateListBuckets({ client: s3, pageSize: 1 },
	    { Prefix: 'listed' }))
		found.push(...page.Buckets.map((b) => b.Name));
	assert.deepEqual(found, ['listed-a', 'listed-b']);
	const all = await s3.send(new ListBucketsCommand({}));
	assert.ok(all.Buckets.some((b) => b.Name === 'awaitd-local'));
	assert.ok(all.Owner.ID);
	await fails(s3.send(new ListBucketsCommand({ ContinuationToken: '?' })),
	    'InvalidArgument', 400);
	const where = (name, by = s3) => by.send(
	    new GetBucketLocationCommand({ Bucket: name }));
	assert.equal((await where(Bucket)).LocationConstraint, undefined);
	await fails(where('nowhere-at-all'), 'NoSuchBucket', 404);
	await fails(s3.send(new CreateBucketCommand({ Bucket: 'far',
	    CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } })),
	    'IllegalLocationConstraintException', 400);
	await fails(s3.send(new CreateBucketCommand({ Bucket: 'No_Name' })),
	    'InvalidBucketName', 400);
	assert.equal(await status(s3.send(new HeadBucketCommand(
	    { Bucket: 'nowhere-at-all' }))), 404);
});

check('who may not list learns nothing by asking otherwise', async () => {
	for (const by of [{ IfNoneMatch: '"0"' }, { IfMatch: '"0"' },
	    { IfModifiedSince: new Date(0) }, { Range: 'bytes=0-1' }]) {
		await fails(get('none', by, reader), 'AccessDenied', 403);
		assert.equal(await status(head('none', by, reader)), 403);
	}
	await fails(put('none', 'x', { IfMatch: '*' }, reader),
	    'AccessDenied', 403);
	await fails(remove('none', { IfMatch: '*' }, reader),
	    'AccessDenied', 403);
	const r = await reader.send(new DeleteObjectsCommand({ Bucket, Delete:
	    { Objects: [{ Key: 'none', ETag: '*' }] } }));
	assert.equal(r.Errors[0].Code, 'AccessDenied');
	assert.equal(await status(reader.send(new HeadBucketCommand(
	    { Bucket }))), 403);
	await fails(reader.send(new ListBucketsCommand({})), 'AccessDenied', 403);
	/* What it may do it can. */
	await put('reader', 'x', {}, reader);
	assert.equal(await text(await get('reader', {}, reader)), 'x');
	assert.equal(await status(remove('none', {}, reader)), 204);
});

check('a bucket of another owner is not ours', async () => {
	const owner = (ExpectedBucketOwner) => get('first', { ExpectedBucketOwner });
	assert.equal(await text(await owner('123456789012')), 'hello');
	await fails(owner('999999999999'), 'AccessDenied', 403);
	await fails(owner('me'), 'InvalidBucketOwnerAWSAccountID', 400);
	await fails(put('owner', 'x', { ExpectedBucketOwner: '999999999999' }),
	    'AccessDenied', 403);
	assert.equal(await status(head('owner')), 404);
});

check('what is not done here is refused, not passed over', async () => {
	const e = await fails(s3.send(new CreateMultipartUploadCommand(
	    { Bucket, Key: 'parts' })), 'NotImplemented', 501);
	assert.match(e.message, /multipart threshold/);
	for (const command of [new CopyObjectCommand({ Bucket, Key: 'copy',
	    CopySource: `${Bucket}/first` }), new GetBucketAclCommand({ Bucket }),
	    new ListObjectsCommand({ Bucket })])
		await fails(s3.send(command), 'NotImplemented', 501);
	for (const more of [{ ServerSideEncryption: 'aws:kms' },
	    { Tagging: 'a=b' }, { WebsiteRedirectLocation: '/x' }])
		await fails(put('implied', 'x', more), 'NotImplemented', 501);
	await fails(put('implied', 'x', { ACL: 'public-read' }),
	    'AccessControlListNotSupported', 400);
	await fails(put('implied', 'x', { StorageClass: 'PAPER' }),
	    'InvalidStorageClass', 400);
	assert.equal(await status(head('implied')), 404);
	await put('implied', 'x', { ACL: 'bucket-owner-full-control',
	    StorageClass: 'STANDARD' });
	await fails(get('first', { VersionId: 'abc' }), 'InvalidArgument', 400);
	assert.equal(await text(await get('first', { VersionId: 'null' })),
	    'hello');
});

check('checksums that are wrong or unknown are told apart', async () => {
	const plain = { requestChecksumCalculation: 'WHEN_REQUIRED' };
	const says = (name, value) => {
		const by = new S3Client(s3client(plain));
		by.middlewareStack.add((next) => (args) => {
			args.request.headers[name] = value;
			return next(args);
		}, { step: 'build' });
		return put('sums', 'x', {}, by);
	};
	await fails(says('x-amz-checksum-crc32', 'AAAA'), 'InvalidRequest', 400);
	await fails(says('x-amz-checksum-crc32', 'AAAAAA=='), 'BadDigest', 400);
	await fails(says('x-amz-checksum-sha512', 'AAAA'), 'NotImplemented', 501);
	await fails(says('x-amz-sdk-checksum-algorithm', 'CRC32'),
	    'InvalidRequest', 400);
	assert.equal(await status(head('sums')), 404);
});

check('what was signed is what must come', async () => {
	const bad = (change, input = {}) => put('signed', 'x', input,
	    changing(change, true));
	await fails(bad((r) => { r.headers['x-amz-meta-late'] = '1'; }),
	    'AccessDenied', 403);
	await fails(bad((r) => { r.path += '2'; }), 'SignatureDoesNotMatch', 403);
	await fails(bad((r) => { r.query = { a: 'b' }; }),
	    'SignatureDoesNotMatch', 403);
	await fails(bad((r) => { delete r.headers['x-amz-content-sha256']; }),
	    'InvalidRequest', 400);
	await fails(bad((r) => { r.headers.authorization = 'AWS a:b'; }),
	    'InvalidRequest', 400);
	await fails(bad((r) => { delete r.headers.authorization; }),
	    'AccessDenied', 403);
	const hash = createHash('sha256').update('y').digest('hex');
	await fails(put('signed', 'x', {}, changing((r) => {
		r.headers['x-amz-content-sha256'] = hash; })),
	    'XAmzContentSHA256Mismatch', 400);
	await fails(get('first', {}, changing((r) => {
		r.headers['x-amz-content-sha256'] = hash; })),
	    'XAmzContentSHA256Mismatch', 400);
	assert.equal(await status(head('signed')), 404);
});

check('an object is seen when it is whole', async () => {
	await put('whole', 'before');
	let go;
	const gone = new Promise((resolve) => { go = resolve; });
	const writing = put('whole', Readable.from((async function* () {
		yield Buffer.alloc(70000, 'a');
		await gone;
		yield Buffer.alloc(70000, 'b');
	})()), { ContentLength: 140000 });
	for (let i = 0; i < 5; i++)
		assert.equal(await text(await get('whole')), 'before');
	go();
	await writing;
	assert.equal((await head('whole')).ContentLength, 140000);
});

// --- presigned URLs ---------------------------------------------------------

const commands = { GET: GetObjectCommand, HEAD: HeadObjectCommand,
    PUT: PutObjectCommand, DELETE: DeleteObjectCommand };

// Of a body that is not known yet the SDK would sign the checksum of none.
const presigner = new S3Client(s3client(
    { requestChecksumCalculation: 'WHEN_REQUIRED' }));

function presign(method, Key, more = {}, { by = presigner, ...how } = {}) {
	return getSignedUrl(by, new commands[method]({ Bucket, Key, ...more }),
	    { expiresIn: 300, ...how });
}

async function code(response) {
	return [response.status, /<Code>(.*)<\/Code>/.exec(
	    await response.text())?.[1]];
}

check('a presigned URL puts, gets, asks and deletes', async () => {
	const body = 'by whoever has the URL';
	let r = await fetch(await presign('PUT', 'pre/a b+é'), { method: 'PUT',
	    body, headers: { 'Content-Type': 'text/x-pre' } });
	assert.equal(r.status, 200);
	assert.equal(r.headers.get('etag'), `"${md5(body)}"`);
	r = await fetch(await presign('GET', 'pre/a b+é'));
	assert.equal(r.headers.get('content-type'), 'text/x-pre');
	assert.equal(await r.text(), body);
	r = await fetch(await presign('GET', 'pre/a b+é',
	    { ResponseContentType: 'text/x-seen', ResponseContentDisposition:
	    'attachment; filename="x"' }), { headers: { Range: 'bytes=3-9' } });
	assert.equal(r.status, 206);
	assert.equal(r.headers.get('content-type'), 'text/x-seen');
	assert.equal(r.headers.get('content-disposition'),
	    'attachment; filename="x"');
	assert.equal(await r.text(), body.slice(3, 10));
	r = await fetch(await presign('HEAD', 'pre/a b+é'), { method: 'HEAD' });
	assert.equal(r.headers.get('content-length'), String(body.length));
	const twice = await presign('GET', 'pre/a b+é');
	assert.equal((await fetch(twice)).status, 200);
	r = await fetch(await presign('DELETE', 'pre/a b+é'),
	    { method: 'DELETE' });
	assert.equal(r.status, 204);
	assert.deepEqual(await code(await fetch(twice)), [404, 'NoSuchKey']);
});

check('what a presigned URL says in place of headers holds', async () => {
	const empty = await presign('PUT', 'pre/sum', {}, { by: s3 });
	assert.match(empty, /x-amz-checksum-crc32=AAAAAA/);
	assert.deepEqual(await code(await fetch(empty, { method: 'PUT',
	    body: 'x' })), [400, 'BadDigest']);
	assert.equal((await fetch(empty, { method: 'PUT', body: '' })).status, 200);
	const url = await presign('PUT', 'pre/meta', { Metadata: { who: 'me' },
	    StorageClass: 'PAPER' });
	assert.deepEqual(await code(await fetch(url, { method: 'PUT',
	    body: 'x' })), [400, 'InvalidStorageClass']);
	await fetch(await presign('PUT', 'pre/meta', { Metadata: { who: 'me' } }),
	    { method: 'PUT', body: 'x' });
	assert.deepEqual((await head('pre/meta')).Metadata, { who: 'me' });
	assert.deepEqual(await code(await fetch(await presign('GET', 'pre/meta',
	    { ExpectedBucketOwner: '999999999999' }))), [403, 'AccessDenied']);
	const r = await fetch(await presign('GET', 'pre/meta',
	    { ChecksumMode: 'ENABLED' }));
	assert.ok(r.headers.get('x-amz-checksum-crc64nvme'));
});

check('a presigned URL is for what it was made for, and as long', async () => {
	const url = await presign('GET', 'first');
	assert.equal(await (await fetch(url)).text(), 'hello');
	const mismatch = [403, 'SignatureDoesNotMatch'];
	assert.deepEqual(await code(await fetch(url, { method: 'PUT', body: 'x' })),
	    mismatch);
	assert.deepEqual(await code(await fetch(url.replace('/first?',
	    '/empty?'))), mismatch);
	assert.deepEqual(await code(await fetch(
	    `${url}&response-content-type=text/html`)), mismatch);
	assert.deepEqual(await code(await fetch(url.replace('Expires=300',
	    'Expires=3000'))), mismatch);
	const over = await fetch(await presign('GET', 'first', {}, { expiresIn: 60,
	    signingDate: new Date(Date.now() - 120000) }));
	const body = await over.text();
	assert.equal(over.status, 403);
	assert.match(body, /<Code>AccessDenied<\/Code><Message>Request has expired/);
	assert.match(body, /<X-Amz-Expires>60<\/X-Amz-Expires><Expires>\d{4}-/);
	assert.match(body, /<ServerTime>\d{4}-\d\d-\d\dT[\d:]{8}Z</);
	assert.match(await (await fetch(await presign('GET', 'first', {},
	    { signingDate: new Date(Date.now() + 1200000) }))).text(),
	    /AccessDenied.*Request is not yet valid/);
});

check('what is wrong with a presigned URL is told', async () => {
	const url = await presign('GET', 'first');
	const wrong = [400, 'AuthorizationQueryParametersError'];
	for (const [from, to] of [['Expires=300', 'Expires=0'],
	    ['Expires=300', 'Expires=604801'], ['Expires=300', 'Expires=1h'],
	    ['Expires=300', 'Expires'], ['AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1'],
	    [/X-Amz-Date=\d+T/, 'X-Amz-Date=2026-01-01T'],
	    [/X-Amz-Date=\d{8}/, 'X-Amz-Date=20130524'],
	    ['us-east-1', 'eu-west-1'], ['%2Fs3%2F', '%2Fiam%2F'],
	    ['%2Faws4_request', ''], ['&X-Amz-SignedHeaders=host', '']]) {
		const changed = url.replace(from, to);
		assert.notEqual(changed, url);
		const got = await code(await fetch(changed));
		assert.deepEqual(got, wrong, `${from} ${to}`);
	}
	assert.deepEqual(await code(await fetch(`${url}&X-Amz-Date=1`)), wrong);
	assert.deepEqual(await code(await fetch(
	    `${url}&X-Amz-Security-Token=x`)), [400, 'InvalidToken']);
	assert.deepEqual(await code(await fetch(url.replace('awaitd-local%2F',
	    'nobody%2F'))), [403, 'InvalidAccessKeyId']);
	assert.deepEqual(await code(await fetch(url, { headers:
	    { Authorization: 'AWS4-HMAC-SHA256 Credential=a' } })),
	    [400, 'InvalidArgument']);
	assert.deepEqual(await code(await fetch(url, { headers:
	    { 'x-amz-acl': 'private' } })), [403, 'AccessDenied']);
	assert.deepEqual(await code(await fetch(await presign('GET', 'none', {},
	    { by: reader }))), [403, 'AccessDenied']);
});

check('presigned in virtual-host style', async () => {
	const by = new S3Client(client(virtualHost()));
	const url = new URL(await presign('GET', 'first', {}, { by }));
	assert.match(url.host, /^interop\.localhost:/);
	const Host = url.host;
	url.hostname = '127.0.0.1';
	assert.equal((await raw(url, { Host })).body, 'hello');
	assert.equal((await raw(url, { Host: Host.replace('interop', 'other') }))
	    .status, 403);
});

check('a key of 1024 bytes is taken, one of 1025 is not', async () => {
	await put('k'.repeat(1024), 'x');
	await fails(put('k'.repeat(1025), 'x'), 'KeyTooLongError', 400);
});

await run();
