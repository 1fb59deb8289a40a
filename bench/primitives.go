package main

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// A primitive is what no proxy written in Go can do without.
type primitive struct {
	Name         string // an algorithm, or sha-256 and a workload's name
	Round        int
	Microseconds float64 // of CPU
}

// Title is for readers.
func (p primitive) Title() string {
	if name, ok := strings.CutPrefix(p.Name, "sha-256 "); ok {
		return "SHA-256 of the body of " + titles[name]
	}
	return "a signature with " + p.Name
}

// primitives measures one signature of each algorithm and one SHA-256 of each
// body.
func (l *lab) primitives(round int, quick bool) (all []primitive) {
	d := 300 * time.Millisecond
	if quick {
		d = 50 * time.Millisecond
	}
	add := func(name string, once func()) {
		all = append(all, primitive{name, round, cost(d, once)})
	}
	base := []byte(strings.Repeat("x", 420)) // as long as the base of these requests
	add(hmacSHA256, func() {
		mac := hmac.New(sha256.New, l.keys.secret)
		mac.Write(base)
		mac.Sum(nil)
	})
	signs := signers(base)
	for _, algorithm := range []string{ed, p256, p384, rsaPSS} {
		key := l.keys.private[algorithm]
		add(algorithm, func() { signs[algorithm](key) })
	}
	for _, w := range workloads {
		if w.Size > 0 {
			body := make([]byte, w.Size)
			add("sha-256 "+w.Name, func() { sha256.Sum256(body) })
		}
	}
	return all
}

func signers(base []byte) map[string]func(crypto.Signer) {
	sign := func(key crypto.Signer, input []byte, o crypto.SignerOpts) {
		if _, err := key.Sign(rand.Reader, input, o); err != nil {
			panic(err) // the keys were just made
		}
	}
	return map[string]func(crypto.Signer){
		ed: func(key crypto.Signer) { sign(key, base, crypto.Hash(0)) },
		p256: func(key crypto.Signer) {
			sum := sha256.Sum256(base)
			sign(key, sum[:], crypto.SHA256)
		},
		p384: func(key crypto.Signer) {
			sum := sha512.Sum384(base)
			sign(key, sum[:], crypto.SHA384)
		},
		rsaPSS: func(key crypto.Signer) {
			sum := sha512.Sum512(base)
			sign(key, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA512})
		},
	}
}

// cost is how many microseconds of CPU once takes, over about d.
func cost(d time.Duration, once func()) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for begin := time.Now(); time.Since(begin) < d/10; {
		once()
	}
	n := 0
	before := threadTime()
	for begin := time.Now(); time.Since(begin) < d; n++ {
		once()
	}
	return float64(threadTime()-before) / float64(n) / float64(time.Microsecond)
}

// threadTime is the CPU time of this thread. See the kernel's sched-stats.
func threadTime() (d time.Duration) {
	text, err := os.ReadFile("/proc/thread-self/schedstat")
	if err != nil {
		return time.Duration(time.Now().UnixNano())
	}
	_, _ = fmt.Sscan(string(text), &d)
	return d
}
