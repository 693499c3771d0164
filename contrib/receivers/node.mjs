#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// A receiver of awaitd's webhooks: verifies, takes each event once, answers.
//
//	npm install standardwebhooks
//	AWAITD_WEBHOOK_SECRET=$(cat hook.secret) node node.mjs [PORT]
//
// Prints one line of JSON for each event that is new.
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const BODY_MAX = 1024 * 1024;
const webhook = new Webhook((process.env.AWAITD_WEBHOOK_SECRET ?? "").trim());

// A real one keeps these where it keeps what it does with an event, and in
// the same transaction: then a copy that comes after a crash does no harm.
const seen = new Set();

// The bytes as they came: a signature is over nothing else.
async function readBody(request) {
	const pieces = [];
	let size = 0;
	for await (const piece of request) {
		size += piece.length;
		if (size > BODY_MAX)
			return null;
		pieces.push(piece);
	}
	return Buffer.concat(pieces).toString("utf8");
}

async function answer(request) {
	if (request.method !== "POST")
		return [405, "a webhook is a POST\n"];
	const body = await readBody(request);
	if (body === null)
		return [413, "too large\n"];
	let event;
	try {
		event = webhook.verify(body, request.headers);
	} catch (error) {
		return [401, `${error.message}\n`];
	}
	const id = request.headers["webhook-id"];
	if (!seen.has(id)) {
		console.log(JSON.stringify({ id, ...event }));
		seen.add(id);
	}
	return [204, ""];
}

const server = createServer(async (request, response) => {
	let status = 500;
	let text = "";
	try {
		[status, text] = await answer(request);
	} catch (error) {
		console.error(error);
	}
	// What was not read to its end is not waited for.
	response.writeHead(status,
	    status === 413 ? { connection: "close" } : {}).end(text);
});
server.listen(Number(process.argv[2] ?? 8787), "127.0.0.1", () =>
	console.error(`listening at http://127.0.0.1:${server.address().port}/`));
