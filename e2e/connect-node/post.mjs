import { readFileSync } from "node:fs";
import { EnvHttpProxyAgent, fetch, setGlobalDispatcher } from "undici";

setGlobalDispatcher(new EnvHttpProxyAgent());
const [url, body] = process.argv.slice(2);
const answer = await fetch(url, {
	method: "POST",
	headers: { "Content-Type": "application/json" },
	body: readFileSync(body),
});
if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
console.log(answer.status);
