// Limits that both packages share. Each function returns a reason to skip the
// request, or undefined.

// structuredLimit is about structured-headers, which both packages use to
// serialise what ;sf and ;key cover.
export function structuredLimit({ message, components }) {
  for (const { name, parameters } of components) {
    if (!parameters.has('sf') && !parameters.has('key')) continue;
    const bare = fieldValue(message, name).replace(/"(?:[^"\\]|\\.)*"/g, '""');
    if (/(?:^|[=,(\s])-?\d+\.0+(?!\d)/.test(bare)) return 'writes the decimal 1.0 as 1';
    if (/(?:^|[=,(\s])(?:@-?\d|%")/.test(bare)) return 'knows no dates and display strings';
  }
}

// authorityLimit is about new URL, which both packages read the target with.
// It knows more about hosts than RFC 9421: 127.1 becomes 127.0.0.1, and a
// name with a malformed xn-- label is refused.
export function authorityLimit({ message, components }) {
  if (!components.some(({ name }) => name.startsWith('@') && name !== '@method')) return undefined;
  const [, scheme, authority] = /^(https?):\/\/([^/?]*)/.exec(message.targetURI);
  let host;
  try {
    ({ host } = new URL(message.targetURI));
  } catch {
    return 'cannot read the authority';
  }
  const plain = authority.toLowerCase().replace(scheme === 'https' ? /:443$/ : /:80$/, '');
  if (components.some(({ name }) => name === '@authority') && host !== plain) return 'rewrites the authority';
}

// fieldValue is a field's lines as one value; empty when it is absent.
export function fieldValue({ fields }, name) {
  return fields.filter((f) => f.name === name).map((f) => f.value).join(', ');
}
