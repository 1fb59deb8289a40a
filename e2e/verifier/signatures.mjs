import { isInnerList, parseDictionary } from 'structured-headers';
import * as first from './packages/http-message-sig.mjs';
import * as second from './packages/http-message-signatures.mjs';
import { refusal } from './refusal.mjs';

// verifySignatures verifies the signatures of a message for which there is a
// key, or the one with the label. All of them must be good: a bad one counts
// for more than one that was skipped, and that for more than a good one.
export async function verifySignatures(message, findKey, label) {
  const inputs = signatureInputs(message);
  const labels = label === undefined ? [...inputs.keys()] : [label];
  const verdict = { ok: true, checked: {} };
  const strangers = [];
  for (const name of labels) {
    const input = inputs.get(name);
    if (input === undefined || !isInnerList(input)) throw new Error(`no signature ${name}`);
    const keyid = input[1].get('keyid');
    const key = findKey(keyid);
    if (key === undefined) {
      strangers.push(keyid ?? '(none)');
      continue;
    }
    const components = input[0].map(([component, parameters]) => ({ name: component, parameters }));
    const one = await verifyOne({ message, components, label: name, index: [...inputs.keys()].indexOf(name), key });
    if (one.error !== undefined) return { ok: false, error: `${name}: ${one.error}` };
    if (one.skipped !== undefined) Object.assign(verdict, { ok: null, skipped: `${name}: ${one.skipped}` });
    else verdict.checked[name] = one.by;
  }
  if (strangers.length === labels.length) throw new Error(`no key for keyid ${strangers.join(', ')}`);
  return verdict;
}

function signatureInputs({ fields }) {
  const lines = fields.filter((f) => f.name === 'signature-input').map((f) => f.value);
  const inputs = parseDictionary(lines.join(', '));
  if (inputs.size === 0) throw new Error('no Signature-Input');
  return inputs;
}

// verifyOne asks the first package that has no known bug for this request.
async function verifyOne(signature) {
  const forbidden = refusal(signature);
  if (forbidden !== undefined) return { error: forbidden };
  const limits = [];
  for (const by of [first, second]) {
    const limit = by.limit(signature);
    if (limit !== undefined) {
      limits.push(`${by.name} ${limit}`);
      continue;
    }
    try {
      if (by !== first) await first.readStrictly(signature);
      return (await by.verify(signature)) ? { by: by.name } : { error: 'the signature does not verify' };
    } catch (err) {
      return { error: err.message };
    }
  }
  return { skipped: limits.join('; ') };
}
