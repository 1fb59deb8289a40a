// fetch_client.mjs <URL> <document> <directory for what was sent>
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";

const [url, document, sent] = process.argv.slice(2);
const fields = { amount: "12.50", to: "Zoë & Söhne" };
const { http_proxy, https_proxy } = process.env;

// Without a proxy, Node's own fetch needs no package.
let { fetch, FormData, Request } = globalThis;
if (http_proxy || https_proxy) {
	const undici = createRequire(new URL("../../connect-node/", import.meta.url))("undici");
	undici.setGlobalDispatcher(new undici.EnvHttpProxyAgent({ proxyTunnel: false }));
	({ fetch, FormData, Request } = undici);
}

function multipart() {
	const form = new FormData();
	for (const [name, value] of Object.entries(fields)) form.append(name, value);
	form.append("document", new Blob([readFileSync(document)], { type: "application/pdf" }), basename(document));
	return form;
}

async function post(name, body, headers) {
	const request = new Request(`${url}/${name}`, { method: "POST", headers, body });
	writeFileSync(`${sent}/${name}`, Buffer.from(await request.clone().arrayBuffer()));
	const answer = await fetch(request);
	await answer.arrayBuffer();
	console.log(name, answer.status);
}

const json = { "Content-Type": "application/json" };
await post("json", JSON.stringify(fields), json);
await post("form", new URLSearchParams(fields));
await post("multipart", multipart());

const expect = { Expect: "100-continue" };
const expecting = { "json-expect": [JSON.stringify(fields), { ...json, ...expect }], "form-expect": [new URLSearchParams(fields), expect], "multipart-expect": [multipart(), expect] };
for (const [name, [body, headers]] of Object.entries(expecting)) {
	await post(name, body, headers).catch((error) => console.log(name, "refused:", error.cause?.message ?? error.message));
}
