import { createHash } from 'node:crypto';
import { parseDictionary } from 'structured-headers';

const hashes = { 'sha-256': 'sha256', 'sha-512': 'sha512' };

// contentDigest says whether Content-Digest (RFC 9530) is that of the body;
// null without the header. RFC 9530 has a receiver ignore algorithms that it
// does not know; here they are wrong, since partnersign sends none.
export function contentDigest({ fields, body }) {
  const lines = fields.filter((f) => f.name === 'content-digest').map((f) => f.value);
  if (lines.length === 0) return null;
  try {
    // Line by line: joined, the second of two equal keys would hide the first.
    return lines.every((line) => {
      const members = parseDictionary(line);
      return members.size === line.split(',').length && [...members].every((m) => matches(m, body));
    });
  } catch {
    return false;
  }
}

function matches([name, [digest, parameters]], body) {
  if (!Object.hasOwn(hashes, name) || !(digest instanceof ArrayBuffer) || parameters.size > 0) return false;
  return createHash(hashes[name]).update(body).digest().equals(Buffer.from(digest));
}
