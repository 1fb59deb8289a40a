package signer

// BodyTaken reports whether the client's body was read, or begun to be.
func (x *Exchange) BodyTaken() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.body.Len() > 0 || x.spent.Load()
}

// Follow tells that another exchange has ended that was for the same client
// request. Its body is x's, too, if it is still there and has reached nobody. One
// that was read and is gone has the request refused, instead of signed without it.
func (x *Exchange) Follow(earlier *Exchange) {
	if body := earlier.leftover(); body != nil && int64(body.Len()) <= x.partner.maxBody && x.reserve(int64(body.Len())) == nil {
		x.body = body
	} else if earlier.BodyTaken() {
		x.spent.Store(true)
	}
}

// leftover is the client's body, if it may be sent to somebody else.
func (x *Exchange) leftover() *Body {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.body.Len() == 0 || x.body.buffer != nil || x.answered || x.doubtful || x.edited {
		return nil
	}
	return x.body
}
