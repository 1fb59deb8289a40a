// The judge's own reading of RFC 9421 and RFC 9651 against what they print.

import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Unsignable, covered, signatureBase, valueOf } from './base.mjs';
import { dictionary, item, list } from './fields.mjs';

const component = (name, ...params) => ({ name, params, optional: false });
const message = (target, ...lines) => ({
  method: 'POST', target, scheme: 'https', authority: 'example.com',
  fields: lines.map((line) => ({ name: line.slice(0, line.indexOf(':')).toLowerCase(), value: line.slice(line.indexOf(':') + 1).trim() })),
});

test('fields (RFC 9421 section 2.1)', () => {
  const m = message('/', 'Example-Dict:  a=1,    b=2;x=1;y=2,   c=(a   b   c), d', 'Example-Header: value, with, lots', 'Example-Header: of, commas', 'X-Empty:');
  const value = (...c) => valueOf(m, component(...c));
  assert.equal(value('example-dict'), 'a=1,    b=2;x=1;y=2,   c=(a   b   c), d');
  assert.equal(value('example-dict', ['sf', '']), 'a=1, b=2;x=1;y=2, c=(a b c), d');
  assert.equal(value('example-dict', ['key', 'a']), '1');
  assert.equal(value('example-dict', ['key', 'b']), '2;x=1;y=2');
  assert.equal(value('example-dict', ['key', 'c']), '(a b c)');
  assert.equal(value('example-dict', ['key', 'd']), '?1');
  assert.equal(value('example-header'), 'value, with, lots, of, commas');
  assert.equal(value('example-header', ['bs', '']), ':dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:');
  assert.equal(value('x-empty'), '');
  assert.throws(() => value('x-none'), Unsignable);
  assert.deepEqual(covered(m, [{ ...component('x-none'), optional: true }, component('x-empty')]), [component('x-empty')]);
});

test('query parameters (RFC 9421 section 2.2.8)', () => {
  const m = message('/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something');
  const value = (name) => valueOf(m, component('@query-param', ['name', name]));
  assert.equal(value('var'), 'this%20is%20a%20big%0Amultiline%20value');
  assert.equal(value('bar'), 'with%20plus%20whitespace');
  assert.equal(value('fa%C3%A7ade%22%3A%20'), 'something');
  assert.equal(valueOf(message('/path'), component('@query')), '?');
});

test('a signature of RFC 9421 (appendix B.2.6)', () => {
  const params = '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"';
  const base = signatureBase(
    message('/foo?param=Value&Pet=dog', 'Date: Tue, 20 Apr 2021 02:07:55 GMT', 'Content-Type: application/json', 'Content-Length: 18'),
    ['date', '@method', '@path', '@authority', 'content-type', 'content-length'].map((name) => component(name)),
    params,
  );
  const key = createPublicKey(readFileSync(new URL('testdata/test-key-ed25519.pub.pem', import.meta.url)));
  const signature = Buffer.from('wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==', 'base64');
  assert.ok(verify(null, Buffer.from(base), key, signature), base);
});

test('structured fields (RFC 9651)', () => {
  for (const [read, text, want] of [
    [item, '-0.0', '0.0'], [item, '007', '7'], [item, '1.500;a;b=?1;c=?0', '1.5;a;b;c=?0'], [item, ' "a\\"b" ', '"a\\"b"'],
    [item, '@1659578233', '@1659578233'], [item, '%"f%c3%bc"', '%"f%c3%bc"'], [item, ':aGk=:;  a=1', ':aGk=:;a=1'],
    [list, 'a,b ,\t( 1  2 );x', 'a, b, (1 2);x'], [list, '', ''], [dictionary, 'a=1,b;x,a=?1', 'a, b;x'],
  ]) assert.equal(read(text), want, text);
  for (const [read, text] of [
    [item, ''], [item, '1.'], [item, '1.2345'], [item, '1000000000000000'], [item, '@1.5'], [item, '?2'], [item, '%"%C3%BC"'], [item, '%"%ff"'],
    [item, 'a b'], [item, '"a'], [list, 'a,'], [list, ',a'], [list, '(1,2)'], [dictionary, 'A=1'], [dictionary, 'a='],
  ]) assert.throws(() => read(text), text);
});
