package capture

// cut returns valid JSON without the members at p, wherever their names occur.
// Each goes with one comma and the space beside it; every other byte stays. It
// returns data itself if there are none, and never writes into it.
func (p pointer) cut(data []byte) []byte {
	gaps := p.gaps(nil, data, skipSpace(data, 0))
	if gaps == nil {
		return data
	}
	left, from := make([]byte, 0, len(data)), 0
	for _, g := range gaps {
		left = append(left, data[from:g.from]...)
		from = g.to
	}
	return append(left, data[from:]...)
}

// A gap is what is cut out.
type gap struct{ from, to int }

// gaps appends those in the value that begins at a place, in their order.
func (p pointer) gaps(to []gap, data []byte, at int) []gap {
	if len(p) > 1 {
		for m := range members(data, at) {
			if m.name == p[0] {
				to = p[1:].gaps(to, data, m.value)
			}
		}
		return to
	}
	// A run of members that go takes the comma behind it along, the last run
	// the one before it.
	run, kept, end := -1, -1, -1
	for m := range members(data, at) {
		end = m.end
		switch {
		case m.name == p[0] && run < 0:
			run = m.start
		case m.name != p[0] && run >= 0:
			to = append(to, gap{run, m.start})
			run = -1
		}
		if m.name != p[0] {
			kept = m.end
		}
	}
	switch {
	case run >= 0 && kept >= 0:
		to = append(to, gap{kept, end})
	case run >= 0:
		to = append(to, gap{run, end})
	}
	return to
}
