// The signature base (RFC 9421 section 2), read from the RFC alone, of a message
//   { method, target, scheme, authority, fields: [{ name, value }] }
// Names are in lower case; text holds one character per byte.

import { dictionary, item, list, members } from './fields.mjs';

// A component that a message cannot have: absent, or without a value to sign.
export class Unsignable extends Error {
  constructor(component, why) {
    super(`${component.name}: ${why}`);
    this.absent = why === 'absent';
    this.component = component;
  }
}

// Fields whose type their own documents define; of others the text tells.
const types = {
  'content-digest': dictionary, 'repr-digest': dictionary, 'want-content-digest': dictionary, 'want-repr-digest': dictionary,
  priority: dictionary, signature: dictionary, 'signature-input': dictionary, 'signature-agent': dictionary, 'accept-signature': dictionary,
  'cdn-cache-control': dictionary, 'cache-status': list, 'proxy-status': list, 'accept-ch': list, 'client-cert': item, 'idempotency-key': item,
};

const quoted = (text) => `"${text.replace(/["\\]/g, '\\$&')}"`;

export function identifier({ name, params }) {
  return quoted(name) + params.map(([p, value]) => (value === '' ? `;${p}` : `;${p}=${quoted(p === 'name' ? encode(decode(value, false)) : value)}`)).join('');
}

// decode undoes percent-encoding, as the URL standard's forms have it; a
// percent sign that encodes nothing stays.
function decode(text, form = true) {
  return (form ? text.replaceAll('+', ' ') : text).replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

function encode(bytes) {
  return bytes.replace(/[^A-Za-z0-9*._-]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

function isUTF8(bytes) {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(bytes, 'latin1'));
    return true;
  } catch {
    return false;
  }
}

function queryParam(query, component) {
  const wanted = decode(component.params.find(([p]) => p === 'name')[1], false);
  const found = query.split('&').filter((pair) => pair !== '').map((pair) => {
    const [, name, , value] = /^([^=]*)(=([^]*))?$/.exec(pair);
    return [decode(name), decode(value ?? '')];
  }).filter(([name]) => name === wanted);
  if (found.length === 0) throw new Unsignable(component, 'absent');
  if (found.length > 1) throw new Unsignable(component, 'there more than once');
  if (!isUTF8(found[0][1])) throw new Unsignable(component, 'not UTF-8');
  return encode(found[0][1]);
}

function derived(message, component) {
  const { method, target, scheme, authority } = message;
  const [, path, search] = /^([^?]*)(\?[^]*)?$/.exec(target);
  switch (component.name) {
    case '@method': return method;
    case '@scheme': return scheme;
    case '@authority': return authority;
    case '@target-uri': return `${scheme}://${authority}${target}`;
    case '@request-target': return target;
    case '@path': return path;
    case '@query':
      if (component.optional && search === undefined) throw new Unsignable(component, 'absent');
      return search ?? '?';
    case '@query-param': return queryParam((search ?? '?').slice(1), component);
  }
  throw new Error(`no component ${component.name}`);
}

function field(message, component) {
  const { name, params } = component;
  if (name === 'host') return message.authority;
  const lines = message.fields.filter((f) => f.name === name).map((f) => f.value);
  if (lines.length === 0) throw new Unsignable(component, 'absent');
  const has = (p) => params.some(([q]) => q === p);
  if (has('bs')) return lines.map((line) => `:${Buffer.from(line, 'latin1').toString('base64')}:`).join(', ');
  const joined = lines.join(', ');
  if (!has('sf') && !has('key')) return joined;
  let value;
  try {
    if (has('key')) value = members(joined).get(params.find(([p]) => p === 'key')[1]) ?? null;
    else if (types[name]) value = types[name](joined);
    else value = first([item, list, dictionary], joined);
  } catch {
    throw new Unsignable(component, 'not a structured field');
  }
  if (value === null) throw new Unsignable(component, 'absent');
  return value;
}

function first(readers, text) {
  for (const read of readers.slice(0, -1)) {
    try {
      return read(text);
    } catch { /* the next type */ }
  }
  return readers.at(-1)(text);
}

// valueOf is a component's value, or an Unsignable.
export function valueOf(message, component) {
  const value = component.name.startsWith('@') ? derived(message, component) : field(message, component);
  if (!/^[\t\x20-\x7e]*$/.test(value)) throw new Unsignable(component, 'not printable ASCII');
  return value;
}

// covered are the components that a message is signed with: those that are
// marked optional and absent are left out.
export function covered(message, components) {
  return components.filter((component) => {
    try {
      valueOf(message, component);
      return true;
    } catch (err) {
      if (err.absent && component.optional) return false;
      throw err;
    }
  });
}

export function signatureBase(message, components, params) {
  return components.map((c) => `${identifier(c)}: ${valueOf(message, c)}\n`).join('') + `"@signature-params": ${params}`;
}
