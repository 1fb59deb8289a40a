// Keys, and the primitives of RFC 9421 section 3.3 from node:crypto. The
// packages' own primitives are not used: one of them takes RSA-PSS with any
// salt length, the other knows two algorithms only.

import { constants, createHmac, createPublicKey, createSecretKey, timingSafeEqual, verify } from 'node:crypto';
import { base64 } from './wire.mjs';

const ecdsa = (curve, hash) => ({
  fits: (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails.namedCurve === curve,
  verify: (key, data, signature) => verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, signature),
});

const algorithms = {
  ed25519: {
    fits: (key) => key.asymmetricKeyType === 'ed25519',
    verify: (key, data, signature) => verify(null, data, key, signature),
  },
  'ecdsa-p256-sha256': ecdsa('prime256v1', 'sha256'),
  'ecdsa-p384-sha384': ecdsa('secp384r1', 'sha384'),
  'rsa-pss-sha512': {
    fits: (key) => key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss',
    verify: (key, data, signature) =>
      verify('sha512', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 }, signature),
  },
  'rsa-v1_5-sha256': {
    fits: (key) => key.asymmetricKeyType === 'rsa',
    verify: (key, data, signature) => verify('sha256', data, { key, padding: constants.RSA_PKCS1_PADDING }, signature),
  },
  'hmac-sha256': {
    fits: (key) => key.type === 'secret',
    verify: (key, data, signature) => {
      const mac = createHmac('sha256', key).update(data).digest();
      return mac.length === signature.length && timingSafeEqual(mac, signature);
    },
  },
};

const loaded = new Map(); // thousands of lines carry the same few keys

// loadKey returns { kid, alg, verify(data, signature) }.
export function loadKey({ kid, alg, pem, secret }) {
  const id = JSON.stringify([kid, alg, pem, secret]);
  if (!loaded.has(id)) loaded.set(id, load(kid, alg, pem, secret));
  return loaded.get(id);
}

function load(kid, alg, pem, secret) {
  if (!Object.hasOwn(algorithms, alg)) throw new Error(`key ${kid}: unknown algorithm ${alg}`);
  const algorithm = algorithms[alg];
  const key = secret === undefined ? createPublicKey(pem) : createSecretKey(base64(secret));
  if (!algorithm.fits(key)) throw new Error(`key ${kid}: not a key for ${alg}`);
  return { kid, alg, verify: (data, signature) => algorithm.verify(key, data, signature) };
}
