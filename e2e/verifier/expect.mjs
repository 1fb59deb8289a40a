// What a partner must receive, or why it must receive nothing: the documented
// rules of partner_proxy, applied to the bytes that a client sent. A block is
// one as differential_config_test.go writes it.

import { createHash } from 'node:crypto';
import { Unsignable, covered } from './base.mjs';
import { members } from './fields.mjs';

// A request that must not pass, and what the refusal must speak of.
export class Refused extends Error {
  constructor(reason, names = '', status = 400) {
    super(reason);
    this.names = names;
    this.status = status;
  }
}

const stripped = [
  'authorization', 'cookie', 'referer', 'origin', 'x-real-ip', 'forwarded', 'via', 'early-data', 'expect',
  'x-http-method-override', 'x-http-method', 'x-method-override', 'x-original-url', 'x-rewrite-url',
];
const ofConnection = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'content-length', 'host'];
const families = /^(sec-|proxy-|x-forwarded-)/;

export function values(fields, name) {
  return fields.filter((f) => f.name === name).map((f) => f.value);
}

function set(fields, name, value) {
  return [...fields.filter((f) => f.name !== name), { name, value }];
}

function checkTarget({ method, target }) {
  if (!/^[A-Za-z-]+$/.test(method) || /^(trace|connect)$/i.test(method)) throw new Refused('the method');
  const [, path, query = ''] = /^([^?]*)\??([^]*)$/.exec(target);
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) throw new Refused('an invalid escape');
  if (!/^\/[\x21\x24-\x3b=@-\x5b\x5d_a-z~%]*$/.test(path)) throw new Refused('a character in the path');
  const decoded = path.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  if (/[\x00-\x1f\x7f\\]/.test(decoded)) throw new Refused('a control character or backslash in the path');
  if (decoded.split('/').some((segment) => /^\.\.?(;|$)/.test(segment))) throw new Refused('a dot segment');
  if (/[\x00-\x20\x7f#]/.test(query)) throw new Refused('a character in the query');
}

// checkHost knows the names under which clients may call by default.
export function checkHost(host) {
  const name = host.replace(/:[0-9]*$/, '').toLowerCase();
  if (!/^([a-z0-9.-]+\.)?localhost$|^[0-9.]+$|^\[[0-9a-f:]+\]$/.test(name)) throw new Refused('the host', '', 421);
}

// passing are the client's own fields that go on.
function passing(fields, block) {
  const keep = (block.keep ?? []).map((name) => name.toLowerCase());
  const owned = [
    ...block.headers.filter((h) => h.op !== 'absent').map((h) => h.name.toLowerCase()),
    ...(block.bearer || block.basic ? ['authorization'] : []),
    ...(block.digest ? ['content-digest'] : []),
    ...block.signatures.filter((s) => !s.keep).flatMap((s) => [s.header, s.input]),
  ];
  const gone = (name) => ofConnection.includes(name)
    || !keep.includes(name) && (owned.includes(name) || stripped.includes(name) || families.test(name));
  const nominated = values(fields, 'connection').flatMap((line) => line.split(',')).map((name) => name.trim().toLowerCase());
  // Caddy itself lets no name with an underscore in.
  return fields.filter(({ name }) => !name.includes('_') && !gone(name) && !nominated.includes(name));
}

function isJSON(fields) {
  const kinds = values(fields, 'content-type');
  if (values(fields, 'content-encoding').length > 0 || kinds.length !== 1) return false;
  const [kind, ...params] = kinds[0].split(';').map((part) => part.trim().toLowerCase());
  if (kind !== 'application/json' && !/^[^/ ]+\/[^/ ]*\+json$/.test(kind)) return false;
  const charset = params.find((p) => p.startsWith('charset='));
  return charset === undefined || ['utf-8', 'utf8'].includes(charset.slice(8).replace(/^"(.*)"$/, '$1'));
}

// withField is a JSON object's body with the field that it lacked.
function withField(body, { name, value }) {
  let text;
  let object;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    object = JSON.parse(text);
  } catch {
    return body;
  }
  if (typeof object !== 'object' || object === null || Array.isArray(object) || Object.hasOwn(object, name)) return body;
  const [, head, end] = /^([^]*?)([ \t\r\n]*\}[ \t\r\n]*)$/.exec(text);
  const comma = head.trim() === '{' ? '' : ',';
  return Buffer.from(`${head}${comma}${JSON.stringify(name)}:${JSON.stringify(value)}${end}`);
}

const writes = ['POST', 'PUT', 'PATCH', 'DELETE'];
// anyKey stands for an idempotency key that the proxy makes.
export const anyKey = '00000000-0000-4000-8000-000000000000';

