// SPDX-License-Identifier: Apache-2.0
// What bench/sns.sh measures awaitd against: messages are checked by
// sns-validator, and kept nowhere. Prints its port.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import https from 'node:https';
import { PassThrough } from 'node:stream';
import MessageValidator from 'sns-validator';

const pem = readFileSync(process.env.SNS_PEM, 'utf8');

// It gets its certificate over https from Amazon, and here from us.
https.get = (url, done) => {
	const response = new PassThrough();
	response.statusCode = 200;
	done(response);
	response.end(pem);
	return response;
};

const validator = new MessageValidator();
const server = createServer((request, response) => {
	const pieces = [];
	request.on('data', (piece) => pieces.push(piece));
	request.on('end', () => validator.validate(
	    JSON.parse(Buffer.concat(pieces)), (error) => {
		response.statusCode = error ? 403 : 200;
		response.end();
	}));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
