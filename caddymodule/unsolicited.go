package caddymodule

import (
	"bytes"
	"io"
	"log"
)

// hideUnsolicited keeps out of the log what net/http's client repeats of bytes that
// nobody has asked for, such as a body behind the answer to HEAD: it may hold what the
// server was sent. net/http writes it to the standard logger, and has no other way.
func hideUnsolicited() {
	if _, hidden := log.Writer().(unsolicited); !hidden {
		log.SetOutput(unsolicited{log.Writer()})
	}
}

// unsolicited is where the standard logger writes to.
type unsolicited struct{ io.Writer }

var unsolicitedResponse = []byte("Unsolicited response received on idle HTTP channel")

// Write implements io.Writer.
func (w unsolicited) Write(line []byte) (int, error) {
	if !bytes.Contains(line, unsolicitedResponse) {
		return w.Writer.Write(line)
	}
	_, err := w.Writer.Write(append(unsolicitedResponse[:len(unsolicitedResponse):len(unsolicitedResponse)], '\n'))
	return len(line), err
}
