// What RFC 9421 forbids in a request and http-message-signatures lets pass.
// Only a signer at fault gets here, so it is an error, nothing to skip.

import { serializeItem } from 'structured-headers';

const fieldParameters = { sf: 'boolean', bs: 'boolean', tr: 'boolean', key: 'string', req: 'boolean' };

export function refusal({ message, components }) {
  const seen = new Set();
  for (const { name, parameters } of components) {
    if (typeof name !== 'string' || name !== name.toLowerCase()) return `component ${name} is not in lower case`;
    if (name === '@signature-params') return `component ${name} cannot be covered`;

    const known = !name.startsWith('@') ? fieldParameters : name === '@query-param' ? { name: 'string' } : {};
    for (const [parameter, value] of parameters) {
      if (!Object.hasOwn(known, parameter)) return `component ${name} has a parameter ${parameter}`;
      if (typeof value !== known[parameter] || value === false) return `component ${name}: malformed ${parameter}`;
    }

    // The order of parameters makes no difference (section 2).
    const id = serializeItem([name, new Map([...parameters].sort(([a], [b]) => (a < b ? -1 : 1)))]);
    if (seen.has(id)) return `component ${id} is there twice`;
    seen.add(id);

    if (name === '@query-param' && queryValues(message, parameters).length > 1) return `query parameter ${id} is repeated`;
    if (!parameters.has('bs') && message.fields.some((f) => f.name === name && !isASCII(f.value))) {
      return `field ${name} is covered and is not ASCII`;
    }
  }
}

export function isASCII(text) {
  return /^[\t\x20-\x7e]*$/.test(text);
}

// queryValues are the decoded values of the parameter that @query-param names.
export function queryValues({ targetURI }, parameters) {
  const start = targetURI.indexOf('?');
  if (start < 0) return [];
  let name;
  try {
    name = decodeURIComponent(parameters.get('name'));
  } catch {
    return []; // the package refuses it, too
  }
  return new URLSearchParams(targetURI.slice(start)).getAll(name);
}
