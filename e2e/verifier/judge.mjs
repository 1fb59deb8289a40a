// Judges one exchange: what a client sent through a block, and what became of it.

import { constants, createHmac, createPublicKey, verify } from 'node:crypto';
import { identifier, signatureBase } from './base.mjs';
import { Refused, anyKey, checkHost, expect, values } from './expect.mjs';
import { readHTTP1 } from './wire.mjs';

const hashes = {
  ed25519: null, 'ecdsa-p256-sha256': 'sha256', 'ecdsa-p384-sha384': 'sha384', 'ecdsa-p521-sha512': 'sha512',
  'rsa-pss-sha512': 'sha512', 'rsa-v1_5-sha256': 'sha256',
};

function check(condition, problem) {
  if (!condition) throw new Error(typeof problem === 'function' ? problem() : problem);
}

export function loadKeys(keys) {
  return Object.fromEntries(Object.entries(keys).map(([alg, { pem, secret }]) => [alg, pem ? createPublicKey(pem) : Buffer.from(secret, 'base64')]));
}

function verified(key, alg, base, bytes, der) {
  const data = Buffer.from(base, 'latin1');
  switch (alg) {
    case 'hmac-sha256': return createHmac('sha256', key).update(data).digest().equals(bytes);
    case 'ed25519':
    case 'rsa-v1_5-sha256': return verify(hashes[alg], data, key, bytes);
    case 'rsa-pss-sha512': return verify('sha512', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 }, bytes);
    default: return verify(hashes[alg], data, { key, dsaEncoding: der ? 'der' : 'ieee-p1363' }, bytes);
  }
}

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const uuid = /^("?)[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\1$/;
const quoted = (text) => `"${text.replace(/["\\]/g, '\\$&')}"`;

// parameters is a pattern of a signature's parameters, in the order they are
// configured.
function parameters(signature) {
  const names = signature.parameters.length > 0 ? signature.parameters : ['created', 'keyid', 'alg'];
  return names.map((spelled) => {
    const [, name, value] = /^([a-z]+)=?(.*)$/.exec(spelled);
    switch (name) {
      case 'created': return ';created=(?<created>[0-9]{10})';
      case 'expires': return ';expires=(?<expires>[0-9]{10})';
      case 'nonce': {
        const digits = Math.ceil(Number(value || 16) * 4 / 3);
        return `;nonce="[A-Za-z0-9${signature.url ? '_-' : '+/'}]{${digits}}${signature.url ? '' : '='.repeat((4 - digits % 4) % 4)}"`;
      }
      case 'alg': return `;alg="${signature.alg}"`;
      case 'keyid': return `;keyid=${escape(quoted(signature.key_id))}`;
      default: return `;tag=${escape(quoted(value))}`;
    }
  }).join('');
}

const patterns = new Map();

// ownMember finds the one member with this label; what it is must be as the
// pattern says.
function ownMember(lines, label, pattern) {
  check(lines.length === 1, () => `${lines.length} lines for the signature ${label}`);
  let regexp = patterns.get(label + pattern);
  if (regexp === undefined) patterns.set(label + pattern, regexp = new RegExp(`(?<=^|, )${escape(label)}=(${pattern})(?=, |$)`, 'g'));
  const found = [...lines[0].matchAll(regexp)];
  check(found.length === 1, () => `${label} is there ${found.length} times as ${pattern}\nin ${lines[0]}`);
  return found[0];
}

// checkSignature verifies one signature and returns its members as they would
// stand before anybody had signed.
function checkSignature(received, signature, keys, now) {
  const list = `(${signature.components.map(identifier).join(' ')})`;
  const { 1: text, groups } = ownMember(values(received.fields, signature.input), signature.label, escape(list) + parameters(signature));
  const created = Number(groups?.created ?? now);
  check(Math.abs(created - now) < 300, () => `${signature.label}: created ${created} at ${now}`);
  if (groups?.expires !== undefined) {
    const lifetime = parseInt(signature.parameters.find((p) => p.startsWith('expires=')).slice(8), 10);
    check(Math.abs(Number(groups.expires) - lifetime - created) < (groups.created === undefined ? 300 : 1), () => `${signature.label}: expires ${groups.expires}, created ${created}`);
  }
  const { 1: encoded } = ownMember(values(received.fields, signature.header), signature.label, signature.url ? ':[A-Za-z0-9_-]+:' : ':[A-Za-z0-9+/]+={0,2}:');
  const bytes = Buffer.from(encoded.slice(1, -1), signature.url ? 'base64url' : 'base64');
  check(`:${bytes.toString(signature.url ? 'base64url' : 'base64')}:` === encoded, 'the signature is not well encoded');
  const base = signatureBase(received, signature.components, text);
  check(verified(keys[signature.alg], signature.alg, base, bytes, signature.der), () => `the signature ${signature.label} does not verify over\n${base}`);
  return { [signature.input]: [text, '()'], [signature.header]: [encoded, ':AAAA:'] };
}

// sameFields compares each field's lines, in their order, with what was expected.
function sameFields(got, want, idempotencyHeader) {
  for (const name of new Set([...got, ...want].map((f) => f.name))) {
    if (name === 'host' || name === 'transfer-encoding') continue; // looked at elsewhere
    const [lines, expected] = [values(got, name), values(want, name)];
    // A key that the proxy makes is any; the client's own is not.
    if (name === idempotencyHeader && expected.length === 1 && expected[0].replaceAll('"', '') === anyKey
      && lines.length === 1 && uuid.test(lines[0]) && lines[0].length === expected[0].length) continue;
    check(JSON.stringify(lines) === JSON.stringify(expected), () => `${name}: received ${JSON.stringify(lines)}, expected ${JSON.stringify(expected)}`);
  }
}

function read(sent) {
  // net/http refuses these before anybody looks at the host.
  if (/^[^ ]* [^ ?]*%(?![0-9A-Fa-f]{2})/.test(sent.toString('latin1'))) throw new Refused('an invalid escape');
  checkHost(/\r\nHost: ([^\r]*)/.exec(sent.toString('latin1'))[1]);
  try {
    return readHTTP1('http', sent);
  } catch (err) {
    throw new Refused(err.message);
  }
}

// judge gives "verified", or "refused" with the reason, or throws a mismatch.
export function judge({ block, sent, status, answer, received }, keys, now) {
  let request;
  let expected;
  try {
    request = read(sent);
    expected = expect(request, block);
  } catch (err) {
    if (!(err instanceof Refused)) throw err;
    check(received.length === 0 && status === err.status, () => `passed with ${status}, expected a refusal: ${err.message} ${err.names}`);
    check(err.names === '' || sent.toString('latin1', 0, 5) === 'HEAD ' || answer.toLowerCase().includes(err.names.toLowerCase()), () => `refused, but not for ${err.message} ${err.names}: ${answer}`);
    return `refused: ${err.message}`;
  }
  check(status === 200, () => `refused with ${status}, expected to pass: ${answer}`);
  const got = readHTTP1(block.scheme, received);
  const { message, signatures } = expected;
  check(got.method === message.method, () => `method ${got.method}`);
  check(got.target === message.target, () => `target ${got.target}, expected ${message.target}`);
  const hosts = values(got.fields, 'host');
  check(hosts.length === 1 && hosts[0] === block.authority, () => `Host ${hosts}`);
  check(got.body.equals(message.body), () => `the body is of ${got.body.length} bytes, expected ${message.body.length}: ${got.body.toString('latin1', 0, 200)}`);
  const seen = { ...got, scheme: block.scheme, authority: block.authority };
  let { fields } = got;
  for (const signature of signatures) {
    const before = checkSignature(seen, signature, keys, now);
    fields = fields.map(({ name, value }) => {
      if (!Object.hasOwn(before, name)) return { name, value };
      const [member, blank] = before[name];
      return { name, value: value.replace(`${signature.label}=${member}`, () => `${signature.label}=${blank}`) };
    });
  }
  sameFields(fields, message.fields, block.idempotency?.header.toLowerCase());
  return 'verified';
}
