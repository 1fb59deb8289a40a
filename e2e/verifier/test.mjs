import assert from 'node:assert/strict';
import { constants, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { ask, askOne, http1, keys, run, secret, signed, vector } from './helpers.mjs';

const vectors = ['b21', 'b22', 'b23', 'b25', 'b26'];

test('the messages of RFC 9421 verify', async () => {
  const verdicts = await ask(vectors.map((name) => http1(vector(name), { id: name })));
  for (const verdict of verdicts) {
    assert.equal(verdict.ok, true, JSON.stringify(verdict));
    assert.equal(verdict.digest, true);
  }
  assert.deepEqual(verdicts.map((v) => v.id), vectors);
  assert.deepEqual(verdicts[0].checked, { 'sig-b21': 'http-message-sig' });
  assert.deepEqual(verdicts[1].checked, { 'sig-b22': 'http-message-signatures' });
});

// What each message covers, one byte of it changed at a time.
const changes = {
  signature: [/(Signature: sig-b..=:.{40})(.)/, (_, before, c) => before + (c === 'A' ? 'B' : 'A')],
  created: ['created=1618884473', 'created=1618884474'],
  method: ['POST /', 'PUST /'],
  path: ['/foo?', '/fop?'],
  query: ['param=Value', 'param=value'],
  parameter: ['Pet=dog', 'Pet=dig'],
  host: ['Host: example.com', 'Host: example.con'],
  date: ['02:07:55', '02:07:56'],
  type: ['application/json', 'application/jsom'],
  digest: ['sha-512=:WZ', 'sha-512=:WY'],
};
const covered = {
  b21: ['signature', 'created'],
  b22: ['signature', 'created', 'parameter', 'host', 'digest'],
  b23: ['signature', 'created', 'method', 'path', 'query', 'host', 'date', 'type', 'digest'],
  b25: ['signature', 'created', 'host', 'date', 'type'],
  b26: ['signature', 'created', 'method', 'path', 'host', 'date', 'type'],
};

test('a changed byte fails where it is covered, and only there', async () => {
  const cases = [];
  for (const name of vectors) {
    for (const [what, [from, to]] of Object.entries(changes)) {
      const raw = vector(name).replace(from, to);
      assert.notEqual(raw, vector(name), what);
      const whole = name === 'b23' && what === 'parameter'; // part of @query
      cases.push({ id: `${name} ${what}`, raw, ok: !covered[name].includes(what) && !whole });
    }
  }
  const verdicts = await ask(cases.map(({ id, raw }) => http1(raw, { id })));
  verdicts.forEach((verdict, i) => assert.equal(verdict.ok, cases[i].ok, JSON.stringify(verdict)));
});

test('Content-Digest', async () => {
  const sha256 = 'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:';
  const sha512 = 'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:';
  const wrong = 'sha-256=:Z48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:';
  const request = (...digests) => signed({
    method: 'POST',
    fields: ['Content-Length: 18', ...digests.map((d) => `Content-Digest: ${d}`)],
    body: '{"hello": "world"}',
  });
  const cases = [
    [request(), null],
    [request(sha256), true],
    [request(sha512), true],
    [request(`${sha256}, ${sha512}`), true],
    [request(sha256, sha512), true],
    [request(wrong), false],
    [request(`${sha512}, ${wrong}`), false],
    [request(wrong, sha256), false], // the last one wins once they are joined
    [request(`${wrong}, ${sha256}`), false],
    [request('sha256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:'), false],
    [request('sha-256="X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="'), false],
    [request('?'), false],
    [vector('b21').replace('"world"', '"w0rld"'), false], // the digest is not covered
  ];
  const verdicts = await ask(cases.map(([raw]) => http1(raw)));
  verdicts.forEach((verdict, i) => {
    assert.equal(verdict.digest, cases[i][1], `case ${i}`);
    assert.equal(verdict.ok, true, JSON.stringify(verdict));
  });
});

test('algorithms', async () => {
  const algorithms = {
    ed25519: ['ed25519', {}, null, {}],
    'ecdsa-p256-sha256': ['ec', { namedCurve: 'P-256' }, 'sha256', { dsaEncoding: 'ieee-p1363' }],
    'ecdsa-p384-sha384': ['ec', { namedCurve: 'P-384' }, 'sha384', { dsaEncoding: 'ieee-p1363' }],
    'rsa-pss-sha512': ['rsa', { modulusLength: 2048 }, 'sha512', { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 }],
    'rsa-v1_5-sha256': ['rsa', { modulusLength: 2048 }, 'sha256', {}],
  };
  const wrong = { // options with which another signature comes out
    'ecdsa-p256-sha256': { dsaEncoding: 'der' },
    'ecdsa-p384-sha384': { dsaEncoding: 'der' },
    'rsa-pss-sha512': { saltLength: 32 },
  };
  const cases = [];
  for (const [alg, [type, generate, hash, options]] of Object.entries(algorithms)) {
    const { publicKey, privateKey } = generateKeyPairSync(type, generate);
    const key = { kid: 'k', alg, pem: publicKey.export({ type: 'spki', format: 'pem' }) };
    const make = (input, more) => {
      const signature = sign(hash, Buffer.from(`"@path": /a\n"@signature-params": ${input}`), { key: privateKey, ...options, ...more });
      return http1(['GET /a HTTP/1.1', 'Host: example.com', `Signature-Input: s=${input}`, `Signature: s=:${signature.toString('base64')}:`, '', ''].join('\r\n'), { key });
    };
    cases.push([make(`("@path");alg="${alg}"`), true], [make('("@path")'), true]); // no keyid: the line names the key
    cases.push([make('("@path");alg="hmac-sha256"'), false], [make('("@path");keyid="other"'), false]);
    if (wrong[alg] !== undefined) cases.push([make('("@path")', wrong[alg]), false]);
  }
  const verdicts = await ask(cases.map(([input]) => input));
  verdicts.forEach((verdict, i) => assert.equal(verdict.ok, cases[i][1], `case ${i}: ${JSON.stringify(verdict)}`));
});

// The values are those of RFC 9421 section 2 where it has examples.
const good = {
  'derived components': signed({
    method: 'purge', target: '/a/../b%7e|"/?x=\'1', host: 'EXAMPLE.com:443',
    lines: ['"@method": purge', '"@authority": example.com', '"@scheme": https', '"@path": /a/../b%7e|"/', '"@query": ?x=\'1', '"@request-target": /a/../b%7e|"/?x=\'1'],
  }),
  '@target-uri': signed({ target: '/p?q', lines: ['"@target-uri": https://example.com/p?q'] }),
  '@query when absent': signed({ lines: ['"@query": ?', '"@path": /', '"@request-target": /'] }),
  '@query when empty': signed({ target: '/?', lines: ['"@query": ?', '"@path": /', '"@request-target": /?'] }),
  'asterisk-form': signed({ method: 'OPTIONS', target: '*', lines: ['"@path": /', '"@request-target": *', '"@target-uri": https://example.com'] }),
  'absolute-form': signed({ target: 'https://example.com/a', lines: ['"@path": /a', '"@request-target": https://example.com/a'] }),
  '@query-param': signed({
    target: '/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something&empty',
    lines: [
      '"@query-param";name="var": this%20is%20a%20big%0Amultiline%20value', '"@query-param";name="bar": with%20plus%20whitespace',
      '"@query-param";name="fa%C3%A7ade%22%3A%20": something', '"@query-param";name="empty": ',
    ],
  }),
  'field lines': signed({ fields: ['X-A:  1 ', 'X-B:', 'x-a: 2,3'], lines: ['"x-a": 1, 2,3', '"x-b": ', '"host": example.com'] }),
  ';sf of a dictionary': signed({ fields: ['Example-Dict:  a=1,    b=2;x=1;y=2,   c=(a   b   c)'], lines: ['"example-dict";sf: a=1, b=2;x=1;y=2, c=(a b c)'] }),
  ';sf of a list and an item': signed({ fields: ['L: a,b;  x', 'I: "a"; b'], lines: ['"l";sf: a, b;x', '"i";sf: "a";b'] }),
  ';key': signed({
    fields: ['Example-Dict:  a=1, b=2;x=1;y=2, c=(a   b    c), d'],
    lines: ['"example-dict";key="a": 1', '"example-dict";key="d": ?1', '"example-dict";key="b": 2;x=1;y=2', '"example-dict";key="c": (a b c)'],
  }),
  ';bs': signed({ fields: ['Example-Header: value, with, lots', 'Example-Header: of, commas'], lines: ['"example-header";bs: :dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:'] }),
  'not ASCII and not covered': signed({ fields: ['X-Name: \xe9'], lines: ['"@path": /', '"@method": GET'] }),
  'expired long ago': signed({ lines: ['"@path": /'], params: ';expires=1618884474' }),
  'expired long ago, @query-param': signed({ target: '/?a=b', lines: ['"@query-param";name="a": b'], params: ';expires=1618884474' }),
};

// Faults of a signer: the base is as a lax verifier would build it.
const bad = {
  'repeated query parameter': signed({ target: '/?a=1&a=2', lines: ['"@query-param";name="a": 1\n"@query-param";name="a": 2'] }),
  'absent query parameter': signed({ target: '/?b=1', lines: ['"@query-param";name="a": '] }),
  'component twice': signed({ target: '/?a=1', lines: ['"@query-param";name="a": 1', '"@query-param";name="a": 1'] }),
  'component in upper case': signed({ fields: ['X-A: 1'], lines: ['"X-A";bs: :MQ==:'] }),
  'unknown parameter': signed({ fields: ['X-A: 1'], lines: ['"x-a";bs;foo: :MQ==:'] }),
  'unknown component': signed({ lines: ['"@foo": 1'] }),
  '@signature-params': signed({ target: '/?a=1', lines: ['"@query-param";name="a": 1'], also: ['"@signature-params"'] }),
  'absent field': signed({ lines: ['"x-a": '] }),
  'absent field, ;bs': signed({ lines: ['"x-a";bs: '] }),
  'absent member': signed({ fields: ['X-A: a=1'], lines: ['"x-a";key="b": '] }),
  'covered and not ASCII': signed({ fields: ['X-A: \xe9'], lines: ['"x-a": \xe9'] }),
  ';req': signed({ lines: ['"@path";req: /'] }),
  'a label twice': signed({ target: '/?a=1', lines: ['"@query-param";name="a": 1'] }).replace('Signature: ', 'Signature: sig1=:AAAA:, '),
  'labels differ': signed({ target: '/?a=1', lines: ['"@query-param";name="a": 1'] }).replace('Signature: ', 'Signature: sig2=:AAAA:, '),
};

// Known bugs of the packages (README.md).
const skipped = {
  'a decimal without fraction': signed({ fields: ['X-A: a=1.0'], lines: ['"x-a";key="a": 1.0'] }),
  'a date': signed({ fields: ['X-A: a=@1, b=2'], lines: ['"x-a";key="a": @1'] }),
  'a host that is not plain': signed({ host: '127.1', lines: ['"@authority": 127.1'] }),
  'a host that new URL refuses': signed({ host: 'xn--a', lines: ['"@path": /'] }),
  '! in @query-param': signed({ target: '/?a=!', lines: ['"@query-param";name="a": %21'] }),
  'dot segments': signed({ target: '/a/../b?a=1', lines: ['"@path": /a/../b', '"@query-param";name="a": 1'] }),
  "' in @query": signed({ target: "/?a='&b=1", lines: ['"@query": ?a=\'&b=1', '"@query-param";name="b": 1'] }),
  'a lone ? in @request-target': signed({ target: '/?', fields: ['A: 1'], lines: ['"@request-target": /?', '"a";sf: 1'] }),
  'a method in lower case': signed({ method: 'get', fields: ['A: 1'], lines: ['"@method": get', '"a";sf: 1'] }),
  'a dictionary like a list, ;sf': signed({ fields: ['Priority: i, i'], lines: ['"priority";sf: i'] }),
  'a dictionary like a list, ;key': signed({ fields: ['Priority: i', 'A: 1'], lines: ['"priority";key="i": ?1', '"a";sf: 1'] }),
  'not ASCII, ;bs': signed({ fields: ['X-A: \xe9'], lines: ['"x-a";bs: :6Q==:'] }),
  ';tr': signed({ fields: ['X-A: 1'], lines: ['"x-a";tr: 1'] }),
};

for (const [what, requests, ok] of [['good', good, true], ['bad', bad, false], ['skipped', skipped, null]]) {
  test(`${what} requests`, async () => {
    const names = Object.keys(requests);
    const verdicts = await ask(names.map((name) => http1(requests[name], { id: name })));
    verdicts.forEach((verdict, i) => {
      assert.equal(verdict.id, names[i]);
      assert.equal(verdict.ok, ok, JSON.stringify(verdict));
      assert.equal(typeof verdict.error, ok === false ? 'string' : 'undefined');
      assert.equal(typeof verdict.skipped, ok === null ? 'string' : 'undefined');
    });
  });
}

test('what is skipped is what a package gets wrong', async () => {
  // Without the reason to skip, the same kind of request verifies.
  const raw = signed({ target: '/b?a=x', fields: ['A: 1', 'Priority: i, u=1'], lines: ['"@path": /b', '"@query": ?a=x', '"@request-target": /b?a=x', '"@query-param";name="a": x', '"priority";key="i": ?1', '"a";sf: 1', '"a";bs: :MQ==:'] });
  const verdict = await askOne(http1(raw));
  assert.equal(verdict.ok, true, JSON.stringify(verdict));
});

test('HTTP/1.1 is read strictly', async () => {
  const raw = signed({ lines: ['"@path": /'] });
  const body = (fields, text) => signed({ method: 'POST', fields, lines: ['"@path": /'], body: text });
  const chunked = 'Transfer-Encoding: chunked';
  const cases = [
    [raw, undefined],
    [body(['Content-Length: 3'], 'abc'), undefined],
    [body([chunked], '3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n'), undefined],
    [raw.replace('Host: example.com\r\n', 'Host: example.com\n'), /bare CR or LF/],
    [raw.replace('Host: example.com', 'Host: exam\rple.com'), /bare CR or LF/],
    [raw.replaceAll('\r\n', '\n'), /does not end/],
    [raw.slice(0, -2), /does not end/],
    [raw.replace('Host: example.com', 'Host: example.com\r\n folded'), /obs-fold/],
    [raw.replace('Host: example.com', 'Host : example.com'), /header line/],
    [raw.replace('Host: example.com', 'Host: example.com\r\nX: a\0b'), /control character/],
    [raw.replace('Host: example.com\r\n', ''), /Host/],
    [raw.replace('Host: example.com', 'Host: example.com\r\nHost: example.com'), /Host/],
    [raw.replace('Host: example.com', 'Host: u@example.com'), /authority/],
    [raw.replace('GET / HTTP/1.1', 'GET  / HTTP/1.1'), /request line/],
    [raw.replace('HTTP/1.1', 'HTTP/1.0'), /request line/],
    [raw.replace('GET /', 'GET /\xe9'), /request target/],
    [raw.replace('GET /', 'GET /#a'), /request target/],
    [raw.replace('GET /', 'GET a'), /request target/],
    [`${raw}x`, /after the end/],
    [body(['Content-Length: 3', 'Content-Length: 3'], 'abc'), /more than one/],
    [body(['Content-Length: 3, 3'], 'abc'), /malformed Content-Length/],
    [body(['Content-Length: +3'], 'abc'), /malformed Content-Length/],
    [body(['Content-Length: 4'], 'abc'), /shorter/],
    [body(['Content-Length: 2'], 'abc'), /after the end/],
    [body([chunked, 'Content-Length: 3'], '3\r\nabc\r\n0\r\n\r\n'), /Content-Length and/],
    [body(['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'), /other than chunked/],
    [body([chunked], '3\r\nabc\r\n'), /does not end/],
    [body([chunked], '3\r\nabcd\r\n0\r\n\r\n'), /longer than its size/],
    [body([chunked], '3\nabc\n0\n\n'), /does not end/],
    [body([chunked], '3;a=b\r\nabc\r\n0\r\n\r\n'), /chunk size/],
    [body([chunked], '0x3\r\nabc\r\n0\r\n\r\n'), /chunk size/],
    [body([chunked], '0\r\nA: b\r\n\r\n'), /trailers/],
    [body([chunked], '0\r\n\r\nx'), /after the end/],
  ];
  const verdicts = await ask(cases.map(([text]) => http1(text)));
  verdicts.forEach((verdict, i) => {
    assert.equal(verdict.ok, cases[i][1] === undefined, `case ${i}: ${JSON.stringify(verdict)}`);
    if (cases[i][1] !== undefined) assert.match(verdict.error, cases[i][1]);
  });
});

test('HTTP/2', async () => {
  const raw = signed({
    method: 'POST', target: '/a?b', fields: ['Cookie: a=1; b=2'],
    lines: ['"@method": POST', '"@target-uri": https://example.com/a?b', '"@authority": example.com', '"cookie": a=1; b=2'],
  });
  const field = (name) => new RegExp(`${name}: (.*)\r\n`).exec(raw)[1];
  const h2 = (more) => ({
    id: 1,
    scheme: 'https',
    h2: {
      method: 'POST', authority: 'example.com', path: '/a?b', body: 'e30=',
      headers: [['cookie', 'a=1'], ['signature-input', field('Signature-Input')], ['signature', field('Signature')], ['cookie', 'b=2']],
      ...more,
    },
  });
  const headers = (...more) => ({ headers: [...h2().h2.headers, ...more] });
  const cases = [
    [h2(), true],
    [h2(headers(['content-length', '2'])), true],
    [h2({ path: '/a?c' }), false],
    [h2({ authority: 'example.org' }), false],
    [h2({ authority: undefined }), false],
    [h2({ method: undefined }), false],
    [h2({ path: undefined }), false],
    [h2(headers(['content-length', '3'])), false],
    [h2(headers(['Accept', '*/*'])), false],
    [h2(headers([':path', '/'])), false],
    [h2(headers(['connection', 'close'])), false],
    [h2(headers(['accept', 'a\nb'])), false],
    [{ ...h2(), scheme: 'http' }, false],
  ];
  const verdicts = await ask(cases.map(([input]) => input));
  verdicts.forEach((verdict, i) => assert.equal(verdict.ok, cases[i][1], `case ${i}: ${JSON.stringify(verdict)}`));
});

test('keys and labels', async () => {
  const raw = signed({ lines: ['"@path": /'] });
  const [, input, signature] = /Signature-Input: sig1=(.*)\r\nSignature: sig1=(.*)\r\n/.exec(raw);
  const both = (label, otherInput, otherSignature) => raw
    .replace('Signature-Input: ', `Signature-Input: ${label}=${otherInput}, `)
    .replace('Signature: ', `Signature: ${label}=${otherSignature}, `);
  const cases = [
    [http1(raw, { key: keys.hmac }), true],
    [http1(raw, { key: { kid: 'test-shared-secret' } }), true],
    [http1(raw, { key: { kid: 'unknown' } }), false],
    [http1(raw, { key: { ...keys.hmac, secret: 'AAAA' } }), false],
    [http1(raw, { key: { ...keys.hmac, kid: 'other' } }), false],
    [http1(raw, { key: { ...keys.hmac, alg: 'none' } }), false],
    [http1(raw, { key: { ...keys.ed25519, alg: 'ecdsa-p256-sha256' } }), false],
    [http1(raw, { label: 'sig1' }), true],
    [http1(raw, { label: 'sig2' }), false],
    [http1(both('client', '();keyid="theirs"', ':AAAA:')), true], // a key that nobody knows
    [http1(both('client', input, signature)), true],
    [http1(both('client', input, ':AAAA:')), false],
    [http1(both('client', input, ':AAAA:'), { label: 'sig1' }), true],
    [http1(both('client', '();keyid="theirs"', ':AAAA:'), { label: 'client' }), false],
    [http1('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n'), false],
  ];
  const verdicts = await ask(cases.map(([line]) => line));
  verdicts.forEach((verdict, i) => assert.equal(verdict.ok, cases[i][1], `case ${i}: ${JSON.stringify(verdict)}`));
  assert.deepEqual(verdicts[9].checked, { sig1: 'http-message-sig' });
});

test('the second package is asked about one label only', async () => {
  const raw = signed({ target: '/?a=1', lines: ['"@query-param";name="a": 1'] });
  const [, input, signature] = /Signature-Input: sig1=(.*)\r\nSignature: sig1=(.*)\r\n/.exec(raw);
  const around = (wrong) => raw
    .replace(/Signature-Input: .*/, `Signature-Input: x=${input}, sig1=${input}, y=${input}`)
    .replace(/Signature: .*/, `Signature: ${['x', 'sig1', 'y'].map((l) => `${l}=${l === wrong ? ':AAAA:' : signature}`).join(', ')}`);
  const inputs = [];
  for (const wrong of ['x', 'sig1', 'y']) for (const label of ['x', 'sig1', 'y', undefined]) inputs.push(http1(around(wrong), { id: [wrong, label], label }));
  for (const { id: [wrong, label], ok } of await ask(inputs)) assert.equal(ok, label !== null && label !== wrong);
});

test('the stream', async () => {
  const request = JSON.stringify({ ...http1(signed({ lines: ['"@path": /'] }), { key: keys.hmac }), id: '\u2028' });
  const { code, verdicts } = await run(`${request}\n\nnot json\nnull\n{"id":7}\n{"id":8,"scheme":"https","raw":"!"}\n${request}`);
  assert.equal(code, 0);
  assert.deepEqual(verdicts.map((v) => [v.id, v.ok]), [['\u2028', true], [null, false], [null, false], [7, false], [8, false], ['\u2028', true]]);

  assert.deepEqual(await run(''), { code: 0, err: '', verdicts: [] });

  const broken = await run(`{"keys":[{"kid":"k","alg":"ed25519","pem":"x"}]}\n${request}\n`);
  assert.equal(broken.code, 2);
  assert.notEqual(broken.err, '');
});

test('5,000 requests', async () => {
  const inputs = Array.from({ length: 5000 }, (_, id) => http1(vector(vectors[id % vectors.length]), { id }));
  const verdicts = await ask(inputs);
  assert.equal(verdicts.length, inputs.length);
  verdicts.forEach((verdict, id) => assert.ok(verdict.id === id && verdict.ok && verdict.digest, JSON.stringify(verdict)));
});

test('a wrong secret does not verify', async () => {
  const other = Buffer.from(secret, 'base64').fill(0, 0, 1).toString('base64');
  assert.equal((await askOne(http1(vector('b25'), { key: { ...keys.hmac, secret: other } }))).ok, false);
});
