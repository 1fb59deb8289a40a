// Structured fields (RFC 9651), read from the RFC alone: each function takes
// text and gives the canonical text. Nothing here comes from a package.

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }
  get next() { return this.text[this.at]; }
  get done() { return this.at >= this.text.length; }
  match(pattern) { // sticky
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) throw new Error(`malformed at ${this.at}`);
    this.at = pattern.lastIndex;
    return found[0];
  }
  take(char) {
    if (this.next !== char) return false;
    this.at++;
    return true;
  }
}

function number(text) {
  const negative = text.startsWith('-');
  const [whole, fraction] = (negative ? text.slice(1) : text).split('.');
  if (whole.length > (fraction === undefined ? 15 : 12) || fraction !== undefined && !/^[0-9]{1,3}$/.test(fraction)) throw new Error('malformed number');
  const digits = whole.replace(/^0+(?=[0-9])/, '');
  const zero = /^0*$/.test(digits + (fraction ?? ''));
  const rest = fraction === undefined ? '' : `.${fraction.replace(/0+$/, '') || '0'}`;
  return (negative && !zero ? '-' : '') + digits + rest;
}

function display(r) {
  const bytes = [];
  r.at += 2;
  while (!r.take('"')) {
    const piece = r.match(/%[0-9a-f]{2}|[\x20-\x7e]/y);
    if (piece === '%') throw new Error('malformed escape');
    bytes.push(piece.length === 3 ? parseInt(piece.slice(1), 16) : piece.charCodeAt(0));
  }
  new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
  const encoded = bytes.map((b) => (b < 0x20 || b > 0x7e || b === 0x25 || b === 0x22 ? `%${b.toString(16).padStart(2, '0')}` : String.fromCharCode(b)));
  return `%"${encoded.join('')}"`;
}

function bare(r) {
  const c = r.next;
  if (c === undefined) throw new Error('an item is missing');
  if (/[-0-9]/.test(c)) return number(r.match(/-?[0-9]+(?:\.[0-9]*)?/y));
  if (c === '"') return r.match(/"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/y);
  if (/[A-Za-z*]/.test(c)) return r.match(/[A-Za-z*][-!#$%&'*+.^_`|~0-9A-Za-z:/]*/y);
  if (c === ':') return `:${Buffer.from(r.match(/:[A-Za-z0-9+/]*={0,2}:/y).slice(1, -1), 'base64').toString('base64')}:`;
  if (c === '?') return r.match(/\?[01]/y);
  if (c === '@') {
    r.at++;
    return `@${number(r.match(/-?[0-9]+(?![0-9.])/y))}`;
  }
  if (r.text.startsWith('%"', r.at)) return display(r);
  throw new Error(`malformed at ${r.at}`);
}

const key = /[a-z*][a-z0-9_.*-]*/y;

// parameters are written with the last value of each; true is the name alone.
function parameters(r) {
  const found = new Map();
  while (r.take(';')) {
    r.match(/ */y);
    const name = r.match(key);
    const value = r.take('=') ? bare(r) : '?1';
    found.set(name, value);
  }
  return [...found].map(([name, value]) => (value === '?1' ? `;${name}` : `;${name}=${value}`)).join('');
}

function member(r) {
  if (r.next !== '(') return bare(r) + parameters(r);
  r.at++;
  const items = [];
  for (;;) {
    r.match(/ */y);
    if (r.take(')')) return `(${items.join(' ')})${parameters(r)}`;
    items.push(bare(r) + parameters(r));
    if (r.next !== ' ' && r.next !== ')') throw new Error('malformed inner list');
  }
}

// sequence reads what commas separate, and whole the rest of a field's value.
function sequence(r, read) {
  for (let first = true; ; first = false) {
    if (r.done) {
      if (first) return;
      throw new Error('a comma at the end');
    }
    read();
    r.match(/[ \t]*/y);
    if (r.done) return;
    if (!r.take(',')) throw new Error(`malformed at ${r.at}`);
    r.match(/[ \t]*/y);
  }
}

function whole(text, read) {
  const r = new Reader(text.replace(/^ +/, '').replace(/ +$/, ''));
  const value = read(r);
  if (!r.done) throw new Error('more than one value');
  return value;
}

export const item = (text) => whole(text, (r) => bare(r) + parameters(r));

export const list = (text) => whole(text, (r) => {
  const members = [];
  sequence(r, () => members.push(member(r)));
  return members.join(', ');
});

// members are those of a dictionary, by key, each in its canonical text.
export const members = (text) => whole(text, (r) => {
  const found = new Map();
  sequence(r, () => {
    const name = r.match(key);
    const value = r.take('=') ? member(r) : `?1${parameters(r)}`;
    found.set(name, value); // the first place and the last value
  });
  return found;
});

export const dictionary = (text) => [...members(text)]
  .map(([name, value]) => (/^\?1(?:;|$)/.test(value) ? name + value.slice(2) : `${name}=${value}`))
  .join(', ');
