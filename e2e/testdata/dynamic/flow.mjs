// An application that knows nothing of tokens: node flow.mjs http://localhost:8080/dynamic <environment>
const [base, env] = process.argv.slice(2)

async function dynamic(method, path, body) {
  const answer = await fetch(`${base}/api/v0${path}`, {
    method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' },
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

const flow = await dynamic('POST', `/server/${env}/flow/payment`, { amount: '25.00', currency: 'USD' })
const step = (name, body) => dynamic('POST', `/sdk/${env}/flow/${flow.id}/${name}`, body)
const attached = await step('source', { sourceType: 'wallet' })
const states = [attached.flow.executionState]
for (const name of ['quote', 'prepare', 'broadcast']) states.push((await step(name, {})).executionState)
console.log(JSON.stringify({ id: flow.id, token: attached.sessionToken, states }))
