// What test.mjs needs to make requests and to run verify.mjs.

import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const read = (name) => readFileSync(file(`testdata/${name}`), 'utf8');

export const secret = read('test-shared-secret.b64').trim();

export const keys = {
  hmac: { kid: 'test-shared-secret', alg: 'hmac-sha256', secret },
  ed25519: { kid: 'test-key-ed25519', alg: 'ed25519', pem: read('test-key-ed25519.pub.pem') },
  pss: { kid: 'test-key-rsa-pss', alg: 'rsa-pss-sha512', pem: read('test-key-rsa-pss.pub.pem') },
};

// vector is a message of the RFC as it was on the wire.
export function vector(name) {
  const [head, body] = read(`${name}.txt`).replaceAll('\r\n', '\n').trimEnd().split('\n\n');
  return `${head.replaceAll('\n', '\r\n')}\r\n\r\n${body}`;
}

// run pipes text to verify.mjs.
export async function run(text) {
  const child = spawn(process.execPath, [file('verify.mjs')], { stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => { out += chunk; });
  child.stderr.setEncoding('utf8').on('data', (chunk) => { err += chunk; });
  child.stdin.on('error', () => {}); // it may end before it has read everything
  child.stdin.end(text);
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, err, verdicts: out.split('\n').filter(Boolean).map((line) => JSON.parse(line)) };
}

// ask sends inputs after the keys above, and returns the verdicts.
export async function ask(inputs) {
  const lines = [{ keys: Object.values(keys) }, ...inputs].map((line) => JSON.stringify(line));
  const { code, err, verdicts } = await run(`${lines.join('\n')}\n`);
  if (code !== 0) throw new Error(`exit code ${code}: ${err}`);
  return verdicts;
}

export async function askOne(input) {
  return (await ask([input]))[0];
}

// http1 is an input line for a request given as a string, one character per
// byte.
export function http1(raw, more = {}) {
  return { id: 1, scheme: 'https', raw: Buffer.from(raw, 'latin1').toString('base64'), ...more };
}

// signed makes a GET request with the shared secret. The lines of the base are
// written out by the test, so that no code of a package signs; also has
// components that are named without a line.
export function signed({
  method = 'GET', target = '/', host = 'example.com', fields = [], lines = [], also = [], params = '', body = '',
}) {
  const covered = [...lines.map((line) => line.slice(0, line.indexOf(': '))), ...also];
  const input = `(${covered.join(' ')});created=1618884473;keyid="test-shared-secret"${params}`;
  const base = [...lines, `"@signature-params": ${input}`].join('\n');
  const signature = createHmac('sha256', Buffer.from(secret, 'base64')).update(base, 'latin1').digest('base64');
  return [
    `${method} ${target} HTTP/1.1`, `Host: ${host}`, ...fields,
    `Signature-Input: sig1=${input}`, `Signature: sig1=:${signature}:`, '', body,
  ].join('\r\n');
}
