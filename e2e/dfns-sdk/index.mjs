// Does the same things in each of the SDK's modes, and prints what came of
// them as one JSON object. See README.md.

import { DfnsApiClient, DfnsDelegatedApiClient } from '@dfns/sdk';
import { AsymmetricKeySigner } from '@dfns/sdk-keysigner';
import { simpleFetch } from '@dfns/sdk/utils/index.js';

const { DFNS_MODE: mode, DFNS_BASE_URL: baseUrl, DFNS_AUTH_TOKEN: authToken, DFNS_CRED_ID: credId, DFNS_PRIVATE_KEY: privateKey } =
  process.env;

const signer = () => new AsymmetricKeySigner({ credId, privateKey });

// Each mode gives a client for reading, and a way to call an operation of one
// of its parts: call('wallets', 'createWallet', {…}).
const modes = {
  // The SDK signs user actions itself.
  signer() {
    const client = new DfnsApiClient({ baseUrl, authToken, signer: signer() });
    return { client, call: (part, operation, request) => client[part][operation](request) };
  },

  // The SDK asks for a challenge, somebody else signs it, the SDK goes on.
  delegated() {
    const client = new DfnsDelegatedApiClient({ baseUrl, authToken });
    return {
      client,
      async call(part, operation, request) {
        const { challengeIdentifier, ...challenge } = await client[part][`${operation}Init`](request);
        const firstFactor = await signer().sign(challenge);
        return client[part][`${operation}Complete`](request, { challengeIdentifier, firstFactor });
      },
    };
  },

  // The SDK has no key, and perhaps no token: writes go by its fetch function,
  // because its clients refuse to write without a signer.
  plain() {
    const apiOptions = { baseUrl, authToken };
    const requests = {
      createWallet: () => ['POST', '/wallets'],
      updateWallet: ({ walletId }) => ['PUT', `/wallets/${walletId}`],
      transferAsset: ({ walletId }) => ['POST', `/wallets/${walletId}/transfers`],
      createKey: () => ['POST', '/keys'],
      generateSignature: ({ keyId }) => ['POST', `/keys/${keyId}/signatures`],
      createPermission: () => ['POST', '/permissions'],
      createPolicy: () => ['POST', '/v2/policies'],
      createApprovalDecision: ({ approvalId }) => ['POST', `/v2/policy-approvals/${approvalId}/decisions`],
      archivePolicy: ({ policyId }) => ['DELETE', `/v2/policies/${policyId}`],
    };
    return {
      client: new DfnsApiClient(apiOptions),
      async call(part, operation, request) {
        const [method, path] = requests[operation](request);
        return (await simpleFetch(path, { method, body: request.body ?? {}, apiOptions })).json();
      },
    };
  },
};

// failure is what an error of the SDK says.
async function failure(promise) {
  try {
    await promise;
  } catch ({ name, httpStatus, message, context }) {
    return { name, httpStatus, message, context: httpStatus === 202 ? context : undefined };
  }
  throw new Error('nothing failed');
}

const { client, call } = modes[mode]();
const payment = (externalId) => ({ kind: 'Native', to: '0xb282dc7cde21717f18337a596e91ded00b79b25f', amount: '1000', memo: 'é <&> 漢', externalId });

const wallet = await call('wallets', 'createWallet', { body: { network: 'EthereumSepolia', name: 'Büro' } });
const walletId = wallet.id;
const renamed = await call('wallets', 'updateWallet', { walletId, body: { name: 'Kasse' } });
const transfer = await call('wallets', 'transferAsset', { walletId, body: payment('order-1') });
const repeated = await call('wallets', 'transferAsset', { walletId, body: payment('order-1') });
const conflict = await failure(call('wallets', 'transferAsset', { walletId, body: { ...payment('order-1'), amount: '2' } }));
const key = await call('keys', 'createKey', { body: { scheme: 'EdDSA', curve: 'ed25519' } });
const signature = await call('keys', 'generateSignature', { keyId: key.id, body: { kind: 'Message', message: '0xff' } });
const permission = await call('permissions', 'createPermission', { body: { name: 'payer', operations: ['Wallets:Read'] } });
const policy = await call('policies', 'createPolicy', {
  body: {
    name: 'four eyes',
    activityKind: 'Wallets:Sign',
    rule: { kind: 'AlwaysTrigger' },
    action: { kind: 'RequestApproval', approvalGroups: [{ quorum: 1, approvers: {}, initiatorCanApprove: true }] },
  },
});
const pending = await failure(call('wallets', 'transferAsset', { walletId, body: payment('order-2') }));
const approval = await call('policies', 'createApprovalDecision', {
  approvalId: pending.context.approvalId,
  body: { value: 'Approved' },
});
const archived = await call('policies', 'archivePolicy', { policyId: policy.id });

console.log(JSON.stringify({
  wallet, renamed, transfer, repeated, conflict, key, signature, permission, policy, pending, approval, archived,
  read: await client.wallets.getWallet({ walletId }),
  wallets: await client.wallets.listWallets({ query: { limit: '10' } }),
  transfers: await client.wallets.listTransfers({ walletId }),
  policies: await client.policies.listPolicies(),
  permissions: await client.permissions.listPermissions(),
  accounts: await client.auth.listServiceAccounts(),
  missing: await failure(client.wallets.getWallet({ walletId: 'wa-none' })),
}));
