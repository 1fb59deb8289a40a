// An application that knows nothing of tokens and signatures: node customer.mjs http://localhost:8080/offblocks
async function offblocks(method, path, body) {
  const answer = await fetch(`${process.argv[2]}/v1${path}`, {
    method, body: body && JSON.stringify(body), headers: body && { 'Content-Type': 'application/json' },
  })
  if (answer.status === 404) return 404
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return answer.status === 204 ? null : answer.json()
}

const made = await offblocks('POST', '/customers', { externalId: 'Büro 7', chainId: 'eip155:1' })
const customer = `/customers/${made.id}`
const read = await offblocks('GET', customer)
const { challenge } = await offblocks('GET', `${customer}/challenge`)
const signed = await offblocks('POST', `${customer}/challenge/sign`, { signature: '0x' + Buffer.from(challenge).toString('hex') }) // by the user's wallet
const active = await offblocks('GET', `${customer}?fields=status`)
const changed = await offblocks('PATCH', customer, { externalId: 'Büro 8' })
const deleted = await offblocks('DELETE', customer)
const gone = await offblocks('GET', customer)
console.log(JSON.stringify({ made, read, signed, active, changed, deleted, gone }))
