// SPDX-License-Identifier: Apache-2.0
// Every host that awaitd may turn to, against the AWS SDK for JavaScript: all
// regions of its partitions and some that do not exist yet, all services, all
// variants.
//   AWSPROBE=PROGRAM node aws_hosts.mjs
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { S3Client } from '@aws-sdk/client-s3';
import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSOClient } from '@aws-sdk/client-sso';
import { SSOOIDCClient } from '@aws-sdk/client-sso-oidc';
import { STSClient } from '@aws-sdk/client-sts';
import { assert, check, run } from './tap.mjs';

const services = {
	S3: S3Client,
	SAGEMAKER_RUNTIME: SageMakerRuntimeClient,
	SNS: SNSClient,
	SQS: SQSClient,
	SSO: SSOClient,
	SSO_OIDC: SSOOIDCClient,
	STS: STSClient,
};
const buckets = ['-', 'bkt', 'b.kt', 'Bkt', 'b_t'];
const unborn = [
	'us-new-1', 'cn-new-1', 'us-gov-new-1', 'us-iso-new-1',
	'us-isob-new-1', 'eu-isoe-new-1', 'us-isof-new-1', 'eusc-de-new-1',
	'xx-new-1',
];

// The SDK does not export its table; its text is JSON but for the first words.
const text = readFileSync(new URL('node_modules/@aws-sdk/core/dist-es/' +
	'submodules/client/util-endpoints/lib/aws/partitions.js',
	import.meta.url), 'utf8');
const { partitions } = JSON.parse(
	text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
const regions = new Map(unborn.map((name) => [name, name]));
for (const p of partitions) {
	for (const name of Object.keys(p.regions))
		// 'aws-global' is no place: awaitd takes the region behind it,
		// where the SDK has a host for S3 and STS and none for others.
		regions.set(name, name.endsWith('-global')
			? p.outputs.implicitGlobalRegion : name);
}

function ask(client, region, fips, dual, bucket) {
	const parameters = {
		Region: region, UseFIPS: fips === '1', UseDualStack: dual === '1',
	};
	if (bucket !== '-')
		parameters.Bucket = bucket;
	try {
		const { url } = client.config.endpointProvider(parameters);
		return url.href;
	} catch {
		return 'error';
	}
}

const questions = [], answers = [];
for (const [service, Client] of Object.entries(services)) {
	const client = new Client({ region: 'us-east-1' });
	for (const [name, region] of regions) {
		for (const fips of '01') for (const dual of '01')
			for (const bucket of service === 'S3' ? buckets : ['-']) {
				const q = `${service} ${name} ${fips} ${dual} ${bucket}`;
				questions.push(q);
				answers.push(`${q} ${ask(client, region, fips, dual, bucket)}`);
			}
	}
}

const probe = spawnSync(process.env.AWSPROBE, ['hosts'], {
	input: `${questions.join('\n')}\n`,
	encoding: 'utf8',
	maxBuffer: 1 << 26,
	env: { HOME: '/nonexistent' },
});
// A path '/' or none is the same to everybody.
const same = (line) => line?.replace(/\/$/, '');
const got = probe.stdout.trimEnd().split('\n');
const wrong = answers.filter((a, i) => same(a) !== same(got[i]));

check('awaitd answers every question', () => {
	assert.equal(probe.status, 0, probe.stderr);
	assert.equal(got.length, questions.length);
});
check(`${questions.length} hosts are compared, of ${regions.size} regions`,
    () => {
	assert.ok(questions.length > 2000 && regions.size > 50);
	assert.ok(answers.some((a) => a.endsWith(' error')));
});
check('awaitd and the AWS SDK for JavaScript agree on every host', () => {
	assert.equal(wrong.length, 0, wrong.slice(0, 20).map((a) =>
	    `the SDK: ${a}\nawaitd:  ${got[answers.indexOf(a)]}`).join('\n'));
});
await run();
