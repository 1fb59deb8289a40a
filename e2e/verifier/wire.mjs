// Reads a request as it was on the wire, into
//   { method, target, targetURI, fields: [{ name, value }], body }
// Names are in lower case. Values are trimmed and hold one character per byte.
//
// node:http is not used: it repairs what a peer should never have sent, and
// here that has to come to light.

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const control = /[\x00-\x08\x0a-\x1f\x7f]/; // all but HTAB
const connectionFields = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'];

function check(condition, problem) {
  if (!condition) throw new Error(problem);
}

// base64 is strict: Buffer.from skips what it does not know, and a damaged
// line would become another request.
export function base64(text) {
  check(typeof text === 'string' && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text), 'not base64');
  return Buffer.from(text, 'base64');
}

// targetURI follows RFC 9110 section 7.1. Nothing is normalised.
function targetURI(scheme, authority, target) {
  check(scheme === 'http' || scheme === 'https', `scheme ${scheme}: expected http or https`);
  check(/^[\x21-\x7e]+$/.test(target) && !target.includes('#'), 'malformed request target');
  if (/^https?:\/\//.test(target)) return target;
  check(authority !== '' && /^[^\s/?#@\\]+$/.test(authority), 'malformed authority');
  if (target === '*') return `${scheme}://${authority}`;
  check(target.startsWith('/'), 'malformed request target');
  return `${scheme}://${authority}${target}`;
}

function values(fields, name) {
  return fields.filter((f) => f.name === name).map((f) => f.value);
}

export function readHTTP1(scheme, bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  check(end >= 0, 'the head does not end');
  const lines = bytes.toString('latin1', 0, end).split('\r\n');
  check(lines.every((line) => !/[\r\n]/.test(line)), 'bare CR or LF in the head');

  const [method, target, version, ...more] = lines[0].split(' ');
  check(more.length === 0 && version === 'HTTP/1.1' && token.test(method), 'malformed request line');

  const fields = lines.slice(1).map((line) => {
    check(!/^[ \t]/.test(line), 'obs-fold');
    const colon = line.indexOf(':');
    check(colon > 0 && token.test(line.slice(0, colon)), 'malformed header line');
    const value = line.slice(colon + 1).replace(/^[ \t]+/, '').replace(/[ \t]+$/, '');
    check(!control.test(value), 'control character in a header');
    return { name: line.slice(0, colon).toLowerCase(), value };
  });
  const hosts = values(fields, 'host');
  check(hosts.length === 1, 'not exactly one Host');

  return {
    method,
    target,
    targetURI: targetURI(scheme, hosts[0], target),
    fields,
    body: readBody(fields, bytes.subarray(end + 4)),
  };
}

function readBody(fields, bytes) {
  const lengths = values(fields, 'content-length');
  const codings = values(fields, 'transfer-encoding');
  check(lengths.length <= 1, 'more than one Content-Length');
  check(lengths.length === 0 || codings.length === 0, 'Content-Length and Transfer-Encoding');
  if (codings.length > 0) {
    check(codings.length === 1 && codings[0].toLowerCase() === 'chunked', 'a transfer coding other than chunked');
    return dechunk(bytes);
  }
  const length = lengths[0] ?? '0';
  check(/^[0-9]{1,15}$/.test(length), 'malformed Content-Length');
  check(bytes.length >= Number(length), 'the body is shorter than Content-Length');
  check(bytes.length === Number(length), 'bytes after the end of the request');
  return bytes;
}

// dechunk takes neither chunk extensions nor trailers: no signed request has
// them.
function dechunk(bytes) {
  const chunks = [];
  for (let at = 0; ;) {
    const eol = bytes.indexOf('\r\n', at);
    check(eol >= 0, 'the chunked body does not end');
    const size = bytes.toString('latin1', at, eol);
    check(/^[0-9A-Fa-f]{1,8}$/.test(size), 'malformed chunk size');
    const start = eol + 2;
    const end = start + parseInt(size, 16);
    check(bytes.length >= end + 2, 'the chunked body does not end');
    check(bytes.toString('latin1', end, end + 2) === '\r\n', end === start ? 'trailers' : 'a chunk is longer than its size');
    at = end + 2;
    if (end === start) {
      check(at === bytes.length, 'bytes after the end of the request');
      return Buffer.concat(chunks);
    }
    chunks.push(bytes.subarray(start, end));
  }
}

export function readHTTP2(scheme, { method, authority, path, headers, body }) {
  check([method, authority, path].every((text) => typeof text === 'string'), 'a pseudo-header is missing');
  check(token.test(method), 'malformed :method');
  const fields = (headers ?? []).map(([name, text]) => {
    check(token.test(name) && name === name.toLowerCase(), 'malformed header name');
    check(!connectionFields.includes(name), `${name} in HTTP/2`);
    const value = Buffer.from(text).toString('latin1');
    check(!control.test(value) && !/^[ \t]|[ \t]$/.test(value), 'malformed header value');
    return { name, value };
  });
  const bytes = base64(body ?? '');
  const lengths = values(fields, 'content-length');
  check(lengths.length <= 1 && (lengths[0] ?? `${bytes.length}`) === `${bytes.length}`, 'Content-Length is not that of the body');
  return {
    method,
    target: path,
    targetURI: targetURI(scheme, authority, path),
    fields: joinCookies(fields),
    body: bytes,
  };
}

// joinCookies undoes what HTTP/2 senders do to compress better: RFC 9113
// section 8.2.3 has several cookie fields joined before anything else reads
// them.
function joinCookies(fields) {
  const cookies = values(fields, 'cookie');
  if (cookies.length < 2) return fields;
  const first = fields.findIndex((f) => f.name === 'cookie');
  return fields
    .map((f, i) => (i === first ? { name: 'cookie', value: cookies.join('; ') } : f))
    .filter((f, i) => i === first || f.name !== 'cookie');
}
