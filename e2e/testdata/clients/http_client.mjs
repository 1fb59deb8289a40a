// http_client.mjs <URL> <document> <directory for what was sent>
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { basename } from "node:path";
import tls from "node:tls";

const [url, document, sent] = process.argv.slice(2);
const fields = { amount: "12.50", to: "Zoë & Söhne" };
const { http_proxy, https_proxy } = process.env;

// The module knows of no proxies: an application asks one itself.
class TunnelAgent extends https.Agent {
	createConnection(options, done) {
		const { hostname, port } = new URL(https_proxy);
		const path = `${options.host}:${options.port}`;
		http.request({ method: "CONNECT", hostname, port, path, headers: { Host: path } })
			.on("connect", (answer, socket) => {
				if (answer.statusCode !== 200) return done(new Error(`CONNECT: ${answer.statusCode}`));
				done(null, tls.connect({ ...options, socket }));
			})
			.on("error", done)
			.end();
	}
}

function request(target, headers) {
	const options = { method: "POST", headers, timeout: 60_000 };
	if (target.startsWith("https:")) return https.request(target, https_proxy ? { ...options, agent: new TunnelAgent() } : options);
	if (!http_proxy) return http.request(target, options);
	const { hostname, port } = new URL(http_proxy);
	return http.request({ ...options, hostname, port, path: target, headers: { ...headers, Host: new URL(target).host } });
}

function post(name, type, content, headers) {
	const body = Buffer.from(content);
	writeFileSync(`${sent}/${name}`, body);
	return new Promise((done, failed) => {
		const statuses = [name];
		const r = request(`${url}/${name}`, { "Content-Type": type, "Content-Length": body.length, ...headers });
		r.on("error", failed).on("timeout", () => r.destroy(new Error(`${name}: no answer`)));
		r.on("response", (answer) => answer.resume().on("error", failed).on("end", () => {
			console.log(...statuses, answer.statusCode);
			done();
		}));
		if (!headers.Expect) return r.end(body);
		r.on("continue", () => {
			statuses.push(100);
			r.end(body);
		});
		r.flushHeaders();
	});
}

function multipart() {
	const boundary = randomUUID();
	const parts = Object.entries(fields).map(([name, value]) =>
		`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
	parts.push(`--${boundary}\r\nContent-Disposition: form-data; name="document"; filename="${basename(document)}"\r\n` +
		"Content-Type: application/pdf\r\n\r\n");
	return [`multipart/form-data; boundary=${boundary}`,
		Buffer.concat([Buffer.from(parts.join("")), readFileSync(document), Buffer.from(`\r\n--${boundary}--\r\n`)])];
}

for (const [suffix, headers] of [["", {}], ["-expect", { Expect: "100-continue" }]]) {
	await post(`json${suffix}`, "application/json", JSON.stringify(fields), headers);
	await post(`form${suffix}`, "application/x-www-form-urlencoded", new URLSearchParams(fields).toString(), headers);
	await post(`multipart${suffix}`, ...multipart(), headers);
}
