#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// A receiver of awaitd's webhooks: verifies, takes each event once, answers.
// Nothing but Node.js is needed.
//
//	AWAITD_WEBHOOK_SECRET=$(cat hook.secret) node receiver.mjs [PORT]
//
// Several secrets, while one takes the place of another, with blanks between.
// Prints a line for each event that is new: id, content type, bytes.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const BODY_MAX = 1024 * 1024;
const TOLERANCE_S = 300;
const keys = (process.env.AWAITD_WEBHOOK_SECRET ?? "").split(/\s+/)
    .filter((secret) => secret.startsWith("whsec_"))
    .map((secret) => Buffer.from(secret.slice(6), "base64"));
if (keys.length === 0) {
	console.error("AWAITD_WEBHOOK_SECRET holds no whsec_ secret");
	process.exit(2);
}

// A real one keeps these where it keeps what it does with an event, and in
// the same transaction: then a copy that comes after a crash does no harm.
const seen = new Set();

// Why it is not to be believed; or null.
function doubt(headers, body) {
	const id = headers["webhook-id"] ?? "";
	const at = headers["webhook-timestamp"] ?? "";
	const signatures = (headers["webhook-signature"] ?? "").split(" ");

	if (id === "" || !/^[1-9][0-9]{0,11}$/.test(at))
		return "not signed";
	if (Math.abs(Date.now() / 1000 - Number(at)) > TOLERANCE_S)
		return "too old, or from the future";
	for (const key of keys) {
		const mac = createHmac("sha256", key).update(`${id}.${at}.`)
		    .update(body).digest();

		for (const signature of signatures) {
			const theirs = signature.startsWith("v1,")
			    ? Buffer.from(signature.slice(3), "base64")
			    : Buffer.alloc(0);

			if (theirs.length === mac.length &&
			    timingSafeEqual(theirs, mac))
				return null;
		}
	}
	return "no signature is right";
}

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
	return Buffer.concat(pieces);
}

// What this receiver is there for. A 2xx answer says that it is done, or safe.
function take(id, headers, body) {
	console.log(`${id} ${headers["content-type"]} ${body.length}`);
}

async function answer(request) {
	const { headers } = request;

	if (request.method !== "POST")
		return [405, "a webhook is a POST\n"];
	const body = await readBody(request);
	if (body === null)
		return [413, "too large\n"];
	const why = doubt(headers, body);
	if (why !== null)
		return [401, `${why}\n`];
	const id = headers["webhook-id"];
	if (!seen.has(id)) {
		take(id, headers, body);
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
