package partnertest

import (
	"crypto/sha256"
	"time"
)

// offBlocksKeyLife is how long an idempotency key is valid (docs.offblocks.xyz,
// "Idempotency").
const offBlocksKeyLife = time.Hour

// An offBlocksUsage is the first use of an idempotency key.
type offBlocksUsage struct {
	payload [sha256.Size]byte // of the method, the target and the body
	begun   time.Time
	flying  bool // not answered yet
	answer  reply
}

// write answers a write: with what its idempotency key was answered before, or by
// carrying it out. A refusal leaves the key unused. The usage that it returns is in
// flight until it lands.
func (o *OffBlocks) write(seen *Request, verdict Verdict) (reply, *offBlocksUsage, *denial) {
	key := seen.Header.Get("Idempotency-Key")
	payload := sha256.Sum256([]byte(seen.Method + " " + seen.Target + "\n" + string(seen.Body)))
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.verifier.now()
	used, known := o.keys[key]
	switch {
	case !known || now.Sub(used.begun) >= offBlocksKeyLife:
	case used.payload != payload:
		return reply{}, nil, deny(422, "unprocessable_entity", "Idempotency-Key %s came before with another payload.", key)
	case used.flying:
		return reply{}, nil, deny(409, "conflict", "Idempotency-Key %s is that of a request in flight.", key)
	default:
		return used.answer, nil, nil
	}
	answer, id, why := o.carryOut(seen)
	if why != nil {
		return reply{}, nil, why
	}
	usage := &offBlocksUsage{payload: payload, begun: now, flying: true, answer: answer}
	o.keys[key] = usage
	o.writes = append(o.writes, OffBlocksWrite{seen, answer.status, id, verdict})
	return answer, usage, nil
}

// land is called when a call is answered, or its connection ended.
func (o *OffBlocks) land(usage *offBlocksUsage) {
	if usage == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	usage.flying = false
}
