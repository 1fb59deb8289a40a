// A proxy that signs, as a team writes it: Node's own modules and nothing else.
// Arguments: address to listen at, upstream, algorithm, key file, workers.
import cluster from 'node:cluster'
import { createHash, createHmac, createPrivateKey, randomUUID, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import http from 'node:http'

const [address, upstream, algorithm, keyFile, workers] = process.argv.slice(2)

if (cluster.isPrimary) {
  for (let i = 0; i < Number(workers); i++) cluster.fork()
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.kill()
    process.exit()
  })
} else {
  serve()
}

function serve() {
  const [host, port] = address.split(':')
  const to = new URL(upstream)
  const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 256 })
  const authorization = `Bearer ${process.env.BENCH_TOKEN}`
  const signature = signer()

  http.createServer((req, res) => {
    const chunks = []
    req.on('data', chunk => chunks.push(chunk))
    req.on('end', () => {
      const body = Buffer.concat(chunks)
      const headers = { ...req.headers, host: to.host, authorization }
      delete headers.connection
      const base = [
        `"@method": ${req.method}`,
        `"@target-uri": ${upstream}${req.url}`,
        `"authorization": ${authorization}`,
      ]
      let covered = '"@method" "@target-uri" "authorization"'
      if (body.length > 0) {
        headers['content-digest'] = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
        base.push(`"content-digest": ${headers['content-digest']}`)
        covered += ' "content-digest"'
      }
      if (req.method === 'POST') {
        headers['idempotency-key'] ??= randomUUID()
        base.push(`"idempotency-key": ${headers['idempotency-key']}`)
        covered += ' "idempotency-key"'
      }
      const params = `(${covered});created=${Math.floor(Date.now() / 1000)};keyid="bench";alg="${algorithm}"`
      base.push(`"@signature-params": ${params}`)
      headers['signature-input'] = `sig1=${params}`
      headers.signature = `sig1=:${signature(Buffer.from(base.join('\n')))}:`
      const out = http.request({ agent, host: to.hostname, port: to.port, method: req.method, path: req.url, headers }, answer => {
        res.writeHead(answer.statusCode, answer.headers)
        answer.pipe(res)
      })
      out.on('error', () => res.writeHead(502).end())
      out.end(body)
    })
  }).listen(Number(port), host)
}

function signer() {
  if (algorithm === 'hmac-sha256') {
    const secret = Buffer.from(process.env.BENCH_SECRET, 'base64')
    return base => createHmac('sha256', secret).update(base).digest('base64')
  }
  const key = createPrivateKey(readFileSync(keyFile))
  return base => sign(null, base, key).toString('base64')
}
