package paint

// Warn is for what may be wrong.
func (p Paint) Warn(s string) string { return p.in("33", s) }
