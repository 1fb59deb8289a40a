package caddymodule

import (
	"context"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// dial connects to target if d leads to its address: what a name resolves to
// is judged when it is dialled, so that it cannot change in between.
func (d destination) dial(ctx context.Context, target signer.Upstream) (net.Conn, error) {
	dialer := net.Dialer{
		Timeout: 10 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			if to, err := netip.ParseAddrPort(address); err != nil || !d.admits(to.Addr()) {
				return DestinationRefused.Problem("the host's address is not one that this tunnel line leads to")
			}
			return nil
		},
	}
	return refuseLoop(dialer.DialContext)(ctx, "tcp", target.DialAddress())
}

// lastSilence is how long an untouched tunnel may be silent once its server
// ends.
const lastSilence = time.Second

// pass copies bytes both ways until both ends have closed, or are silent for
// as long as idle connections may be.
func (s *tunnelServer) pass(near *tunnel, far net.Conn) {
	if !s.passing.TryRLock() { // the server has ended
		return
	}
	defer s.passing.RUnlock()
	p := passage{near: near, far: far}
	done := make(chan struct{}, 2)
	go p.copy(far, near, done)
	go p.copy(near, far, done)
	check := time.NewTicker(lastSilence)
	defer check.Stop()
	for ends := 0; ends < 2; {
		select {
		case <-done:
			ends++
			continue
		case <-s.cut:
		case <-check.C:
			allowed := time.Duration(s.site.IdleTimeout)
			if s.ending.Load() {
				allowed = lastSilence
			}
			if !p.silentFor(allowed) {
				continue
			}
		}
		near.Close()
		far.Close()
		<-done
		if ends == 0 {
			<-done
		}
		return
	}
}

// A passage is an untouched tunnel with its two ends.
type passage struct {
	near  *tunnel
	far   net.Conn
	quiet atomic.Int32 // checks since the last bytes
}

// silentFor is asked every lastSilence.
func (p *passage) silentFor(allowed time.Duration) bool {
	return time.Duration(p.quiet.Add(1)-1)*lastSilence >= allowed
}

// copy copies until from ends, and passes that on.
func (p *passage) copy(to, from net.Conn, done chan<- struct{}) {
	_, err := io.Copy(to, &heard{from, &p.quiet})
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		err = half.CloseWrite()
	}
	if err != nil {
		p.near.Close()
		p.far.Close()
	}
	done <- struct{}{}
}

// heard resets what counts silence.
type heard struct {
	net.Conn
	quiet *atomic.Int32
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	h.quiet.Store(0)
	return n, err
}
