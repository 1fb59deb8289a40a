// An application's server: node --experimental-websocket session.mjs http://localhost:8080/proof
const [base] = process.argv.slice(2)

async function proof(method, path, body) {
  const answer = await fetch(base + path, {
    method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': '203.0.113.7' },
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.text()
}

function socketSays(path, ...messages) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(base.replace('http', 'ws') + path), said = []
    socket.onerror = (event) => reject(event.error ?? new Error('the socket failed'))
    socket.onmessage = (event) => {
      said.push(event.data)
      if (messages.length > 0) socket.send(messages.shift())
      else { socket.close(); resolve(said) }
    }
  })
}

const session = await proof('POST', '/widget/session', { merchant_transaction_id: 'm-1', amount: 1550 })
const { status } = JSON.parse(await proof('GET', '/widget/transactions/m-1'))
console.log(JSON.stringify({ session, status, said: await socketSays('/ws?tx_id=m-1', 'ping') }))
