// http-message-signatures knows @query-param, ;sf and ;bs. It reads targets
// through new URL and must not be asked about one that this changes.

import { httpbis } from 'http-message-signatures';
import { parseDictionary, parseList } from 'structured-headers';
import { isASCII, queryValues } from '../refusal.mjs';
import { authorityLimit, fieldValue, structuredLimit } from './limits.mjs';

export const name = 'http-message-signatures';

export function limit(signature) {
  for (const component of signature.components) {
    const reason = component.name.startsWith('@')
      ? derivedLimit(signature.message, component)
      : fieldLimit(signature.message, component);
    if (reason !== undefined) return reason;
  }
  return structuredLimit(signature) ?? authorityLimit(signature);
}

function derivedLimit(message, { name, parameters }) {
  if (name === '@method' && message.method !== message.method.toUpperCase()) return 'writes @method in upper case';
  if (name === '@query-param') {
    // RFC 9421 section 2.2.8 encodes these; encodeURIComponent does not.
    if (queryValues(message, parameters).some((value) => /[!'()~]/.test(value))) return "leaves ! ' ( ) ~ in @query-param";
    return undefined;
  }
  if (!['@path', '@query', '@request-target'].includes(name)) return undefined;
  if (!URL.canParse(message.targetURI)) return undefined; // authorityLimit tells
  const { pathname, search } = new URL(message.targetURI);
  const [, path, query] = /^https?:\/\/[^/?]*([^?]*)(.*)$/.exec(message.targetURI);
  if (name === '@path' && pathname !== (path || '/')) return 'rewrites @path';
  if (name === '@query' && (search || '?') !== (query || '?')) return 'rewrites @query';
  if (name === '@request-target' && pathname + search !== message.target) return 'rewrites @request-target';
}

function fieldLimit(message, { name, parameters }) {
  if (parameters.has('tr')) return 'ignores ;tr';
  if (parameters.has('bs') && !isASCII(fieldValue(message, name))) return 'encodes ;bs of bytes beyond ASCII as UTF-8';
  if (!parameters.has('sf') && !parameters.has('key')) return undefined;
  // It takes a field for a list whenever it can be one, and a dictionary
  // whose members are all true can.
  let list, dictionary;
  try {
    list = parseList(fieldValue(message, name));
    dictionary = parseDictionary(fieldValue(message, name));
  } catch {
    return undefined;
  }
  if (parameters.has('key') || list.length !== dictionary.size) return 'takes a dictionary for a list';
}

export async function verify({ message, index, key }) {
  const headers = Object.create(null);
  for (const { name, value } of message.fields) (headers[name] ??= []).push(value);
  // Keys are asked for in the order of the labels, but not by label. Without
  // a key for the others, the result is that of the one signature.
  let asked = 0;
  const keyLookup = async () => (asked++ === index
    ? { id: key.kid, algs: [key.alg], verify: async (data, signature) => key.verify(data, signature) }
    : null);
  const tolerance = Number.MAX_SAFE_INTEGER; // the time of a recorded request is not judged
  return httpbis.verifyMessage({ keyLookup, tolerance }, { method: message.method, url: message.targetURI, headers });
}
