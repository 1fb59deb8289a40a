package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// salt keeps an ID from being a hash of a secret that could be guessed from it.
var salt = func() (s [sha256.Size]byte) {
	_, _ = rand.Read(s[:]) // it never fails
	return s
}()

// An identity is an ID in the making.
type identity struct{ hash hash.Hash }

func newIdentity(parts ...string) identity {
	i := identity{sha256.New()}
	i.hash.Write(salt[:])
	i.add(parts...)
	return i
}

// add adds parts with their number and lengths, so that no other parts make the
// same.
func (i identity) add(parts ...string) {
	i.addLength(len(parts))
	for _, p := range parts {
		i.addLength(len(p))
		i.hash.Write([]byte(p))
	}
}

func (i identity) addLength(n int) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(n))
	i.hash.Write(length[:])
}

func (i identity) addPairs(pairs []pair) {
	parts := make([]string, 0, 2*len(pairs))
	for _, p := range pairs {
		parts = append(parts, p.name, p.value)
	}
	i.add(parts...)
}

func (i identity) id() (id ID) {
	i.hash.Sum(id[:0])
	return id
}