function idempotency(fields, method, { header, quoted }) {
  const name = header.toLowerCase();
  const own = values(fields, name);
  if (own.length > 1) throw new Refused('two idempotency keys', header);
  if (own.length === 1 && own[0] !== '') {
    if (!/^[\x20-\x7e]*$/.test(own[0])) throw new Refused('an idempotency key that cannot be printed', header);
    return fields;
  }
  if (!writes.includes(method)) return fields;
  return set(fields, name, quoted ? `"${anyKey}"` : anyKey);
}

function digest(body, { algorithms, key_name: as }) {
  return algorithms.map((name) => `${as || name}=:${createHash(name.replace('-', '')).update(body).digest('base64')}:`).join(', ');
}

// embodied gives the fields and the body after json_field, with the length if
// there is one on the wire.
function embodied(fields, sent, block) {
  const json = block.json !== null && isJSON(fields);
  const body = json && sent.body.length > 0 ? withField(sent.body, block.json) : sent.body;
  if (body !== sent.body) fields = fields.filter((f) => !['content-digest', 'repr-digest', 'digest', 'content-md5'].includes(f.name));
  const held = json || block.digest !== null || block.signatures.some((s) => s.components.some((c) => c.name === 'content-length'));
  const streamed = values(sent.fields, 'transfer-encoding').length > 0 && !held;
  if (!streamed && (body.length > 0 || ['POST', 'PUT', 'PATCH'].includes(sent.method))) fields = set(fields, 'content-length', `${body.length}`);
  return { fields, body };
}

// withHeaders applies the header lines; ?Name also replaces what the proxy made.
function withHeaders(fields, made, headers) {
  for (const { op, name, value } of headers) {
    const lower = name.toLowerCase();
    if (op === 'remove') fields = fields.filter((f) => f.name !== lower);
    else if (op === 'set' || values(fields, lower).length === 0 || made.includes(lower)) fields = set(fields, lower, value);
  }
  return fields;
}

const isFor = (signature, method) => signature.methods.length === 0 || signature.methods.includes(method === 'HEAD' ? 'GET' : method);

// expect gives the message that must arrive, with members of our own as blanks,
// and for each signature what it covers.
export function expect(sent, block) {
  checkTarget(sent);
  let fields = passing(sent.fields, block);
  const made = [];
  const agents = values(fields, 'user-agent');
  if (agents.length !== 1 || agents[0] === '') made.push('user-agent');
  if ((values(fields, 'accept-encoding')[0] ?? '') === '') made.push('accept-encoding');
  for (const name of made) fields = set(fields, name, name === 'user-agent' ? 'partnersign' : 'identity');

  let body;
  ({ fields, body } = embodied(fields, sent, block));
  if (block.idempotency) fields = idempotency(fields, sent.method, block.idempotency);
  if (block.bearer) fields = set(fields, 'authorization', `Bearer ${block.bearer}`);
  if (block.basic) fields = set(fields, 'authorization', `Basic ${Buffer.from(block.basic).toString('base64')}`);
  fields = withHeaders(fields, made, block.headers);
  if (block.digest && (body.length > 0 || block.digest.empty_body)) fields = set(fields, 'content-digest', digest(body, block.digest));

  const message = { method: sent.method, target: sent.target, scheme: block.scheme, authority: block.authority, fields, body };
  const signatures = block.signatures.filter((s) => isFor(s, sent.method)).map((s) => sign(message, s));
  return { message, signatures };
}

// sign says what a signature covers and adds headers in the place of its own.
function sign(message, signature) {
  let components;
  try {
    components = covered(message, signature.components);
  } catch (err) {
    if (err instanceof Unsignable) throw new Refused(err.absent ? 'a component is absent' : `a component is ${err.message.replace(/^[^:]*: /, '')}`, err.component.name);
    throw err;
  }
  const inputs = values(message.fields, signature.input);
  const own = values(message.fields, signature.header);
  if (signature.keep && inputs.length + own.length > 0) {
    let labels;
    try {
      labels = [inputs, own].map((lines) => [...members(lines.join(', ')).keys()].sort());
    } catch {
      throw new Refused("the client's signatures are no dictionary");
    }
    if (labels[0].join() !== labels[1].join()) throw new Refused("the client's signatures do not belong together");
    if (labels[0].includes(signature.label)) throw new Refused("the client's signature has the proxy's label");
  }
  const add = (lines, member) => [...lines.filter((line) => line !== ''), `${signature.label}=${member}`].join(', ');
  message.fields = set(set(message.fields, signature.input, add(inputs, '()')), signature.header, add(own, ':AAAA:'));
  return { ...signature, components };
}
