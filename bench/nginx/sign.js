// Signs requests with hmac-sha256. Each function is the value of one header,
// which nginx asks for when it has the body.
import crypto from 'crypto'

const secret = Buffer.from(process.env.BENCH_SECRET, 'base64')
const authorization = `Bearer ${process.env.BENCH_TOKEN}`

function digest(r) {
  const body = r.requestBuffer
  return body && body.length ? `sha-256=:${crypto.createHash('sha256').update(body).digest('base64')}:` : ''
}

function idempotency(r) {
  if (r.method !== 'POST') return ''
  const id = r.variables.request_id // 16 random bytes
  return `${id.slice(0, 8)}-${id.slice(8, 12)}-4${id.slice(13, 16)}-a${id.slice(17, 20)}-${id.slice(20)}`
}

function params(r) {
  let covered = '"@method" "@target-uri" "authorization"'
  if (r.variables.signed_digest) covered += ' "content-digest"'
  if (r.variables.signed_idempotency) covered += ' "idempotency-key"'
  return `(${covered});created=${Math.floor(Date.now() / 1000)};keyid="bench";alg="hmac-sha256"`
}

function input(r) {
  return `sig1=${params(r)}`
}

function signature(r) {
  const v = r.variables
  let base = `"@method": ${r.method}\n"@target-uri": ${v.upstream}${v.request_uri}\n"authorization": ${authorization}\n`
  if (v.signed_digest) base += `"content-digest": ${v.signed_digest}\n`
  if (v.signed_idempotency) base += `"idempotency-key": ${v.signed_idempotency}\n`
  base += `"@signature-params": ${v.signed_input.slice('sig1='.length)}`
  return `sig1=:${crypto.createHmac('sha256', secret).update(base).digest('base64')}:`
}

export default { digest, idempotency, input, signature }
