// Reads requests as JSON lines from stdin and writes one verdict for each to
// stdout; README.md describes both.

import { contentDigest } from './digest.mjs';
import { loadKey } from './keys.mjs';
import { verifySignatures } from './signatures.mjs';
import { base64, readHTTP1, readHTTP2 } from './wire.mjs';

const registered = new Map();

// keyFinder says which keys a request may be signed with. A key on the
// request's own line stands alone, and also fits a signature without a keyid.
function keyFinder(given) {
  if (given === undefined) return (keyid) => registered.get(keyid);
  const key = given.pem === undefined && given.secret === undefined ? registered.get(given.kid) : loadKey(given);
  if (key === undefined) throw new Error(`no key ${JSON.stringify(given.kid)} is registered`);
  return (keyid) => (keyid === undefined || keyid === key.kid ? key : undefined);
}

async function judge(input) {
  let digest = null;
  try {
    const message = input.h2 === undefined
      ? readHTTP1(input.scheme, base64(input.raw))
      : readHTTP2(input.scheme, input.h2);
    digest = contentDigest(message);
    const verdict = await verifySignatures(message, keyFinder(input.key), input.label);
    return { id: input.id, ...verdict, digest };
  } catch (err) {
    return { id: input.id, ok: false, error: err.message, digest };
  }
}

async function answer(line) {
  let input;
  try {
    input = JSON.parse(line);
    if (typeof input !== 'object' || input === null) throw new Error('not an object');
  } catch (err) {
    return { id: null, ok: false, error: `not a JSON object: ${err.message}`, digest: null };
  }
  if (input.keys === undefined) return judge(input);
  // A key that cannot be read would turn every verdict into "no key": end.
  for (const key of input.keys) registered.set(key.kid, loadKey(key));
}

// lines cuts at LF only. node:readline would also cut at U+2028, which JSON
// strings may hold.
async function* lines(stream) {
  let rest = [];
  for await (const chunk of stream) {
    let start = 0;
    for (let end; (end = chunk.indexOf(0x0a, start)) >= 0; start = end + 1) {
      rest.push(chunk.subarray(start, end));
      yield Buffer.concat(rest).toString();
      rest = [];
    }
    rest.push(chunk.subarray(start));
  }
  yield Buffer.concat(rest).toString();
}

async function main() {
  for await (const line of lines(process.stdin)) {
    if (line.trim() === '') continue;
    const verdict = await answer(line);
    if (verdict === undefined) continue;
    if (!process.stdout.write(`${JSON.stringify(verdict)}\n`)) {
      await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
  }
}

main().catch((err) => {
  process.stderr.write(`verify: ${err.message}\n`);
  process.exitCode = 2;
});
