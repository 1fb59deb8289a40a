package signer

import "context"

// Close gives back the memory of the body and ends the answer, if it has not
// been read. Attempts that run fail, and more may not follow.
func (x *Exchange) Close() {
	stream := x.close()
	x.release()
	stream.stop() // with x unlocked: who reads needs the clock, and that needs x
}

func (x *Exchange) close() *streamedBody {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	x.letGo()
	if x.resting != nil {
		x.resting.Reset(0)
	}
	if x.cancel != nil {
		x.cancel(errClosed)
	}
	return x.stream
}

// begin ends the try before and remembers how to end this one.
func (x *Exchange) begin(cancel context.CancelCauseFunc) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.cancel != nil {
		x.cancel(errClosed)
	}
	switch x.cancel = cancel; {
	case x.closed:
		cancel(errClosed)
	case x.late:
		cancel(errTooSlow)
	}
}

// end ends the try that runs, if one does.
func (x *Exchange) end(cause error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.late = x.late || cause == errTooSlow; x.cancel != nil {
		x.cancel(cause)
	}
}

// tooSlow ends an attempt whose time is over. Nor may its client take longer to
// send its body.
func (x *Exchange) tooSlow() {
	x.end(errTooSlow)
	x.interrupt()
}

// setRunning tells whether an attempt runs.
func (x *Exchange) setRunning(running bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.running = running
	x.letGo()
}

// letGo gives away the memory of the body when no step can look at it any more. To
// an attempt that comes nevertheless, the body was read and is not there.
func (x *Exchange) letGo() {
	if x.closed && !x.running && x.body != nil && x.body.buffer != nil {
		x.body.buffer.release()
		x.body = nil
		x.spent.Store(true)
	}
}
