// Judges exchanges that a test sends over stdin, and answers each with a line on
// stdout: "verified", "refused: <why>", or a mismatch as a JSON string.
//
// A frame is its length (4 bytes, big endian) and parts, each with a length of its
// own. The first frame is the setting: {"keys": …, "blocks": […]}. The others have
// five parts: the block's number, what was sent, the status, the answer's body, and
// what the partner received (empty: nothing).

import { judge, loadKeys } from './judge.mjs';

function parts(frame) {
  const found = [];
  for (let at = 0; at < frame.length;) {
    const end = at + 4 + frame.readUInt32BE(at);
    found.push(frame.subarray(at + 4, end));
    at = end;
  }
  return found;
}

async function* frames(stream) {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const end = 4 + rest.readUInt32BE(0);
      yield rest.subarray(4, end);
      rest = rest.subarray(end);
    }
    // What the chunk holds is answered before there is another.
    if (out.length > 0) {
      const lines = out.splice(0).join('');
      if (!process.stdout.write(lines)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
  }
}

const out = [];
let setting;
for await (const frame of frames(process.stdin)) {
  if (setting === undefined) {
    setting = JSON.parse(frame.toString());
    setting.keys = loadKeys(setting.keys);
    continue;
  }
  const [block, sent, status, answer, received] = parts(frame);
  try {
    out.push(`${judge({ block: setting.blocks[Number(block)], sent, status: Number(status), answer: answer.toString('latin1'), received }, setting.keys, Date.now() / 1000)}\n`);
  } catch (err) {
    out.push(`${JSON.stringify(err.message)}\n`);
  }
}
