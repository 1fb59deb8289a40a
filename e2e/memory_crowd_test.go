package e2e

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	crowd     = 200
	crowdBody = 10 << 20

	// bodyMemoryRest is what bodies may make the process grow by, beyond
	// body_memory of 64 MiB: with Go's default of GOGC=100, memory that is
	// free again may be as much as that in use before it is collected.
	bodyMemoryRest = 160 << 20
	// atOnce is how long a refusal may take on a busy machine: far less than
	// timeout, for which bodies may hold the memory.
	atOnce = 20 * time.Second
)

// 200 clients send 10 MiB each at once, three times over: some bodies arrive,
// byte for byte, all others are refused at once, and the process keeps within
// its bound.
func TestMemoryOfACrowd(t *testing.T) {
	partner := newHeldPartner(t)
	caddy := startCaddy(t, siteFile(t, block(partner.Partner, acme), partner.Partner))
	caddy.resetPeak()
	before := caddy.peak()
	for wave := range 2 {
		partner.again()
		senders := caddy.crowd(t, partner)
		hashes, took := 0, []time.Duration{}
		for _, s := range senders {
			switch {
			case s.err != nil:
				t.Errorf("sender %d: %v", s.number, s.err)
			case s.status == 200:
				hashes++
				if got := partner.arrived[fmt.Sprintf("/v1/sender/%d", s.number)]; got != s.hash() {
					t.Errorf("sender %d: another body arrived", s.number)
				}
			case s.status != 503 || s.kind != "memory-exhausted" || s.retryAfter != "1":
				t.Errorf("sender %d: %d %q, Retry-After %q", s.number, s.status, s.kind, s.retryAfter)
			default:
				took = append(took, s.took)
			}
		}
		if hashes == 0 || hashes*crowdBody > 64<<20 || len(partner.arrived) != hashes {
			t.Errorf("%d bodies were accepted, %d arrived", hashes, len(partner.arrived))
		}
		slices.Sort(took)
		if len(took) == 0 || measurable && took[len(took)-1] > atOnce {
			t.Errorf("refusals took %v", took)
		}
		caddy.memoryReturned(t)
		partner.Reset()
		t.Logf("wave %d: %d accepted, %d refused in %s, at most %s; the process has grown by %d MiB to %d MiB", wave, hashes, len(took),
			took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), (caddy.peak()-before)>>20, caddy.peak()>>20)
	}
	if grown := caddy.peak() - before; measurable && grown > 64<<20+bodyMemoryRest {
		t.Errorf("the process has grown by %d MiB", grown>>20)
	}
}

// crowd has all clients send, and the partner answer when everybody is either
// refused or waits for the partner.
func (p *process) crowd(t *testing.T, partner *heldPartner) []*sender {
	senders := make([]*sender, crowd)
	for i := range senders {
		senders[i] = &sender{number: i, chunked: i%2 == 1, conn: p.dial()}
	}
	var done sync.WaitGroup
	var answered atomic.Int64
	for _, s := range senders {
		done.Go(func() {
			s.run()
			answered.Add(1)
		})
	}
	within(t, 50*time.Second, "everybody to be refused or accepted", func() bool {
		return int(answered.Load())+partner.count() == crowd
	})
	partner.open()
	done.Wait()
	return senders
}
