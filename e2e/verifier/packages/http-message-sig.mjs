// http-message-sig takes the target and the fields as they were sent and is
// strict about the signature fields, so it is asked first.

import { SignatureErrorCode, verifySignature } from 'http-message-sig';
import { isASCII } from '../refusal.mjs';
import { authorityLimit, structuredLimit } from './limits.mjs';

export const name = 'http-message-sig';

export function limit(signature) {
  const { message, components } = signature;
  for (const { name, parameters } of components) {
    if (name === '@query-param') return 'knows no @query-param';
    for (const parameter of ['sf', 'bs', 'tr']) {
      if (parameters.has(parameter)) return `knows no ;${parameter}`;
    }
  }
  // A field that is covered and not ASCII has been refused before.
  if (!message.fields.every((f) => isASCII(f.value))) return 'refuses a field that is not ASCII and not covered';
  return structuredLimit(signature) ?? authorityLimit(signature);
}

export async function verify({ message, label, key }) {
  const request = {
    kind: 'request',
    method: message.method,
    targetUri: message.targetURI,
    requestTarget: message.target,
    fields: message.fields,
  };
  try {
    await verifySignature(request, options(label, key));
    return true;
  } catch (err) {
    if (err.code === SignatureErrorCode.VerificationFailed) return false;
    throw err.code === SignatureErrorCode.ResolverFailed ? err.cause : err;
  }
}

// readStrictly throws when the signature fields break a rule on which the
// other package is silent: labels there twice, labels in one field only,
// signatures that are no byte sequences.
export async function readStrictly({ message, label, key }) {
  const request = {
    kind: 'request',
    method: 'GET',
    targetUri: 'https://example.com/',
    fields: message.fields.filter((f) => f.name === 'signature' || f.name === 'signature-input'),
  };
  try {
    await verifySignature(request, options(label, { ...key, verify: () => true }));
  } catch (err) {
    // The components are none of its business here.
    if (err.code !== SignatureErrorCode.UnsupportedFeature && err.code !== SignatureErrorCode.MissingField) throw err;
  }
}

function options(label, key) {
  return {
    label,
    policy: {
      algorithms: [key.alg],
      requiredComponents: [],
      requiredParameters: [],
      clockSkew: Number.MAX_SAFE_INTEGER, // the time of a recorded request is not judged
    },
    resolveVerifier: () => ({ algorithm: key.alg, verify: key.verify }),
  };
}
