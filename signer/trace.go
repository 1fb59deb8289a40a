package signer

// traced tells Options.Trace, if there is one, that a step is done.
func (p *Partner) traced(r *Request, done Step) {
	if p.trace != nil {
		p.trace(r, done)
	}
}
